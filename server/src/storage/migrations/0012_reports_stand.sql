-- Two reports of one area, kind and period may differ in whether they count the duties of property companies: they are
-- no versions of one another. The rows are copied as they are.
CREATE TABLE report_kept (
  id              BLOB PRIMARY KEY,
  number          TEXT NOT NULL UNIQUE,
  kind            TEXT NOT NULL,             -- daily | weekly | summary
  area            TEXT NOT NULL,
  period_from     TEXT NOT NULL,
  period_to       TEXT NOT NULL,
  without_duties  BIGINT NOT NULL,           -- 1: duties of property companies are not counted among the hazards
  cut_off         BIGINT NOT NULL,
  version         BIGINT NOT NULL,
  corrects        BLOB,                      -- the version before
  reason          TEXT NOT NULL,
  person          BLOB NOT NULL,
  role            BIGINT NOT NULL,
  sealed_at       BIGINT NOT NULL,
  sha256          BLOB NOT NULL,
  signature       BLOB NOT NULL,
  bytes           BLOB NOT NULL,
  UNIQUE (area, kind, period_from, period_to, without_duties, version)
);
INSERT INTO report_kept (id, number, kind, area, period_from, period_to, without_duties, cut_off, version, corrects, reason,
    person, role, sealed_at, sha256, signature, bytes)
  SELECT id, number, kind, area, period_from, period_to, 0, cut_off, version, corrects, reason, person, role, sealed_at,
    sha256, signature, bytes FROM report;
DROP TABLE report;
ALTER TABLE report_kept RENAME TO report;
CREATE INDEX report_by_time ON report (sealed_at, id);
CREATE INDEX report_by_corrected ON report (corrects);

-- The reports of parts that a report added up; none for reports that were sealed before this table.
CREATE TABLE report_source (
  report  BLOB NOT NULL,
  source  BLOB NOT NULL,
  PRIMARY KEY (report, source)
);

-- What the reporting tree needs, of tens of thousands of regions: it is read for every request of a reviewer. The condition
-- is that of `regions::deciding`, word for word, so that both engines use the index.
CREATE INDEX region_deciding ON region (path)
  WHERE level NOT IN ('street', 'community', 'grid') OR parent IS NOT NULL
    OR report_parent IS NOT NULL OR replaced_by IS NOT NULL;
