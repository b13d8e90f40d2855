-- Short links in messages, the domains that they are on, and the clicks on them.

-- Whose subdomain it is, as its account says and DNS proves. Several accounts may claim a host, one of them is verified.
-- proof: cname shows that the host points at us, txt also whose it is, and so outdoes it. reason: why the last check failed.
-- Removed rows stay for the links that are on them, and live again when the same account registers the host again.
CREATE TABLE domains (
  id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  account integer NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
  host text NOT NULL,
  token text NOT NULL,
  state text NOT NULL DEFAULT 'unverified' CHECK (state IN ('unverified', 'verified', 'failed')),
  proof text CHECK (proof IN ('cname', 'txt')),
  reason text,
  created_at bigint NOT NULL,
  checked_at bigint,
  verified_at bigint,
  deleted_at bigint,
  UNIQUE (account, host)
);
CREATE UNIQUE INDEX domains_verified ON domains (host) WHERE state = 'verified' AND deleted_at IS NULL;
CREATE INDEX domains_host ON domains (host) WHERE deleted_at IS NULL;

-- Counts every change of domains but their times, so that processes can tell when what they remember is old.
CREATE TABLE domains_version (one boolean PRIMARY KEY DEFAULT true CHECK (one), version bigint NOT NULL);
INSERT INTO domains_version VALUES (true, 1);
CREATE FUNCTION domains_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE domains_version SET version = version + 1;
  RETURN NULL;
END $$;
CREATE TRIGGER domains_changed AFTER INSERT OR DELETE OR UPDATE OF state, deleted_at ON domains
  FOR EACH STATEMENT EXECUTE FUNCTION domains_changed();

-- id: src/links/link-id.ts. domain: null is the host of the public URL. endpoint, tracking_url: where clicks are told, null: subscriptions say.
-- sender .. envelope: of the message, which is forgotten sooner than its links.
-- One table: a redirect knows nothing but the id, and would have to look into every day's partition. A click writes nothing here: each would
-- take a whole page of a large table to the log.
CREATE TABLE links (
  id text COLLATE "C" PRIMARY KEY,
  account integer NOT NULL,
  domain integer,
  target text NOT NULL,
  is_tracked boolean NOT NULL,
  endpoint integer,
  tracking_url text,
  day integer NOT NULL,
  message uuid NOT NULL,
  place smallint NOT NULL,
  message_id text,
  sender text,
  recipient text NOT NULL,
  template text,
  envelope text,
  created_at bigint NOT NULL,
  expires_at bigint NOT NULL,
  deleted_at bigint
);
CREATE INDEX links_message ON links (account, day, message);
CREATE INDEX links_account ON links (account, created_at);
CREATE INDEX links_expires_at ON links (expires_at);

-- Clicks of persons on each link that has any: how many, and which was the first. Lives as long as the link.
CREATE TABLE link_clicks (
  link text COLLATE "C" PRIMARY KEY,
  first uuid NOT NULL,
  first_at bigint NOT NULL,
  clicks integer NOT NULL
);

-- What is left of messages with links when what they are counted from is forgotten: messages .. seen when the events of their day go,
-- clicked and "unique" when their links go. '' where a message has none.
CREATE TABLE link_counts (
  account integer NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
  day integer NOT NULL,
  template text NOT NULL,
  bulk text NOT NULL,
  application text NOT NULL,
  entity text NOT NULL,
  messages bigint NOT NULL,
  sent bigint NOT NULL,
  delivered bigint NOT NULL,
  seen bigint NOT NULL,
  clicked bigint NOT NULL,
  "unique" bigint NOT NULL,
  PRIMARY KEY (account, day, template, bulk, application, entity)
);
CREATE INDEX link_counts_day ON link_counts (day);

-- How far the messages of an account and a day are in link_counts: all up to this UUID.
CREATE TABLE link_days (
  account integer NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
  day integer NOT NULL,
  through uuid NOT NULL,
  PRIMARY KEY (account, day)
);

