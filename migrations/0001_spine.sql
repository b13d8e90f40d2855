-- The spine: accounts and senders, streams of messages, events, inbound messages and reports, and the functions that write them.
--
-- Conventions. Times are epoch milliseconds (bigint) and come as parameters from the gateway's clock; only leases use the
-- database's own clock. `day` is a UTC day as yyyymmdd. Partitioned tables have one partition a day, made by the gateway.
-- Hot statements take one `day` as a scalar, so that a generic plan is pruned to one partition when it starts.

-- ---------------------------------------------------------------- who

-- read_marks: whether the account may mark messages of users as read; off as Infobip has it.
-- media: whether Meta fetches the files of messages itself (link), or Parley does and uploads them (upload).
-- link_days: how long its short links work. click_days: how long clicks on them are kept; click_addresses: with the hashed address, or without.
-- retention_days: how long its messages and what hangs on them are kept; the platform's days count when they are fewer.
-- rate_limits: its own rates by name of the limit; the published ones count for the others.
CREATE TABLE accounts (
  id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  account_id text NOT NULL UNIQUE,
  name text NOT NULL,
  unknown_policy text NOT NULL DEFAULT 'resend' CHECK (unknown_policy IN ('resend', 'fail')),
  unknown_wait_seconds integer NOT NULL DEFAULT 30 CHECK (unknown_wait_seconds BETWEEN 1 AND 3600),
  created_at bigint NOT NULL,
  read_marks boolean NOT NULL DEFAULT false,
  media text NOT NULL DEFAULT 'link' CHECK (media IN ('link', 'upload')),
  rate_limits jsonb NOT NULL DEFAULT '{}',
  link_days integer NOT NULL DEFAULT 90 CHECK (link_days BETWEEN 1 AND 3650),
  click_days integer NOT NULL DEFAULT 30 CHECK (click_days BETWEEN 8 AND 3650),
  click_addresses boolean NOT NULL DEFAULT true,
  retention_days integer NOT NULL DEFAULT 3650 CHECK (retention_days BETWEEN 8 AND 3650)
);

-- scopes: null means all. allowed_ips: empty means from anywhere. valid_from, valid_to: null means without that end.
-- platform: what it may name, fills in or forces: [{applicationId, entityId?, action?}].
CREATE TABLE api_keys (
  id text PRIMARY KEY,
  kind text NOT NULL CHECK (kind IN ('account', 'admin')),
  account integer REFERENCES accounts (id) ON DELETE CASCADE,
  name text NOT NULL,
  secret_hash bytea NOT NULL UNIQUE,
  enabled boolean NOT NULL DEFAULT true,
  created_at bigint NOT NULL,
  scopes text[],
  allowed_ips text[] NOT NULL DEFAULT '{}',
  valid_from bigint,
  valid_to bigint,
  permissions text[] NOT NULL DEFAULT '{PUBLIC_API}',
  platform jsonb NOT NULL DEFAULT '[]',
  CHECK ((kind = 'admin') = (account IS NULL))
);
CREATE INDEX api_keys_account ON api_keys (account);

CREATE TABLE signing_secrets (
  id text PRIMARY KEY,
  account integer NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
  secret bytea NOT NULL,
  created_at bigint NOT NULL
);
CREATE INDEX signing_secrets_account ON signing_secrets (account);

-- Where reports go: one row per account, origin (scheme, host, port) and notification profile.
CREATE TABLE endpoints (
  id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  account integer NOT NULL REFERENCES accounts (id),
  origin text NOT NULL,
  profile text NOT NULL DEFAULT '',
  created_at bigint NOT NULL,
  UNIQUE (account, origin, profile)
);

-- A sender is a business number; its id is also the id of its lane.
-- identity_check: whether messages to users whose identity changed wait for a confirmation; off as Infobip has it.
-- forward_, inbound_: what its inbound configuration without a keyword says; has_keywords: there are others. application_id, entity_id: what
-- it is associated with. All of these are kept by the triggers of those tables (applications).
CREATE TABLE senders (
  id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  account integer NOT NULL REFERENCES accounts (id),
  sender text NOT NULL,
  phone_number_id text NOT NULL,
  waba_id text NOT NULL,
  access_token bytea NOT NULL,
  throughput integer NOT NULL DEFAULT 80 CHECK (throughput BETWEEN 1 AND 10000),
  forward_url text,
  forward_endpoint integer REFERENCES endpoints (id),
  created_at bigint NOT NULL,
  deleted_at bigint,
  identity_check boolean NOT NULL DEFAULT false,
  inbound_application_id text,
  inbound_entity_id text,
  inbound_user text,
  has_keywords boolean NOT NULL DEFAULT false,
  application_id text,
  entity_id text
);
CREATE UNIQUE INDEX senders_sender ON senders (sender) WHERE deleted_at IS NULL;
CREATE UNIQUE INDEX senders_phone_number_id ON senders (phone_number_id) WHERE deleted_at IS NULL;

-- Counts every change of who (accounts, keys, secrets, senders), so that processes can tell when what they remember is old.
CREATE TABLE directory_version (one boolean PRIMARY KEY DEFAULT true CHECK (one), version bigint NOT NULL);
INSERT INTO directory_version VALUES (true, 1);
CREATE FUNCTION directory_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE directory_version SET version = version + 1;
  RETURN NULL;
END $$;
CREATE TRIGGER accounts_changed AFTER INSERT OR UPDATE OR DELETE ON accounts FOR EACH STATEMENT EXECUTE FUNCTION directory_changed();
CREATE TRIGGER api_keys_changed AFTER INSERT OR UPDATE OR DELETE ON api_keys FOR EACH STATEMENT EXECUTE FUNCTION directory_changed();
CREATE TRIGGER signing_secrets_changed AFTER INSERT OR UPDATE OR DELETE ON signing_secrets FOR EACH STATEMENT EXECUTE FUNCTION directory_changed();
CREATE TRIGGER senders_changed AFTER INSERT OR UPDATE OR DELETE ON senders FOR EACH STATEMENT EXECUTE FUNCTION directory_changed();

-- ---------------------------------------------------------------- processes and what they own

-- A gateway process. `lease_until` is on the database's clock. Once `alive` is false it never writes as an owner again.
-- erasure: the last of `erasures` after which it has read anew what it remembers of messages and reports.
CREATE TABLE processes (
  id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  roles text[] NOT NULL,
  alive boolean NOT NULL DEFAULT true,
  erasure integer NOT NULL DEFAULT 0,
  started_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  lease_until timestamptz NOT NULL
);
CREATE INDEX processes_alive ON processes (id) WHERE alive;

-- Lanes (kind 1) and endpoints (kind 2) are owned in hash groups: group = id modulo the number of groups.
CREATE TABLE ownership (
  kind smallint NOT NULL,
  grp smallint NOT NULL,
  owner integer,
  PRIMARY KEY (kind, grp)
) WITH (fillfactor = 50);
INSERT INTO ownership (kind, grp) SELECT k, g FROM generate_series(1, 2) k, generate_series(0, 31) g;

-- ---------------------------------------------------------------- streams

-- The writer of a stream locks its tail to take sequence numbers, so their order is commit order without gaps.
-- Stream ids: a lane is its sender's id; an endpoint is 2^32 + its id. Stream 0 takes what was refused at once.
CREATE TABLE tails (
  stream bigint PRIMARY KEY,
  next bigint NOT NULL DEFAULT 1,
  day integer NOT NULL DEFAULT 0
) WITH (fillfactor = 30);
INSERT INTO tails (stream) VALUES (0);

