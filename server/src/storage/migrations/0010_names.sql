-- Tables and columns get the names that docs/glossary.md gives to what they hold. No row changes.

ALTER TABLE campaign_record RENAME TO activity;
ALTER TABLE inspected RENAME TO inspected_building;

ALTER TABLE blob RENAME TO photo;
ALTER TABLE photo RENAME COLUMN print TO perceptual_hash;
ALTER TABLE blob_ref RENAME TO doc_photo;              -- which photos a document names
ALTER TABLE blob_named RENAME TO photo_reference;      -- which documents name a photo, and the device that named it
ALTER TABLE blob_sender RENAME TO photo_sender;
ALTER TABLE blob_hidden RENAME TO redacted_photo;
ALTER TABLE blob_came RENAME TO arrived_photo;         -- stored since the projection last processed new photos

ALTER TABLE grant_given RENAME TO signed_grant;
ALTER TABLE to_compare RENAME TO comparison_queue;
ALTER TABLE refold RENAME TO fold_queue;
ALTER TABLE hazard RENAME COLUMN look TO comparison_digest;

ALTER TABLE space RENAME COLUMN log_id TO log_epoch;
ALTER TABLE space RENAME COLUMN born TO epoch_start;   -- the head at which the log epoch began; NULL: the first epoch
