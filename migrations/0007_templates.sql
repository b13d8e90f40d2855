-- Templates: what each account knows of those of its WABAs, names that are locked, and when Meta was last asked.

-- One row per account, for a WABA may have senders of several, each of which is told only what its own token may read.
-- components: Meta's, as last read or sent. approved: those in force while messages can be made of them, null when none can.
-- extras: JSON of what Meta does not keep. edits: when it was edited, epoch ms, of the last 30 days.
-- status_at, category_at, quality_at: Meta's time of the newest webhook about it. changed_at: when one was last applied; seen_at: when Meta
-- last had the template. A deleted one stays DELETED, so that what Meta tells of it later is no news.
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
  status_at bigint NOT NULL DEFAULT 0,
  category_at bigint NOT NULL DEFAULT 0,
  quality_at bigint NOT NULL DEFAULT 0,
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

-- When Meta is asked next for all templates of a WABA with a token of the account. synced_at null: it never answered. wanted_at: when somebody
-- last had a reason to ask, so that a pass that began before is followed by another.
CREATE TABLE template_syncs (
  account integer NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
  waba_id text NOT NULL,
  due_at bigint NOT NULL,
  synced_at bigint,
  wanted_at bigint NOT NULL DEFAULT 0,
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

-- What became of templates, for those who are told of it. kind: 1 status, 2 category, 3 quality. at: Meta's time, or that of the pass that
-- found it out.
CREATE TABLE template_events (
  day integer NOT NULL,
  id uuid NOT NULL,
  account integer NOT NULL,
  waba_id text NOT NULL,
  template_id text NOT NULL,
  name text NOT NULL,
  language text NOT NULL,
  kind smallint NOT NULL,
  at bigint NOT NULL,
  recorded_at bigint NOT NULL,
  previous text NOT NULL,
  current text NOT NULL,
  reason text,
  application_id text,
  entity_id text,
  PRIMARY KEY (id, day)
) PARTITION BY LIST (day);

-- Who is told of a template: for each sender of the account that can send it the subscription that matches best, else where it forwards to.
CREATE FUNCTION template_targets(p_account integer, p_waba_id text, p_application text, p_entity text) RETURNS TABLE (endpoint integer, url text) LANGUAGE sql STABLE AS $$
  SELECT DISTINCT coalesce((s.target).endpoint, s.forward_endpoint),
    CASE WHEN (s.target).endpoint IS NULL THEN s.forward_url ELSE (s.target).url END
  FROM (
    SELECT s.forward_endpoint, s.forward_url, route_of(s.account, 5, s.sender, coalesce(p_application, s.application_id),
      CASE WHEN p_application IS NULL THEN coalesce(p_entity, s.entity_id) ELSE p_entity END, NULL) AS target
    FROM senders s WHERE s.account = p_account AND s.waba_id = p_waba_id AND s.deleted_at IS NULL OFFSET 0
  ) s
  WHERE s.forward_endpoint IS NOT NULL OR (s.target).endpoint IS NOT NULL ORDER BY 1, 2
$$;

-- Appends one event of a template and the reports of it (kind 5), and returns those. The caller has locked the template's row.
CREATE FUNCTION tell_template(
  p_now bigint, p_today integer, t templates, p_kind smallint, p_at bigint, p_previous text, p_current text, p_reason text
) RETURNS TABLE (
  id uuid, endpoint integer, seq bigint, report_day integer, url text, template_id text, name text, language text, kind smallint, at bigint,
  previous text, current text, reason text, application_id text, entity_id text
) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  v_id uuid := gen_random_uuid();
  v_target record;
  v_seq bigint;
  v_day integer;
BEGIN
  INSERT INTO template_events (day, id, account, waba_id, template_id, name, language, kind, at, recorded_at, previous, current, reason,
    application_id, entity_id)
  VALUES (p_today, v_id, t.account, t.waba_id, t.template_id, t.name, t.language, p_kind, p_at, p_now, p_previous, p_current, p_reason,
    t.application_id, t.entity_id);
  FOR v_target IN SELECT * FROM template_targets(t.account, t.waba_id, t.application_id, t.entity_id) LOOP
    UPDATE tails s SET next = s.next + 1, day = greatest(s.day, p_today) WHERE s.stream = endpoint_stream(v_target.endpoint)
    RETURNING s.next - 1, s.day INTO v_seq, v_day;
    INSERT INTO reports (day, endpoint, seq, ref, ref_day, kind, at, url)
    VALUES (v_day, v_target.endpoint, v_seq, v_id, p_today, 5, p_now, v_target.url);
    RETURN QUERY SELECT v_id, v_target.endpoint, v_seq, v_day, v_target.url, t.template_id, t.name, t.language, p_kind, p_at,
      p_previous, p_current, p_reason, t.application_id, t.entity_id;
  END LOOP;
END $$;

-- Tells of all that is another in p_new than in p_old. Nobody is told of the first sight of a template.
CREATE FUNCTION tell_template_changes(p_now bigint, p_today integer, p_old templates, p_new templates, p_at bigint, p_reason text) RETURNS TABLE (
  id uuid, endpoint integer, seq bigint, report_day integer, url text, template_id text, name text, language text, kind smallint, at bigint,
  previous text, current text, reason text, application_id text, entity_id text
) LANGUAGE plpgsql AS $$
BEGIN
  IF p_old.status <> p_new.status THEN
    RETURN QUERY SELECT * FROM tell_template(p_now, p_today, p_new, 1::smallint, p_at, p_old.status, p_new.status, p_reason);
  END IF;
  IF p_old.category <> p_new.category THEN
    RETURN QUERY SELECT * FROM tell_template(p_now, p_today, p_new, 2::smallint, p_at, p_old.category, p_new.category, p_reason);
  END IF;
  IF p_old.quality <> p_new.quality THEN
    RETURN QUERY SELECT * FROM tell_template(p_now, p_today, p_new, 3::smallint, p_at, p_old.quality, p_new.quality, p_reason);
  END IF;
END $$;

-- Stores templates as Meta has them. State that was told here since p_since is newer than what Meta was asked for, and stays.
-- p_tells: whether known ones whose state is another now are told of; the reports of that are returned.
CREATE FUNCTION put_templates(
  p_now bigint, p_today integer, p_since bigint, p_account integer, p_waba_id text, p_tells boolean,
  p_name text[], p_language text[], p_id text[], p_status text[], p_category text[], p_quality text[], p_components text[],
  p_sub_category text[], p_validity_seconds integer[], p_library_name text[], p_rejected_reason text[]
) RETURNS TABLE (
  id uuid, endpoint integer, seq bigint, report_day integer, url text, template_id text, name text, language text, kind smallint, at bigint,
  previous text, current text, reason text, application_id text, entity_id text
) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  v_in record;
  v_old templates%ROWTYPE;
  v_new templates%ROWTYPE;
BEGIN
  FOR v_in IN
    SELECT * FROM unnest(p_name, p_language, p_id, p_status, p_category, p_quality, p_components, p_sub_category, p_validity_seconds,
      p_library_name, p_rejected_reason)
      AS i (name, language, id, status, category, quality, components, sub_category, validity_seconds, library_name, rejected_reason)
    ORDER BY i.name, i.language
  LOOP
    INSERT INTO templates AS t (account, waba_id, name, language, template_id, status, category, quality, components, approved, sub_category,
      validity_seconds, library_name, rejected_reason, changed_at, seen_at, created_at, updated_at)
    VALUES (p_account, p_waba_id, v_in.name, v_in.language, v_in.id, v_in.status, v_in.category, v_in.quality, v_in.components,
      template_in_force(v_in.status, v_in.components, NULL), v_in.sub_category, v_in.validity_seconds, v_in.library_name,
      v_in.rejected_reason, 0, p_now, p_now, p_now)
    ON CONFLICT DO NOTHING;
    CONTINUE WHEN FOUND;
    SELECT * INTO v_old FROM templates t
    WHERE t.account = p_account AND t.waba_id = p_waba_id AND t.name = v_in.name AND t.language = v_in.language FOR UPDATE;
    CONTINUE WHEN NOT FOUND;
    v_new := v_old;
    v_new.seen_at := p_now;
    v_new.template_id := v_in.id;
    v_new.components := v_in.components;
    v_new.sub_category := v_in.sub_category;
    v_new.validity_seconds := v_in.validity_seconds;
    v_new.library_name := v_in.library_name;
    v_new.rejected_reason := v_in.rejected_reason;
    IF v_old.template_id <> v_in.id OR (v_old.changed_at < p_since AND v_old.status <> 'DELETED') THEN
      v_new.status := v_in.status;
      v_new.category := v_in.category;
      v_new.quality := v_in.quality;
    END IF;
    v_new.approved := template_in_force(v_new.status, v_new.components, v_old.approved);
    IF v_old.template_id <> v_in.id THEN
      -- Registered anew under a name that was deleted.
      v_new.created_at := p_now;
      v_new.edits := '{}';
      v_new.application_id := NULL;
      v_new.entity_id := NULL;
      v_new.extras := NULL;
    END IF;
    IF (v_old.template_id, v_old.status, v_old.category, v_old.quality, v_old.components, v_old.approved, v_old.sub_category,
        v_old.validity_seconds, v_old.library_name, v_old.rejected_reason)
      IS NOT DISTINCT FROM (v_new.template_id, v_new.status, v_new.category, v_new.quality, v_new.components, v_new.approved,
        v_new.sub_category, v_new.validity_seconds, v_new.library_name, v_new.rejected_reason)
    THEN
      UPDATE templates t SET seen_at = p_now
      WHERE t.account = p_account AND t.waba_id = p_waba_id AND t.name = v_in.name AND t.language = v_in.language;
      CONTINUE;
    END IF;
    v_new.updated_at := p_now;
    UPDATE templates t SET (template_id, status, category, quality, components, approved, sub_category, validity_seconds, library_name,
        rejected_reason, seen_at, created_at, updated_at, edits, application_id, entity_id, extras)
      = (v_new.template_id, v_new.status, v_new.category, v_new.quality, v_new.components, v_new.approved, v_new.sub_category,
        v_new.validity_seconds, v_new.library_name, v_new.rejected_reason, v_new.seen_at, v_new.created_at, v_new.updated_at, v_new.edits,
        v_new.application_id, v_new.entity_id, v_new.extras)
    WHERE t.account = p_account AND t.waba_id = p_waba_id AND t.name = v_in.name AND t.language = v_in.language;
    -- One that a webhook named first has no content yet: this is the first sight of it.
    IF p_tells AND v_old.template_id = v_new.template_id AND v_old.components <> '[]' THEN
      RETURN QUERY SELECT * FROM tell_template_changes(p_now, p_today, v_old, v_new, p_now, coalesce(v_in.rejected_reason, 'NONE'));
    END IF;
  END LOOP;
END $$;

-- Applies what a webhook of Meta's said of one template to the account's row of it; null: it said nothing of that. What is older than what
-- was applied before is no news. A template not known so far is added without components. Returns the reports.
CREATE FUNCTION change_template(
  p_now bigint, p_today integer, p_account integer, p_waba_id text, p_id text, p_name text, p_language text, p_at bigint,
  p_status text, p_category text, p_quality text, p_reason text
) RETURNS TABLE (
  id uuid, endpoint integer, seq bigint, report_day integer, url text, template_id text, name text, language text, kind smallint, at bigint,
  previous text, current text, reason text, application_id text, entity_id text
) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  v_old templates%ROWTYPE;
  v_new templates%ROWTYPE;
BEGIN
  IF p_status IS NOT NULL AND p_status NOT IN ('DELETED', 'PENDING_DELETION') THEN
    INSERT INTO templates AS t (account, waba_id, name, language, template_id, status, category, quality, components, changed_at, seen_at,
      created_at, updated_at)
    VALUES (p_account, p_waba_id, p_name, p_language, p_id, '', coalesce(p_category, 'MARKETING'), 'UNKNOWN', '[]', p_now, p_now, p_now, p_now)
    ON CONFLICT DO NOTHING;
  END IF;
  SELECT * INTO v_old FROM templates t WHERE t.account = p_account AND t.template_id = p_id AND t.waba_id = p_waba_id FOR UPDATE;
  IF NOT FOUND OR v_old.status = 'DELETED' THEN RETURN; END IF;
  v_new := v_old;
  IF p_status IS NOT NULL AND p_at >= v_old.status_at THEN
    v_new.status := p_status;
    v_new.status_at := p_at;
    v_new.rejected_reason := CASE WHEN p_status = 'REJECTED' THEN p_reason END;
  END IF;
  IF p_category IS NOT NULL AND p_at >= v_old.category_at THEN
    v_new.category := p_category;
    v_new.category_at := p_at;
  END IF;
  IF p_quality IS NOT NULL AND p_at >= v_old.quality_at THEN
    v_new.quality := p_quality;
    v_new.quality_at := p_at;
  END IF;
  v_new.approved := CASE WHEN v_new.components <> '[]' THEN template_in_force(v_new.status, v_new.components, v_old.approved) END;
  UPDATE templates t SET (status, category, quality, status_at, category_at, quality_at, rejected_reason, approved, changed_at, updated_at)
    = (v_new.status, v_new.category, v_new.quality, v_new.status_at, v_new.category_at, v_new.quality_at, v_new.rejected_reason,
      v_new.approved, p_now, p_now)
  WHERE t.account = p_account AND t.waba_id = p_waba_id AND t.name = v_old.name AND t.language = v_old.language;
  RETURN QUERY SELECT * FROM tell_template_changes(p_now, p_today, v_old, v_new, p_at, p_reason);
END $$;

-- Marks templates as deleted and tells of it: those of a name, or (p_name null) those that Meta did not have since p_seen_before.
CREATE FUNCTION delete_templates(p_now bigint, p_today integer, p_account integer, p_waba_id text, p_name text, p_seen_before bigint)
RETURNS TABLE (
  id uuid, endpoint integer, seq bigint, report_day integer, url text, template_id text, name text, language text, kind smallint, at bigint,
  previous text, current text, reason text, application_id text, entity_id text
) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  v_old templates%ROWTYPE;
  v_new templates%ROWTYPE;
BEGIN
  FOR v_old IN
    SELECT * FROM templates t WHERE t.account = p_account AND t.waba_id = p_waba_id
      AND CASE WHEN p_name IS NULL THEN t.seen_at < p_seen_before ELSE t.name = p_name END
    ORDER BY t.name, t.language FOR UPDATE
  LOOP
    IF v_old.status = 'DELETED' THEN
      -- Meta has forgotten it too.
      DELETE FROM templates t WHERE p_name IS NULL AND t.account = p_account AND t.waba_id = p_waba_id AND t.name = v_old.name AND t.language = v_old.language;
      CONTINUE;
    END IF;
    v_new := v_old;
    v_new.status := 'DELETED';
    UPDATE templates t SET status = 'DELETED', approved = NULL, changed_at = p_now, updated_at = p_now
    WHERE t.account = p_account AND t.waba_id = p_waba_id AND t.name = v_old.name AND t.language = v_old.language;
    RETURN QUERY SELECT * FROM tell_template_changes(p_now, p_today, v_old, v_new, p_now, 'NONE');
  END LOOP;
END $$;