CREATE FUNCTION endpoint_stream(endpoint integer) RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE
  RETURN 4294967296 + endpoint;

-- What is in (settled, claimed] and not held has been handed to a socket. `aged` trails by the validity period.
CREATE TABLE lane_heads (
  lane integer PRIMARY KEY REFERENCES senders (id),
  claimed bigint NOT NULL DEFAULT 0,
  claimed_day integer NOT NULL DEFAULT 0,
  settled bigint NOT NULL DEFAULT 0,
  settled_day integer NOT NULL DEFAULT 0,
  aged bigint NOT NULL DEFAULT 0,
  aged_day integer NOT NULL DEFAULT 0,
  paused_until bigint,
  pause_reason text
) WITH (fillfactor = 30);

CREATE TABLE endpoint_heads (
  endpoint integer PRIMARY KEY REFERENCES endpoints (id),
  position bigint NOT NULL DEFAULT 0,
  position_day integer NOT NULL DEFAULT 0,
  failures integer NOT NULL DEFAULT 0,
  down_since bigint,
  probe_at bigint,
  probes integer NOT NULL DEFAULT 0,
  down_reason text,
  disabled_at bigint,
  enabled integer NOT NULL DEFAULT 0
) WITH (fillfactor = 30);

-- ---------------------------------------------------------------- facts

-- content: the type's content as JSON. envelope: the rest of the request as JSON (bulkId, callbackData, notifyUrl ...), null when empty.
-- message_id: the caller's own id; null means that the id itself is the messageId. endpoint: where its reports go, if anywhere.
CREATE TABLE messages (
  day integer NOT NULL,
  lane integer NOT NULL,
  seq bigint NOT NULL,
  id uuid NOT NULL,
  account integer NOT NULL,
  endpoint integer,
  accepted_at bigint NOT NULL,
  message_id text,
  sender text,
  recipient text NOT NULL,
  type text NOT NULL,
  content text NOT NULL,
  envelope text,
  PRIMARY KEY (lane, seq, day)
) PARTITION BY LIST (day);
CREATE INDEX messages_id ON messages (id);

-- kind: 1 submitted, 2 sent, 3 expired, 4 failed, 5 delivered, 6 read, 7 played; from 20 on diagnostic kinds that decide nothing.
-- at: when it happened (Meta's time for Meta's statuses); recorded_at: when it was written.
-- pull_account: who may still pull it; null when it is pushed somewhere, or was pulled. docs/decisions/pull.md has the figures.
CREATE TABLE events (
  day integer NOT NULL,
  message uuid NOT NULL,
  attempt smallint NOT NULL,
  kind smallint NOT NULL,
  status_id smallint,
  error_id smallint,
  meta_code integer,
  at bigint NOT NULL,
  recorded_at bigint NOT NULL,
  wamid text,
  detail text,
  pull_account integer,
  PRIMARY KEY (message, attempt, kind, day)
) PARTITION BY LIST (day);
CREATE INDEX events_pull ON events (pull_account, recorded_at) WHERE pull_account IS NOT NULL;
-- Finds the message that a wamid belongs to. Eight bytes of hash a message instead of the wamid's seventy; the text itself is compared
-- in the row. Tried: the wamid as a btree key, and a hash index; docs/decisions/0018-inbound.md has the figures.
CREATE INDEX events_wamid ON events (hashtextextended(wamid, 0)) WHERE kind = 1;

-- day: of Meta's timestamp, 19700101 when that is far off. raw: {message, contact, metadata} as Meta sent it.
-- paired_id, paired_envelope: the outbound message that was quoted; application_id, entity_id: its own, else the number's; keyword: of the
-- configuration that matched. All are copied when this one is committed: a report is a snapshot.
CREATE TABLE inbound (
  day integer NOT NULL,
  lane integer NOT NULL,
  wamid text NOT NULL,
  id uuid NOT NULL,
  sent_at bigint NOT NULL,
  recorded_at bigint NOT NULL,
  raw text NOT NULL,
  paired_id text,
  paired_envelope text,
  pull_account integer,
  application_id text,
  entity_id text,
  keyword text,
  PRIMARY KEY (lane, wamid, day)
) PARTITION BY LIST (day);
CREATE INDEX inbound_id ON inbound (id);
CREATE INDEX inbound_pull ON inbound (pull_account, recorded_at) WHERE pull_account IS NOT NULL;

-- Changes of Meta's webhooks that carry neither messages nor statuses; hash is over WABA, time and the canonical change.
CREATE TABLE meta_changes (
  day integer NOT NULL,
  hash bytea NOT NULL,
  waba_id text,
  field text NOT NULL,
  value text NOT NULL,
  recorded_at bigint NOT NULL,
  PRIMARY KEY (hash, day)
) PARTITION BY LIST (day);

-- One row per target of an event. kind: 1 delivery report, 2 seen report, 3 inbound message. It points at facts that never
-- change (ref_day, ref, attempt, event_kind), which makes it a snapshot. url null: the message's own notifyUrl. Further kinds: src/contract/routes.ts.
CREATE TABLE reports (
  day integer NOT NULL,
  endpoint integer NOT NULL,
  seq bigint NOT NULL,
  ref uuid NOT NULL,
  ref_day integer NOT NULL,
  attempt smallint NOT NULL DEFAULT 0,
  event_kind smallint NOT NULL DEFAULT 0,
  kind smallint NOT NULL,
  at bigint NOT NULL,
  url text,
  PRIMARY KEY (endpoint, seq, day)
) PARTITION BY LIST (day);
CREATE INDEX reports_ref ON reports (ref);

-- One row per POST to a customer. error is null when an answer came.
CREATE TABLE attempts (
  day integer NOT NULL,
  endpoint integer NOT NULL,
  first_seq bigint NOT NULL,
  last_seq bigint NOT NULL,
  results smallint NOT NULL,
  batch uuid NOT NULL,
  attempt smallint NOT NULL,
  kind smallint NOT NULL,
  at bigint NOT NULL,
  duration_ms integer NOT NULL,
  http_status smallint,
  verdict text NOT NULL,
  error text,
  answer text,
  next_at bigint,
  PRIMARY KEY (batch, attempt, day)
) PARTITION BY LIST (day);
CREATE INDEX attempts_endpoint ON attempts (endpoint, last_seq);
CREATE INDEX attempts_at ON attempts (endpoint, at);

-- ---------------------------------------------------------------- exceptions, small

CREATE TABLE message_keys (
  account integer NOT NULL,
  message_id text NOT NULL,
  day integer NOT NULL,
  message uuid NOT NULL,
  PRIMARY KEY (account, message_id)
);
CREATE INDEX message_keys_day ON message_keys (day);

CREATE TABLE idempotency_keys (
  account integer NOT NULL,
  key text NOT NULL,
  body_hash bytea NOT NULL,
  message_id text NOT NULL,
  recipient text NOT NULL,
  status_id smallint NOT NULL,
  created_at bigint NOT NULL,
  PRIMARY KEY (account, key)
);
CREATE INDEX idempotency_keys_created_at ON idempotency_keys (created_at);

-- Messages past `claimed` that could not be posted or must be posted again.
-- reason: 1 order, 2 pace, 3 retry, 4 lane, 5 unknown. attempt: of the last POST (0 none yet). claimed_at: set while a POST is out.
CREATE TABLE held (
  lane integer NOT NULL,
  seq bigint NOT NULL,
  day integer NOT NULL,
  message uuid NOT NULL,
  recipient text NOT NULL,
  reason smallint NOT NULL,
  attempt smallint NOT NULL,
  accepted_at bigint NOT NULL,
  due_at bigint NOT NULL,
  claimed_at bigint,
  PRIMARY KEY (lane, seq)
);
CREATE INDEX held_unknown ON held (message) WHERE reason = 5;

