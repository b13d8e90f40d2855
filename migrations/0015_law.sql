-- What the law asks for: that somebody is erased everywhere, and a record of who changed what that nobody can change.

-- Each erasure of somebody, without saying whom. Its id counts: processes forget what they remember when there is a newer one.
CREATE TABLE erasures (
  id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  account integer NOT NULL,
  at bigint NOT NULL
);

-- Who changed what. account: whose; null for what belongs to none. actor: the key's id, `user:` and a name, or `operator`.
-- target: the path without what could name a person. fields: names of what was given, never values.
CREATE TABLE audit (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  at bigint NOT NULL,
  account integer,
  actor text NOT NULL,
  address text,
  action text NOT NULL,
  target text NOT NULL,
  fields text[] NOT NULL DEFAULT '{}'
);
CREATE INDEX audit_account ON audit (account, id);

-- Also for the owner of the table, who cannot be refused by rights.
CREATE FUNCTION audit_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'the audit log is only ever appended to' USING ERRCODE = 'PA002';
END $$;
CREATE TRIGGER audit_kept BEFORE UPDATE OR DELETE OR TRUNCATE ON audit FOR EACH STATEMENT EXECUTE FUNCTION audit_is_append_only();
