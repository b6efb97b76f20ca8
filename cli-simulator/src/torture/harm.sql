-- Faults of a database: late commits and failed transactions.
CREATE FUNCTION harm() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF random() < 0.04 THEN
    PERFORM pg_sleep(random() * 0.04);
  END IF;
  IF random() < 0.02 THEN
    RAISE EXCEPTION 'given up' USING ERRCODE = 'serialization_failure';
  END IF;
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER harm AFTER INSERT ON pack DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION harm();
