-- The sealed bytes are canonical JSON: a quotation mark inside a text has a backslash before it.
UPDATE report SET without_duties = 1 WHERE position('"without_duties":true'::bytea IN bytes) > 0;
