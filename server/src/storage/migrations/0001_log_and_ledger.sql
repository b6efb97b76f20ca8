-- Everything the server keeps. BLOB becomes BYTEA where the engine calls it so; times are milliseconds UTC.
-- A table marked `by space` begins its key with the space: PostgreSQL keeps one partition of it for each space, and
-- an engine that distributes tables can distribute it by that column. SQLite reads the mark as a comment.

CREATE TABLE meta (
  name  TEXT PRIMARY KEY,
  value BLOB NOT NULL
);

-- One log for each county. `head` is raised as the last step before rows are inserted, its row lock held to
-- commit, so the order of sequence numbers is the order of commits. `log_id` is new after a restore.
CREATE TABLE space (
  id      TEXT PRIMARY KEY,
  log_id  BLOB NOT NULL,
  head    BIGINT NOT NULL
);

-- Which space a record is in, for those who know its number only. A record never changes its space.
CREATE TABLE doc_space (
  doc    BLOB PRIMARY KEY,
  space  TEXT NOT NULL
);

-- One row for each record. `path_seq`: when it came to this path; whoever was behind that needs a snapshot.
CREATE TABLE doc (
  space         TEXT NOT NULL,
  id            BLOB NOT NULL,
  path          TEXT NOT NULL,
  path_seq      BIGINT NOT NULL,
  last_seq      BIGINT NOT NULL,
  change_count  BIGINT NOT NULL,
  digest        BLOB NOT NULL,
  snap_seq      BIGINT NOT NULL DEFAULT 0,   -- changes up to here are in the snapshot
  tail_count    BIGINT NOT NULL DEFAULT 0,   -- changes after the snapshot
  tail_bytes    BIGINT NOT NULL DEFAULT 0,
  total_bytes   BIGINT NOT NULL DEFAULT 0,
  PRIMARY KEY (space, id)
) /* by space */;
CREATE INDEX doc_by_path_seq ON doc (space, path, last_seq);
CREATE INDEX doc_by_seq ON doc (space, last_seq);
CREATE INDEX doc_by_path_id ON doc (space, path, id);

-- The log. A change is inserted once and never altered.
CREATE TABLE chg (
  space      TEXT NOT NULL,
  doc        BLOB NOT NULL,
  seq        BIGINT NOT NULL,
  hash       BLOB NOT NULL,
  device     BLOB NOT NULL,
  actor      BLOB NOT NULL,
  actor_seq  BIGINT NOT NULL,
  pack       BLOB NOT NULL,                  -- hash of the pack that brought it
  relayed    BIGINT NOT NULL DEFAULT 0,      -- 1: re-supplied by a phone that is not the author's
  bytes      BLOB NOT NULL,
  PRIMARY KEY (space, doc, seq)
) /* by space */;
CREATE UNIQUE INDEX chg_by_hash ON chg (space, hash);
CREATE UNIQUE INDEX chg_by_actor ON chg (space, doc, actor, actor_seq);

-- A record folded into one Automerge document, up to a sequence number.
CREATE TABLE snap (
  space     TEXT NOT NULL,
  doc       BLOB NOT NULL,
  upto_seq  BIGINT NOT NULL,
  chunk     BLOB NOT NULL,
  PRIMARY KEY (space, doc)
) /* by space */;

-- What each path holds at its newest: answers "anything new?" and "do we hold the same?" without touching records.
CREATE TABLE path_sum (
  space         TEXT NOT NULL,
  path          TEXT NOT NULL,
  last_seq      BIGINT NOT NULL,
  doc_count     BIGINT NOT NULL,
  change_count  BIGINT NOT NULL,
  digest        BLOB NOT NULL,
  PRIMARY KEY (space, path)
);

-- A record left a path.
CREATE TABLE doc_exit (
  space  TEXT NOT NULL,
  seq    BIGINT NOT NULL,
  path   TEXT NOT NULL,
  doc    BLOB NOT NULL,
  PRIMARY KEY (space, seq)
);
CREATE INDEX doc_exit_by_path ON doc_exit (space, path, seq);

