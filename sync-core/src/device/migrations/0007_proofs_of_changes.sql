-- A proof covers the change, too: those of earlier versions, which covered a document and an event, prove nothing any more.
DELETE FROM proof;
DELETE FROM snapshot_proof;

-- Changes that the server did not take when this device gave them back, because their author's proof is missing, or
-- something that they depend on.
CREATE TABLE absent (
  change  BLOB PRIMARY KEY,
  doc     BLOB NOT NULL
) WITHOUT ROWID;
CREATE INDEX absent_by_doc ON absent (doc);

-- Acknowledged changes of this device to documents that it removed, because they are outside its areas: a restored server may
-- lack them, and perhaps no other device ever had them. receipt: as in `chg`. give_back: 1 in a new log epoch, until answered.
CREATE TABLE kept_change (
  n          INTEGER PRIMARY KEY,
  hash       BLOB NOT NULL UNIQUE,
  doc        BLOB NOT NULL,
  bytes      BLOB NOT NULL,
  receipt    INTEGER,
  give_back  INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX kept_change_by_doc ON kept_change (doc);
