-- A person decides about quarantined changes. A released change is in the log and no longer here; a rejected one stays,
-- with the reason.
ALTER TABLE quarantine ADD COLUMN rejected_at BIGINT;
ALTER TABLE quarantine ADD COLUMN rejected_why TEXT;
