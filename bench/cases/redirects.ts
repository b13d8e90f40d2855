// redirects: tracked redirects a second over a table of a million links, each click on disk before its answer; beside it bare node:http that
// answers 302 and keeps nothing.
import pg from 'pg';
import { dayOf } from '../../src/lib/day.js';
import { type Bench, type Case, compare, type Row } from '../bench.js';
import { startProgram } from '../child.js';
import { makePlace, startGateway } from '../gateway.js';
import { cpuOfProgram } from '../machine.js';
import type { LoadJob, LoadResult } from '../programs/load.js';
import { linkIdAt } from '../programs/requests.js';
import { measureRequests } from '../rig.js';

const LINKS = 1_000_000;
const LIFE_MS = 90 * 86_400_000;

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
      { case: 'redirects', unit: 'redirects/s' },
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

/** Links of messages that there are none of, made by SQL: ids are hexadecimal digits, which links may have too. */
async function makeLinks(bench: Bench, databaseUrl: string): Promise<void> {
  const startedAt = performance.now();
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    const now = Date.now();
    await client.query(
      `INSERT INTO links (id, account, target, is_tracked, day, message, place, sender, recipient, created_at, expires_at)
       SELECT substr(md5(n::text), 1, 12), (SELECT min(id) FROM accounts), 'https://shop.example/t/' || n, true, $1, md5(n::text)::uuid, 0,
         '441134960000', '44770' || lpad((n % 50000)::text, 7, '0'), $2, $3
       FROM generate_series(0, $4::integer - 1) n ON CONFLICT DO NOTHING`,
      [dayOf(now), now, now + LIFE_MS, LINKS],
    );
    const { rows } = await client.query('SELECT 1 FROM links WHERE id = $1', [linkIdAt(LINKS - 1)]);
    if (rows.length !== 1) throw new Error('the links are not those that are asked for');
    await client.query('ANALYZE links');
    await client.query('CHECKPOINT');
  } finally {
    await client.end();
  }
  bench.say(`  ${LINKS} links, made in ${((performance.now() - startedAt) / 1000).toFixed(0)} s`);
}
