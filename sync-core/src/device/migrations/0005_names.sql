-- Tables and columns get the names that docs/glossary.md gives to what they hold. No row changes.

ALTER TABLE hazard_view RENAME TO hazard_row;
DROP INDEX hazard_view_by_time;
CREATE INDEX hazard_row_by_time ON hazard_row (updated DESC, doc);
DROP INDEX hazard_view_by_place;
CREATE INDEX hazard_row_by_place ON hazard_row (compound, place_key);

ALTER TABLE campaign_view RENAME TO activity_row;
DROP INDEX campaign_view_by_time;
CREATE INDEX activity_row_by_time ON activity_row (updated DESC, doc);
DROP INDEX campaign_view_by_type;
CREATE INDEX activity_row_by_type ON activity_row (type, updated DESC, doc);

-- Documents that reconciling found to differ. fetch: 1 is requested from the server. resupply: 1 every change is sent
-- to the server, 2 only this device's own changes.
ALTER TABLE repair_doc RENAME TO reconcile_queue;
ALTER TABLE reconcile_queue RENAME COLUMN need TO fetch;
ALTER TABLE reconcile_queue RENAME COLUMN offer TO resupply;

ALTER TABLE revoked RENAME TO revocation;
ALTER TABLE scope RENAME COLUMN log TO log_epoch;
ALTER TABLE scope RENAME COLUMN repair TO reconcile;   -- 1: reconciled before its pages are read on
ALTER TABLE scope RENAME COLUMN revoked TO last_revocation;