-- A webhook request to a customer that has not succeeded yet; its id is the webhook-id of every retry.
-- due_at: when it may be posted (again); an owner remembers which ones it is posting.
CREATE TABLE batches (
  id uuid PRIMARY KEY,
  endpoint integer NOT NULL,
  kind smallint NOT NULL,
  url text NOT NULL,
  seqs bigint[] NOT NULL,
  from_day integer NOT NULL,
  to_day integer NOT NULL,
  attempt smallint NOT NULL DEFAULT 0,
  is_replay boolean NOT NULL DEFAULT false,
  is_alone boolean NOT NULL DEFAULT false,
  first_due_at bigint NOT NULL,
  due_at bigint NOT NULL
);
CREATE INDEX batches_due ON batches (endpoint, due_at);

CREATE TABLE dead_letters (
  endpoint integer NOT NULL,
  seq bigint NOT NULL,
  day integer NOT NULL,
  kind smallint NOT NULL,
  at bigint NOT NULL,
  reason text NOT NULL,
  PRIMARY KEY (endpoint, seq)
);
CREATE INDEX dead_letters_at ON dead_letters (at);

-- ---------------------------------------------------------------- writing

-- Raises PA001 unless the process still holds its lease. The shared lock makes a takeover wait for the caller's commit.
CREATE FUNCTION assert_owner(p_process integer) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_advisory_xact_lock_shared(1346458182, p_process);
  PERFORM FROM processes WHERE id = p_process AND alive;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'process % has lost its lease', p_process USING ERRCODE = 'PA001';
  END IF;
END $$;

-- Accepts a group of messages. p_lanes are its lanes, each once and sorted, p_counts how many messages each gets; p_offset is a
-- message's place among those of its lane, from 0. Returns for each lane the sequence number of its first message and its day.
CREATE FUNCTION accept_messages(
  p_now bigint, p_today integer, p_lanes integer[], p_counts integer[],
  p_lane integer[], p_offset integer[], p_id uuid[], p_account integer[], p_endpoint integer[], p_message_id text[], p_sender text[],
  p_recipient text[], p_type text[], p_content text[], p_envelope text[]
) RETURNS TABLE (lane integer, first bigint, day integer) LANGUAGE plpgsql AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY
  WITH locked AS MATERIALIZED (
    SELECT t.stream, t.next, greatest(t.day, p_today) AS day FROM tails t
    WHERE t.stream = ANY (p_lanes::bigint[]) ORDER BY t.stream FOR UPDATE
  ), moved AS (
    UPDATE tails t SET next = l.next + c.count, day = l.day
    FROM locked l JOIN unnest(p_lanes, p_counts) AS c (lane, count) ON c.lane = l.stream WHERE t.stream = l.stream
  ), stored AS (
    INSERT INTO messages (day, lane, seq, id, account, endpoint, accepted_at, message_id, sender, recipient, type, content, envelope)
    SELECT l.day, i.lane, l.next + i.off, i.id, i.account, i.endpoint, p_now, i.message_id, i.sender, i.recipient, i.type, i.content, i.envelope
    FROM unnest(p_lane, p_offset, p_id, p_account, p_endpoint, p_message_id, p_sender, p_recipient, p_type, p_content, p_envelope)
      AS i (lane, off, id, account, endpoint, message_id, sender, recipient, type, content, envelope)
    JOIN locked l ON l.stream = i.lane
  )
  SELECT l.stream::integer, l.next, l.day FROM locked l;
END $$;

-- Takes the caller-given keys of a group that is about to be accepted, in this transaction; p_ord are the rows that have one.
-- Returns the rows that must not be accepted: outcome 1 messageId used before, 2 Idempotency-Key used before.
CREATE FUNCTION take_keys(
  p_now bigint, p_today integer, p_ord integer[], p_account integer[], p_id uuid[], p_message_id text[],
  p_key text[], p_body_hash bytea[], p_answer_id text[], p_recipient text[], p_status_id smallint[], p_duplicate_status smallint
) RETURNS TABLE (ord integer, outcome integer) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  v_taken integer[];
  v_used integer[];
BEGIN
  -- Idempotency keys first: a row whose key is used takes no messageId.
  WITH input AS (
    SELECT * FROM unnest(p_ord, p_account, p_key, p_body_hash, p_answer_id, p_recipient, p_status_id)
      AS i (ord, account, key, body_hash, answer_id, recipient, status_id) WHERE key IS NOT NULL
  ), stored AS (
    INSERT INTO idempotency_keys (account, key, body_hash, message_id, recipient, status_id, created_at)
    SELECT account, key, body_hash, answer_id, recipient, status_id, p_now FROM input ORDER BY account, key
    ON CONFLICT DO NOTHING RETURNING account, key
  )
  SELECT coalesce(array_agg(i.ord), '{}') INTO v_taken FROM input i
  WHERE NOT EXISTS (SELECT FROM stored s WHERE s.account = i.account AND s.key = i.key);

  WITH input AS (
    SELECT * FROM unnest(p_ord, p_account, p_id, p_message_id) AS i (ord, account, id, message_id)
    WHERE message_id IS NOT NULL AND NOT i.ord = ANY (v_taken)
  ), stored AS (
    INSERT INTO message_keys (account, message_id, day, message)
    SELECT account, message_id, p_today, id FROM input ORDER BY account, message_id, ord
    ON CONFLICT DO NOTHING RETURNING message
  )
  SELECT coalesce(array_agg(i.ord), '{}') INTO v_used FROM input i WHERE NOT EXISTS (SELECT FROM stored s WHERE s.message = i.id);

  -- A duplicate messageId under a new Idempotency-Key: the key remembers the refusal.
  IF cardinality(v_used) > 0 THEN
    UPDATE idempotency_keys k SET status_id = p_duplicate_status
    FROM unnest(p_ord, p_account, p_key) AS i (ord, account, key)
    WHERE i.ord = ANY (v_used) AND k.account = i.account AND k.key = i.key;
  END IF;

  RETURN QUERY SELECT o, 2 FROM unnest(v_taken) o UNION ALL SELECT o, 1 FROM unnest(v_used) o;
END $$;

-- accept_messages for a group in which some rows bring keys of their own. Refused rows come back with seq null.
CREATE FUNCTION accept_keyed_messages(
  p_now bigint, p_today integer,
  p_lane integer[], p_id uuid[], p_account integer[], p_endpoint integer[], p_message_id text[], p_sender text[],
  p_recipient text[], p_type text[], p_content text[], p_envelope text[],
  p_key text[], p_body_hash bytea[], p_duplicate_status smallint
) RETURNS TABLE (ord integer, outcome integer, seq bigint, day integer) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  v_ord integer[];
  v_outcome integer[];
  v_kept integer[];
  v_offset integer[];
  v_lanes integer[];
  v_counts integer[];
