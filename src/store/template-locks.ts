// Names of templates that may not be given again yet.
import type { Runner } from './accounts.js';
import type { Shelf } from './templates.js';

const LOCK = {
  name: 'template_lock',
  text: `INSERT INTO template_locks AS l (account, waba_id, name, until) VALUES ($1, $2, $3, $4)
    ON CONFLICT (account, waba_id, name) DO UPDATE SET until = greatest(l.until, excluded.until)`,
};
const LOCKED = {
  name: 'template_locked',
  text: 'SELECT until FROM template_locks WHERE account = $1 AND waba_id = $2 AND name = $3 AND until > $4',
};
const UNLOCK_OLD = { name: 'template_unlock_old', text: 'DELETE FROM template_locks WHERE until <= $1' };

/** Keeps a name from being given again before `until`. */
export async function lockName(db: Runner, { account, wabaId }: Shelf, name: string, until: number): Promise<void> {
  await db.run(LOCK, [account, wabaId, name, until]);
}

/** Until when a name is locked; undefined: it is free. Locks that ended are forgotten. */
export async function lockedUntil(db: Runner, shelf: Shelf, name: string, now: number): Promise<number | undefined> {
  await db.run(UNLOCK_OLD, [now]);
  const [row] = await db.run<{ until: number }>(LOCKED, [shelf.account, shelf.wabaId, name, now]);
  return row?.until;
}
