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
