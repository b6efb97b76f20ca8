-- The sealed bytes are canonical JSON: a quotation mark inside a text has a backslash before it.
UPDATE report SET without_duties = 1 WHERE instr(bytes, CAST('"without_duties":true' AS BLOB)) > 0;
