-- Places and figures: who reports to whom, the register of compounds and buildings, values typed by hand, sealed reports.
-- All of it is truth: nothing here can be made anew from the log.

CREATE TABLE region (
  path           TEXT PRIMARY KEY,
  code           TEXT NOT NULL,
  name           TEXT NOT NULL,
  name_en        TEXT NOT NULL,
  level          TEXT NOT NULL,              -- province | city | county | functional_area | street | …; several by spaces
  parent         TEXT,                       -- administrative parent, if that is not the path's
  report_parent  TEXT,                       -- whom it reports to instead
  valid_from     TEXT NOT NULL,              -- yyyy-mm-dd
  valid_to       TEXT,
  replaced_by    TEXT
);

ALTER TABLE compound ADD COLUMN pmc BLOB;                                 -- property company; none if NULL
ALTER TABLE compound ADD COLUMN type TEXT NOT NULL DEFAULT '';            -- commercial | old | unit | resettlement | none
ALTER TABLE compound ADD COLUMN households BIGINT;
ALTER TABLE compound ADD COLUMN active BIGINT NOT NULL DEFAULT 1;
ALTER TABLE compound ADD COLUMN valid_from TEXT;
ALTER TABLE compound ADD COLUMN valid_to TEXT;
ALTER TABLE compound ADD COLUMN aliases TEXT NOT NULL DEFAULT '';         -- other names it is known by, one a line
CREATE INDEX compound_by_path ON compound (path);

CREATE TABLE building (
  space         TEXT NOT NULL,
  compound      BLOB NOT NULL,
  building      TEXT NOT NULL,               -- as `place_key` spells it
  label         TEXT NOT NULL,
  units         BIGINT,
  height_class  TEXT NOT NULL,               -- metres: <=27 | 27-54 | 54-100 | >100, or empty
  PRIMARY KEY (space, compound, building)
);

-- A figure that somebody typed; it stands beside what the system counts and never replaces it.
CREATE TABLE manual_value (
  id           BLOB PRIMARY KEY,
  area         TEXT NOT NULL,
  indicator    TEXT NOT NULL,
  period_from  TEXT NOT NULL,                -- yyyy-mm-dd, both included
  period_to    TEXT NOT NULL,
  milli        BIGINT NOT NULL,              -- thousandths of the unit
  reason       TEXT NOT NULL,
  person       BLOB NOT NULL,
  role         BIGINT NOT NULL,
  at           BIGINT NOT NULL
);
CREATE INDEX manual_value_by_area ON manual_value (area, period_from, period_to);

-- The last number given of a series; a number is never given twice.
CREATE TABLE report_number (
  series  TEXT PRIMARY KEY,
  last    BIGINT NOT NULL
);

-- A sealed report. Its bytes are inserted once and never altered.
CREATE TABLE report (
  id           BLOB PRIMARY KEY,
  number       TEXT NOT NULL UNIQUE,
  kind         TEXT NOT NULL,                -- daily | weekly | summary
  area         TEXT NOT NULL,
  period_from  TEXT NOT NULL,
  period_to    TEXT NOT NULL,
  cut_off      BIGINT NOT NULL,
  version      BIGINT NOT NULL,
  corrects     BLOB,                         -- the version before
  reason       TEXT NOT NULL,
  person       BLOB NOT NULL,
  role         BIGINT NOT NULL,
  sealed_at    BIGINT NOT NULL,
  sha256       BLOB NOT NULL,
  signature    BLOB NOT NULL,
  bytes        BLOB NOT NULL,
  UNIQUE (area, kind, period_from, period_to, version)
);
CREATE INDEX report_by_time ON report (sealed_at, id);

-- What was done with a report; appended only. Its state is the last step.
CREATE TABLE report_step (
  report  BLOB NOT NULL,
  n       BIGINT NOT NULL,
  step    TEXT NOT NULL,
  person  BLOB NOT NULL,
  role    BIGINT NOT NULL,
  at      BIGINT NOT NULL,
  reason  TEXT NOT NULL,
  PRIMARY KEY (report, n)
);
