-- Calls of users, which open the customer service window as their messages do.

-- When a user last called a sender, by Meta's time.
CREATE TABLE user_calls (
  lane integer NOT NULL REFERENCES senders (id),
  user_id text NOT NULL,
  called_at bigint NOT NULL,
  PRIMARY KEY (lane, user_id)
);
CREATE INDEX user_calls_called_at ON user_calls (called_at);
