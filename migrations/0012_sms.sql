-- Short messages that go out where WhatsApp failed: at most one a message, inserted in the transaction of the event that ends it.

-- How an account sends them. settings: sealed JSON. sms_unknown: what becomes of one whose submission nobody answered.
-- after_seconds: also when a message is not delivered within so long; null: only when WhatsApp gave up.
CREATE TABLE sms_routes (
  account integer PRIMARY KEY REFERENCES accounts (id) ON DELETE CASCADE,
  provider text NOT NULL CHECK (provider IN ('smpp', 'infobip')),
  settings bytea NOT NULL,
  sms_unknown text NOT NULL DEFAULT 'fail' CHECK (sms_unknown IN ('fail', 'resend')),
  after_seconds integer CHECK (after_seconds BETWEEN 10 AND 172800),
  -- Since when after_seconds is given, without a break.
  watched_since bigint,
  changed_at bigint NOT NULL
);

-- state: 0 waits, 1 handed to a process that may have sent it, 2 the provider has it, 3 ended.
-- due_at: of state 0 when it may be sent, of state 2 when its receipt is given up on. owner: the process of state 1.
CREATE TABLE sms (
  message uuid PRIMARY KEY,
  day integer NOT NULL,
  account integer NOT NULL,
  recipient text NOT NULL,
  sender text NOT NULL,
  text text NOT NULL,
  state smallint NOT NULL DEFAULT 0,
  attempt smallint NOT NULL DEFAULT 0,
  due_at bigint NOT NULL,
  owner integer,
  created_at bigint NOT NULL
);
CREATE INDEX sms_due ON sms (state, due_at) WHERE state < 3;
CREATE INDEX sms_day ON sms (day);

-- What a provider calls a piece of a short message. outcome: 0 none yet, else the kind of its receipt (33 to 35).
CREATE TABLE sms_pieces (
  account integer NOT NULL,
  provider_id text NOT NULL,
  message uuid NOT NULL,
  piece smallint NOT NULL,
  outcome smallint NOT NULL DEFAULT 0,
  PRIMARY KEY (account, provider_id)
);
CREATE INDEX sms_pieces_message ON sms_pieces (message);

-- How far the messages of a lane were looked at for deliveries that take too long.
CREATE TABLE sms_positions (lane integer PRIMARY KEY REFERENCES senders (id), seq bigint NOT NULL, day integer NOT NULL);

-- Inserts the short messages of messages of one day, if they have one, once. The caller holds the locks of the messages.
CREATE FUNCTION start_sms(p_now bigint, p_day integer, p_message uuid[]) RETURNS void LANGUAGE sql AS $$
  INSERT INTO sms (message, day, account, recipient, sender, text, due_at, created_at)
  SELECT m.id, m.day, m.account, m.recipient, f.failover ->> 'from', f.failover ->> 'text', p_now, p_now
  FROM messages m, LATERAL (SELECT m.envelope::json -> 'smsFailover' AS failover) f
  WHERE m.day = p_day AND m.id = ANY (p_message) AND m.envelope LIKE '%"smsFailover":{%'
    AND f.failover ->> 'from' IS NOT NULL AND f.failover ->> 'text' IS NOT NULL
    AND NOT EXISTS (SELECT FROM events e WHERE e.day = p_day AND e.message = m.id AND e.kind BETWEEN 5 AND 7)
  ORDER BY m.id
  ON CONFLICT DO NOTHING;
$$;

