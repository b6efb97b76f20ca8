-- What people record beside hazards: inspections and the other records of a campaign, as folded; and the figures that
-- count in indicators. Made anew from the log whenever needed, like the ledger.

CREATE TABLE campaign_record (
  space        TEXT NOT NULL,
  doc          BLOB NOT NULL,
  path         TEXT NOT NULL,
  as_of_seq    BIGINT NOT NULL,
  changed      BIGINT NOT NULL,              -- order of changes, one with that of the ledger
  type         TEXT NOT NULL,                -- code of the type: publicity, training, inspection, …
  state        TEXT NOT NULL,                -- stated | confirmed | disputed | withdrawn | void
  counts       BIGINT NOT NULL,              -- 1: its figures count
  organ        BLOB,                         -- organisation of the author, by the grant
  compound     BLOB,
  title        TEXT NOT NULL,
  held_at      BIGINT NOT NULL,              -- when it took place, by the author's clock
  updated_at   BIGINT NOT NULL,
  event_count  BIGINT NOT NULL,
  photo_count  BIGINT NOT NULL,
  data         TEXT NOT NULL,                -- JSON, as last amended
  problem      TEXT NOT NULL DEFAULT '',     -- why the record could not be folded, if so
  PRIMARY KEY (space, doc)
) /* by space */;
CREATE INDEX campaign_record_by_type ON campaign_record (space, type, held_at, doc);
CREATE INDEX campaign_record_by_change ON campaign_record (space, changed);

-- Figures of a record that count: `removed.pieces`, `attendees`, `dissuasions`, …; `n` tells several of one name apart.
CREATE TABLE quantity (
  space  TEXT NOT NULL,
  doc    BLOB NOT NULL,
  name   TEXT NOT NULL,
  n      BIGINT NOT NULL,
  path   TEXT NOT NULL,
  at     BIGINT NOT NULL,                    -- when it happened, by its author's clock
  milli  BIGINT NOT NULL,                    -- thousandths of the unit
  PRIMARY KEY (space, doc, name, n)
) /* by space */;
CREATE INDEX quantity_by_name ON quantity (space, name, at);

-- Which buildings and entrances an inspection has looked at.
CREATE TABLE inspected (
  space     TEXT NOT NULL,
  doc       BLOB NOT NULL,
  compound  BLOB NOT NULL,
  building  TEXT NOT NULL,                   -- as `place_key` spells it
  unit      TEXT NOT NULL,                   -- empty: the whole building
  finished  BIGINT NOT NULL,                 -- 1: the inspection was finished
  PRIMARY KEY (space, doc, compound, building, unit)
) /* by space */;
CREATE INDEX inspected_by_building ON inspected (space, compound, building);