CREATE TABLE device (
  id           BLOB PRIMARY KEY,
  public_key   BLOB NOT NULL,
  model        TEXT NOT NULL,
  state        TEXT NOT NULL,                -- active | revoked | wipe
  pack_number  BIGINT NOT NULL,
  pack_hash    BLOB NOT NULL,
  fork_count   BIGINT NOT NULL DEFAULT 0,
  enrolled_at  BIGINT NOT NULL,
  seen_at      BIGINT NOT NULL
);

CREATE TABLE enrol_code (
  code_hash   BLOB PRIMARY KEY,
  person      BLOB NOT NULL,
  organ       BLOB NOT NULL,
  role        BIGINT NOT NULL,
  area        TEXT NOT NULL,
  space       TEXT NOT NULL,
  expires_at  BIGINT NOT NULL,
  used_by     BLOB
);

-- `sealed` is what travels: claims and signature.
CREATE TABLE grant_given (
  id          BLOB PRIMARY KEY,
  device      BLOB NOT NULL,
  person      BLOB NOT NULL,
  organ       BLOB NOT NULL,
  role        BIGINT NOT NULL,
  space       TEXT NOT NULL,
  area        TEXT NOT NULL,
  valid_from  BIGINT NOT NULL,
  valid_until BIGINT,
  sealed      BLOB NOT NULL
);
CREATE INDEX grant_by_device ON grant_given (device);

-- Which grants a record's events were made under, since which sequence number.
CREATE TABLE doc_grant (
  space     TEXT NOT NULL,
  doc       BLOB NOT NULL,
  grant_id  BLOB NOT NULL,
  seq       BIGINT NOT NULL,
  PRIMARY KEY (space, doc, grant_id)
) /* by space */;
-- The first use of a grant in a path: a phone past that point has it already.
CREATE TABLE path_grant (
  space     TEXT NOT NULL,
  path      TEXT NOT NULL,
  grant_id  BLOB NOT NULL,
  seq       BIGINT NOT NULL,
  PRIMARY KEY (space, path, grant_id)
);

CREATE TABLE pack (
  hash         BLOB PRIMARY KEY,
  device       BLOB NOT NULL,
  number       BIGINT NOT NULL,
  claims       BLOB NOT NULL,                -- the signed bytes
  signature    BLOB NOT NULL,
  received_at  BIGINT NOT NULL,
  refused      BLOB NOT NULL                 -- the refusals it was answered with
);
CREATE INDEX pack_by_device ON pack (device, number);

-- Bytes that cannot be judged yet: kept, counted, shown to an administrator.
CREATE TABLE quarantine (
  hash         BLOB PRIMARY KEY,
  doc          BLOB NOT NULL,
  device       BLOB NOT NULL,
  reason       TEXT NOT NULL,
  received_at  BIGINT NOT NULL,
  bytes        BLOB NOT NULL
);

CREATE TABLE blob (
  hash       BLOB PRIMARY KEY,
  size       BIGINT NOT NULL,
  width      BIGINT NOT NULL,
  height     BIGINT NOT NULL,
  device     BLOB NOT NULL,
  stored_at  BIGINT NOT NULL,
  receipt    BLOB NOT NULL,
  object     TEXT NOT NULL UNIQUE            -- where its bytes are in the photo store
);
-- Which photos a record names; and which spaces name a photo, for those who know its hash only.
CREATE TABLE blob_ref (
  space  TEXT NOT NULL,
  doc    BLOB NOT NULL,
  hash   BLOB NOT NULL,
  PRIMARY KEY (space, doc, hash)
) /* by space */;
CREATE INDEX blob_ref_by_hash ON blob_ref (space, hash);
CREATE TABLE blob_space (
  hash   BLOB NOT NULL,
  space  TEXT NOT NULL,
  PRIMARY KEY (hash, space)
);
-- Photos that have come since the ledger was last told so.
CREATE TABLE blob_came (
  hash  BLOB PRIMARY KEY
);
CREATE TABLE upload (
  id          TEXT PRIMARY KEY,
  hash        BLOB NOT NULL,
  size        BIGINT NOT NULL,
  received    BIGINT NOT NULL,
  device      BLOB NOT NULL,
  expires_at  BIGINT NOT NULL
);
-- The chunks of an open upload: only those that moved it forward.
CREATE TABLE upload_part (
  upload  TEXT NOT NULL,
  start   BIGINT NOT NULL,
  size    BIGINT NOT NULL,
  object  TEXT NOT NULL UNIQUE,
  PRIMARY KEY (upload, start)
);