BEGIN
  SELECT coalesce(array_agg(t.ord), '{}'), coalesce(array_agg(t.outcome), '{}') INTO v_ord, v_outcome
  FROM (
    SELECT array_agg(i.ord::integer ORDER BY i.ord) AS ords, array_agg(i.account ORDER BY i.ord) AS accounts,
      array_agg(i.id ORDER BY i.ord) AS ids, array_agg(i.message_id ORDER BY i.ord) AS message_ids,
      array_agg(i.key ORDER BY i.ord) AS keys, array_agg(i.body_hash ORDER BY i.ord) AS hashes,
      array_agg(coalesce(i.message_id, i.id::text) ORDER BY i.ord) AS answers,
      array_agg(i.recipient ORDER BY i.ord) AS recipients, array_agg(7::smallint ORDER BY i.ord) AS statuses
    FROM unnest(p_account, p_id, p_message_id, p_key, p_body_hash, p_recipient)
      WITH ORDINALITY AS i (account, id, message_id, key, body_hash, recipient, ord)
    WHERE i.message_id IS NOT NULL OR i.key IS NOT NULL
  ) g, LATERAL take_keys(p_now, p_today, g.ords, g.accounts, g.ids, g.message_ids, g.keys, g.hashes, g.answers, g.recipients,
      g.statuses, p_duplicate_status) t;
  SELECT coalesce(array_agg(o ORDER BY o), '{}') INTO v_kept
  FROM generate_series(1, cardinality(p_id)) o WHERE NOT o = ANY (v_ord);
  SELECT coalesce(array_agg(k.off ORDER BY k.o), '{}') INTO v_offset
  FROM (SELECT o, row_number() OVER (PARTITION BY p_lane[o] ORDER BY o) - 1 AS off FROM unnest(v_kept) o) k;
  SELECT coalesce(array_agg(c.lane ORDER BY c.lane), '{}'), coalesce(array_agg(c.n ORDER BY c.lane), '{}') INTO v_lanes, v_counts
  FROM (SELECT p_lane[o] AS lane, count(*) AS n FROM unnest(v_kept) o GROUP BY 1) c;
  RETURN QUERY
  SELECT v_kept[x.i], 0, a.first + v_offset[x.i], a.day
  FROM (
    SELECT array_agg(p_lane[o] ORDER BY o) AS lane, array_agg(p_id[o] ORDER BY o) AS id, array_agg(p_account[o] ORDER BY o) AS account,
      array_agg(p_endpoint[o] ORDER BY o) AS endpoint, array_agg(p_message_id[o] ORDER BY o) AS message_id,
      array_agg(p_sender[o] ORDER BY o) AS sender, array_agg(p_recipient[o] ORDER BY o) AS recipient, array_agg(p_type[o] ORDER BY o) AS type,
      array_agg(p_content[o] ORDER BY o) AS content, array_agg(p_envelope[o] ORDER BY o) AS envelope
    FROM unnest(v_kept) o
  ) k, LATERAL accept_messages(p_now, p_today, v_lanes, v_counts, k.lane, v_offset, k.id, k.account, k.endpoint, k.message_id, k.sender,
      k.recipient, k.type, k.content, k.envelope) a
  JOIN LATERAL (SELECT i FROM generate_subscripts(v_kept, 1) i WHERE p_lane[v_kept[i]] = a.lane) x ON true
  UNION ALL
  SELECT t.ord, t.outcome, NULL, NULL FROM unnest(v_ord, v_outcome) AS t (ord, outcome);
END $$;

