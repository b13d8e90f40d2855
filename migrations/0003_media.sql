-- The files that users sent.

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
-- For accounts that keep theirs for fewer days than others.
CREATE INDEX media_lane ON media (lane, created_at);

-- Files are fetched by groups of lanes, as lanes are dispatched.
INSERT INTO ownership (kind, grp) SELECT 3, g FROM generate_series(0, 31) g;

-- What became of files that were wanted: their new state (1 = still wanted, due again), and the report of those that p_report names and
-- that have none yet. Rows that are not wanted any more are left out of the answer.
CREATE FUNCTION settle_media(
  p_process integer, p_now bigint, p_today integer,
  p_id uuid[], p_state smallint[], p_report boolean[], p_due_at bigint[], p_is_try boolean[], p_error text[], p_bytes bigint[],
  p_mime_type text[], p_malware text[]
) RETURNS TABLE (
  id uuid, lane integer, day integer, endpoint integer, url text, seq bigint, report_day integer, reported smallint, malware text, raw text,
  paired_id text, paired_envelope text, application_id text, entity_id text
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
    b.paired_id, b.paired_envelope, b.application_id, b.entity_id
  FROM input i LEFT JOIN numbered n ON n.id = i.id
  LEFT JOIN LATERAL (SELECT b.raw, b.paired_id, b.paired_envelope, b.application_id, b.entity_id FROM inbound b WHERE b.day = i.day AND b.id = n.id OFFSET 0) b ON true;
END $$;
