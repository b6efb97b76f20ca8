-- The phone's store. Times are milliseconds UTC by the phone's clock; digests are 16 bytes.

CREATE TABLE meta (
  name   TEXT PRIMARY KEY,
  value  BLOB NOT NULL
) WITHOUT ROWID;

-- One row for each record. `change_count` and `digest` cover what the server is known to have; `tail_count` counts
-- the changes that are not in `snapshot`; `pending_count` those that the server has not acknowledged.
CREATE TABLE doc (
  id             BLOB PRIMARY KEY,
  path           TEXT NOT NULL,
  snapshot       BLOB,
  change_count   INTEGER NOT NULL DEFAULT 0,
  digest         BLOB NOT NULL,
  tail_count     INTEGER NOT NULL DEFAULT 0,
  pending_count  INTEGER NOT NULL DEFAULT 0,
  -- 1: left every scope of this phone and waits until nothing is pending.
  leaving        INTEGER NOT NULL DEFAULT 0,
  -- 0: the row of the list came from the server and was not yet folded here.
  verified       INTEGER NOT NULL DEFAULT 1
);
CREATE INDEX doc_to_fold ON doc (pending_count, tail_count) WHERE tail_count > 0;
CREATE INDEX doc_unverified ON doc (verified) WHERE verified = 0;
CREATE INDEX doc_leaving ON doc (leaving) WHERE leaving = 1;

-- Changes. `bytes` is NULL once the change is in the snapshot.
-- state: 0 pending, 1 in a sealed pack, 2 acknowledged, 3 from others, 4 refused, 5 kept by the server for checking.
CREATE TABLE chg (
  n        INTEGER PRIMARY KEY,
  hash     BLOB NOT NULL UNIQUE,
  doc      BLOB NOT NULL REFERENCES doc (id),
  state    INTEGER NOT NULL,
  pack     INTEGER,
  refusal  INTEGER,
  bytes    BLOB
);
CREATE INDEX chg_by_doc ON chg (doc, n);
CREATE INDEX chg_by_state ON chg (state, n);

-- A pack is stored before it is first sent and sent again byte for byte until it is answered.
-- Numbers may come again after a restored server named an older position.
CREATE TABLE pack (
  n        INTEGER PRIMARY KEY,
  number   INTEGER NOT NULL,
  hash     BLOB NOT NULL UNIQUE,
  claims   BLOB NOT NULL,
  body     BLOB,
  receipt  BLOB
);

CREATE INDEX pack_unanswered ON pack (n) WHERE body IS NOT NULL;

-- Only grants whose signature was checked; `claims` is what the signature covers.
CREATE TABLE known_grant (
  id      BLOB PRIMARY KEY,
  sealed  BLOB NOT NULL,
  claims  BLOB NOT NULL,
  own     INTEGER NOT NULL
) WITHOUT ROWID;

-- Where the phone stands in each area it holds, and what it holds there.
CREATE TABLE scope (
  space         TEXT NOT NULL,
  area          TEXT NOT NULL,
  log           BLOB NOT NULL,
  phase         BLOB NOT NULL,
  change_count  INTEGER NOT NULL DEFAULT 0,
  digest        BLOB NOT NULL,
  -- 1: the server's log has a new life, or the digests differ: compare before following on.
  repair        INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (space, area)
) WITHOUT ROWID;

-- Photos made here. state: 0 captured, 1 referenced, 2 uploading, 3 stored.
CREATE TABLE photo (
  hash      BLOB PRIMARY KEY,
  size      INTEGER NOT NULL,
  state     INTEGER NOT NULL,
  doc       BLOB,
  change    BLOB,
  upload    TEXT,
  sent      INTEGER NOT NULL DEFAULT 0,
  receipt   BLOB,
  refusal   INTEGER,
  -- 1: the working copy was removed from this phone after the receipt.
  removed   INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
CREATE INDEX photo_by_state ON photo (state);

-- Documents to ask the server for, or to offer it whole.
CREATE TABLE repair_doc (
  doc   BLOB PRIMARY KEY,
  need  INTEGER NOT NULL,
  offer INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE notice (
  n      INTEGER PRIMARY KEY,
  doc    BLOB,
  code   INTEGER NOT NULL,
  text   TEXT NOT NULL
);

-- The list people see; rebuildable from the documents.
CREATE TABLE hazard_view (
  doc          BLOB PRIMARY KEY,
  state        INTEGER NOT NULL,
  flags        INTEGER NOT NULL,
  code         TEXT NOT NULL,
  place        TEXT NOT NULL,
  description  TEXT NOT NULL,
  found        INTEGER NOT NULL,
  updated      INTEGER NOT NULL,
  events       INTEGER NOT NULL,
  photos       INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX hazard_view_by_time ON hazard_view (updated DESC, doc);
