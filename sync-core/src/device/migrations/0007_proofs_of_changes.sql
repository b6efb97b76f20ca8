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