-- Appends events to messages of one day and the reports that follow from them; the only place that decides a state.
-- p_phone_number_id null: the event is our own; otherwise it must be the number of the message's sender, else the row is foreign.
-- Rows must be distinct in (message, attempt, kind). Returns the events that made a report, with what the report needs; those that
-- answered an unknown attempt; and foreign rows, which change nothing. Other rows had no effect that anybody must be told of.
-- The target is the message's own endpoint, else that of the subscription that matches best. A delivery event that would be reported and has
-- neither can be pulled.
-- Tried: CTEs joined with each other took 110 us of CPU a status in groups of 40; one lateral look at a message's events takes a third.
CREATE FUNCTION append_events(
  p_now bigint, p_today integer, p_day integer,
  p_message uuid[], p_attempt smallint[], p_kind smallint[], p_at bigint[], p_phone_number_id text[], p_wamid text[],
  p_status_id smallint[], p_error_id smallint[], p_meta_code integer[], p_detail text[]
) RETURNS TABLE (
  message uuid, attempt smallint, kind smallint, at bigint, status_id smallint, error_id smallint, meta_code integer,
  account integer, lane integer, lane_seq bigint, accepted_at bigint, message_id text, sender text, recipient text, envelope text,
  endpoint integer, seq bigint, report_day integer, url text, was_unknown boolean, is_foreign boolean
) LANGUAGE plpgsql AS $$
#variable_conflict use_column
BEGIN
  -- The lock comes in a statement of its own: only the next one sees what earlier holders committed.
  PERFORM pg_advisory_xact_lock(k) FROM (SELECT DISTINCT uuid_hash_extended(m, 0) AS k FROM unnest(p_message) m ORDER BY 1) s;
  RETURN QUERY
  WITH input AS MATERIALIZED (
    -- OFFSET 0 keeps each look-up an index scan of its own, whatever the planner believes of the tables' sizes.
    SELECT i.*, m.account, m.lane, m.seq AS lane_seq, m.accepted_at, m.message_id, m.sender, m.recipient, m.envelope, m.endpoint,
      e.is_known, e.final, e.is_delivered, e.is_seen, e.is_lost,
      m.lane IS NULL OR (i.phone_number_id IS NOT NULL AND i.phone_number_id IS DISTINCT FROM s.phone_number_id) AS is_foreign
    FROM unnest(p_message, p_attempt, p_kind, p_at, p_phone_number_id, p_wamid, p_status_id, p_error_id, p_meta_code, p_detail)
      AS i (message, attempt, kind, at, phone_number_id, wamid, status_id, error_id, meta_code, detail)
    LEFT JOIN LATERAL (SELECT * FROM messages m WHERE m.day = p_day AND m.id = i.message OFFSET 0) m ON true
    LEFT JOIN LATERAL (SELECT s.phone_number_id FROM senders s WHERE s.id = m.lane OFFSET 0) s ON true
    LEFT JOIN LATERAL (
      SELECT coalesce(bool_or(e.attempt = i.attempt AND e.kind = i.kind), false) AS is_known,
        coalesce(max(e.kind) FILTER (WHERE e.kind BETWEEN 3 AND 5), 0) AS final,
        coalesce(bool_or(e.kind = 5), false) AS is_delivered, coalesce(bool_or(e.kind = 6), false) AS is_seen,
        coalesce(bool_or(e.attempt = i.attempt AND e.kind = 22), false) AS is_lost
      FROM events e WHERE e.day = p_day AND e.message = i.message
    ) e ON true
  ), fresh AS MATERIALIZED (
    SELECT i.*, bool_or(i.kind = 5) OVER (PARTITION BY i.message) AS brings_delivered,
      row_number() OVER (PARTITION BY i.message, i.kind ORDER BY i.attempt) AS occurrence
    FROM input i WHERE NOT i.is_known AND NOT i.is_foreign
  ), added AS (
    SELECT f.* FROM fresh f
    UNION ALL
    -- A read without delivered: the delivered event is made of it.
    SELECT f.message, f.attempt, 5::smallint, f.at, f.phone_number_id, f.wamid, 5::smallint, 0::smallint, NULL::integer, NULL::text,
      f.account, f.lane, f.lane_seq, f.accepted_at, f.message_id, f.sender, f.recipient, f.envelope, f.endpoint,
      f.is_known, f.final, f.is_delivered, f.is_seen, f.is_lost, f.is_foreign, true, f.occurrence
    FROM fresh f WHERE f.kind = 6 AND f.occurrence = 1 AND NOT f.is_delivered AND NOT f.brings_delivered
  ), marked AS MATERIALIZED (
    SELECT t.*, coalesce(t.endpoint, (t.target).endpoint) AS goes_to, (t.target).url,
      t.is_told AND (t.endpoint IS NOT NULL OR (t.target).endpoint IS NOT NULL) AS is_reported
    FROM (
      -- OFFSET 0 keeps the look-up to one; it is made for what has no endpoint of its own only.
      SELECT a.*, CASE WHEN a.endpoint IS NULL AND a.is_told THEN
        route_of(a.account, CASE WHEN a.kind = 6 THEN 2 ELSE 1 END, a.sender, a.envelope::json ->> 'applicationId',
          a.envelope::json ->> 'entityId', a.envelope::json ->> 'user') END AS target
      FROM (
        SELECT a.*, a.kind BETWEEN 3 AND 6
          AND row_number() OVER (PARTITION BY a.message, a.kind = 6, a.kind BETWEEN 3 AND 6 ORDER BY a.kind DESC, a.attempt) = 1
          AND CASE WHEN a.kind = 6 THEN NOT a.is_seen ELSE a.kind > a.final END AS is_told
        FROM added a
      ) a OFFSET 0
    ) t
  ), stored AS (
    INSERT INTO events (day, message, attempt, kind, status_id, error_id, meta_code, at, recorded_at, wamid, detail, pull_account)
    -- A wamid contains the user's number: what was erased gets none back.
    SELECT p_day, a.message, a.attempt, a.kind, a.status_id, a.error_id, a.meta_code, a.at, p_now,
      CASE WHEN a.recipient <> 'erased' THEN a.wamid END, a.detail,
      CASE WHEN a.goes_to IS NULL AND a.is_told AND a.kind < 6 THEN a.account END
    FROM marked a
    ORDER BY a.message, a.attempt, a.kind
  ), submitted AS (
    -- An attempt whose answer was lost: what Meta tells of it is also that it has it, and under which wamid.
    INSERT INTO events (day, message, attempt, kind, at, recorded_at, wamid)
    SELECT DISTINCT ON (f.message, f.attempt) p_day, f.message, f.attempt, 1, f.at, p_now, CASE WHEN f.recipient <> 'erased' THEN f.wamid END
    FROM fresh f WHERE f.is_lost AND f.phone_number_id IS NOT NULL AND f.wamid IS NOT NULL
    ORDER BY f.message, f.attempt, f.at
    ON CONFLICT DO NOTHING
  ), locked AS MATERIALIZED (
    SELECT t.stream, t.next, greatest(t.day, p_today) AS day FROM tails t
    WHERE t.stream = ANY (ARRAY(SELECT endpoint_stream(m.goes_to) FROM marked m WHERE m.is_reported)) ORDER BY t.stream FOR UPDATE
  ), numbered AS MATERIALIZED (
    SELECT m.*, l.day AS report_day,
      l.next + row_number() OVER (PARTITION BY m.goes_to ORDER BY m.message, m.kind) - 1 AS seq
    FROM marked m JOIN locked l ON l.stream = endpoint_stream(m.goes_to) WHERE m.is_reported
  ), moved AS (
    UPDATE tails t SET next = n.next, day = n.day
    FROM (SELECT goes_to, max(seq) + 1 AS next, max(report_day) AS day FROM numbered GROUP BY goes_to) n
    WHERE t.stream = endpoint_stream(n.goes_to)
  ), reported AS (
    INSERT INTO reports (day, endpoint, seq, ref, ref_day, attempt, event_kind, kind, at, url)
    SELECT n.report_day, n.goes_to, n.seq, n.message, p_day, n.attempt, n.kind, CASE WHEN n.kind = 6 THEN 2 ELSE 1 END, p_now, n.url
    FROM numbered n ORDER BY n.goes_to, n.seq
  ), adopted AS (
    DELETE FROM held h USING marked a
    WHERE h.reason = 5 AND h.message = a.message AND h.attempt = a.attempt AND a.kind BETWEEN 2 AND 7
    RETURNING a.message, a.attempt, a.kind, a.lane, a.lane_seq
  )
  SELECT n.message, n.attempt, n.kind, n.at, n.status_id, n.error_id, n.meta_code, n.account, n.lane, n.lane_seq, n.accepted_at,
    n.message_id, n.sender, n.recipient, n.envelope, n.goes_to, n.seq, n.report_day, n.url, false, false
  FROM numbered n
  UNION ALL
  SELECT a.message, a.attempt, a.kind, 0, NULL, NULL, NULL, 0, a.lane, a.lane_seq, 0, NULL, '', '', NULL, NULL, NULL, NULL, NULL, true, false
  FROM adopted a
  UNION ALL
  SELECT i.message, i.attempt, i.kind, 0, NULL, NULL, NULL, 0, 0, 0, 0, NULL, '', '', NULL, NULL, NULL, NULL, NULL, false, true
  FROM input i WHERE i.is_foreign;
  -- What has failed may have a short message to send instead: it is inserted with the event, so no crash comes between.
  IF p_kind && '{3,4}'::smallint[] THEN
    PERFORM start_sms(p_now, p_day, ARRAY(
      SELECT DISTINCT e.message FROM events e
      WHERE e.day = p_day AND e.message = ANY (p_message) AND e.kind BETWEEN 3 AND 4));
  END IF;
END $$;

-- Stores messages refused at once (lane 0) with their failed event, and the report of it; keys of their own are taken too.
-- Returns the reports made (ord 0) and the rows whose keys were used before (ord, outcome).
CREATE FUNCTION reject_messages(
  p_now bigint, p_today integer,
  p_id uuid[], p_account integer[], p_endpoint integer[], p_message_id text[], p_sender text[], p_recipient text[], p_type text[],
  p_content text[], p_envelope text[], p_status_id smallint[], p_error_id smallint[], p_key text[], p_body_hash bytea[],
  p_duplicate_status smallint
) RETURNS TABLE (
  ord integer, outcome integer, message uuid, attempt smallint, kind smallint, at bigint, status_id smallint, error_id smallint,
  meta_code integer, account integer, lane integer, lane_seq bigint, accepted_at bigint, message_id text, sender text,
  recipient text, envelope text, endpoint integer, seq bigint, report_day integer, url text, was_unknown boolean, is_foreign boolean
) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  v_refused integer[];
  v_outcome integer[];
  v_ids uuid[];
  v_day integer;
  v_next bigint;
