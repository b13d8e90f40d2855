-- Applications, entities and what belongs to them; what is done with messages that numbers get.

CREATE TABLE applications (
  account integer NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
  application_id text NOT NULL,
  name text NOT NULL,
  created_at bigint NOT NULL,
  PRIMARY KEY (account, application_id)
);

CREATE TABLE entities (
  account integer NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
  entity_id text NOT NULL,
  name text NOT NULL,
  created_at bigint NOT NULL,
  PRIMARY KEY (account, entity_id)
);

-- resource_id: of a NUMBER of WHATSAPP the sender.
CREATE TABLE associations (
  account integer NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
  resource_type text NOT NULL,
  channel text NOT NULL,
  resource_id text NOT NULL,
  application_id text NOT NULL,
  entity_id text,
  created_at bigint NOT NULL,
  PRIMARY KEY (account, channel, resource_type, resource_id)
);
CREATE INDEX associations_application ON associations (account, application_id);
CREATE INDEX associations_entity ON associations (account, entity_id);

-- What is done with messages to a number, by the first word of a text; keyword '' is for the rest. keyword is in upper case.
CREATE TABLE inbound_configurations (
  key text PRIMARY KEY,
  account integer NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
  lane integer NOT NULL REFERENCES senders (id),
  keyword text NOT NULL,
  username text,
  application_id text,
  entity_id text,
  url text,
  endpoint integer REFERENCES endpoints (id),
  created_at bigint NOT NULL,
  UNIQUE (lane, keyword),
  CHECK ((url IS NULL) = (endpoint IS NULL))
);
CREATE INDEX inbound_configurations_application ON inbound_configurations (account, application_id);
CREATE INDEX inbound_configurations_entity ON inbound_configurations (account, entity_id);

-- Processes remember which applications and entities are there: they must know when one is not any more.
CREATE TRIGGER applications_deleted AFTER DELETE ON applications FOR EACH STATEMENT EXECUTE FUNCTION directory_changed();
CREATE TRIGGER entities_deleted AFTER DELETE ON entities FOR EACH STATEMENT EXECUTE FUNCTION directory_changed();

-- Copies to a sender what its association and its configurations say, where every message to it finds them.
CREATE FUNCTION refresh_sender(p_lane integer) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  UPDATE senders s SET
    application_id = a.application_id, entity_id = a.entity_id, forward_url = c.url, forward_endpoint = c.endpoint,
    inbound_application_id = c.application_id, inbound_entity_id = c.entity_id, inbound_user = c.username,
    has_keywords = EXISTS (SELECT FROM inbound_configurations k WHERE k.lane = s.id AND k.keyword <> '')
  FROM senders o
  LEFT JOIN associations a ON a.account = o.account AND a.channel = 'WHATSAPP' AND a.resource_type = 'NUMBER' AND a.resource_id = o.sender
  LEFT JOIN inbound_configurations c ON c.lane = o.id AND c.keyword = ''
  WHERE o.id = p_lane AND s.id = o.id;
END $$;

CREATE FUNCTION association_changed() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  v_row associations := coalesce(NEW, OLD);
BEGIN
  PERFORM refresh_sender(s.id) FROM senders s WHERE s.account = v_row.account AND s.sender = v_row.resource_id AND s.deleted_at IS NULL;
  RETURN NULL;
END $$;
CREATE TRIGGER associations_changed AFTER INSERT OR UPDATE OR DELETE ON associations FOR EACH ROW EXECUTE FUNCTION association_changed();

CREATE FUNCTION inbound_configuration_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM refresh_sender(coalesce(NEW.lane, OLD.lane));
  RETURN NULL;
END $$;
CREATE TRIGGER inbound_configurations_changed AFTER INSERT OR UPDATE OR DELETE ON inbound_configurations
  FOR EACH ROW EXECUTE FUNCTION inbound_configuration_changed();