-- Counts messages .. seen of the next p_links links of an account and a day, those of one message together; true when the day is done.
CREATE FUNCTION count_link_day(p_account integer, p_day integer, p_links integer) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
  v_all CONSTANT uuid := 'ffffffff-ffff-ffff-ffff-ffffffffffff';
  v_from uuid;
  v_through uuid;
BEGIN
  INSERT INTO link_days VALUES (p_account, p_day, '00000000-0000-0000-0000-000000000000') ON CONFLICT DO NOTHING;
  SELECT d.through INTO v_from FROM link_days d WHERE d.account = p_account AND d.day = p_day FOR UPDATE;
  IF v_from = v_all THEN RETURN true; END IF;
  SELECT l.message INTO v_through FROM links l WHERE l.account = p_account AND l.day = p_day AND l.message > v_from
    ORDER BY l.message OFFSET p_links - 1 LIMIT 1;
  v_through := coalesce(v_through, v_all);
  INSERT INTO link_counts AS c (account, day, template, bulk, application, entity, messages, sent, delivered, seen, clicked, "unique")
  SELECT p_account, p_day, m.template, m.bulk, m.application, m.entity, count(*), count(*) FILTER (WHERE e.sent),
    count(*) FILTER (WHERE e.delivered), count(*) FILTER (WHERE e.seen), 0, 0
  FROM (
    SELECT DISTINCT ON (l.message) l.message, coalesce(l.template, '') AS template, coalesce(l.envelope::json ->> 'bulkId', '') AS bulk,
      coalesce(l.envelope::json ->> 'applicationId', '') AS application, coalesce(l.envelope::json ->> 'entityId', '') AS entity
    FROM links l WHERE l.account = p_account AND l.day = p_day AND l.message > v_from AND l.message <= v_through ORDER BY l.message
  ) m
  LEFT JOIN LATERAL (
    SELECT bool_or(e.kind IN (1, 2, 5, 6, 7)) AS sent, bool_or(e.kind IN (5, 6, 7)) AS delivered, bool_or(e.kind IN (6, 7)) AS seen
    FROM events e WHERE e.day = p_day AND e.message = m.message
  ) e ON true
  GROUP BY m.template, m.bulk, m.application, m.entity
  ON CONFLICT (account, day, template, bulk, application, entity) DO UPDATE SET messages = c.messages + excluded.messages,
    sent = c.sent + excluded.sent, delivered = c.delivered + excluded.delivered, seen = c.seen + excluded.seen;
  UPDATE link_days d SET through = v_through WHERE d.account = p_account AND d.day = p_day;
  RETURN v_through = v_all;
END $$;

-- Deletes some p_links links that expired before p_before, of days that are counted; their clicks stay in link_counts. Returns how many.
CREATE FUNCTION forget_links(p_before bigint, p_links integer) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
  v_count integer;
BEGIN
  WITH old AS MATERIALIZED (
    SELECT l.account, l.day, l.message FROM links l
    WHERE l.expires_at < p_before AND EXISTS (
      SELECT FROM link_days d WHERE d.account = l.account AND d.day = l.day AND d.through = 'ffffffff-ffff-ffff-ffff-ffffffffffff')
    ORDER BY l.expires_at LIMIT p_links
  ), gone AS (
    DELETE FROM links l USING (SELECT DISTINCT o.account, o.day, o.message FROM old o) o
    WHERE l.account = o.account AND l.day = o.day AND l.message = o.message RETURNING l.*
  ), clicked AS (
    DELETE FROM link_clicks k USING gone g WHERE k.link = g.id RETURNING k.link, k.clicks
  ), counted AS (
    INSERT INTO link_counts AS c (account, day, template, bulk, application, entity, messages, sent, delivered, seen, clicked, "unique")
    SELECT g.account, g.day, coalesce(g.template, ''), coalesce(g.envelope::json ->> 'bulkId', ''),
      coalesce(g.envelope::json ->> 'applicationId', ''), coalesce(g.envelope::json ->> 'entityId', ''),
      0, 0, 0, 0, sum(k.clicks), count(DISTINCT g.message)
    FROM gone g JOIN clicked k ON k.link = g.id GROUP BY 1, 2, 3, 4, 5, 6
    ON CONFLICT (account, day, template, bulk, application, entity) DO UPDATE SET clicked = c.clicked + excluded.clicked,
      "unique" = c."unique" + excluded."unique"
  )
  SELECT count(*) INTO v_count FROM gone;
  RETURN v_count;
