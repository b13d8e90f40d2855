-- Who may call, beside API keys: users, the tokens they got for their passwords, and the slow rate limits.

-- password: argon2id in PHC form. scopes: null means all.
CREATE TABLE users (
  id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  account integer NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
  username text NOT NULL UNIQUE,
  password text NOT NULL,
  scopes text[],
  enabled boolean NOT NULL DEFAULT true,
  created_at bigint NOT NULL
);
CREATE INDEX users_account ON users (account);
CREATE TRIGGER users_changed AFTER INSERT OR UPDATE OR DELETE ON users FOR EACH STATEMENT EXECUTE FUNCTION directory_changed();

-- Sessions (kind 1: idle expiry) and OAuth tokens (kind 2), by SHA-256. address: the only one it may be used from; null means any.
-- This table and the next refer to nothing, since a restore leaves them as they are; a token of a user who is gone is worth nothing.
CREATE TABLE access_tokens (
  hash bytea PRIMARY KEY,
  kind smallint NOT NULL CHECK (kind IN (1, 2)),
  user_id integer NOT NULL,
  address text,
  expires_at bigint NOT NULL
);
CREATE INDEX access_tokens_user ON access_tokens (user_id);
CREATE INDEX access_tokens_expiry ON access_tokens (expires_at);

-- Limits per minute, hour and day: a bucket refills evenly, and is full again at full_at. Wrong passwords are counted under the account 0.
CREATE TABLE rate_buckets (
  account integer NOT NULL,
  operation text NOT NULL,
  full_at double precision NOT NULL,
  PRIMARY KEY (account, operation)
);
