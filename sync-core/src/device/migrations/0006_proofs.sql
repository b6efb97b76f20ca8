-- Proofs of events, the packs that receipts confirm, and notices that the server signed: what a device gives back to a
-- restored server.

-- Proofs of changes of other devices, as pages bring them. Those of this device are signed whenever they are sent.
CREATE TABLE proof (
  change  BLOB PRIMARY KEY,
  doc     BLOB NOT NULL,
  proofs  BLOB NOT NULL
) WITHOUT ROWID;
CREATE INDEX proof_by_doc ON proof (doc);
-- Proofs of the changes of a snapshot as they came with it, in the order of the changes' hashes. Only loading the document
-- shows which change each belongs to, so they become rows of `proof` when the snapshot is replaced or given back.
CREATE TABLE snapshot_proof (
  doc     BLOB PRIMARY KEY,
  proofs  BLOB NOT NULL
) WITHOUT ROWID;

-- The signature of a pack; absent for packs that were answered before this migration. Such a pack cannot be given back.
ALTER TABLE pack ADD COLUMN signature BLOB;
-- The row of the pack (`pack.n`) whose receipt confirms a change.
ALTER TABLE chg ADD COLUMN receipt INTEGER;

-- What the server signed for the devices of a space. `sealed`: as the server signed it;
-- absent for revocations from before this migration, which are requested again. give_back: 1 is still to be given to a
-- restored server.
CREATE TABLE server_notice (
  space      TEXT NOT NULL,
  kind       INTEGER NOT NULL,
  subject    BLOB NOT NULL,
  at         INTEGER NOT NULL,
  sealed     BLOB,
  give_back  INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (space, kind, subject, at)
) WITHOUT ROWID;
INSERT INTO server_notice (space, kind, subject, at) SELECT space, 1, device, at FROM revocation;
DROP TABLE revocation;
CREATE INDEX server_notice_by_subject ON server_notice (kind, subject);
CREATE INDEX server_notice_to_give_back ON server_notice (give_back) WHERE give_back = 1;
ALTER TABLE scope RENAME COLUMN last_revocation TO last_notice;
UPDATE scope SET last_notice = 0;
