-- A proof covers the change, too: those of earlier versions, which covered a document and an event, prove nothing any more.
UPDATE chg SET proofs = NULL WHERE proofs IS NOT NULL;
UPDATE quarantine SET proofs = NULL WHERE proofs IS NOT NULL;
