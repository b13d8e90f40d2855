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

-- Who wrote, newest last: the first "from" of the event, a text without quotes in it. No operator of json: all of them read the whole
-- value, and users may write a \u0000 or half a surrogate pair, which they refuse, so that the message could not be stored.
CREATE INDEX inbound_author ON inbound (lane, left(substring(raw from '"from":("[^"]*")'), 160), sent_at);
