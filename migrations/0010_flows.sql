-- Flows: what each account knows of those of its WABAs.

-- status: Meta's; status_at: Meta's time, epoch ms, of the newest webhook that was applied, 0 for none. initial_screens: JSON, null until
-- the account uploaded JSON. alerts: JSON, Meta's newest alert by its event. seen_at: when Meta last had it.
CREATE TABLE flows (
  account integer NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
  waba_id text NOT NULL,
  flow_id text NOT NULL,
  name text NOT NULL,
  categories text NOT NULL,
  status text NOT NULL,
  status_at bigint NOT NULL DEFAULT 0,
  initial_screens text,
  alerts jsonb NOT NULL DEFAULT '{}',
  seen_at bigint NOT NULL,
  PRIMARY KEY (account, waba_id, flow_id)
);
CREATE INDEX flows_waba ON flows (waba_id, flow_id);