END $$;

-- bot: what it was, when it was a machine's: not told, and not counted. address: hashed with the salt of its day, null when its account
-- keeps none.
CREATE TABLE clicks (
  day integer NOT NULL,
  id uuid NOT NULL,
  link text COLLATE "C" NOT NULL,
  account integer NOT NULL,
  at bigint NOT NULL,
  bot text,
  device_type text,
  os text,
  device_name text,
  browser text,
  country text,
  city text,
  address bytea,
  PRIMARY KEY (id, day)
) PARTITION BY LIST (day);
CREATE INDEX clicks_link ON clicks (link);
CREATE INDEX clicks_account ON clicks (account, at);

-- What addresses are hashed with; forgotten after its day, and with it what they were.
CREATE TABLE click_salts (
  day integer PRIMARY KEY,
  salt bytea NOT NULL
);

-- What becomes of requests for links, in their order: unknown (no such link at this domain), gone, or found with the target. A click on a
-- tracked link is recorded under p_today; those that no machine made are counted and told, by the link's own URL, else by the subscriptions
-- to clicks. Again with the same ids and day and p_is_repeated it records, counts and tells only what is not there yet. expires_at: of links
-- that are not tracked. p_address: in hexadecimal digits. After these come the reports, if there are any, with outcome null and the click in id.
-- Tried: ON CONFLICT in place of p_is_repeated, which costs each click a look-up, and a record in the log, more; and one statement for all,
-- which makes ready for reports also where there are none.
CREATE FUNCTION follow_links(
  p_now bigint, p_today integer, p_is_repeated boolean, p_id uuid[], p_link text[], p_domain integer[], p_at bigint[], p_bot text[],
  p_device_type text[], p_os text[], p_device_name text[], p_browser text[], p_country text[], p_city text[], p_address text[]
) RETURNS TABLE (
  outcome text, target text, expires_at bigint, id uuid, endpoint integer, seq bigint, day integer, url text, is_first boolean, message uuid,
  message_id text, recipient text, envelope text
) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  v_id uuid;
  v_is_told boolean;
  v_told uuid[];