BEGIN
  SELECT coalesce(array_agg(t.ord), '{}'), coalesce(array_agg(t.outcome), '{}') INTO v_refused, v_outcome
  FROM take_keys(p_now, p_today, ARRAY(SELECT generate_series(1, cardinality(p_id))), p_account, p_id, p_message_id, p_key, p_body_hash,
    ARRAY(SELECT coalesce(m, i::text) FROM unnest(p_message_id, p_id) WITH ORDINALITY AS x (m, i, o) ORDER BY o),
    p_recipient, p_status_id, p_duplicate_status) t;
  SELECT next, greatest(day, p_today) INTO v_next, v_day FROM tails WHERE stream = 0 FOR UPDATE;
  INSERT INTO messages (day, lane, seq, id, account, endpoint, accepted_at, message_id, sender, recipient, type, content, envelope)
  SELECT v_day, 0, v_next + row_number() OVER (ORDER BY i.ord) - 1, i.id, i.account, i.endpoint, p_now, i.message_id, i.sender, i.recipient,
    i.type, i.content, i.envelope
  FROM unnest(p_id, p_account, p_endpoint, p_message_id, p_sender, p_recipient, p_type, p_content, p_envelope)
    WITH ORDINALITY AS i (id, account, endpoint, message_id, sender, recipient, type, content, envelope, ord)
  WHERE NOT i.ord = ANY (v_refused);
  SELECT coalesce(array_agg(id ORDER BY ord), '{}') INTO v_ids FROM unnest(p_id) WITH ORDINALITY AS i (id, ord) WHERE NOT ord = ANY (v_refused);
  UPDATE tails SET next = v_next + cardinality(v_ids), day = v_day WHERE stream = 0;
  RETURN QUERY
  SELECT 0, 0, e.*
  FROM append_events(p_now, p_today, v_day, v_ids,
    ARRAY(SELECT 0::smallint FROM unnest(v_ids)), ARRAY(SELECT 4::smallint FROM unnest(v_ids)), ARRAY(SELECT p_now FROM unnest(v_ids)),
    ARRAY(SELECT NULL::text FROM unnest(v_ids)), ARRAY(SELECT NULL::text FROM unnest(v_ids)),
    ARRAY(SELECT s FROM unnest(p_status_id) WITH ORDINALITY AS x (s, ord) WHERE NOT ord = ANY (v_refused) ORDER BY ord),
    ARRAY(SELECT s FROM unnest(p_error_id) WITH ORDINALITY AS x (s, ord) WHERE NOT ord = ANY (v_refused) ORDER BY ord),
    ARRAY(SELECT NULL::integer FROM unnest(v_ids)), ARRAY(SELECT NULL::text FROM unnest(v_ids))) e
  UNION ALL
  SELECT t.ord, t.outcome, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL
  FROM unnest(v_refused, v_outcome) AS t (ord, outcome);
END $$;

-- Stores inbound messages of one day and the reports of them. Rows of unknown numbers are dropped; repeated ones add nothing.
-- q_: which rows (by position) quote which wamid; p_pair_days are the days to look on, and nothing accepted before p_pair_since is found.
-- m_: which rows come with a file; their reports are made by settle_media.
-- p_word: the first word of a text in upper case, for configurations by keyword.
-- The target is what the number's configuration says, else the subscription that matches best. What has neither can be pulled.
CREATE FUNCTION append_inbound(
  p_now bigint, p_today integer, p_day integer, p_phone_number_id text[], p_wamid text[], p_id uuid[], p_sent_at bigint[], p_raw text[],
  p_word text[],
  p_pair_days integer[], p_pair_since bigint, q_ord integer[], q_wamid text[],
  m_ord integer[], m_media_id text[], m_mime_type text[], m_sha256 text[], m_filename text[]
) RETURNS TABLE (
  id uuid, account integer, lane integer, url text, endpoint integer, seq bigint, report_day integer, paired_id text, paired_envelope text,
  application_id text, entity_id text, keyword text
) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  -- By position; what is not set reads as null, which costs a group without quotes less than a join with nothing.
  v_id text[] := '{}';
  v_envelope text[] := '{}';
  v_application text[] := '{}';
  v_entity text[] := '{}';
  v_quote record;
BEGIN
  IF cardinality(q_ord) > 0 THEN
    FOR v_quote IN
      SELECT q.ord, p.message_id, p.envelope
      FROM unnest(q_ord, q_wamid) AS q (ord, wamid)
      JOIN senders s ON s.phone_number_id = p_phone_number_id[q.ord] AND s.deleted_at IS NULL,
      LATERAL (
        SELECT coalesce(m.message_id, m.id::text) AS message_id, m.envelope
        FROM unnest(p_pair_days) AS d (day),
        LATERAL (
          SELECT e.message FROM events e
          WHERE e.day = d.day AND e.kind = 1 AND hashtextextended(e.wamid, 0) = hashtextextended(q.wamid, 0) AND e.wamid = q.wamid OFFSET 0
        ) e,
        LATERAL (SELECT * FROM messages m WHERE m.day = d.day AND m.id = e.message OFFSET 0) m
        WHERE m.lane = s.id AND m.accepted_at >= p_pair_since
        LIMIT 1
      ) p
    LOOP
      v_id[v_quote.ord] := v_quote.message_id;
      v_envelope[v_quote.ord] := v_quote.envelope;
      v_application[v_quote.ord] := v_quote.envelope::json ->> 'applicationId';
      v_entity[v_quote.ord] := v_quote.envelope::json ->> 'entityId';
    END LOOP;
  END IF;
  RETURN QUERY
  WITH input AS MATERIALIZED (
    SELECT i.*, coalesce(i.own_endpoint, (i.target).endpoint) AS endpoint, coalesce(i.own_url, (i.target).url) AS url,
      v_id[i.ord] AS paired_id, v_envelope[i.ord] AS paired_envelope
    FROM (
      -- OFFSET 0 keeps the look-up to one; it is made for what has no endpoint of its own only.
      SELECT i.*, CASE WHEN i.own_endpoint IS NULL THEN
        route_of(i.account, 3, i.sender, i.application_id, i.entity_id, i.username) END AS target
      FROM (
        SELECT i.*, s.id AS lane, s.account, s.sender, k.keyword, coalesce(k.username, s.inbound_user) AS username,
          coalesce(k.endpoint, s.forward_endpoint) AS own_endpoint, CASE WHEN k.endpoint IS NULL THEN s.forward_url ELSE k.url END AS own_url,
          CASE WHEN v_application[i.ord] IS NOT NULL OR v_entity[i.ord] IS NOT NULL THEN v_application[i.ord]
            WHEN k.application_id IS NOT NULL OR k.entity_id IS NOT NULL THEN k.application_id
            WHEN s.inbound_application_id IS NOT NULL OR s.inbound_entity_id IS NOT NULL THEN s.inbound_application_id
            ELSE s.application_id END AS application_id,
          CASE WHEN v_application[i.ord] IS NOT NULL OR v_entity[i.ord] IS NOT NULL THEN v_entity[i.ord]
            WHEN k.application_id IS NOT NULL OR k.entity_id IS NOT NULL THEN k.entity_id
            WHEN s.inbound_application_id IS NOT NULL OR s.inbound_entity_id IS NOT NULL THEN s.inbound_entity_id
            ELSE s.entity_id END AS entity_id
        FROM unnest(p_phone_number_id, p_wamid, p_id, p_sent_at, p_raw, p_word) WITH ORDINALITY
          AS i (phone_number_id, wamid, id, sent_at, raw, word, ord)
        JOIN senders s ON s.phone_number_id = i.phone_number_id AND s.deleted_at IS NULL
        LEFT JOIN LATERAL (
          SELECT * FROM inbound_configurations c WHERE s.has_keywords AND c.lane = s.id AND c.keyword = i.word AND i.word <> '' OFFSET 0
        ) k ON true
      ) i OFFSET 0
    ) i
  ), stored AS MATERIALIZED (
    INSERT INTO inbound (day, lane, wamid, id, sent_at, recorded_at, raw, paired_id, paired_envelope, pull_account, application_id, entity_id,
      keyword)
    SELECT p_day, i.lane, i.wamid, i.id, i.sent_at, p_now, i.raw, i.paired_id, i.paired_envelope,
      CASE WHEN i.endpoint IS NULL THEN i.account END, i.application_id, i.entity_id, i.keyword
    FROM input i ORDER BY i.lane, i.wamid, i.ord
    ON CONFLICT DO NOTHING RETURNING id
  ), emitted AS MATERIALIZED (
    SELECT i.* FROM input i JOIN stored s ON s.id = i.id WHERE i.endpoint IS NOT NULL AND NOT i.ord = ANY (m_ord)
  ), locked AS MATERIALIZED (
    SELECT t.stream, t.next, greatest(t.day, p_today) AS day FROM tails t
    WHERE t.stream IN (SELECT endpoint_stream(e.endpoint) FROM emitted e) ORDER BY t.stream FOR UPDATE
  ), numbered AS MATERIALIZED (
    SELECT e.id, e.endpoint, e.url, l.next + row_number() OVER (PARTITION BY e.endpoint ORDER BY e.ord) - 1 AS seq, l.day
    FROM emitted e JOIN locked l ON l.stream = endpoint_stream(e.endpoint)
  ), moved AS (
    UPDATE tails t SET next = n.next, day = n.day
    FROM (SELECT endpoint, max(seq) + 1 AS next, max(day) AS day FROM numbered GROUP BY endpoint) n
    WHERE t.stream = endpoint_stream(n.endpoint)
  ), reported AS (
    INSERT INTO reports (day, endpoint, seq, ref, ref_day, kind, at, url)
    SELECT n.day, n.endpoint, n.seq, n.id, p_day, 3, p_now, n.url FROM numbered n ORDER BY n.endpoint, n.seq
  )
  SELECT i.id, i.account, i.lane, n.url, n.endpoint, n.seq, n.day, i.paired_id, i.paired_envelope, i.application_id, i.entity_id, i.keyword
  FROM input i JOIN stored s ON s.id = i.id LEFT JOIN numbered n ON n.id = i.id;
  IF cardinality(m_ord) > 0 THEN
    -- A file has no keyword: its target is the number's, or that of a subscription.
    INSERT INTO media (id, lane, day, media_id, mime_type, sha256, filename, created_at, due_at, endpoint, url)
    SELECT f.id, f.lane, p_day, f.media_id, f.mime_type, f.sha256, f.filename, p_now, p_now, coalesce(f.forward_endpoint, (f.target).endpoint),
      CASE WHEN f.forward_endpoint IS NULL THEN (f.target).url ELSE f.forward_url END
    FROM (
      SELECT f.*, i.id, i.lane, s.forward_endpoint, s.forward_url, CASE WHEN s.forward_endpoint IS NULL THEN
        route_of(s.account, 3, s.sender, i.application_id, i.entity_id, s.inbound_user) END AS target
      FROM unnest(m_ord, m_media_id, m_mime_type, m_sha256, m_filename) AS f (ord, media_id, mime_type, sha256, filename)
      JOIN inbound i ON i.day = p_day AND i.id = p_id[f.ord]
      JOIN senders s ON s.id = i.lane OFFSET 0
    ) f;
  END IF;
