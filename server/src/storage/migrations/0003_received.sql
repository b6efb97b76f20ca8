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
