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

-- Keeps changes of webhooks under p_day (each hash once from p_known_day on: what has no time of its own may be repeated on another day), and
-- tells of those that are new: n_ord is the position of a notice's change.
-- A notice belongs to the account of its number; one without a number to the accounts whose token may read its WABA. The application and
-- entity are those of the message that it is about (n_quoted, its wamid), else those that the number is associated with. What no subscription
-- wants is kept as a change only. Returns the reports.
CREATE FUNCTION append_changes(
  p_now bigint, p_today integer, p_day integer, p_hash bytea[], p_waba_id text[], p_field text[], p_value text[],
  n_ord integer[], n_kind smallint[], n_phone_number_id text[], n_number text[], n_quoted text[], n_body text[],
  p_pair_days integer[], p_pair_since bigint, p_known_day integer
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
    WHERE NOT EXISTS (SELECT FROM meta_changes k WHERE k.hash = c.hash AND k.day >= p_known_day AND k.day <> p_day)
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

-- Tells of endpoints that were disabled a moment ago: to the subscription of their account that matches best and whose own endpoint is not
-- disabled too. Such an event is about no sender and no application.
CREATE FUNCTION tell_disabled(p_today integer, p_endpoints integer[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  c_kind CONSTANT integer := 15;
  c_date CONSTANT text := 'YYYY-MM-DD"T"HH24:MI:SS.MS"+0000"';
BEGIN
  WITH told AS MATERIALIZED (
    SELECT gen_random_uuid() AS id, e.account, h.disabled_at AS at, t.endpoint, t.url, row_number() OVER (ORDER BY e.id) AS place,
      json_build_object(
        'eventType', 'ENDPOINT_DISABLED',
        'content', json_build_object(
          'endpointId', e.id::text, 'origin', e.origin, 'profileId', nullif(e.profile, ''), 'reason', h.down_reason,
          'downSince', to_char(to_timestamp(coalesce(h.down_since, h.disabled_at) / 1000.0) AT TIME ZONE 'UTC', c_date),
          'disabledAt', to_char(to_timestamp(h.disabled_at / 1000.0) AT TIME ZONE 'UTC', c_date)
        ),
        'createdAt', to_char(to_timestamp(h.disabled_at / 1000.0) AT TIME ZONE 'UTC', c_date)
      )::text AS body
    FROM endpoints e JOIN endpoint_heads h ON h.endpoint = e.id
    CROSS JOIN LATERAL (
      SELECT p.endpoint, p.notify_url AS url
      FROM routes r JOIN subscriptions s ON s.id = r.subscription JOIN profiles p ON p.id = s.profile
      JOIN endpoint_heads o ON o.endpoint = p.endpoint AND o.disabled_at IS NULL
      WHERE r.account = e.account AND r.application_id = '' AND r.entity_id = '' AND r.sender = '' AND r.events & (1 << c_kind) <> 0
        AND s.users = '{}'
      ORDER BY r.rank DESC, r.subscription DESC LIMIT 1
    ) t
    WHERE e.id = ANY (p_endpoints)
  ), kept AS (
    INSERT INTO notices (day, id, account, kind, sender, application_id, entity_id, body, recorded_at)
    SELECT p_today, t.id, t.account, c_kind, NULL, NULL, NULL, t.body, t.at FROM told t
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
  )
  INSERT INTO reports (day, endpoint, seq, ref, ref_day, kind, at, url)
  SELECT n.day, n.endpoint, n.seq, n.id, p_today, c_kind, n.at, n.url FROM numbered n ORDER BY n.endpoint, n.seq;
END $$;
