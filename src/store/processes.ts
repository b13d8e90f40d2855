// Gateway processes and the groups of lanes and endpoints they own. Leases run on the database's clock.
import type { Database, Session } from './database.js';

/** Lease length. A process that has not renewed for so long may be declared dead by any other. */
export const LEASE_SECONDS = 20;

/** What is owned in groups. */
export const OWNED = { lanes: 1, endpoints: 2, media: 3 } as const;

/** A kind of owned thing. */
export type OwnedKind = (typeof OWNED)[keyof typeof OWNED];

/** How many groups each kind has: a lane or endpoint belongs to group id modulo this. */
export const GROUPS = 32;

const ALIVE_LOCK = 1_346_458_181;
const FENCE_LOCK = 1_346_458_182;

/** Registers a process on its own session, whose lock says that it lives. Returns its id. */
export async function registerProcess(session: Session, roles: readonly string[]): Promise<number> {
  const [row] = await session.run<{ id: number }>(
    {
      name: '',
      text: `INSERT INTO processes (roles, lease_until, erasure)
        SELECT $1, clock_timestamp() + make_interval(secs => ${LEASE_SECONDS}), coalesce(max(id), 0) FROM erasures RETURNING id`,
    },
    [roles],
  );
  if (row === undefined) throw new Error('process was not registered');
  await holdAliveLock(session, row.id);
  return row.id;
}

/** Takes the lock that says that process `id` lives; false when another session has it. */
export async function holdAliveLock(session: Session, id: number): Promise<boolean> {
  const [row] = await session.run<{ held: boolean }>(
    { name: '', text: 'SELECT pg_try_advisory_lock($1, $2) AS held' },
    [ALIVE_LOCK, id],
  );
  return row?.held ?? false;
}

const RENEW = {
  name: 'renew_process',
  text: `UPDATE processes SET lease_until = clock_timestamp() + make_interval(secs => ${LEASE_SECONDS}) WHERE id = $1 AND alive
    RETURNING coalesce((SELECT max(id) FROM erasures), 0) AS wanted, erasure AS seen`,
};

/** Renews the lease; undefined when the process was declared dead. Else the newest erasure, when the process has yet to forget what it remembers of it, or null. */
export async function renewProcess(database: Database, id: number): Promise<number | null | undefined> {
  const [row] = await database.run<{ wanted: number; seen: number }>(RENEW, [id]);
  if (row === undefined) return undefined;
  return row.wanted > row.seen ? row.wanted : null;
}

const FORGOT = { name: 'process_forgot', text: 'UPDATE processes SET erasure = greatest(erasure, $2) WHERE id = $1' };

/** Notes that a process remembers nothing from before an erasure. */
export async function noteForgotten(database: Database, id: number, erasure: number): Promise<void> {
  await database.run(FORGOT, [id, erasure]);
}

const ALIVE = {
  name: 'alive_processes',
  text: 'SELECT id, roles, lease_until < clock_timestamp() AS "isExpired" FROM processes WHERE alive',
};

/** A process that has not been declared dead. */
export interface AliveProcess {
  id: number;
  roles: string[];
  isExpired: boolean;
}

/** All processes that are not declared dead, this one too. */
export async function listProcesses(database: Database): Promise<AliveProcess[]> {
  return database.run<AliveProcess>(ALIVE, []);
}

/** Whether nobody holds the lock of process `id`: its session is gone. Asked on our own session. */
export async function isGone(session: Session, id: number): Promise<boolean> {
  if (!(await holdAliveLock(session, id))) return false;
  await session.run({ name: '', text: 'SELECT pg_advisory_unlock($1, $2)' }, [ALIVE_LOCK, id]);
  return true;
}

/** Declares a process dead and frees what it owned. The fence makes its running writes finish first and stops all later ones. */
export async function buryProcess(database: Database, id: number): Promise<void> {
  await database.transaction(async (tx) => {
    await tx.run({ name: '', text: 'SELECT pg_advisory_xact_lock($1, $2)' }, [FENCE_LOCK, id]);
    await tx.run({ name: '', text: 'UPDATE processes SET alive = false WHERE id = $1' }, [id]);
    await tx.run({ name: '', text: 'UPDATE ownership SET owner = NULL WHERE owner = $1' }, [id]);
  });
}

/** Lowest bit first: lanes are numbered from 1, so any share of the groups in this order holds its share of few lanes too. */
const SPREAD = 'grp & 1, grp & 2, grp & 4, grp & 8, grp & 16';

/** The order in which groups are taken; the last ones are given back first. */
export function inTakingOrder(groups: Iterable<number>): number[] {
  const bits = Math.log2(GROUPS);
  const reversed = (group: number): number =>
    Number.parseInt([...group.toString(2).padStart(bits, '0')].reverse().join(''), 2);
  return [...groups].sort((a, b) => reversed(a) - reversed(b));
}

const TAKE = {
  name: 'take_groups',
  text: `UPDATE ownership o SET owner = $1 FROM (
      SELECT kind, grp FROM ownership WHERE kind = $2 AND owner IS NULL
      ORDER BY ${SPREAD} LIMIT $3 FOR UPDATE SKIP LOCKED
    ) free WHERE o.kind = free.kind AND o.grp = free.grp AND EXISTS (SELECT FROM processes WHERE id = $1 AND alive) RETURNING o.grp`,
};

/** Takes up to `limit` groups that nobody owns. */
export async function takeGroups(database: Database, id: number, kind: OwnedKind, limit: number): Promise<number[]> {
  return (await database.run<{ grp: number }>(TAKE, [id, kind, limit])).map((row) => row.grp);
}

const GIVE = {
  name: 'give_groups',
  text: 'UPDATE ownership SET owner = NULL WHERE owner = $1 AND kind = $2 AND grp = ANY ($3::smallint[])',
};

/** Gives groups back. The caller has stopped acting on them. */
export async function giveGroups(
  database: Database,
  id: number,
  kind: OwnedKind,
  groups: readonly number[],
): Promise<void> {
  await database.run(GIVE, [id, kind, groups]);
}

/** Forgets processes that have been dead for a day. */
export async function forgetProcesses(database: Database): Promise<void> {
  await database.run(
    {
      name: 'forget_processes',
      text: `DELETE FROM processes WHERE NOT alive AND lease_until < clock_timestamp() - interval '1 day'`,
    },
    [],
  );
}
