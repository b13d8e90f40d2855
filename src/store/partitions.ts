// Daily partitions: made ahead by CREATE TABLE LIKE and ATTACH, so that they never queue behind a backup's open snapshot.
import { addDays } from '../lib/day.js';
import type { Database } from './database.js';

/** The tables that have one partition a day. */
const PARTITIONED = [
  'messages',
  'events',
  'inbound',
  'meta_changes',
  'reports',
  'attempts',
  'template_events',
  'notices',
  'clicks',
] as const;

/** A partitioned table. */
export type Partitioned = (typeof PARTITIONED)[number];

/** Where inbound messages and changes with a far-off timestamp live. */
export const FAR_OFF_DAY = 19_700_101;

const DAYS_AHEAD = 7;
const PARTITION_LOCK = 1_346_458_183;

/** The partition of `table` for `day`. */
export interface Partition {
  table: Partitioned;
  day: number;
}

/** Makes what is missing for yesterday up to seven days after `today`, and the far-off day. Safe to call from many processes at once. */
export async function ensurePartitions(database: Database, today: number): Promise<void> {
  const days = [FAR_OFF_DAY, ...Array.from({ length: DAYS_AHEAD + 2 }, (_, i) => addDays(today, i - 1))];
  const existing = new Set((await listPartitions(database)).map(nameOf));
  const missing = PARTITIONED.flatMap((table) => days.map((day) => ({ table, day }))).filter(
    (partition) => isWanted(partition) && !existing.has(nameOf(partition)),
  );
  if (missing.length === 0) return;
  await database.transaction(async (tx) => {
    await tx.run({ name: '', text: 'SELECT pg_advisory_xact_lock($1)' }, [PARTITION_LOCK]);
    for (const partition of missing) {
      const name = nameOf(partition);
      const [found] = await tx.run({ name: '', text: 'SELECT 1 FROM pg_class WHERE oid = to_regclass($1)' }, [name]);
      if (found !== undefined) continue;
      await tx.run({ name: '', text: `CREATE TABLE ${name} (LIKE ${partition.table} INCLUDING ALL)` }, []);
      await tx.run(
        { name: '', text: `ALTER TABLE ${partition.table} ATTACH PARTITION ${name} FOR VALUES IN (${partition.day})` },
        [],
      );
    }
  });
}

/** All attached partitions, oldest first. */
export async function listPartitions(database: Database): Promise<Partition[]> {
  const rows = await database.run<{ parent: string; name: string }>(
    {
      name: 'list_partitions',
      text: `SELECT p.relname AS parent, c.relname AS name FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
        JOIN pg_class p ON p.oid = i.inhparent WHERE p.relkind = 'p' AND c.relkind = 'r' ORDER BY c.relname`,
    },
    [],
  );
  return rows.flatMap(({ parent, name }) => {
    const table = PARTITIONED.find((known) => known === parent);
    const day = Number(name.slice(name.lastIndexOf('_') + 1));
    return table === undefined || !Number.isInteger(day) ? [] : [{ table, day }];
  });
}

/** The SQL name of a partition. */
export function nameOf({ table, day }: Partition): string {
  return `${table}_${day}`;
}

/** Only what comes from Meta with its own time needs the far-off day. */
function isWanted({ table, day }: Partition): boolean {
  return day !== FAR_OFF_DAY || table === 'inbound' || table === 'meta_changes';
}
