-- Partitions, indexes and keys follow the names of their tables. A name that would become too long stays.
DO $$
DECLARE
  tables CONSTANT text[] := ARRAY[
    ['campaign_record', 'activity'], ['inspected', 'inspected_building'],
    ['blob_ref', 'doc_photo'], ['blob_named', 'photo_reference'], ['blob_sender', 'photo_sender'],
    ['blob_hidden', 'redacted_photo'], ['blob_came', 'arrived_photo'], ['blob', 'photo'],
    ['grant_given', 'signed_grant'], ['to_compare', 'comparison_queue'], ['refold', 'fold_queue']];
  pair text[];
  part record;
BEGIN
  FOREACH pair SLICE 1 IN ARRAY tables LOOP
    FOR part IN
      SELECT relname::text AS old, pair[2] || substr(relname::text, length(pair[1]) + 1) AS new, relkind
      FROM pg_class
      WHERE pg_table_is_visible(oid) AND relkind IN ('r', 'i', 'I')
        AND starts_with(relname::text, pair[1] || '_') AND NOT starts_with(relname::text, pair[2])
    LOOP
      IF length(part.new) < 64 THEN
        IF part.relkind = 'r' THEN
          EXECUTE format('ALTER TABLE %I RENAME TO %I', part.old, part.new);
        ELSE
          EXECUTE format('ALTER INDEX %I RENAME TO %I', part.old, part.new);
        END IF;
      END IF;
    END LOOP;
  END LOOP;
END
$$;
ALTER INDEX photo_by_print RENAME TO photo_by_perceptual_hash;
ALTER INDEX grant_by_device RENAME TO signed_grant_by_device;
