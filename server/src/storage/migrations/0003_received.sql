-- Trusted time, revoked phones and what is suggested about hazards.

-- When the changes in a snapshot were received, in the order of their hashes (`wire::Received`).
ALTER TABLE snap ADD COLUMN received BLOB;

-- The head at which a log's present life began, after a restore: what is given back comes after it, with new times.
ALTER TABLE space ADD COLUMN born BIGINT;

-- Phones that were revoked, numbered in each space whose records they may have written to: phones learn them there.
CREATE TABLE revocation (
  space   TEXT NOT NULL,
  n       BIGINT NOT NULL,
  device  BLOB NOT NULL,
  at      BIGINT NOT NULL,
  PRIMARY KEY (space, n)
);
CREATE UNIQUE INDEX revocation_by_device ON revocation (space, device);
-- Whatever a phone that is revoked already has brought was here at its last contact.
INSERT INTO revocation (space, n, device, at)
  SELECT s.id, ROW_NUMBER() OVER (PARTITION BY s.id ORDER BY d.id), d.id, d.seen_at
  FROM device d JOIN space s ON EXISTS (SELECT 1 FROM grant_given g WHERE g.device = d.id AND g.space = s.id)
  WHERE d.state <> 'active';

-- Records to be folded anew although their log has not grown: what they are judged by has changed.
CREATE TABLE refold (
  space  TEXT NOT NULL,
  doc    BLOB NOT NULL,
  PRIMARY KEY (space, doc)
);

-- How a photo looks, 64 bits (`picture::print`); NULL: from before prints were made.
ALTER TABLE blob ADD COLUMN print BIGINT;
CREATE INDEX blob_by_print ON blob (print);

ALTER TABLE hazard ADD COLUMN finder BLOB;          -- who found it
ALTER TABLE hazard ADD COLUMN outdoors BLOB;        -- its position, if it is outdoors (CBOR)
ALTER TABLE hazard ADD COLUMN look BIGINT NOT NULL DEFAULT 0;   -- digest of all that is compared with other records
ALTER TABLE hazard ADD COLUMN registered BIGINT;    -- not later than this, by the server's clock
-- Compound, building, unit and kind of spot: what two records of one place have in common, whatever the floor.
ALTER TABLE hazard ADD COLUMN place_group TEXT NOT NULL DEFAULT '';
ALTER TABLE hazard ADD COLUMN due BIGINT;           -- when it must be rectified, if that is certain: by order or by its kind
-- Of several records of one hazard one counts: 0 another does, 1 this one, 2 this one although it says it is elsewhere.
ALTER TABLE hazard ADD COLUMN counts BIGINT NOT NULL DEFAULT 1;
DROP INDEX hazard_by_state;
CREATE INDEX hazard_by_state ON hazard (space, state, grade, counts, due, observation_count); -- statistics read only this
CREATE INDEX hazard_by_place ON hazard (space, place_group);

-- Which record says that it is another one.
CREATE TABLE hazard_link (
  space   TEXT NOT NULL,
  doc     BLOB NOT NULL,
  target  BLOB NOT NULL,
  PRIMARY KEY (space, doc, target)
) /* by space */;
CREATE INDEX hazard_link_by_target ON hazard_link (space, target);

-- Records to be compared with others.
CREATE TABLE to_compare (
  space  TEXT NOT NULL,
  doc    BLOB NOT NULL,
  PRIMARY KEY (space, doc)
);
-- Two records that look like one, or like false evidence; `doc` is the smaller number.
CREATE TABLE suggestion (
  space   TEXT NOT NULL,
  doc     BLOB NOT NULL,
  other   BLOB NOT NULL,
  urgency BIGINT NOT NULL,                   -- 0 first, as `Advice::ALL`
  score   BIGINT NOT NULL,                   -- in percent
  signs   TEXT NOT NULL,                     -- JSON
  PRIMARY KEY (space, doc, other)
) /* by space */;
CREATE INDEX suggestion_by_other ON suggestion (space, other);
CREATE INDEX suggestion_by_urgency ON suggestion (space, urgency, score);

-- What property companies owe, or owed and did late. One that is not late counts from when it is due.
CREATE TABLE duty (
  space    TEXT NOT NULL,
  doc      BLOB NOT NULL,
  company  BLOB NOT NULL,
  code     TEXT NOT NULL,                    -- kind of the finding: MG-06, MG-07
  path     TEXT NOT NULL,
  due      BIGINT NOT NULL,
  late     BIGINT NOT NULL,                  -- 1: the link is there, but late
  certain  BIGINT NOT NULL,                  -- 0: nobody can tell; a person decides
  PRIMARY KEY (space, doc, company, code)
) /* by space */;
CREATE INDEX duty_by_due ON duty (space, due);

-- The ledger is made anew, with what is known now.
DELETE FROM hazard;
UPDATE projection_mark SET seq = 0;
