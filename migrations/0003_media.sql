-- Quotes and files: which of our messages an inbound one answers, and the files that users sent.

-- Finds the message that a wamid belongs to. Eight bytes of hash a message instead of the wamid's seventy; the text itself is compared
-- in the row. Tried: the wamid as a btree key, and a hash index; docs/decisions/0018-inbound.md has the figures.
CREATE INDEX events_wamid ON events (hashtextextended(wamid, 0)) WHERE kind = 1;

-- The outbound message that was quoted, copied when the inbound one was committed: a report is a snapshot.
ALTER TABLE inbound ADD COLUMN paired_id text, ADD COLUMN paired_envelope text;

-- One row per inbound message with a file; its id is that of the message, and that of the file. state: 1 wanted, 2 stored, 3 infected,
-- 4 removed, 5 lost. endpoint, url: where its report goes, decided when the message came. reported: null not yet, 1 with its url, 2 as infected.
CREATE TABLE media (
  id uuid PRIMARY KEY,
  lane integer NOT NULL,
  day integer NOT NULL,
  media_id text NOT NULL,
  mime_type text,
  sha256 text,
  filename text,
  created_at bigint NOT NULL,
  state smallint NOT NULL DEFAULT 1,
  due_at bigint NOT NULL,
  tries integer NOT NULL DEFAULT 0,
  error text,
  bytes bigint,
  malware text,
  settled_at bigint,
  endpoint integer,
  url text,
  reported smallint
);
CREATE INDEX media_wanted ON media (due_at) WHERE state = 1;
CREATE INDEX media_unreported ON media (created_at) WHERE reported IS NULL;
CREATE INDEX media_stored ON media (settled_at) WHERE state = 2;
CREATE INDEX media_created ON media (created_at);

-- Files are fetched by groups of lanes, as lanes are dispatched.
INSERT INTO ownership (kind, grp) SELECT 3, g FROM generate_series(0, 31) g;

DROP FUNCTION append_inbound(bigint, integer, integer, text[], text[], uuid[], bigint[], text[]);

-- Stores inbound messages of one day and the reports of them. Rows of unknown numbers are dropped; repeated ones add nothing.
-- q_: which rows (by position) quote which wamid; p_pair_days are the days to look on, and nothing accepted before p_pair_since is found.
-- m_: which rows come with a file; their reports are made by settle_media.
CREATE FUNCTION append_inbound(
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
    INSERT INTO inbound (day, lane, wamid, id, sent_at, recorded_at, raw, paired_id, paired_envelope)
    SELECT p_day, i.lane, i.wamid, i.id, i.sent_at, p_now, i.raw, i.paired_id, i.paired_envelope
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

-- What became of files that were wanted: their new state (1 = still wanted, due again), and the report of those that p_report names and
-- that have none yet. Rows that are not wanted any more are left out of the answer.
CREATE FUNCTION settle_media(
  p_process integer, p_now bigint, p_today integer,
  p_id uuid[], p_state smallint[], p_report boolean[], p_due_at bigint[], p_is_try boolean[], p_error text[], p_bytes bigint[],
  p_mime_type text[], p_malware text[]
) RETURNS TABLE (
  id uuid, lane integer, day integer, endpoint integer, url text, seq bigint, report_day integer, reported smallint, malware text, raw text,
  paired_id text, paired_envelope text
) LANGUAGE plpgsql AS $$
#variable_conflict use_column
BEGIN
  PERFORM assert_owner(p_process);
  PERFORM FROM media m WHERE m.id = ANY (p_id) ORDER BY m.id FOR UPDATE;
  RETURN QUERY
  WITH input AS MATERIALIZED (
    SELECT i.*, m.lane, m.day, m.endpoint, m.url, i.report AND m.reported IS NULL AS is_reported
    FROM unnest(p_id, p_state, p_report, p_due_at, p_is_try, p_error, p_bytes, p_mime_type, p_malware) WITH ORDINALITY
      AS i (id, state, report, due_at, is_try, error, bytes, mime_type, malware, ord)
    JOIN media m ON m.id = i.id AND m.state = 1
  ), changed AS (
    UPDATE media m SET state = i.state, due_at = i.due_at, error = coalesce(i.error, CASE WHEN i.is_try THEN NULL ELSE m.error END),
      tries = m.tries + CASE WHEN i.is_try THEN 1 ELSE 0 END,
      bytes = i.bytes, mime_type = coalesce(i.mime_type, m.mime_type), malware = i.malware,
      settled_at = CASE WHEN i.state = 1 THEN NULL ELSE p_now END,
      reported = CASE WHEN i.is_reported THEN CASE WHEN i.state = 3 THEN 2 ELSE 1 END ELSE m.reported END
    FROM input i WHERE m.id = i.id
  ), locked AS MATERIALIZED (
    SELECT t.stream, t.next, greatest(t.day, p_today) AS day FROM tails t
    WHERE t.stream IN (SELECT endpoint_stream(i.endpoint) FROM input i WHERE i.is_reported AND i.endpoint IS NOT NULL)
    ORDER BY t.stream FOR UPDATE
  ), numbered AS MATERIALIZED (
    SELECT i.id, i.endpoint, i.url, i.day AS ref_day, l.day,
      l.next + row_number() OVER (PARTITION BY i.endpoint ORDER BY i.ord) - 1 AS seq
    FROM input i JOIN locked l ON l.stream = endpoint_stream(i.endpoint) WHERE i.is_reported
  ), moved AS (
    UPDATE tails t SET next = n.next, day = n.day
    FROM (SELECT endpoint, max(seq) + 1 AS next, max(day) AS day FROM numbered GROUP BY endpoint) n
    WHERE t.stream = endpoint_stream(n.endpoint)
  ), added AS (
    INSERT INTO reports (day, endpoint, seq, ref, ref_day, kind, at, url)
    SELECT n.day, n.endpoint, n.seq, n.id, n.ref_day, 3, p_now, n.url FROM numbered n ORDER BY n.endpoint, n.seq
  )
  SELECT i.id, i.lane, i.day, n.endpoint, n.url, n.seq, n.day, CASE WHEN i.state = 3 THEN 2 ELSE 1 END::smallint, i.malware, b.raw,
    b.paired_id, b.paired_envelope
  FROM input i LEFT JOIN numbered n ON n.id = i.id
  LEFT JOIN LATERAL (SELECT b.raw, b.paired_id, b.paired_envelope FROM inbound b WHERE b.day = i.day AND b.id = n.id OFFSET 0) b ON true;
END $$;
