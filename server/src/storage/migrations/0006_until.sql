-- The end of the grant that a code gives; NULL: it lasts until it is taken back.
ALTER TABLE enrol_code ADD COLUMN valid_until BIGINT;
