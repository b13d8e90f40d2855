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
-- sender .. envelope: of the message, which is forgotten sooner than its links. clicked_at: the first click that was not a machine's.
-- One table: a redirect knows nothing but the id, and would have to look into every day's partition.
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
  envelope text,
  created_at bigint NOT NULL,
  expires_at bigint NOT NULL,
  deleted_at bigint,
  clicked_at bigint
) WITH (fillfactor = 90);
CREATE INDEX links_message ON links (message);
CREATE INDEX links_account ON links (account, created_at);
CREATE INDEX links_expires_at ON links (expires_at);

-- bot: what it was, when it was a machine's: not told, and not counted. address: hashed with the salt of its day, null when its account
-- keeps none.
CREATE TABLE clicks (
  day integer NOT NULL,
  id uuid NOT NULL,
  link text COLLATE "C" NOT NULL,
  account integer NOT NULL,
  at bigint NOT NULL,
  is_first boolean NOT NULL,
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

-- Records clicks under p_today and tells of those that no machine made, by the link's own URL, else by the subscriptions to clicks.
-- Repeating it with the same ids and day changes nothing and tells nothing. Returns the reports.
CREATE FUNCTION record_clicks(
  p_now bigint, p_today integer, p_id uuid[], p_link text[], p_at bigint[], p_bot text[], p_device_type text[], p_os text[],
  p_device_name text[], p_browser text[], p_country text[], p_city text[], p_address bytea[]
) RETURNS TABLE (
  id uuid, at bigint, is_first boolean, device_type text, os text, device_name text, country text, city text, target text, message uuid,
  message_id text, recipient text, envelope text, endpoint integer, seq bigint, report_day integer, url text
) LANGUAGE plpgsql AS $$
#variable_conflict use_column
BEGIN
  -- Who else records a first click of one of these is waited for; only the next statement sees what it wrote.
  PERFORM FROM links l WHERE l.id = ANY (p_link) AND l.clicked_at IS NULL ORDER BY l.id FOR NO KEY UPDATE;
  RETURN QUERY
  WITH input AS MATERIALIZED (
    SELECT i.*, l.account, l.endpoint AS own_endpoint, l.tracking_url, l.sender, l.envelope, l.clicked_at, l.target AS leads_to, l.message,
      l.message_id, l.recipient,
      i.bot IS NULL AND l.clicked_at IS NULL AND row_number() OVER (PARTITION BY i.link, i.bot IS NULL ORDER BY i.ord) = 1 AS is_first
    FROM unnest(p_id, p_link, p_at, p_bot, p_device_type, p_os, p_device_name, p_browser, p_country, p_city, p_address) WITH ORDINALITY
      AS i (id, link, at, bot, device_type, os, device_name, browser, country, city, address, ord)
    JOIN LATERAL (SELECT * FROM links l WHERE l.id = i.link OFFSET 0) l ON true
  ), stored AS MATERIALIZED (
    INSERT INTO clicks (day, id, link, account, at, is_first, bot, device_type, os, device_name, browser, country, city, address)
    SELECT p_today, i.id, i.link, i.account, i.at, i.is_first, i.bot, i.device_type, i.os, i.device_name, i.browser, i.country, i.city, i.address
    FROM input i ORDER BY i.ord
    ON CONFLICT DO NOTHING RETURNING id
  ), first AS (
    UPDATE links l SET clicked_at = i.at FROM input i WHERE l.id = i.link AND i.is_first
  ), told AS MATERIALIZED (
    SELECT t.* FROM (
      SELECT i.*, coalesce(i.own_endpoint, (i.place).endpoint) AS endpoint,
        CASE WHEN i.own_endpoint IS NULL THEN (i.place).url ELSE i.tracking_url END AS url
      FROM (
        SELECT i.*, CASE WHEN i.own_endpoint IS NULL AND EXISTS (SELECT FROM routes r WHERE r.account = i.account AND r.events & 16 <> 0) THEN
          route_of(i.account, 4, i.sender, i.envelope::json ->> 'applicationId', i.envelope::json ->> 'entityId', i.envelope::json ->> 'user') END AS place
        FROM input i JOIN stored s ON s.id = i.id WHERE i.bot IS NULL OFFSET 0
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
  SELECT n.id, n.at, n.is_first, n.device_type, n.os, n.device_name, n.country, n.city, n.leads_to, n.message, n.message_id, n.recipient,
    n.envelope, n.endpoint, n.seq, n.day, n.url
  FROM numbered n ORDER BY n.endpoint, n.seq;
END $$;
