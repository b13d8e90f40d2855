-- Templates: what each account knows of those of its WABAs, names that are locked, and when Meta was last asked.

-- One row per account, for a WABA may have senders of several, each of which is told only what its own token may read.
-- components: Meta's, as last read or sent. approved: those in force while messages can be made of them, null when none can.
-- extras: JSON of what Meta does not keep. edits: when it was edited, epoch ms, of the last 30 days.
-- meta_at: Meta's time of the newest webhook that was applied. changed_at: when state was last told here; seen_at: when Meta last had it.
CREATE TABLE templates (
  account integer NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
  waba_id text NOT NULL,
  name text NOT NULL,
  language text NOT NULL,
  template_id text NOT NULL,
  status text NOT NULL,
  category text NOT NULL,
  quality text NOT NULL,
  components text NOT NULL,
  approved text,
  sub_category text,
  validity_seconds integer,
  library_name text,
  rejected_reason text,
  application_id text,
  entity_id text,
  extras text,
  edits bigint[] NOT NULL DEFAULT '{}',
  meta_at bigint NOT NULL DEFAULT 0,
  changed_at bigint NOT NULL,
  seen_at bigint NOT NULL,
  created_at bigint NOT NULL,
  updated_at bigint NOT NULL,
  PRIMARY KEY (account, waba_id, name, language)
);
CREATE UNIQUE INDEX templates_id ON templates (account, template_id);

-- The name of a deleted template that was approved cannot be given again for a while.
CREATE TABLE template_locks (
  account integer NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
  waba_id text NOT NULL,
  name text NOT NULL,
  until bigint NOT NULL,
  PRIMARY KEY (account, waba_id, name)
);

-- When Meta is asked next for all templates of a WABA with a token of the account. synced_at null: it never answered.
CREATE TABLE template_syncs (
  account integer NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
  waba_id text NOT NULL,
  due_at bigint NOT NULL,
  synced_at bigint,
  error text,
  PRIMARY KEY (account, waba_id)
);
CREATE INDEX template_syncs_due ON template_syncs (due_at);

-- Counts every change of templates, so that processes can tell when what they remember of them is old.
CREATE TABLE template_version (one boolean PRIMARY KEY DEFAULT true CHECK (one), version bigint NOT NULL);
INSERT INTO template_version VALUES (true, 1);
CREATE FUNCTION template_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE template_version SET version = version + 1;
  RETURN NULL;
END $$;
CREATE TRIGGER templates_changed AFTER INSERT OR DELETE OR UPDATE OF template_id, status, category, components, approved ON templates
  FOR EACH STATEMENT EXECUTE FUNCTION template_changed();

-- What messages can be made of when a template in `p_status` has these components and had those in force: an edit under review leaves
-- the approved ones in force.
CREATE FUNCTION template_in_force(p_status text, p_components text, p_before text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE WHEN p_status IN ('APPROVED', 'FLAGGED', 'REINSTATED') THEN p_components
    WHEN p_status IN ('PENDING', 'IN_APPEAL') THEN p_before END
$$;

-- Stores templates as Meta has them. State that was told here since p_since is newer than what Meta was asked for, and stays.
-- Returns those that were known and whose state is another now, with what it was.
CREATE FUNCTION put_templates(
  p_now bigint, p_since bigint, p_account integer, p_waba_id text,
  p_name text[], p_language text[], p_id text[], p_status text[], p_category text[], p_quality text[], p_components text[],
  p_sub_category text[], p_validity_seconds integer[], p_library_name text[], p_rejected_reason text[]
) RETURNS TABLE (name text, language text, old_status text, old_category text, old_quality text) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  v_new record;
  v_old templates%ROWTYPE;
BEGIN
  FOR v_new IN
    SELECT * FROM unnest(p_name, p_language, p_id, p_status, p_category, p_quality, p_components, p_sub_category, p_validity_seconds,
      p_library_name, p_rejected_reason)
      AS i (name, language, id, status, category, quality, components, sub_category, validity_seconds, library_name, rejected_reason)
    ORDER BY i.name, i.language
  LOOP
    INSERT INTO templates AS t (account, waba_id, name, language, template_id, status, category, quality, components, approved, sub_category,
      validity_seconds, library_name, rejected_reason, changed_at, seen_at, created_at, updated_at)
    VALUES (p_account, p_waba_id, v_new.name, v_new.language, v_new.id, v_new.status, v_new.category, v_new.quality, v_new.components,
      template_in_force(v_new.status, v_new.components, NULL), v_new.sub_category, v_new.validity_seconds, v_new.library_name,
      v_new.rejected_reason, 0, p_now, p_now, p_now)
    ON CONFLICT (account, waba_id, name, language) DO NOTHING;
    CONTINUE WHEN FOUND;
    SELECT * INTO v_old FROM templates t
    WHERE t.account = p_account AND t.waba_id = p_waba_id AND t.name = v_new.name AND t.language = v_new.language FOR UPDATE;
    CONTINUE WHEN NOT FOUND;
    IF v_old.changed_at >= p_since THEN
      v_new.status := v_old.status;
      v_new.category := v_old.category;
      v_new.quality := v_old.quality;
    END IF;
    IF (v_old.template_id, v_old.status, v_old.category, v_old.quality, v_old.components, v_old.sub_category, v_old.validity_seconds,
        v_old.library_name, v_old.rejected_reason)
      IS NOT DISTINCT FROM (v_new.id, v_new.status, v_new.category, v_new.quality, v_new.components, v_new.sub_category,
        v_new.validity_seconds, v_new.library_name, v_new.rejected_reason)
    THEN
      UPDATE templates t SET seen_at = p_now
      WHERE t.account = p_account AND t.waba_id = p_waba_id AND t.name = v_new.name AND t.language = v_new.language;
      CONTINUE;
    END IF;
    UPDATE templates t SET template_id = v_new.id, status = v_new.status, category = v_new.category, quality = v_new.quality,
      components = v_new.components, approved = template_in_force(v_new.status, v_new.components, v_old.approved),
      sub_category = v_new.sub_category, validity_seconds = v_new.validity_seconds, library_name = v_new.library_name,
      rejected_reason = v_new.rejected_reason, seen_at = p_now, updated_at = p_now
    WHERE t.account = p_account AND t.waba_id = p_waba_id AND t.name = v_new.name AND t.language = v_new.language;
    IF (v_old.status, v_old.category, v_old.quality) IS DISTINCT FROM (v_new.status, v_new.category, v_new.quality) THEN
      name := v_new.name;
      language := v_new.language;
      old_status := v_old.status;
      old_category := v_old.category;
      old_quality := v_old.quality;
      RETURN NEXT;
    END IF;
  END LOOP;
END $$;
