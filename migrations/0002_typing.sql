-- Typing indicators: what waits to be shown, and how the last message of a user is found, which Meta wants named.

-- One row per indicator from its acceptance until it was shown, refused or expired. due_at moves ahead while one is being sent.
CREATE TABLE typing (
  id uuid PRIMARY KEY,
  message_id text NOT NULL,
  lane integer NOT NULL,
  recipient text NOT NULL,
  due_at bigint NOT NULL,
  expires_at bigint NOT NULL,
  attempt smallint NOT NULL DEFAULT 0
);
CREATE INDEX typing_due ON typing (due_at);

-- Who wrote, newest last. `->` leaves the text as JSON wrote it, quotes and escapes included: it never fails on a \u0000, as `->>` would.
CREATE INDEX inbound_author ON inbound (lane, left((raw::json -> 'from')::text, 160), sent_at);