-- The same for messages that took too long: whoever decides a state meanwhile is waited for.
CREATE FUNCTION start_late_sms(p_now bigint, p_day integer, p_message uuid[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_advisory_xact_lock(k) FROM (SELECT DISTINCT uuid_hash_extended(m, 0) AS k FROM unnest(p_message) m ORDER BY 1) s;
  PERFORM start_sms(p_now, p_day, p_message);
END $$;

-- Appends what happened to short messages and the reports that follow. Kinds: 31 submitted, 32 unknown, 33 expired, 34 failed,
-- 35 delivered; of the last three each later one is told. Rows must be distinct in (message, kind).
CREATE FUNCTION append_sms_events(
  p_now bigint, p_today integer, p_message uuid[], p_kind smallint[], p_status_id smallint[], p_error_id smallint[], p_detail text[]
) RETURNS TABLE (
  message uuid, day integer, kind smallint, status_id smallint, error_id smallint, account integer, lane integer, lane_seq bigint,
  accepted_at bigint, message_id text, sender text, recipient text, envelope text, endpoint integer, seq bigint, report_day integer
) LANGUAGE plpgsql AS $$
#variable_conflict use_column
BEGIN
  PERFORM FROM sms s WHERE s.message = ANY (p_message) ORDER BY s.message FOR UPDATE;
  RETURN QUERY
  WITH input AS MATERIALIZED (
    SELECT i.*, s.day, m.account, m.lane, m.seq AS lane_seq, m.accepted_at, m.message_id, m.sender, m.recipient, m.envelope, m.endpoint,
      i.kind >= 33 AND i.kind > coalesce((
        SELECT max(e.kind) FROM events e WHERE e.day = s.day AND e.message = i.message AND e.kind BETWEEN 33 AND 35), 0) AS is_told
    FROM unnest(p_message, p_kind, p_status_id, p_error_id, p_detail) AS i (message, kind, status_id, error_id, detail)
    JOIN sms s ON s.message = i.message
    JOIN LATERAL (SELECT * FROM messages m WHERE m.day = s.day AND m.id = i.message OFFSET 0) m ON true
  ), stored AS (
    INSERT INTO events (day, message, attempt, kind, status_id, error_id, at, recorded_at, detail, pull_account)
    SELECT i.day, i.message, 0, i.kind, i.status_id, i.error_id, p_now, p_now, i.detail, CASE WHEN i.endpoint IS NULL AND i.is_told THEN i.account END
    FROM input i ORDER BY i.message, i.kind
    ON CONFLICT DO NOTHING
  ), ended AS (
    UPDATE sms s SET state = 3, owner = NULL FROM input i WHERE s.message = i.message AND i.kind >= 33
  ), locked AS MATERIALIZED (
    SELECT t.stream, t.next, greatest(t.day, p_today) AS day FROM tails t
    WHERE t.stream = ANY (ARRAY(SELECT endpoint_stream(i.endpoint) FROM input i WHERE i.is_told AND i.endpoint IS NOT NULL))
    ORDER BY t.stream FOR UPDATE
  ), numbered AS MATERIALIZED (
    SELECT i.*, l.day AS report_day, l.next + row_number() OVER (PARTITION BY i.endpoint ORDER BY i.message, i.kind) - 1 AS seq
    FROM input i JOIN locked l ON l.stream = endpoint_stream(i.endpoint) WHERE i.is_told
  ), moved AS (
    UPDATE tails t SET next = n.next, day = n.day
    FROM (SELECT endpoint, max(seq) + 1 AS next, max(report_day) AS day FROM numbered GROUP BY endpoint) n
    WHERE t.stream = endpoint_stream(n.endpoint)
  ), reported AS (
    INSERT INTO reports (day, endpoint, seq, ref, ref_day, attempt, event_kind, kind, at)
    SELECT n.report_day, n.endpoint, n.seq, n.message, n.day, 0, n.kind, 1, p_now FROM numbered n ORDER BY n.endpoint, n.seq
  )
  SELECT n.message, n.day, n.kind, n.status_id, n.error_id, n.account, n.lane, n.lane_seq, n.accepted_at, n.message_id, n.sender,
    n.recipient, n.envelope, n.endpoint, n.seq, n.report_day
  FROM numbered n;
END $$;

-- Hands what is due to a process, which from then on may have sent it.
CREATE FUNCTION claim_sms(p_process integer, p_now bigint, p_accounts integer[], p_limit integer) RETURNS SETOF sms LANGUAGE plpgsql AS $$
BEGIN
  PERFORM assert_owner(p_process);
  RETURN QUERY
  UPDATE sms s SET state = 1, owner = p_process, attempt = least(s.attempt + 1, 30000)
  FROM (
    SELECT d.message FROM sms d WHERE d.state = 0 AND d.due_at <= p_now AND d.account = ANY (p_accounts)
    ORDER BY d.due_at LIMIT p_limit FOR UPDATE SKIP LOCKED
  ) d WHERE s.message = d.message
  RETURNING s.*;
END $$;

-- Notes what the provider has of a short message. p_state: 2 all of it, due then for its receipt; 0 the rest is sent at p_due_at;
-- 1 its end follows. Returns false when it is no longer the process's.
CREATE FUNCTION settle_sms(
  p_process integer, p_now bigint, p_message uuid, p_piece smallint[], p_provider_id text[], p_state smallint, p_due_at bigint
) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
  v_sms sms%ROWTYPE;
BEGIN
  PERFORM assert_owner(p_process);
  SELECT * INTO v_sms FROM sms s WHERE s.message = p_message AND s.state = 1 AND s.owner = p_process FOR UPDATE;
  IF NOT FOUND THEN RETURN false; END IF;
  -- A provider begins its numbers anew now and then: the newest message has them.
  INSERT INTO sms_pieces (account, provider_id, message, piece)
  SELECT v_sms.account, i.provider_id, p_message, i.piece FROM unnest(p_piece, p_provider_id) AS i (piece, provider_id) ORDER BY i.provider_id
  ON CONFLICT (account, provider_id) DO UPDATE SET message = excluded.message, piece = excluded.piece, outcome = 0;
  IF p_state <> 1 THEN
    UPDATE sms s SET state = p_state, owner = NULL, due_at = p_due_at WHERE s.message = p_message;
  END IF;
  IF p_state = 2 THEN
    INSERT INTO events (day, message, attempt, kind, at, recorded_at) VALUES (v_sms.day, p_message, 0, 31, p_now, p_now) ON CONFLICT DO NOTHING;
  END IF;
  RETURN true;
END $$;

-- Notes a receipt. The id may have several forms: the first is as it came, the others count only for a message to p_recipient, digits. Returns nothing for an id that is not known, else the message and, once that is decided, how it ended: failed or
-- expired with its first piece that did, delivered with its last.
CREATE FUNCTION receive_sms_receipt(p_account integer, p_provider_ids text[], p_recipient text, p_outcome smallint)
RETURNS TABLE (message uuid, outcome smallint) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  v_message uuid;
  v_provider_id text;
BEGIN
  SELECT p.message, p.provider_id INTO v_message, v_provider_id
  FROM sms_pieces p LEFT JOIN sms s ON s.message = p.message
  WHERE p.account = p_account AND p.provider_id = ANY (p_provider_ids)
    AND (p.provider_id = p_provider_ids[1] OR regexp_replace(s.recipient, '\D', '', 'g') = p_recipient)
  ORDER BY array_position(p_provider_ids, p.provider_id) LIMIT 1;
  IF NOT FOUND THEN RETURN; END IF;
  PERFORM FROM sms s WHERE s.message = v_message FOR UPDATE;
  UPDATE sms_pieces p SET outcome = p_outcome WHERE p.account = p_account AND p.provider_id = v_provider_id;
  RETURN QUERY
  SELECT v_message, CASE
    WHEN bool_or(p.outcome = 34) THEN 34::smallint
    WHEN bool_or(p.outcome = 33) THEN 33::smallint
    WHEN bool_and(p.outcome = 35) AND (SELECT s.state >= 2 FROM sms s WHERE s.message = v_message) THEN 35::smallint
  END
  FROM sms_pieces p WHERE p.message = v_message;
END $$;

-- Short messages whose process is gone before it said what became of them. Those that may be sent again wait again; the others are returned.
CREATE FUNCTION find_lost_sms(p_now bigint) RETURNS SETOF uuid LANGUAGE plpgsql AS $$
BEGIN
  UPDATE sms s SET state = 0, owner = NULL, due_at = p_now
  FROM sms_routes r
  WHERE s.state = 1 AND r.account = s.account AND r.sms_unknown = 'resend'
    AND NOT EXISTS (SELECT FROM processes p WHERE p.id = s.owner AND p.alive);
  RETURN QUERY
  SELECT s.message FROM sms s WHERE s.state = 1 AND NOT EXISTS (SELECT FROM processes p WHERE p.id = s.owner AND p.alive)
  ORDER BY s.message LIMIT 1000;
END $$;
