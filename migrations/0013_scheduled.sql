-- Messages that are to be accepted later: each enters its lane when it is due.

-- message_id, endpoint, sender .. envelope: as messages have them. ord: the order among those due at one time.
CREATE TABLE scheduled (
  id uuid PRIMARY KEY,
  ord bigint GENERATED ALWAYS AS IDENTITY,
  account integer NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
  bulk_id text NOT NULL,
  due_at bigint NOT NULL,
  created_at bigint NOT NULL,
  lane integer NOT NULL,
  endpoint integer,
  message_id text,
  sender text NOT NULL,
  recipient text NOT NULL,
  type text NOT NULL,
  content text NOT NULL,
  envelope text
);
CREATE INDEX scheduled_due ON scheduled (due_at, ord);
CREATE INDEX scheduled_bulk ON scheduled (account, bulk_id, due_at);

-- Stores messages for later, with the keys that their callers gave. Returns the rows whose keys were used before, as take_keys does.
CREATE FUNCTION schedule_messages(
  p_now bigint, p_today integer, p_bulk_id text, p_due_at bigint[],
  p_lane integer[], p_id uuid[], p_account integer[], p_endpoint integer[], p_message_id text[], p_sender text[],
  p_recipient text[], p_type text[], p_content text[], p_envelope text[],
  p_key text[], p_body_hash bytea[], p_status smallint, p_duplicate_status smallint
) RETURNS TABLE (ord integer, outcome integer) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  v_ord integer[];
  v_outcome integer[];
BEGIN
  SELECT coalesce(array_agg(t.ord), '{}'), coalesce(array_agg(t.outcome), '{}') INTO v_ord, v_outcome
  FROM take_keys(p_now, p_today, ARRAY(SELECT generate_series(1, cardinality(p_id))), p_account, p_id, p_message_id, p_key, p_body_hash,
    ARRAY(SELECT coalesce(m, i::text) FROM unnest(p_message_id, p_id) WITH ORDINALITY AS x (m, i, o) ORDER BY o),
    p_recipient, ARRAY(SELECT p_status FROM unnest(p_id)), p_duplicate_status) t;
  INSERT INTO scheduled (id, account, bulk_id, due_at, created_at, lane, endpoint, message_id, sender, recipient, type, content, envelope)
  SELECT i.id, i.account, p_bulk_id, i.due_at, p_now, i.lane, i.endpoint, i.message_id, i.sender, i.recipient, i.type, i.content, i.envelope
  FROM unnest(p_due_at, p_lane, p_id, p_account, p_endpoint, p_message_id, p_sender, p_recipient, p_type, p_content, p_envelope) WITH ORDINALITY
    AS i (due_at, lane, id, account, endpoint, message_id, sender, recipient, type, content, envelope, ord)
  WHERE NOT i.ord = ANY (v_ord) ORDER BY i.ord;
  RETURN QUERY SELECT * FROM unnest(v_ord, v_outcome);
END $$;

-- Accepts what is due, at most p_limit, in the order of its times: from now on they are messages like any. Returns them with their places.
CREATE FUNCTION release_scheduled(p_now bigint, p_today integer, p_limit integer) RETURNS TABLE (
  lane integer, seq bigint, day integer, id uuid, recipient text, type text, content text, envelope text
) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  v_ids uuid[];
  v_lanes integer[];
  v_counts integer[];
