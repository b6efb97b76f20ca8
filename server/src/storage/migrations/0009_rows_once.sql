-- The list row of a document, as devices receive it: encoded once by the projection and sent unchanged.
ALTER TABLE hazard ADD COLUMN list_row BLOB;
ALTER TABLE campaign_record ADD COLUMN list_row BLOB;

-- Which documents name a photo is one table: with the device that named it. An empty device: from before devices were
-- stored.
INSERT INTO blob_named (hash, space, doc, device)
  SELECT d.hash, d.space, d.doc, '' FROM blob_doc d
  WHERE NOT EXISTS (SELECT 1 FROM blob_named n WHERE n.hash = d.hash AND n.space = d.space AND n.doc = d.doc);
DROP TABLE blob_doc;
