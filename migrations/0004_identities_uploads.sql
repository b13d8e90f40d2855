-- What is remembered for senders that check identities, and for accounts whose media Parley uploads.

-- ---------------------------------------------------------------- identities

-- The identity of a user as Meta last told it to a sender that checks. seen_at: Meta's time of that, so that a late webhook changes nothing.
CREATE TABLE identities (
  lane integer NOT NULL REFERENCES senders (id),
  user_id text NOT NULL,
  hash text NOT NULL,
  acknowledged boolean NOT NULL,
  created_at bigint NOT NULL,
  seen_at bigint NOT NULL,
  PRIMARY KEY (lane, user_id)
);

-- ---------------------------------------------------------------- uploads

-- Files uploaded to Meta, by where they came from. url_hash: SHA-256. checked_at: when the host last said that it is still the same.
CREATE TABLE uploads (
  phone_number_id text NOT NULL,
  kind text NOT NULL,
  url_hash bytea NOT NULL,
  media_id text NOT NULL,
  etag text,
  uploaded_at bigint NOT NULL,
  checked_at bigint NOT NULL,
  PRIMARY KEY (phone_number_id, kind, url_hash)
);
CREATE INDEX uploads_uploaded_at ON uploads (uploaded_at);