BEGIN
  -- Rows first, tails after: accepting holds no row of this table.
  SELECT coalesce(array_agg(s.id ORDER BY s.due_at, s.ord), '{}') INTO v_ids FROM (
    SELECT id, due_at, ord FROM scheduled WHERE due_at <= p_now ORDER BY due_at, ord LIMIT p_limit FOR UPDATE SKIP LOCKED
  ) s;
  IF cardinality(v_ids) = 0 THEN RETURN; END IF;
  SELECT array_agg(c.lane ORDER BY c.lane), array_agg(c.n ORDER BY c.lane) INTO v_lanes, v_counts
  FROM (SELECT s.lane, count(*)::integer AS n FROM scheduled s WHERE s.id = ANY (v_ids) GROUP BY 1) c;
  RETURN QUERY
  WITH moved AS MATERIALIZED (
    DELETE FROM scheduled s USING unnest(v_ids) WITH ORDINALITY AS o (id, place) WHERE s.id = o.id
    RETURNING s.*, o.place
  ), numbered AS MATERIALIZED (
    SELECT m.*, (row_number() OVER (PARTITION BY m.lane ORDER BY m.place) - 1)::integer AS off FROM moved m
  ), columns AS (
    SELECT array_agg(n.lane ORDER BY n.place) AS lane, array_agg(n.off ORDER BY n.place) AS off, array_agg(n.id ORDER BY n.place) AS id,
      array_agg(n.account ORDER BY n.place) AS account, array_agg(n.endpoint ORDER BY n.place) AS endpoint,
      array_agg(n.message_id ORDER BY n.place) AS message_id, array_agg(n.sender ORDER BY n.place) AS sender,
      array_agg(n.recipient ORDER BY n.place) AS recipient, array_agg(n.type ORDER BY n.place) AS type,
      array_agg(n.content ORDER BY n.place) AS content, array_agg(n.envelope ORDER BY n.place) AS envelope
    FROM numbered n
  ), accepted AS MATERIALIZED (
    SELECT a.* FROM columns c, LATERAL accept_messages(p_now, p_today, v_lanes, v_counts, c.lane, c.off, c.id, c.account, c.endpoint,
      c.message_id, c.sender, c.recipient, c.type, c.content, c.envelope) a
  )
  SELECT n.lane, a.first + n.off, a.day, n.id, n.recipient, n.type, n.content, n.envelope
  FROM numbered n JOIN accepted a ON a.lane = n.lane ORDER BY n.place;
END $$;

-- Cancels at most p_limit messages of a bulk that wait: each becomes a message that was refused, with its report. Returns how many.
CREATE FUNCTION cancel_scheduled(
  p_now bigint, p_today integer, p_account integer, p_bulk_id text, p_status smallint, p_error smallint, p_limit integer
) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
  v_ids uuid[];
  v_day integer;
  v_next bigint;
BEGIN
  SELECT coalesce(array_agg(s.id), '{}') INTO v_ids FROM (
    SELECT id FROM scheduled WHERE account = p_account AND bulk_id = p_bulk_id ORDER BY due_at, ord LIMIT p_limit FOR UPDATE
  ) s;
  IF cardinality(v_ids) = 0 THEN RETURN 0; END IF;
  SELECT next, greatest(day, p_today) INTO v_next, v_day FROM tails WHERE stream = 0 FOR UPDATE;
  WITH moved AS (
    DELETE FROM scheduled WHERE id = ANY (v_ids) RETURNING *
  )
  INSERT INTO messages (day, lane, seq, id, account, endpoint, accepted_at, message_id, sender, recipient, type, content, envelope)
  SELECT v_day, 0, v_next + row_number() OVER (ORDER BY m.due_at, m.ord) - 1, m.id, m.account, m.endpoint, p_now, m.message_id, m.sender,
    m.recipient, m.type, m.content, m.envelope
  FROM moved m;
  UPDATE tails SET next = v_next + cardinality(v_ids), day = v_day WHERE stream = 0;
  PERFORM append_events(p_now, p_today, v_day, v_ids,
    ARRAY(SELECT 0::smallint FROM unnest(v_ids)), ARRAY(SELECT 4::smallint FROM unnest(v_ids)), ARRAY(SELECT p_now FROM unnest(v_ids)),
    ARRAY(SELECT NULL::text FROM unnest(v_ids)), ARRAY(SELECT NULL::text FROM unnest(v_ids)),
    ARRAY(SELECT p_status FROM unnest(v_ids)), ARRAY(SELECT p_error FROM unnest(v_ids)),
    ARRAY(SELECT NULL::integer FROM unnest(v_ids)), ARRAY(SELECT NULL::text FROM unnest(v_ids)));
  RETURN cardinality(v_ids);
END $$;
