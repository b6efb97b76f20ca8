-- The list row of a document, as devices receive it: encoded once by the projection and sent unchanged.
ALTER TABLE hazard ADD COLUMN list_row BLOB;
ALTER TABLE campaign_record ADD COLUMN list_row BLOB;
