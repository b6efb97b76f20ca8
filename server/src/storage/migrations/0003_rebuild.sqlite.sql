-- The ledger was deleted and is incomplete until each log is projected up to its present head (`marks::Making`).
INSERT INTO meta (name, value)
  SELECT 'ledger', CAST('1' || group_concat(' ' || id || ' ' || head, '') AS BLOB) FROM space WHERE head > 0 HAVING count(*) > 0
  ON CONFLICT (name) DO UPDATE SET value = excluded.value;