END $$;

-- One tick of dispatch: settles what was answered and claims what is posted next, in one commit. Repeating it changes nothing.
CREATE FUNCTION dispatch_tick(
  p_process integer, p_now bigint,
  p_lane integer[], p_claimed bigint[], p_claimed_day integer[], p_settled bigint[], p_settled_day integer[],
  s_day integer[], s_message uuid[], s_attempt smallint[], s_kind smallint[], s_wamid text[], s_meta_code integer[], s_detail text[],
  d_lane integer[], d_seq bigint[],
  h_lane integer[], h_seq bigint[], h_day integer[], h_message uuid[], h_recipient text[], h_reason smallint[], h_attempt smallint[],
  h_accepted_at bigint[], h_due_at bigint[], h_claimed_at bigint[]
) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  PERFORM assert_owner(p_process);
  IF cardinality(s_message) > 0 THEN
    INSERT INTO events (day, message, attempt, kind, meta_code, at, recorded_at, wamid, detail)
    SELECT day, message, attempt, kind, meta_code, p_now, p_now, wamid, detail
    FROM unnest(s_day, s_message, s_attempt, s_kind, s_wamid, s_meta_code, s_detail)
      AS s (day, message, attempt, kind, wamid, meta_code, detail) ORDER BY message, attempt, kind
    ON CONFLICT DO NOTHING;
  END IF;
  IF cardinality(d_lane) > 0 THEN
    DELETE FROM held h USING unnest(d_lane, d_seq) AS d (lane, seq) WHERE h.lane = d.lane AND h.seq = d.seq;
  END IF;
  IF cardinality(h_lane) > 0 THEN
    INSERT INTO held (lane, seq, day, message, recipient, reason, attempt, accepted_at, due_at, claimed_at)
    SELECT * FROM unnest(h_lane, h_seq, h_day, h_message, h_recipient, h_reason, h_attempt, h_accepted_at, h_due_at, h_claimed_at)
      AS h (lane, seq, day, message, recipient, reason, attempt, accepted_at, due_at, claimed_at) ORDER BY lane, seq
    ON CONFLICT (lane, seq) DO UPDATE
      SET reason = excluded.reason, attempt = excluded.attempt, due_at = excluded.due_at, claimed_at = excluded.claimed_at;
  END IF;
  IF cardinality(p_lane) > 0 THEN
    UPDATE lane_heads l SET claimed = c.claimed, claimed_day = c.claimed_day, settled = c.settled, settled_day = c.settled_day
    FROM unnest(p_lane, p_claimed, p_claimed_day, p_settled, p_settled_day) AS c (lane, claimed, claimed_day, settled, settled_day)
    WHERE l.lane = c.lane;
  END IF;
END $$;