-- Names people read, apart from the records so that they can be corrected and deleted.
CREATE TABLE area_name (
  path  TEXT PRIMARY KEY,
  name  TEXT NOT NULL
);
CREATE TABLE organ (
  id    BLOB PRIMARY KEY,
  name  TEXT NOT NULL
);
CREATE TABLE person (
  id     BLOB PRIMARY KEY,
  organ  BLOB NOT NULL,
  name   TEXT NOT NULL
);
CREATE TABLE compound (
  id    BLOB PRIMARY KEY,
  path  TEXT NOT NULL,
  name  TEXT NOT NULL
);

-- A reviewer's (or a program's) key to the review API.
CREATE TABLE api_token (
  token_hash  BLOB PRIMARY KEY,
  person      BLOB NOT NULL,
  role        BIGINT NOT NULL,
  area        TEXT NOT NULL,
  label       TEXT NOT NULL,
  expires_at  BIGINT
);

-- The ledger as folded: rebuildable from nothing.
CREATE TABLE hazard (
  space            TEXT NOT NULL,
  doc              BLOB NOT NULL,
  path             TEXT NOT NULL,
  as_of_seq        BIGINT NOT NULL,
  changed          BIGINT NOT NULL,          -- order of changes to this table, for "changed since"
  state            BIGINT NOT NULL,
  is_open          BIGINT NOT NULL,
  cycle            BIGINT NOT NULL,
  grade            TEXT NOT NULL,
  code             TEXT NOT NULL,
  category         TEXT NOT NULL,
  flags            BIGINT NOT NULL,
  compound         BLOB,
  place            TEXT NOT NULL,
  place_key        TEXT NOT NULL,
  description      TEXT NOT NULL,
  search           TEXT NOT NULL,
  item_count       BIGINT,
  found_at         BIGINT NOT NULL,
  updated_at       BIGINT NOT NULL,
  deadline         BIGINT,
  event_count      BIGINT NOT NULL,
  observation_count BIGINT NOT NULL,
  conflict_count   BIGINT NOT NULL,
  photo_count      BIGINT NOT NULL,
  latitude_e7      BIGINT,
  longitude_e7     BIGINT,
  crs              TEXT,
  accuracy_cm      BIGINT,
  problem          TEXT NOT NULL DEFAULT '', -- why the record could not be folded, if so
  PRIMARY KEY (space, doc)
) /* by space */;
CREATE INDEX hazard_by_change ON hazard (space, changed);
CREATE INDEX hazard_by_found ON hazard (space, is_open, found_at, doc);
CREATE INDEX hazard_by_state ON hazard (space, state, grade, deadline); -- statistics read only this
CREATE INDEX hazard_by_path ON hazard (space, path, found_at);

-- How far each space is projected, and the counter behind `hazard.changed`. `worker` is the process that projects it
-- now, until `lease_until` at the latest: the lease saves work, the row's lock keeps it right.
CREATE TABLE projection_mark (
  space        TEXT PRIMARY KEY,
  seq          BIGINT NOT NULL,
  changed      BIGINT NOT NULL,
  worker       BLOB,
  lease_until  BIGINT NOT NULL DEFAULT 0
);
