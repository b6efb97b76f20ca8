-- Proofs of events, and one numbered list of notices for each space.

-- 65 bytes for each event of the change, in their order; NULL: it came without proofs.
ALTER TABLE chg ADD COLUMN proofs BLOB;
-- The sequence number up to which an off-site backup is known to hold the log: devices need no proofs below it.
ALTER TABLE space ADD COLUMN safe_seq BIGINT NOT NULL DEFAULT 0;

-- What the server signs for all devices of a space. kind: 1 a device was revoked, 2 a grant ended, 3 a change was
-- accepted. The signature is made when a notice is sent.
CREATE TABLE server_notice (
  space    TEXT NOT NULL,
  n        BIGINT NOT NULL,                   -- its number in the space, from 1
  kind     BIGINT NOT NULL,
  subject  BLOB NOT NULL,
  at       BIGINT NOT NULL,
  PRIMARY KEY (space, n)
);
CREATE UNIQUE INDEX server_notice_by_subject ON server_notice (space, kind, subject, at);
INSERT INTO server_notice (space, n, kind, subject, at) SELECT space, n, 1, device, at FROM revocation;
DROP TABLE revocation;

-- The receipts that the stored intervals cover, as one number; a count would not show that a receipt moved.
ALTER TABLE hazard RENAME COLUMN known_events TO known_receipts;
ALTER TABLE activity RENAME COLUMN known_events TO known_receipts;

-- 1: a device that is enrolled for another person may use the code.
ALTER TABLE enrol_code ADD COLUMN shared BIGINT NOT NULL DEFAULT 0;

CREATE INDEX chg_unattested ON chg (space, seq) WHERE relayed = 2;
