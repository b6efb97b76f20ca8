-- A key that a person made for one of their reviewing roles: it reads, and is valid no longer than that role. A key that a
-- command issued has none.
ALTER TABLE api_token ADD COLUMN assignment BLOB;
-- A change that was sent for two documents is quarantined for each. Its proofs stay with it, so that a release does not
-- need a person to vouch for others.
CREATE TABLE quarantine_new (
  doc BLOB NOT NULL,
  hash BLOB NOT NULL,
  device BLOB NOT NULL,
  reason TEXT NOT NULL,
  received_at BIGINT NOT NULL,
  bytes BLOB NOT NULL,
  rejected_at BIGINT,
  rejected_why TEXT,
  proofs BLOB,
  PRIMARY KEY (doc, hash)
);
INSERT INTO quarantine_new (hash, doc, device, reason, received_at, bytes, rejected_at, rejected_why)
  SELECT hash, doc, device, reason, received_at, bytes, rejected_at, rejected_why FROM quarantine;
DROP TABLE quarantine;
ALTER TABLE quarantine_new RENAME TO quarantine;
CREATE INDEX quarantine_by_hash ON quarantine (hash);
CREATE INDEX quarantine_by_device ON quarantine (device);
