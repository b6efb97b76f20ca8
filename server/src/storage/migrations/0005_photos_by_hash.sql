-- Which records name a photo, for those who know its hash only: found at once, not space by space.
CREATE TABLE blob_doc (
  hash   BLOB NOT NULL,
  space  TEXT NOT NULL,
  doc    BLOB NOT NULL,
  PRIMARY KEY (hash, space, doc)
);
INSERT INTO blob_doc (hash, space, doc) SELECT hash, space, doc FROM blob_ref;
DROP TABLE blob_space;
DROP INDEX blob_ref_by_hash;
