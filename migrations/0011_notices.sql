-- What Meta tells beside messages, statuses and templates, for those who are told of it (Infobip 4.4).

-- kind: of the report (src/contract/routes.ts). sender: ours that it is about, null when it is a whole WABA. body: JSON.
CREATE TABLE notices (
  day integer NOT NULL,
  id uuid NOT NULL,
  account integer NOT NULL,
  kind smallint NOT NULL,
  sender text,
  application_id text,
  entity_id text,
  body text NOT NULL,
  recorded_at bigint NOT NULL,
  PRIMARY KEY (id, day)
) PARTITION BY LIST (day);

-- Keeps changes of webhooks under p_day (each hash once), and tells of those that are new: n_ord is the position of a notice's change.
-- A notice belongs to the account of its number; one without a number to the accounts whose token may read its WABA. The application and
-- entity are those of the message that it is about (n_quoted, its wamid), else those that the number is associated with. What no subscription
-- wants is kept as a change only. Returns the reports.
CREATE FUNCTION append_changes(
  p_now bigint, p_today integer, p_day integer, p_hash bytea[], p_waba_id text[], p_field text[], p_value text[],
  n_ord integer[], n_kind smallint[], n_phone_number_id text[], n_number text[], n_quoted text[], n_body text[],
  p_pair_days integer[], p_pair_since bigint
) RETURNS TABLE (
  id uuid, kind smallint, sender text, application_id text, entity_id text, body text, endpoint integer, seq bigint, report_day integer, url text
) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  v_new bytea[];
BEGIN
  WITH stored AS (
    INSERT INTO meta_changes (day, hash, waba_id, field, value, recorded_at)
    SELECT p_day, c.hash, c.waba_id, c.field, c.value, p_now FROM unnest(p_hash, p_waba_id, p_field, p_value) AS c (hash, waba_id, field, value)
    ORDER BY c.hash ON CONFLICT DO NOTHING RETURNING hash
  )
  SELECT array_agg(hash) INTO v_new FROM stored;
  IF v_new IS NULL OR cardinality(n_ord) = 0 THEN RETURN; END IF;
  RETURN QUERY
  WITH input AS MATERIALIZED (
    SELECT n.*, gen_random_uuid() AS id, row_number() OVER () AS place,
      route_of(n.account, n.kind, n.sender, n.application_id, n.entity_id, NULL) AS target
    FROM (
      SELECT n.kind, n.body, s.account, s.sender,
        CASE WHEN q.envelope IS NULL THEN s.application_id ELSE coalesce(q.envelope::json ->> 'applicationId', s.application_id) END AS application_id,
        CASE WHEN q.envelope::json ->> 'applicationId' IS NULL THEN coalesce(q.envelope::json ->> 'entityId', s.entity_id)
          ELSE q.envelope::json ->> 'entityId' END AS entity_id
      FROM unnest(n_ord, n_kind, n_phone_number_id, n_number, n_quoted, n_body) AS n (ord, kind, phone_number_id, number, quoted, body)
      CROSS JOIN LATERAL (
        SELECT s.account, s.id, s.sender, s.application_id, s.entity_id FROM senders s
        WHERE s.phone_number_id = n.phone_number_id AND s.deleted_at IS NULL
        UNION ALL
        SELECT y.account, s.id, s.sender, s.application_id, s.entity_id FROM template_syncs y
        LEFT JOIN senders s ON s.account = y.account AND s.waba_id = y.waba_id AND s.sender = n.number AND s.deleted_at IS NULL
        WHERE n.phone_number_id IS NULL AND y.waba_id = p_waba_id[n.ord] AND y.synced_at IS NOT NULL
      ) s
      LEFT JOIN LATERAL (
        SELECT m.envelope
        FROM unnest(p_pair_days) AS d (day),
        LATERAL (
          SELECT e.message FROM events e
          WHERE e.day = d.day AND e.kind = 1 AND hashtextextended(e.wamid, 0) = hashtextextended(n.quoted, 0) AND e.wamid = n.quoted OFFSET 0
        ) e,
        LATERAL (SELECT * FROM messages m WHERE m.day = d.day AND m.id = e.message OFFSET 0) m
        WHERE m.lane = s.id AND m.accepted_at >= p_pair_since
        LIMIT 1
      ) q ON n.quoted IS NOT NULL
      WHERE p_hash[n.ord] = ANY (v_new) ORDER BY n.ord, s.account OFFSET 0
    ) n
  ), told AS MATERIALIZED (
    SELECT i.*, (i.target).endpoint, (i.target).url FROM input i WHERE (i.target).endpoint IS NOT NULL
  ), kept AS (
    INSERT INTO notices (day, id, account, kind, sender, application_id, entity_id, body, recorded_at)
    SELECT p_today, t.id, t.account, t.kind, t.sender, t.application_id, t.entity_id, t.body, p_now FROM told t
  ), locked AS MATERIALIZED (
    SELECT s.stream, s.next, greatest(s.day, p_today) AS day FROM tails s
    WHERE s.stream IN (SELECT endpoint_stream(t.endpoint) FROM told t) ORDER BY s.stream FOR UPDATE
  ), numbered AS MATERIALIZED (
    SELECT t.*, l.day, l.next + row_number() OVER (PARTITION BY t.endpoint ORDER BY t.place) - 1 AS seq
    FROM told t JOIN locked l ON l.stream = endpoint_stream(t.endpoint)
  ), moved AS (
    UPDATE tails s SET next = n.next, day = n.day
    FROM (SELECT endpoint, max(seq) + 1 AS next, max(day) AS day FROM numbered GROUP BY endpoint) n
    WHERE s.stream = endpoint_stream(n.endpoint)
  ), reported AS (
    INSERT INTO reports (day, endpoint, seq, ref, ref_day, kind, at, url)
    SELECT n.day, n.endpoint, n.seq, n.id, p_today, n.kind, p_now, n.url FROM numbered n ORDER BY n.endpoint, n.seq
  )
  SELECT n.id, n.kind, n.sender, n.application_id, n.entity_id, n.body, n.endpoint, n.seq, n.day, n.url FROM numbered n;
END $$;
