-- Nothing stops a sync for ever: photos and changes that do not go hold up no other, sums are those of a space, and what
-- the server refused is not shown as if it counted.

-- What is wrong with the file: 1 missing, 2 not the photo that was taken, 3 cannot be read. Looked at again in each sync.
ALTER TABLE photo ADD COLUMN fault INTEGER;
-- Calls in a row that brought nothing: those with fewer go first.
ALTER TABLE photo ADD COLUMN failed INTEGER NOT NULL DEFAULT 0;
-- An older app took an error page of the network for the server's refusal. What the server says of the picture itself
-- (40, 41) is its own word; all else is tried again.
DELETE FROM notice WHERE doc IN (SELECT doc FROM photo WHERE refusal IS NOT NULL AND refusal NOT IN (40, 41) AND state < 3)
  AND code IN (SELECT refusal FROM photo WHERE refusal IS NOT NULL AND photo.doc = notice.doc);
UPDATE photo SET refusal = NULL WHERE refusal NOT IN (40, 41) AND state < 3;

-- How many changes of a record that is offered have gone.
ALTER TABLE repair_doc ADD COLUMN sent INTEGER NOT NULL DEFAULT 0;

-- The space whose log holds a record; empty: not known yet. By the deepest space of a scope that covers its path.
ALTER TABLE doc ADD COLUMN space TEXT NOT NULL DEFAULT '';
UPDATE doc SET space = coalesce((
  SELECT s.space FROM scope s WHERE doc.path = s.area OR substr(doc.path, 1, length(s.area) + 1) = s.area || '/'
  ORDER BY length(s.space) DESC LIMIT 1), '');
-- 1: the server did not name it the last time, and no grant has ended: kept, not asked for.
ALTER TABLE scope ADD COLUMN paused INTEGER NOT NULL DEFAULT 0;

-- What was refused is folded no more: these records are judged again when the phone is idle, and what builds on a
-- refused statement is written again when the store is opened.
UPDATE doc SET verified = 0 WHERE id IN (SELECT doc FROM chg WHERE state IN (4, 5));
INSERT INTO meta (name, value) SELECT 'restate', x'01' WHERE EXISTS (SELECT 1 FROM chg WHERE state IN (4, 5));
