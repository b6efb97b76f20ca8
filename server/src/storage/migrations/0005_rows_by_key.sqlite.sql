-- Rows that are little more than their key lie in its order: one tree each, not a tree of rows and one of keys.

ALTER TABLE doc_space RENAME TO doc_space_rows;
CREATE TABLE doc_space (
  doc    BLOB NOT NULL,
  space  TEXT NOT NULL,
  PRIMARY KEY (doc)
) WITHOUT ROWID;
INSERT INTO doc_space (doc, space) SELECT doc, space FROM doc_space_rows ORDER BY doc;
DROP TABLE doc_space_rows;

ALTER TABLE doc_grant RENAME TO doc_grant_rows;
CREATE TABLE doc_grant (
  space     TEXT NOT NULL,
  doc       BLOB NOT NULL,
  grant_id  BLOB NOT NULL,
  seq       BIGINT NOT NULL,
  PRIMARY KEY (space, doc, grant_id)
) WITHOUT ROWID;
INSERT INTO doc_grant (space, doc, grant_id, seq) SELECT space, doc, grant_id, seq FROM doc_grant_rows ORDER BY space, doc, grant_id;
DROP TABLE doc_grant_rows;

ALTER TABLE path_grant RENAME TO path_grant_rows;
CREATE TABLE path_grant (
  space     TEXT NOT NULL,
  path      TEXT NOT NULL,
  grant_id  BLOB NOT NULL,
  seq       BIGINT NOT NULL,
  PRIMARY KEY (space, path, grant_id)
) WITHOUT ROWID;
INSERT INTO path_grant (space, path, grant_id, seq) SELECT space, path, grant_id, seq FROM path_grant_rows ORDER BY space, path, grant_id;
DROP TABLE path_grant_rows;

ALTER TABLE path_sum RENAME TO path_sum_rows;
CREATE TABLE path_sum (
  space         TEXT NOT NULL,
  path          TEXT NOT NULL,
  last_seq      BIGINT NOT NULL,
  doc_count     BIGINT NOT NULL,
  change_count  BIGINT NOT NULL,
  digest        BLOB NOT NULL,
  PRIMARY KEY (space, path)
) WITHOUT ROWID;
INSERT INTO path_sum (space, path, last_seq, doc_count, change_count, digest) SELECT space, path, last_seq, doc_count, change_count, digest FROM path_sum_rows ORDER BY space, path;
DROP TABLE path_sum_rows;

ALTER TABLE blob_ref RENAME TO blob_ref_rows;
CREATE TABLE blob_ref (
  space  TEXT NOT NULL,
  doc    BLOB NOT NULL,
  hash   BLOB NOT NULL,
  PRIMARY KEY (space, doc, hash)
) WITHOUT ROWID;
INSERT INTO blob_ref (space, doc, hash) SELECT space, doc, hash FROM blob_ref_rows ORDER BY space, doc, hash;
DROP TABLE blob_ref_rows;

ALTER TABLE blob_doc RENAME TO blob_doc_rows;
CREATE TABLE blob_doc (
  hash   BLOB NOT NULL,
  space  TEXT NOT NULL,
  doc    BLOB NOT NULL,
  PRIMARY KEY (hash, space, doc)
) WITHOUT ROWID;
INSERT INTO blob_doc (hash, space, doc) SELECT hash, space, doc FROM blob_doc_rows ORDER BY hash, space, doc;
DROP TABLE blob_doc_rows;