BEGIN
  FOR outcome, target, expires_at, v_id, v_is_told IN
    WITH asked AS MATERIALIZED (
      SELECT i.*, l.account, l.target, l.is_tracked, l.expires_at, l.endpoint,
        CASE WHEN l.id IS NULL OR l.domain IS DISTINCT FROM i.domain THEN 'unknown'
          WHEN l.deleted_at IS NOT NULL OR l.expires_at <= i.at THEN 'gone' ELSE 'found' END AS outcome
      FROM unnest(p_id, p_link, p_domain, p_at, p_bot, p_device_type, p_os, p_device_name, p_browser, p_country, p_city, p_address)
        WITH ORDINALITY AS i (id, link, domain, at, bot, device_type, os, device_name, browser, country, city, address, ord)
      LEFT JOIN LATERAL (SELECT * FROM links l WHERE l.id = i.link OFFSET 0) l ON true
    ), clicked AS MATERIALIZED (
      SELECT i.* FROM asked i WHERE i.outcome = 'found' AND i.is_tracked
        AND NOT (p_is_repeated AND EXISTS (SELECT FROM clicks c WHERE c.day = p_today AND c.id = i.id))
    ), stored AS (
      INSERT INTO clicks (day, id, link, account, at, bot, device_type, os, device_name, browser, country, city, address)
      SELECT p_today, i.id, i.link, i.account, i.at, i.bot, i.device_type, i.os, i.device_name, i.browser, i.country, i.city,
        CASE WHEN (SELECT a.click_addresses FROM accounts a WHERE a.id = i.account) THEN decode(i.address, 'hex') END
      FROM clicked i
    ), counted AS (
      -- Who else counts a click on one of these is waited for.
      INSERT INTO link_clicks AS k (link, first, first_at, clicks)
      SELECT i.link, min(i.id::text)::uuid, min(i.at), count(*) FROM clicked i WHERE i.bot IS NULL GROUP BY i.link ORDER BY i.link
      ON CONFLICT (link) DO UPDATE SET clicks = k.clicks + excluded.clicks
    )
    SELECT i.outcome, CASE WHEN i.outcome = 'found' THEN i.target END, CASE WHEN NOT i.is_tracked THEN i.expires_at END, i.id,
      i.outcome = 'found' AND i.is_tracked AND i.bot IS NULL AND (i.endpoint IS NOT NULL
        OR EXISTS (SELECT FROM routes r WHERE r.account = i.account AND r.events & 16 <> 0))
      AND NOT (p_is_repeated AND EXISTS (SELECT FROM clicks c WHERE c.day = p_today AND c.id = i.id))
    FROM asked i ORDER BY i.ord
  LOOP
    RETURN NEXT;
    IF v_is_told THEN v_told := v_told || v_id; END IF;
  END LOOP;
  IF v_told IS NULL THEN RETURN; END IF;
  RETURN QUERY
  WITH told AS MATERIALIZED (
    SELECT t.* FROM (
      SELECT i.*, coalesce(i.own_endpoint, (i.place).endpoint) AS endpoint,
        CASE WHEN i.own_endpoint IS NULL THEN (i.place).url ELSE i.tracking_url END AS url
      FROM (
        SELECT t.id, t.ord, k.first = t.id AS is_first, l.target, l.endpoint AS own_endpoint, l.tracking_url, l.envelope, l.message, l.message_id,
          l.recipient, CASE WHEN l.endpoint IS NULL THEN
            route_of(l.account, 4, l.sender, l.envelope::json ->> 'applicationId', l.envelope::json ->> 'entityId', l.envelope::json ->> 'user')
          END AS place
        FROM unnest(v_told) WITH ORDINALITY AS t (id, ord)
        JOIN LATERAL (SELECT * FROM clicks c WHERE c.day = p_today AND c.id = t.id OFFSET 0) c ON true
        JOIN LATERAL (SELECT * FROM links l WHERE l.id = c.link OFFSET 0) l ON true
        JOIN LATERAL (SELECT * FROM link_clicks k WHERE k.link = c.link OFFSET 0) k ON true
        OFFSET 0
      ) i
    ) t WHERE t.endpoint IS NOT NULL
  ), locked AS MATERIALIZED (
    SELECT s.stream, s.next, greatest(s.day, p_today) AS day FROM tails s
    WHERE s.stream = ANY (ARRAY(SELECT endpoint_stream(t.endpoint) FROM told t)) ORDER BY s.stream FOR UPDATE
  ), numbered AS MATERIALIZED (
    SELECT t.*, l.day, l.next + row_number() OVER (PARTITION BY t.endpoint ORDER BY t.ord) - 1 AS seq
    FROM told t JOIN locked l ON l.stream = endpoint_stream(t.endpoint)
  ), moved AS (
    UPDATE tails s SET next = n.next, day = n.day
    FROM (SELECT endpoint, max(seq) + 1 AS next, max(day) AS day FROM numbered GROUP BY endpoint) n
    WHERE s.stream = endpoint_stream(n.endpoint)
  ), reported AS (
    INSERT INTO reports (day, endpoint, seq, ref, ref_day, kind, at, url)
    SELECT n.day, n.endpoint, n.seq, n.id, p_today, 4, p_now, n.url FROM numbered n ORDER BY n.endpoint, n.seq
  )
  SELECT NULL::text, n.target, NULL::bigint, n.id, n.endpoint, n.seq, n.day, n.url, n.is_first, n.message, n.message_id, n.recipient, n.envelope
  FROM numbered n ORDER BY n.ord;
END $$;
