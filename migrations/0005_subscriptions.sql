-- Who is told what: notification profiles with what they need to prove who we are, and subscriptions of events to them.

-- What a profile authenticates with. credentials: sealed JSON of the type's own fields, null for CUSTOM.
CREATE TABLE securities (
  id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  account integer NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
  auth_id text NOT NULL,
  type text NOT NULL CHECK (type IN ('BASIC', 'HMAC', 'OAUTH', 'CUSTOM')),
  credentials bytea,
  created_at bigint NOT NULL,
  UNIQUE (account, auth_id)
);

-- Certificates with their keys, for mutual TLS. content: sealed JSON of the certificate, its key and passphrase.
CREATE TABLE certificates (
  id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  account integer NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
  certificate_id text NOT NULL,
  content bytea NOT NULL,
  issued_by text NOT NULL,
  issued_to text NOT NULL,
  serial_number text NOT NULL,
  valid_from bigint NOT NULL,
  valid_until bigint NOT NULL,
  created_at bigint NOT NULL,
  UNIQUE (account, certificate_id)
);

-- How and where reports are posted. settings: JSON. endpoint: of notify_url's origin and this profile; null without a URL.
-- signing_secrets: sealed JSON list that replaces the account's own.
CREATE TABLE profiles (
  id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  account integer NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
  profile_id text NOT NULL,
  notify_url text,
  endpoint integer REFERENCES endpoints (id),
  settings text NOT NULL,
  security integer REFERENCES securities (id),
  certificate integer REFERENCES certificates (id),
  signing_secrets bytea,
  created_at bigint NOT NULL,
  UNIQUE (account, profile_id),
  CHECK ((notify_url IS NULL) = (endpoint IS NULL))
);
CREATE INDEX profiles_security ON profiles (security);
CREATE INDEX profiles_certificate ON profiles (certificate);

-- criteria: JSON as it was given.
CREATE TABLE subscriptions (
  id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  account integer NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
  channel text NOT NULL,
  subscription_id text NOT NULL,
  name text,
  events text NOT NULL,
  criteria text NOT NULL,
  resources text[] NOT NULL,
  users text[] NOT NULL,
  profile integer NOT NULL REFERENCES profiles (id),
  created_at bigint NOT NULL,
  UNIQUE (account, channel, subscription_id)
);
CREATE INDEX subscriptions_profile ON subscriptions (profile);

-- Subscriptions as they are looked up: a row for each pair of a criterion and a sender, '' for any. events: a bit for each kind of report.
-- rank: how specific it is (src/contract/routes.ts).
CREATE TABLE routes (
  account integer NOT NULL,
  application_id text NOT NULL,
  entity_id text NOT NULL,
  sender text NOT NULL,
  subscription integer NOT NULL REFERENCES subscriptions (id) ON DELETE CASCADE,
  rank smallint NOT NULL,
  events integer NOT NULL,
  PRIMARY KEY (account, application_id, entity_id, sender, subscription)
);
CREATE INDEX routes_subscription ON routes (subscription);

-- Whether all criteria of a subscription name what a key is bound to: pairs of application and entity, '' for any; none: any subscription. One
-- without criteria is about the whole account, which is within nothing.
CREATE FUNCTION within_platforms(p_criteria text, p_applications text[], p_entities text[]) RETURNS boolean LANGUAGE sql IMMUTABLE
  RETURN p_applications = '{}' OR (p_criteria <> '[]' AND NOT EXISTS (
    SELECT FROM json_array_elements(p_criteria::json) AS c (criterion)
    WHERE NOT EXISTS (
      SELECT FROM unnest(p_applications, p_entities) AS w (application, entity)
      WHERE w.application = c.criterion ->> 'applicationId' AND (w.entity = '' OR w.entity = c.criterion ->> 'entityId')
    )
  ));

-- Where a report goes.
CREATE TYPE target AS (endpoint integer, url text);

-- The target of an event by the subscriptions of its account: the most specific match, of equals the newest; null when none matches.
-- p_kind: kind of report. Absent texts are null. A profile without URL is nowhere to go.
CREATE FUNCTION route_of(p_account integer, p_kind integer, p_sender text, p_application text, p_entity text, p_user text)
RETURNS target LANGUAGE plpgsql STABLE AS $$
DECLARE
  v_target target;
BEGIN
  SELECT p.endpoint, p.notify_url INTO v_target
  FROM routes r JOIN subscriptions s ON s.id = r.subscription JOIN profiles p ON p.id = s.profile
  WHERE r.account = p_account AND r.application_id IN ('', coalesce(p_application, '')) AND r.entity_id IN ('', coalesce(p_entity, ''))
    AND r.sender IN ('', coalesce(p_sender, '')) AND r.events & (1 << p_kind) <> 0 AND (s.users = '{}' OR p_user = ANY (s.users))
    AND p.endpoint IS NOT NULL
  ORDER BY r.rank DESC, r.subscription DESC LIMIT 1;
  RETURN CASE WHEN FOUND THEN v_target END;
END $$;

-- Counts every change of profiles and what they consist of, so that processes can tell when what they remember is old.
CREATE TABLE profile_version (one boolean PRIMARY KEY DEFAULT true CHECK (one), version bigint NOT NULL);
INSERT INTO profile_version VALUES (true, 1);
CREATE FUNCTION profiles_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE profile_version SET version = version + 1;
  RETURN NULL;
END $$;
CREATE TRIGGER profiles_changed AFTER INSERT OR UPDATE OR DELETE ON profiles FOR EACH STATEMENT EXECUTE FUNCTION profiles_changed();
CREATE TRIGGER securities_changed AFTER UPDATE ON securities FOR EACH STATEMENT EXECUTE FUNCTION profiles_changed();
CREATE TRIGGER certificates_changed AFTER UPDATE ON certificates FOR EACH STATEMENT EXECUTE FUNCTION profiles_changed();
