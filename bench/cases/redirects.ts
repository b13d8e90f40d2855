// redirects: tracked redirects a second over a table of a million links, each click on disk before its answer; beside it bare node:http that
// answers 302 and keeps nothing.
import pg from 'pg';
import { dayOf } from '../../src/lib/day.js';
import { type Bench, type Case, compare, type Row } from '../bench.js';
import { startProgram } from '../child.js';
import { makePlace, startGateway } from '../gateway.js';
import { cpuOfProgram } from '../machine.js';
import type { LoadJob, LoadResult } from '../programs/load.js';
import { LINK_FACTOR, LINK_IDS, linkIdAt } from '../programs/requests.js';
import { measureRequests, REQUEST_ROUNDS } from '../rig.js';

const LINKS = 1_000_000;
const LIFE_MS = 90 * 86_400_000;
/** For one connection that writes a quarter of a gigabyte and sorts it. */
const SESSION_SETTINGS = '-c synchronous_commit=off -c maintenance_work_mem=256MB';
/** `linkIdAt` in SQL. */
const LINK_ID_SQL = `lpad(to_hex(n::bigint * ${LINK_FACTOR} % ${LINK_IDS}), 12, '0')`;

/** The case. */
export const redirects: Case = {
  name: 'redirects',
  async run(bench: Bench): Promise<Row[]> {
    const load = await startProgram<LoadJob, LoadResult>(bench, 'load');
    const bare = await startProgram<object, null>(bench, 'bare-redirect');
    const gateway = await startGateway(bench, await makePlace(bench), { roles: 'api,links' });
    await makeLinks(bench, gateway.databaseUrl);
    const row = await compare(
      bench,
      { case: 'redirects', unit: 'redirects/s', rounds: REQUEST_ROUNDS },
      {
        name: 'gateway',
        measure: () => measureRequests(bench, load, { kind: 'link', url: gateway.url, links: LINKS }, gateway.cpu),
      },
      {
        name: 'bare node:http 302',
        measure: () =>
          measureRequests(bench, load, { kind: 'link', url: bare.url, links: LINKS }, cpuOfProgram(bare.pid)),
      },
    );
    return [row];
  },
};

/** Names and definitions of what makes writing a table slow. */
const INDEXES = `SELECT c.relname AS name, pg_get_indexdef(i.indexrelid) AS definition, k.conname AS "constraint"
  FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid LEFT JOIN pg_constraint k ON k.conindid = i.indexrelid AND k.conrelid = i.indrelid
  WHERE i.indrelid = 'links'::regclass`;

interface Index {
  name: string;
  definition: string;
  /** The primary key's; null: a plain index. */
  constraint: string | null;
}

/**
 * Links of messages that there are none of, as a table looks whose rows were read and vacuumed before. Indexes are made once the rows are
 * there: row by row a million takes minutes.
 */
async function makeLinks(bench: Bench, databaseUrl: string): Promise<void> {
  const startedAt = performance.now();
  const client = new pg.Client({ connectionString: databaseUrl, options: SESSION_SETTINGS });
  await client.connect();
  try {
    const { rows: indexes } = await client.query<Index>(INDEXES);
    for (const { name, constraint } of indexes)
      await client.query(
        constraint === null ? `DROP INDEX ${name}` : `ALTER TABLE links DROP CONSTRAINT ${constraint}`,
      );
    const now = Date.now();
    await client.query(
      `INSERT INTO links (id, account, target, is_tracked, day, message, place, sender, recipient, created_at, expires_at)
       SELECT ${LINK_ID_SQL}, (SELECT min(id) FROM accounts), 'https://shop.example/t/' || n, true, $1,
         ('01900000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, 0, '441134960000', '44770' || lpad((n % 50000)::text, 7, '0'), $2, $3
       FROM generate_series(0, $4::integer - 1) n`,
      [dayOf(now), now, now + LIFE_MS, LINKS],
    );
    for (const { name, definition, constraint } of indexes) {
      await client.query(definition);
      if (constraint !== null)
        await client.query(`ALTER TABLE links ADD CONSTRAINT ${constraint} PRIMARY KEY USING INDEX ${name}`);
    }
    const { rows } = await client.query('SELECT 1 FROM links WHERE id = $1', [linkIdAt(LINKS - 1)]);
    if (rows.length !== 1) throw new Error('the links are not those that are asked for');
    await client.query('VACUUM (ANALYZE) links');
    await client.query('CHECKPOINT');
  } finally {
    await client.end();
  }
  bench.say(`  ${LINKS} links, made in ${((performance.now() - startedAt) / 1000).toFixed(0)} s`);
}
