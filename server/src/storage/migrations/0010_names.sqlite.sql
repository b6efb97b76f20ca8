-- SQLite cannot rename an index.

DROP INDEX campaign_record_by_type;
CREATE INDEX activity_by_type ON activity (space, type, held_at, doc);
DROP INDEX campaign_record_by_change;
CREATE INDEX activity_by_change ON activity (space, changed);
DROP INDEX inspected_by_building;
CREATE INDEX inspected_building_by_building ON inspected_building (space, compound, building);
DROP INDEX blob_by_print;
CREATE INDEX photo_by_perceptual_hash ON photo (perceptual_hash);
DROP INDEX grant_by_device;
CREATE INDEX signed_grant_by_device ON signed_grant (device);
