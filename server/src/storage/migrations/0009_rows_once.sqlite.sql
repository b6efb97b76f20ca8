-- Rows that are little more than their key lie in its order: one tree for each table.

ALTER TABLE blob_named RENAME TO blob_named_rows;
CREATE TABLE blob_named (
  hash    BLOB NOT NULL,
  space   TEXT NOT NULL,
  doc     BLOB NOT NULL,
  device  BLOB NOT NULL,
  PRIMARY KEY (hash, space, doc, device)
) WITHOUT ROWID;
INSERT INTO blob_named (hash, space, doc, device)
  SELECT hash, space, doc, CASE WHEN device = '' THEN x'' ELSE device END FROM blob_named_rows ORDER BY hash, space, doc, device;
DROP TABLE blob_named_rows;

ALTER TABLE blob_sender RENAME TO blob_sender_rows;
CREATE TABLE blob_sender (
  hash    BLOB NOT NULL,
  device  BLOB NOT NULL,
  PRIMARY KEY (hash, device)
) WITHOUT ROWID;
INSERT INTO blob_sender (hash, device) SELECT hash, device FROM blob_sender_rows ORDER BY hash, device;
DROP TABLE blob_sender_rows;

ALTER TABLE blob_hidden RENAME TO blob_hidden_rows;
CREATE TABLE blob_hidden (
  hash   BLOB NOT NULL,
  space  TEXT NOT NULL,
  doc    BLOB NOT NULL,
  PRIMARY KEY (hash, space, doc)
) WITHOUT ROWID;
INSERT INTO blob_hidden (hash, space, doc) SELECT hash, space, doc FROM blob_hidden_rows ORDER BY hash, space, doc;
DROP TABLE blob_hidden_rows;
