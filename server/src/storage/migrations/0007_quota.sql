-- What each device took of a day: packs, bytes of packs and photos, finished photos. Days are those of the server's
-- clock, counted from 1970. Old days are forgotten; nothing else is made from this.
CREATE TABLE quota (
  device  BLOB NOT NULL,
  day     BIGINT NOT NULL,
  packs   BIGINT NOT NULL,
  bytes   BIGINT NOT NULL,
  photos  BIGINT NOT NULL,
  PRIMARY KEY (device, day)
);
-- What one device has in quarantine.
CREATE INDEX quarantine_by_device ON quarantine (device);
