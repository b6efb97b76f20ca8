-- When the server received changes, and which phones were revoked: a hazard is judged by both, on every phone as on
-- the server.

-- For a change after the snapshot; NULL: not known, or not yet there.
ALTER TABLE chg ADD COLUMN received INTEGER;
-- For the changes in the snapshot, in the order of their hashes, as it came (`wire::Received`).
ALTER TABLE doc ADD COLUMN received BLOB;
-- What an older app took over came without times: it is asked for once more.
INSERT INTO repair_doc (doc, need, offer) SELECT id, 1, 0 FROM doc WHERE change_count > 0
  ON CONFLICT (doc) DO UPDATE SET need = 1;

CREATE TABLE revoked (
  space   TEXT NOT NULL,
  device  BLOB NOT NULL,
  at      INTEGER NOT NULL,
  PRIMARY KEY (space, device)
) WITHOUT ROWID;
-- Number of the last revocation that is known.
ALTER TABLE scope ADD COLUMN revoked INTEGER NOT NULL DEFAULT 0;

-- For comparing records without loading them: where a hazard is, found where it was folded here.
ALTER TABLE hazard_view ADD COLUMN place_key TEXT NOT NULL DEFAULT '';
ALTER TABLE hazard_view ADD COLUMN compound BLOB;
CREATE INDEX hazard_view_by_place ON hazard_view (compound, place_key);