-- What a new owner of lanes must know first: every claimed attempt without an answer becomes unknown, until p_now + its account's wait.
CREATE FUNCTION take_over_lanes(p_process integer, p_now bigint, p_lanes integer[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  PERFORM assert_owner(p_process);
  -- What Meta told of is answered, though the answer itself was lost.
  INSERT INTO events (day, message, attempt, kind, at, recorded_at, wamid)
  SELECT DISTINCT ON (e.message, e.attempt) e.day, e.message, e.attempt, 1, e.at, p_now, e.wamid
  FROM (
    SELECT h.day, h.message, h.attempt FROM held h WHERE h.lane = ANY (p_lanes) AND h.claimed_at IS NOT NULL
    UNION ALL
    SELECT m.day, m.id, 1 FROM lane_heads l
    JOIN messages m ON m.lane = l.lane AND m.seq > l.settled AND m.seq <= l.claimed AND m.day >= l.settled_day
    WHERE l.lane = ANY (p_lanes) AND l.settled < l.claimed
  ) c (day, message, attempt)
  JOIN events e ON e.day = c.day AND e.message = c.message AND e.attempt = c.attempt AND e.kind BETWEEN 2 AND 7 AND e.wamid IS NOT NULL
  ORDER BY e.message, e.attempt, e.kind
  ON CONFLICT DO NOTHING;
  -- Posted from held: an answer that was recorded settles it, the others are unknown.
  DELETE FROM held h WHERE h.lane = ANY (p_lanes) AND h.claimed_at IS NOT NULL
    AND EXISTS (SELECT FROM events e WHERE e.day = h.day AND e.message = h.message AND e.attempt = h.attempt AND e.kind < 20);
  WITH lost AS (
    UPDATE held h SET reason = 5, claimed_at = NULL, due_at = p_now + a.unknown_wait_seconds * 1000
    FROM senders s JOIN accounts a ON a.id = s.account
    WHERE h.lane = ANY (p_lanes) AND h.claimed_at IS NOT NULL AND s.id = h.lane
    RETURNING h.day, h.message, h.attempt
  )
  INSERT INTO events (day, message, attempt, kind, at, recorded_at, detail)
  SELECT day, message, attempt, 22, p_now, p_now, 'the process that sent it ended' FROM lost ORDER BY message
  ON CONFLICT DO NOTHING;
  -- Posted straight from the lane: in (settled, claimed], not held, without an event of its first attempt.
  WITH lost AS (
    INSERT INTO held (lane, seq, day, message, recipient, reason, attempt, accepted_at, due_at)
    SELECT m.lane, m.seq, m.day, m.id, m.recipient, 5, 1, m.accepted_at, p_now + a.unknown_wait_seconds * 1000
    FROM lane_heads l
    JOIN senders s ON s.id = l.lane
    JOIN accounts a ON a.id = s.account
    JOIN messages m ON m.lane = l.lane AND m.seq > l.settled AND m.seq <= l.claimed AND m.day >= l.settled_day
    WHERE l.lane = ANY (p_lanes) AND l.settled < l.claimed
      AND NOT EXISTS (SELECT FROM held h WHERE h.lane = m.lane AND h.seq = m.seq)
      AND NOT EXISTS (SELECT FROM events e WHERE e.day = m.day AND e.message = m.id AND e.attempt <= 1 AND e.kind < 20)
    ON CONFLICT DO NOTHING
    RETURNING day, message
  )
  INSERT INTO events (day, message, attempt, kind, at, recorded_at, detail)
  SELECT day, message, 1, 22, p_now, p_now, 'the process that sent it ended' FROM lost ORDER BY message
  ON CONFLICT DO NOTHING;
  UPDATE lane_heads l SET settled = claimed, settled_day = claimed_day WHERE l.lane = ANY (p_lanes) AND l.settled < l.claimed;
END $$;

-- One tick of delivery: removes batches that are done, changes and makes others, records attempts, moves positions. Repeatable.
CREATE FUNCTION deliver_tick(
  p_process integer, p_today integer,
  p_endpoint integer[], p_position bigint[], p_position_day integer[],
  f_id uuid[],
  b_id uuid[], b_endpoint integer[], b_kind smallint[], b_url text[], b_seqs text[], b_from_day integer[], b_to_day integer[],
  b_attempt smallint[], b_is_replay boolean[], b_is_alone boolean[], b_first_due_at bigint[], b_due_at bigint[],
  a_endpoint integer[], a_first_seq bigint[], a_last_seq bigint[], a_results smallint[], a_batch uuid[], a_attempt smallint[],
  a_kind smallint[], a_at bigint[], a_duration_ms integer[], a_http_status smallint[], a_verdict text[], a_error text[], a_answer text[],
  a_next_at bigint[],
  l_endpoint integer[], l_seq bigint[], l_day integer[], l_kind smallint[], l_at bigint[], l_reason text[],
  h_endpoint integer[], h_failures integer[], h_down_since bigint[], h_probe_at bigint[], h_probes integer[], h_reason text[], h_disabled_at bigint[],
  h_enabled integer[]
) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  v_disabled integer[];
BEGIN
  PERFORM assert_owner(p_process);
  IF cardinality(f_id) > 0 THEN
    DELETE FROM batches WHERE id = ANY (f_id);
  END IF;
  IF cardinality(b_id) > 0 THEN
    INSERT INTO batches (id, endpoint, kind, url, seqs, from_day, to_day, attempt, is_replay, is_alone, first_due_at, due_at)
    SELECT id, endpoint, kind, url, seqs::bigint[], from_day, to_day, attempt, is_replay, is_alone, first_due_at, due_at
    FROM unnest(b_id, b_endpoint, b_kind, b_url, b_seqs, b_from_day, b_to_day, b_attempt, b_is_replay, b_is_alone, b_first_due_at, b_due_at)
      AS b (id, endpoint, kind, url, seqs, from_day, to_day, attempt, is_replay, is_alone, first_due_at, due_at)
    ON CONFLICT (id) DO UPDATE SET attempt = excluded.attempt, is_alone = excluded.is_alone, due_at = excluded.due_at;
  END IF;
  IF cardinality(a_endpoint) > 0 THEN
    INSERT INTO attempts (day, endpoint, first_seq, last_seq, results, batch, attempt, kind, at, duration_ms, http_status, verdict, error, answer, next_at)
    SELECT p_today, * FROM unnest(a_endpoint, a_first_seq, a_last_seq, a_results, a_batch, a_attempt, a_kind, a_at, a_duration_ms,
      a_http_status, a_verdict, a_error, a_answer, a_next_at) ON CONFLICT DO NOTHING;
  END IF;
  IF cardinality(l_endpoint) > 0 THEN
    INSERT INTO dead_letters (endpoint, seq, day, kind, at, reason)
    SELECT * FROM unnest(l_endpoint, l_seq, l_day, l_kind, l_at, l_reason) ON CONFLICT DO NOTHING;
  END IF;
  IF cardinality(p_endpoint) > 0 THEN
    UPDATE endpoint_heads e SET position = p.position, position_day = p.position_day
    FROM unnest(p_endpoint, p_position, p_position_day) AS p (endpoint, position, position_day) WHERE e.endpoint = p.endpoint;
  END IF;
  IF cardinality(h_endpoint) > 0 THEN
    v_disabled := ARRAY(
      SELECT e.endpoint FROM unnest(h_endpoint, h_disabled_at, h_enabled) AS h (endpoint, disabled_at, enabled)
      JOIN endpoint_heads e ON e.endpoint = h.endpoint AND e.enabled = h.enabled AND e.disabled_at IS NULL WHERE h.disabled_at IS NOT NULL
    );
    UPDATE endpoint_heads e SET failures = h.failures, down_since = h.down_since, probe_at = h.probe_at, probes = h.probes,
      down_reason = h.reason, disabled_at = h.disabled_at
    FROM unnest(h_endpoint, h_failures, h_down_since, h_probe_at, h_probes, h_reason, h_disabled_at, h_enabled)
      AS h (endpoint, failures, down_since, probe_at, probes, reason, disabled_at, enabled)
    -- Who enabled the endpoint meanwhile knows better.
    WHERE e.endpoint = h.endpoint AND e.enabled = h.enabled;
    IF cardinality(v_disabled) > 0 THEN
      PERFORM tell_disabled(p_today, v_disabled);
    END IF;
  END IF;
END $$;

-- Finds or makes the endpoint of an account and origin, its tail and its head.
CREATE FUNCTION ensure_endpoint(p_account integer, p_origin text, p_profile text, p_now bigint) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
  v_id integer;
BEGIN
  SELECT id INTO v_id FROM endpoints WHERE account = p_account AND origin = p_origin AND profile = p_profile;
  IF FOUND THEN RETURN v_id; END IF;
  INSERT INTO endpoints (account, origin, profile, created_at) VALUES (p_account, p_origin, p_profile, p_now)
  ON CONFLICT DO NOTHING RETURNING id INTO v_id;
  IF v_id IS NULL THEN
    SELECT id INTO v_id FROM endpoints WHERE account = p_account AND origin = p_origin AND profile = p_profile;
    RETURN v_id;
  END IF;
  INSERT INTO tails (stream) VALUES (endpoint_stream(v_id));
  INSERT INTO endpoint_heads (endpoint) VALUES (v_id);
  RETURN v_id;
END $$;

-- Every sender has a lane: its tail and its head are made with it.
CREATE FUNCTION sender_made() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO tails (stream) VALUES (NEW.id);
  INSERT INTO lane_heads (lane) VALUES (NEW.id);
  PERFORM refresh_sender(NEW.id);
  RETURN NULL;
END $$;
CREATE TRIGGER senders_made AFTER INSERT ON senders FOR EACH ROW EXECUTE FUNCTION sender_made();
