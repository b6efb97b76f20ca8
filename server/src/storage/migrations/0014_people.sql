-- People who sign in: accounts, their roles, sessions, what guesses cost, and the audit log.

-- An account has one class. The three classes of administrators exclude each other and every reviewing role: a row of
-- `assignment` needs an account of the class `business`.
CREATE TABLE account (
  person BLOB NOT NULL PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  class TEXT NOT NULL CHECK (class IN ('business', 'system', 'security', 'audit')),
  password TEXT NOT NULL,
  password_at BIGINT NOT NULL,
  must_change BIGINT NOT NULL,
  code_until BIGINT,
  suspended_at BIGINT,
  totp BLOB,
  totp_step BIGINT NOT NULL,
  totp_asked BLOB,
  made_at BIGINT NOT NULL,
  UNIQUE (person, class)
);
CREATE TABLE account_password (
  person BLOB NOT NULL REFERENCES account (person),
  set_at BIGINT NOT NULL,
  password TEXT NOT NULL,
  PRIMARY KEY (person, set_at)
);
CREATE TABLE account_recovery (
  person BLOB NOT NULL REFERENCES account (person),
  code_hash BLOB NOT NULL,
  used_at BIGINT,
  PRIMARY KEY (person, code_hash)
);
CREATE TABLE assignment (
  id BLOB NOT NULL PRIMARY KEY,
  person BLOB NOT NULL,
  class TEXT NOT NULL DEFAULT 'business' CHECK (class = 'business'),
  role BIGINT NOT NULL,
  area TEXT NOT NULL,
  valid_from BIGINT NOT NULL,
  valid_until BIGINT,
  made_by BLOB NOT NULL,
  made_at BIGINT NOT NULL,
  ended_at BIGINT,
  FOREIGN KEY (person, class) REFERENCES account (person, class)
);
CREATE INDEX assignment_by_person ON assignment (person);
CREATE TABLE session (
  token_hash BLOB NOT NULL PRIMARY KEY,
  id BLOB NOT NULL UNIQUE,
  person BLOB NOT NULL REFERENCES account (person),
  made_at BIGINT NOT NULL,
  seen_at BIGINT NOT NULL,
  ends_at BIGINT NOT NULL,
  factor TEXT NOT NULL,
  proven_at BIGINT NOT NULL,
  browser BLOB,
  address TEXT NOT NULL
);
CREATE INDEX session_by_person ON session (person);
CREATE TABLE browser (
  person BLOB NOT NULL REFERENCES account (person),
  cookie_hash BLOB NOT NULL,
  made_at BIGINT NOT NULL,
  seen_at BIGINT NOT NULL,
  PRIMARY KEY (person, cookie_hash)
);
-- Failed guesses of an account, by lane; the lane `*` has the times of the last guesses from unknown browsers. The key
-- is a hash of the login name, so that an unknown name has rows like a known one.
CREATE TABLE sign_in_lane (
  account BLOB NOT NULL,
  lane TEXT NOT NULL,
  known BIGINT NOT NULL,
  failures BIGINT NOT NULL,
  level BIGINT NOT NULL,
  until_at BIGINT NOT NULL,
  at BIGINT NOT NULL,
  guesses BLOB NOT NULL,
  PRIMARY KEY (account, lane)
);
CREATE INDEX sign_in_lane_by_time ON sign_in_lane (known, at);
CREATE TABLE setup_code (
  class TEXT NOT NULL PRIMARY KEY CHECK (class IN ('system', 'security', 'audit')),
  code_hash BLOB NOT NULL,
  made_at BIGINT NOT NULL,
  used_by BLOB
);
-- The audit log. A row is never changed; rows are removed only from the beginning of a chain, behind an anchor.
CREATE TABLE audit (
  chain TEXT NOT NULL,
  number BIGINT NOT NULL,
  at BIGINT NOT NULL,
  actor TEXT NOT NULL,
  kind TEXT NOT NULL,
  subject TEXT NOT NULL,
  outcome TEXT NOT NULL,
  cause TEXT NOT NULL,
  address TEXT NOT NULL,
  purpose TEXT NOT NULL,
  times BIGINT NOT NULL,
  before_hash BLOB NOT NULL,
  hash BLOB NOT NULL,
  PRIMARY KEY (chain, number)
);
CREATE INDEX audit_by_time ON audit (at, chain, number);
CREATE TABLE audit_chain (
  chain TEXT NOT NULL PRIMARY KEY,
  number BIGINT NOT NULL,
  hash BLOB NOT NULL,
  exported BIGINT NOT NULL,
  exporter TEXT NOT NULL,
  exporter_until BIGINT NOT NULL
);
CREATE TABLE audit_anchor (
  chain TEXT NOT NULL PRIMARY KEY,
  number BIGINT NOT NULL,
  hash BLOB NOT NULL,
  at BIGINT NOT NULL,
  signature BLOB NOT NULL
);
