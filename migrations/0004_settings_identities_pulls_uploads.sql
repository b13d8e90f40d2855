-- What accounts and senders may switch on: read marks, identity checks, uploads of media. And what customers without a webhook pull.

-- read_marks: whether the account may mark messages of users as read; off as Infobip has it.
ALTER TABLE accounts ADD COLUMN read_marks boolean NOT NULL DEFAULT false;

-- ---------------------------------------------------------------- pulls

-- pull_account: who may still pull it; null when it is pushed somewhere, or was pulled. docs/decisions/pull.md has the figures.
ALTER TABLE events ADD COLUMN pull_account integer;
CREATE INDEX events_pull ON events (pull_account, recorded_at) WHERE pull_account IS NOT NULL;
ALTER TABLE inbound ADD COLUMN pull_account integer;
CREATE INDEX inbound_pull ON inbound (pull_account, recorded_at) WHERE pull_account IS NOT NULL;

-- As in 0001_spine.sql, and a delivery event that would be reported, of a message without endpoint, can be pulled.
CREATE OR REPLACE FUNCTION append_events(
  p_now bigint, p_today integer, p_day integer,
  p_message uuid[], p_attempt smallint[], p_kind smallint[], p_at bigint[], p_phone_number_id text[], p_wamid text[],
  p_status_id smallint[], p_error_id smallint[], p_meta_code integer[], p_detail text[]
) RETURNS TABLE (
  message uuid, attempt smallint, kind smallint, at bigint, status_id smallint, error_id smallint, meta_code integer,
  account integer, lane integer, lane_seq bigint, accepted_at bigint, message_id text, sender text, recipient text, envelope text,
  endpoint integer, seq bigint, report_day integer, was_unknown boolean, is_foreign boolean
) LANGUAGE plpgsql AS $$
#variable_conflict use_column
BEGIN
  -- The lock comes in a statement of its own: only the next one sees what earlier holders committed.
  PERFORM pg_advisory_xact_lock(k) FROM (SELECT DISTINCT uuid_hash_extended(m, 0) AS k FROM unnest(p_message) m ORDER BY 1) s;
  RETURN QUERY
  WITH input AS MATERIALIZED (
    -- OFFSET 0 keeps each look-up an index scan of its own, whatever the planner believes of the tables' sizes.
    SELECT i.*, m.account, m.lane, m.seq AS lane_seq, m.accepted_at, m.message_id, m.sender, m.recipient, m.envelope, m.endpoint,
      e.is_known, e.final, e.is_delivered, e.is_seen,
      m.lane IS NULL OR (i.phone_number_id IS NOT NULL AND i.phone_number_id IS DISTINCT FROM s.phone_number_id) AS is_foreign
    FROM unnest(p_message, p_attempt, p_kind, p_at, p_phone_number_id, p_wamid, p_status_id, p_error_id, p_meta_code, p_detail)
      AS i (message, attempt, kind, at, phone_number_id, wamid, status_id, error_id, meta_code, detail)
    LEFT JOIN LATERAL (SELECT * FROM messages m WHERE m.day = p_day AND m.id = i.message OFFSET 0) m ON true
    LEFT JOIN LATERAL (SELECT s.phone_number_id FROM senders s WHERE s.id = m.lane OFFSET 0) s ON true
    LEFT JOIN LATERAL (
      SELECT coalesce(bool_or(e.attempt = i.attempt AND e.kind = i.kind), false) AS is_known,
        coalesce(max(e.kind) FILTER (WHERE e.kind BETWEEN 3 AND 5), 0) AS final,
        coalesce(bool_or(e.kind = 5), false) AS is_delivered, coalesce(bool_or(e.kind = 6), false) AS is_seen
      FROM events e WHERE e.day = p_day AND e.message = i.message AND e.kind < 20
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
      f.is_known, f.final, f.is_delivered, f.is_seen, f.is_foreign, true, f.occurrence
    FROM fresh f WHERE f.kind = 6 AND f.occurrence = 1 AND NOT f.is_delivered AND NOT f.brings_delivered
  ), marked AS MATERIALIZED (
    SELECT t.*, t.endpoint IS NOT NULL AND t.is_told AS is_reported FROM (
      SELECT a.*, a.kind BETWEEN 3 AND 6
        AND row_number() OVER (PARTITION BY a.message, a.kind = 6, a.kind BETWEEN 3 AND 6 ORDER BY a.kind DESC, a.attempt) = 1
        AND CASE WHEN a.kind = 6 THEN NOT a.is_seen ELSE a.kind > a.final END AS is_told
      FROM added a
    ) t
  ), stored AS (
    INSERT INTO events (day, message, attempt, kind, status_id, error_id, meta_code, at, recorded_at, wamid, detail, pull_account)
    SELECT p_day, a.message, a.attempt, a.kind, a.status_id, a.error_id, a.meta_code, a.at, p_now, a.wamid, a.detail,
      CASE WHEN a.endpoint IS NULL AND a.is_told AND a.kind < 6 THEN a.account END
    FROM marked a
    ORDER BY a.message, a.attempt, a.kind
  ), locked AS MATERIALIZED (
    SELECT t.stream, t.next, greatest(t.day, p_today) AS day FROM tails t
    WHERE t.stream = ANY (ARRAY(SELECT endpoint_stream(m.endpoint) FROM marked m WHERE m.is_reported)) ORDER BY t.stream FOR UPDATE
  ), numbered AS MATERIALIZED (
    SELECT m.*, l.day AS report_day,
      l.next + row_number() OVER (PARTITION BY m.endpoint ORDER BY m.message, m.kind) - 1 AS seq
    FROM marked m JOIN locked l ON l.stream = endpoint_stream(m.endpoint) WHERE m.is_reported
  ), moved AS (
    UPDATE tails t SET next = n.next, day = n.day
    FROM (SELECT endpoint, max(seq) + 1 AS next, max(report_day) AS day FROM numbered GROUP BY endpoint) n
    WHERE t.stream = endpoint_stream(n.endpoint)
  ), reported AS (
    INSERT INTO reports (day, endpoint, seq, ref, ref_day, attempt, event_kind, kind, at)
    SELECT n.report_day, n.endpoint, n.seq, n.message, p_day, n.attempt, n.kind, CASE WHEN n.kind = 6 THEN 2 ELSE 1 END, p_now FROM numbered n
    ORDER BY n.endpoint, n.seq
  ), adopted AS (
    DELETE FROM held h USING marked a
    WHERE h.reason = 5 AND h.message = a.message AND h.attempt = a.attempt AND a.kind BETWEEN 2 AND 7
    RETURNING a.message, a.attempt, a.kind, a.lane, a.lane_seq
  )
  SELECT n.message, n.attempt, n.kind, n.at, n.status_id, n.error_id, n.meta_code, n.account, n.lane, n.lane_seq, n.accepted_at,
    n.message_id, n.sender, n.recipient, n.envelope, n.endpoint, n.seq, n.report_day, false, false
  FROM numbered n
  UNION ALL
  SELECT a.message, a.attempt, a.kind, 0, NULL, NULL, NULL, 0, a.lane, a.lane_seq, 0, NULL, '', '', NULL, NULL, NULL, NULL, true, false
  FROM adopted a
  UNION ALL
  SELECT i.message, i.attempt, i.kind, 0, NULL, NULL, NULL, 0, 0, 0, 0, NULL, '', '', NULL, NULL, NULL, NULL, false, true
  FROM input i WHERE i.is_foreign;
END $$;

-- As in 0003_media.sql, and messages to senders that do not forward can be pulled.
CREATE OR REPLACE FUNCTION append_inbound(
  p_now bigint, p_today integer, p_day integer, p_phone_number_id text[], p_wamid text[], p_id uuid[], p_sent_at bigint[], p_raw text[],
  p_pair_days integer[], p_pair_since bigint, q_ord integer[], q_wamid text[],
  m_ord integer[], m_media_id text[], m_mime_type text[], m_sha256 text[], m_filename text[]
) RETURNS TABLE (
  id uuid, account integer, lane integer, url text, endpoint integer, seq bigint, report_day integer, paired_id text, paired_envelope text
) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  -- By position; what is not set reads as null, which costs a group without quotes less than a join with nothing.
  v_id text[] := '{}';
  v_envelope text[] := '{}';
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
    END LOOP;
  END IF;
  RETURN QUERY
  WITH input AS MATERIALIZED (
    SELECT i.*, s.id AS lane, s.account, s.forward_url, s.forward_endpoint, v_id[i.ord] AS paired_id, v_envelope[i.ord] AS paired_envelope
    FROM unnest(p_phone_number_id, p_wamid, p_id, p_sent_at, p_raw) WITH ORDINALITY AS i (phone_number_id, wamid, id, sent_at, raw, ord)
    JOIN senders s ON s.phone_number_id = i.phone_number_id AND s.deleted_at IS NULL
  ), stored AS MATERIALIZED (
    INSERT INTO inbound (day, lane, wamid, id, sent_at, recorded_at, raw, paired_id, paired_envelope, pull_account)
    SELECT p_day, i.lane, i.wamid, i.id, i.sent_at, p_now, i.raw, i.paired_id, i.paired_envelope,
      CASE WHEN i.forward_endpoint IS NULL THEN i.account END
    FROM input i ORDER BY i.lane, i.wamid, i.ord
    ON CONFLICT DO NOTHING RETURNING id
  ), emitted AS MATERIALIZED (
    SELECT i.* FROM input i JOIN stored s ON s.id = i.id WHERE i.forward_endpoint IS NOT NULL AND NOT i.ord = ANY (m_ord)
  ), locked AS MATERIALIZED (
    SELECT t.stream, t.next, greatest(t.day, p_today) AS day FROM tails t
    WHERE t.stream IN (SELECT endpoint_stream(e.forward_endpoint) FROM emitted e) ORDER BY t.stream FOR UPDATE
  ), numbered AS MATERIALIZED (
    SELECT e.id, e.forward_endpoint AS endpoint, e.forward_url AS url,
      l.next + row_number() OVER (PARTITION BY e.forward_endpoint ORDER BY e.ord) - 1 AS seq, l.day
    FROM emitted e JOIN locked l ON l.stream = endpoint_stream(e.forward_endpoint)
  ), moved AS (
    UPDATE tails t SET next = n.next, day = n.day
    FROM (SELECT endpoint, max(seq) + 1 AS next, max(day) AS day FROM numbered GROUP BY endpoint) n
    WHERE t.stream = endpoint_stream(n.endpoint)
  ), reported AS (
    INSERT INTO reports (day, endpoint, seq, ref, ref_day, kind, at, url)
    SELECT n.day, n.endpoint, n.seq, n.id, p_day, 3, p_now, n.url FROM numbered n ORDER BY n.endpoint, n.seq
  )
  SELECT i.id, i.account, i.lane, n.url, n.endpoint, n.seq, n.day, i.paired_id, i.paired_envelope
  FROM input i JOIN stored s ON s.id = i.id LEFT JOIN numbered n ON n.id = i.id;
  IF cardinality(m_ord) > 0 THEN
    INSERT INTO media (id, lane, day, media_id, mime_type, sha256, filename, created_at, due_at, endpoint, url)
    SELECT i.id, i.lane, p_day, f.media_id, f.mime_type, f.sha256, f.filename, p_now, p_now, s.forward_endpoint, s.forward_url
    FROM unnest(m_ord, m_media_id, m_mime_type, m_sha256, m_filename) AS f (ord, media_id, mime_type, sha256, filename)
    JOIN inbound i ON i.day = p_day AND i.id = p_id[f.ord]
    JOIN senders s ON s.id = i.lane;
  END IF;
END $$;

-- ---------------------------------------------------------------- identities

-- identity_check: whether messages to users whose identity changed wait for a confirmation; off as Infobip has it.
ALTER TABLE senders ADD COLUMN identity_check boolean NOT NULL DEFAULT false;

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

-- media: whether Meta fetches the files of messages itself (link), or Parley does and uploads them (upload).
ALTER TABLE accounts ADD COLUMN media text NOT NULL DEFAULT 'link' CHECK (media IN ('link', 'upload'));

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
