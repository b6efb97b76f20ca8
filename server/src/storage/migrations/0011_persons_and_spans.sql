-- Two ids of one person: events under grants that were issued afterwards count as events of both. Rows are only added.
CREATE TABLE person_alias (
  person     BLOB PRIMARY KEY,               -- the id that is used no more
  kept       BLOB NOT NULL,                  -- the id that takes its place; it may have been merged later itself
  merged_at  BIGINT NOT NULL,
  reason     TEXT NOT NULL,
  operator   TEXT NOT NULL
);
CREATE INDEX signed_grant_by_person ON signed_grant (person);

-- Whether the state of a hazard rests on two ids that are one person.
ALTER TABLE hazard ADD COLUMN one_person BIGINT NOT NULL DEFAULT 0;

-- Figures are as of their cut-off: what the server knew of a document from one receipt to the next is stored as intervals.
-- `since` is included, `until` is not; both are receipts of the server in milliseconds. An interval that lasts has the
-- greatest number as `until`.

-- A hazard as it was known.
CREATE TABLE hazard_span (
  space     TEXT NOT NULL,
  doc       BLOB NOT NULL,
  since     BIGINT NOT NULL,
  until     BIGINT NOT NULL,
  path      TEXT NOT NULL,
  state     BIGINT NOT NULL,
  last_open BIGINT NOT NULL,                 -- the last open state that it had
  grade     TEXT NOT NULL,
  code      TEXT NOT NULL,
  category  TEXT NOT NULL,
  cycle     BIGINT NOT NULL,
  found_at  BIGINT NOT NULL,                 -- first receipt of its finding
  due       BIGINT,                          -- when it must be rectified, if that is certain
  targets   BLOB NOT NULL,                   -- ids of the documents that it was merged into
  PRIMARY KEY (space, doc, since)
) /* by space */;

-- What a document contributes to figures: the amount `milli` of the name, while the interval lasts.
DROP TABLE quantity;
CREATE TABLE quantity (
  space   TEXT NOT NULL,
  doc     BLOB NOT NULL,
  name    TEXT NOT NULL,
  n       BIGINT NOT NULL,
  path    TEXT NOT NULL,
  at      BIGINT NOT NULL,                   -- the time whose period it belongs to
  since   BIGINT NOT NULL,
  until   BIGINT NOT NULL,
  milli   BIGINT NOT NULL,                   -- thousandths of the unit
  detail  TEXT NOT NULL,                     -- the fields that indicators ask for, as JSON; empty if there are none
  PRIMARY KEY (space, doc, name, n)
) /* by space */;
CREATE INDEX quantity_by_name ON quantity (space, name, since);

-- Buildings and entrances that inspections reached.
DROP TABLE inspected_building;
CREATE TABLE inspected_building (
  space     TEXT NOT NULL,
  doc       BLOB NOT NULL,
  compound  BLOB NOT NULL,
  building  TEXT NOT NULL,                   -- as `place_key` spells it
  unit      TEXT NOT NULL,                   -- empty: the whole building
  since     BIGINT NOT NULL,
  until     BIGINT NOT NULL,
  finished  BIGINT NOT NULL,                 -- 1: the inspection was finished and counts
  PRIMARY KEY (space, doc, compound, building, unit, since)
) /* by space */;
CREATE INDEX inspected_building_by_building ON inspected_building (space, compound, building);

-- The newest receipt that the intervals of a document cover, and how many attested events.
ALTER TABLE hazard ADD COLUMN known_at BIGINT;
ALTER TABLE hazard ADD COLUMN known_events BIGINT NOT NULL DEFAULT 0;
ALTER TABLE activity ADD COLUMN known_at BIGINT;
ALTER TABLE activity ADD COLUMN known_events BIGINT NOT NULL DEFAULT 0;

-- The ledger is folded again, with the intervals, as after a change of rules; until then its rows stay.
DELETE FROM meta WHERE name = 'fold';
