// When Meta is asked for all templates of a WABA: one row for each account that has a sender there.
import type { Runner } from './accounts.js';
import type { Shelf } from './templates.js';

const ADD = {
  name: 'template_sync_add',
  text: `INSERT INTO template_syncs (account, waba_id, due_at)
    SELECT DISTINCT account, waba_id, $1::bigint FROM senders WHERE deleted_at IS NULL ON CONFLICT DO NOTHING`,
};
const HASTEN = {
  name: 'template_sync_hasten',
  text: 'UPDATE template_syncs SET due_at = $1 WHERE due_at > $1 AND synced_at < $2',
};
const CLAIM = {
  name: 'template_sync_claim',
  text: `UPDATE template_syncs t SET due_at = $2
    FROM (SELECT account, waba_id FROM template_syncs WHERE due_at <= $1 ORDER BY due_at LIMIT $3 FOR UPDATE SKIP LOCKED) d
    WHERE t.account = d.account AND t.waba_id = d.waba_id RETURNING t.account, t.waba_id AS "wabaId"`,
};
const SETTLE = {
  name: 'template_sync_settle',
  text: `UPDATE template_syncs SET due_at = CASE WHEN wanted_at >= $6 THEN least($3, $6) ELSE $3 END, synced_at = coalesce($4, synced_at), error = $5
    WHERE account = $1 AND waba_id = $2`,
};
const IS_SYNCED = {
  name: 'template_sync_done',
  text: 'SELECT 1 AS done FROM template_syncs WHERE account = $1 AND waba_id = $2 AND synced_at IS NOT NULL',
};
const READERS = {
  name: 'template_sync_readers',
  text: 'SELECT account FROM template_syncs WHERE waba_id = $1 AND synced_at IS NOT NULL ORDER BY account',
};
const BEGIN = {
  name: 'template_sync_begin',
  text: 'INSERT INTO template_syncs (account, waba_id, due_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING',
};
const STRANGERS = {
  name: 'template_sync_strangers',
  text: 'UPDATE template_syncs SET wanted_at = $2 WHERE waba_id = $1 AND synced_at IS NULL',
};
const WANT = {
  name: 'template_sync_want',
  text: 'UPDATE template_syncs SET due_at = least(due_at, $3), wanted_at = $3 WHERE account = $1 AND waba_id = $2',
};

/** Adds what is missing, due at `now`. */
export async function addTemplateSyncs(db: Runner, now: number): Promise<void> {
  await db.run(ADD, [now]);
}

/** Makes due at `now` what was last synchronised before `before`. */
export async function hastenTemplateSyncs(db: Runner, now: number, before: number): Promise<void> {
  await db.run(HASTEN, [now, before]);
}

/** Makes one due. */
export async function wantTemplateSync(db: Runner, { account, wabaId }: Shelf, now: number): Promise<void> {
  await db.run(WANT, [account, wabaId, now]);
}

/** Takes at most `limit` that are due; nobody else gets them before `until`. */
export function claimTemplateSyncs(db: Runner, now: number, until: number, limit: number): Promise<Shelf[]> {
  return db.run<Shelf>(CLAIM, [now, until, limit]);
}

/** Notes how a pass went that began at `since`, and when it is due again: at once if it was wanted meanwhile. `syncedAt` null keeps when it last went well. */
export async function settleTemplateSync(
  db: Runner,
  { account, wabaId }: Shelf,
  { dueAt, syncedAt, error, since }: { dueAt: number; syncedAt: number | null; error: string | null; since: number },
): Promise<void> {
  await db.run(SETTLE, [account, wabaId, dueAt, syncedAt, error, since]);
}

/** Whether Meta has ever shown the account the templates of the WABA. */
export async function isTemplateSynced(db: Runner, { account, wabaId }: Shelf): Promise<boolean> {
  return (await db.run(IS_SYNCED, [account, wabaId])).length > 0;
}

/** The accounts whose token may read the templates of a WABA: only they are told of them. */
export async function readersOfWaba(db: Runner, wabaId: string): Promise<number[]> {
  return (await db.run<{ account: number }>(READERS, [wabaId])).map(({ account }) => account);
}

/** Makes the row of a pass that begins now, unless it is there; nobody else takes it before `until`. */
export async function beginTemplateSync(db: Runner, { account, wabaId }: Shelf, until: number): Promise<void> {
  await db.run(BEGIN, [account, wabaId, until]);
}

/** Something happened to templates of a WABA that some accounts have not read yet: a first pass under way may have come before it. */
export async function wantFirstSyncs(db: Runner, wabaId: string, now: number): Promise<void> {
  await db.run(STRANGERS, [wabaId, now]);
}
