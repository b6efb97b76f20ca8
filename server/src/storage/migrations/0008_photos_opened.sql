-- A document opens a photo only if the device that named it there has sent its bytes.
CREATE TABLE blob_sender (
  hash    BLOB NOT NULL,
  device  BLOB NOT NULL,
  PRIMARY KEY (hash, device)
);
CREATE TABLE blob_named (
  hash    BLOB NOT NULL,
  space   TEXT NOT NULL,
  doc     BLOB NOT NULL,
  device  BLOB NOT NULL,
  PRIMARY KEY (hash, space, doc, device)
);
-- Photos that a document has taken out of view.
CREATE TABLE blob_hidden (
  hash   BLOB NOT NULL,
  space  TEXT NOT NULL,
  doc    BLOB NOT NULL,
  PRIMARY KEY (hash, space, doc)
);
-- Before this, any reference opened a photo. Those there are go on to do so: the sender of the photo counts as having
-- named it wherever it is named.
INSERT INTO blob_sender (hash, device) SELECT hash, device FROM blob;
INSERT INTO blob_named (hash, space, doc, device)
  SELECT r.hash, r.space, r.doc, b.device FROM blob_doc r JOIN blob b ON b.hash = r.hash;
