-- Certificates of the hosts of short links, ordered from a CA that speaks ACME (RFC 8555).

-- Who we are to a CA, by the URL of its directory. key: PEM, sealed. Who needs it first makes it.
CREATE TABLE acme_accounts (
  directory text PRIMARY KEY,
  key bytea NOT NULL,
  created_at bigint NOT NULL
);

-- What the CA asks a host for before it believes that the host is ours (RFC 8555 8.3). Forgotten with its order.
CREATE TABLE acme_challenges (
  token text COLLATE "C" PRIMARY KEY,
  host text NOT NULL,
  answer text NOT NULL,
  expires_at bigint NOT NULL
);

-- One row a host that is to have a certificate. content: key and chain, sealed; null until the first was issued. due_at: when the next
-- order is due. failures: orders in a row that failed, and reason: why the last did. attempt: counts orders, and fences the one under
-- way: who answers for an earlier one changes nothing. leased_until: whose order is under way, on the database's clock.
CREATE TABLE host_certificates (
  host text PRIMARY KEY,
  content bytea,
  valid_from bigint,
  valid_until bigint,
  due_at bigint NOT NULL,
  failures integer NOT NULL DEFAULT 0,
  reason text,
  attempt integer NOT NULL DEFAULT 0,
  attempted_at bigint,
  leased_until timestamptz
);
CREATE INDEX host_certificates_due_at ON host_certificates (due_at);

-- A certificate that came or went is a change of its domain: processes look for it when the version of domains moves.
CREATE TRIGGER host_certificates_changed AFTER DELETE OR UPDATE OF content ON host_certificates
  FOR EACH STATEMENT EXECUTE FUNCTION domains_changed();

-- A host that nobody has proved any more keeps no certificate.
CREATE FUNCTION forget_certificate() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  DELETE FROM host_certificates c WHERE c.host = OLD.host
    AND NOT EXISTS (SELECT FROM domains d WHERE d.host = OLD.host AND d.deleted_at IS NULL AND d.state <> 'unverified');
  RETURN NULL;
END $$;
CREATE TRIGGER forget_certificate AFTER DELETE OR UPDATE OF deleted_at ON domains
  FOR EACH ROW EXECUTE FUNCTION forget_certificate();
