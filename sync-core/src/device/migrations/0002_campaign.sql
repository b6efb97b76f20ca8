-- Records of the campaign and inspections in their own list; rebuildable from the documents.

CREATE TABLE campaign_view (
  doc          BLOB PRIMARY KEY,
  type         TEXT NOT NULL,
  state        INTEGER NOT NULL,
  code         TEXT NOT NULL,
  title        TEXT NOT NULL,
  held         INTEGER NOT NULL,
  updated      INTEGER NOT NULL,
  events       INTEGER NOT NULL,
  photos       INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX campaign_view_by_time ON campaign_view (updated DESC, doc);
CREATE INDEX campaign_view_by_type ON campaign_view (type, updated DESC, doc);
