// deliveries, deliveries-batched, deliveries-1000-endpoints: how fast reports that wait reach receivers that only say 200, each endpoint at an
// origin of its own, each request on disk before it is made and each attempt after it. Measured from the commit of the reports to the last attempt on disk.
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import type { InboundEvent } from '../../src/contract/events/envelope.js';
import { dayOf } from '../../src/lib/day.js';
import { type Bench, type Case, compare, type Round, type Row } from '../bench.js';
import { type Program, startProgram } from '../child.js';
import { type BenchGateway, makePlace, startGateway } from '../gateway.js';
import { readyForProfile, writeProfile } from '../profile.js';
import type { SinkAnswer, SinkJob } from '../programs/sink.js';

/** What a case delivers. */
interface Load {
  endpoints: number;
  /** Reports of each endpoint, by round: short rounds, long ones. */
  reports: { quick: number; full: number };
  /** Each report has a URL of its own, so that it is a request of its own. */
  isAlone: boolean;
  unit: string;
}

const POLL_MS = 25;
const TIMEOUT_MS = 120_000;
const WARM_PART = 0.2;

const MAKE = `WITH facts AS (
    INSERT INTO inbound (day, lane, wamid, id, sent_at, recorded_at, raw)
    SELECT $1, $2, 'wamid.' || gen_random_uuid(), gen_random_uuid(), $3, $3, $4 FROM generate_series(1, $5::integer * cardinality($6::integer[]))
    RETURNING id
  ), numbered AS (
    SELECT id, row_number() OVER () - 1 AS n FROM facts
  ), moved AS (
    UPDATE tails SET next = next + $5, day = $1 WHERE stream IN (SELECT endpoint_stream(e) FROM unnest($6) e) RETURNING stream, next - $5 AS first
  )
  INSERT INTO reports (day, endpoint, seq, ref, ref_day, kind, at, url)
  SELECT $1, e, m.first + n / cardinality($6), f.id, $1, 3, $3, origin || '/hook' || CASE WHEN $7 THEN '?n=' || n ELSE '' END
  FROM numbered f, LATERAL (SELECT id AS e, origin FROM endpoints WHERE id = $6[1 + n % cardinality($6)]) x, LATERAL (SELECT first FROM moved WHERE stream = endpoint_stream(e)) m`;
const DONE =
  'SELECT coalesce(sum(results), 0)::integer AS results, count(*)::integer AS requests FROM attempts WHERE endpoint = ANY ($1)';

function newCase(name: string, load: Load): Case {
  return {
    name,
    async run(bench: Bench): Promise<Row[]> {
      const sink = await startProgram<SinkJob, SinkAnswer>(bench, 'sink');
      const place = await makePlace(bench);
      await readyForProfile(bench, place);
      const gateway = await startGateway(bench, place, {});
      const database = new pg.Client({ connectionString: gateway.databaseUrl });
      await database.connect();
      bench.parts.add('sql', () => database.end());
      const { origins } = await sink.ask({ origins: load.endpoints });
      const endpoints = await makeEndpoints(database, origins);
      const deliver = (count: number): Promise<Round> => measure({ database, sink, gateway, load, endpoints }, count);
      const count = bench.quick ? load.reports.quick : load.reports.full;
      await deliver(Math.max(1, Math.round(count * WARM_PART)));
      const side = { name: 'gateway', measure: () => deliver(count) };
      const row = await compare(bench, { case: name, unit: load.unit }, side);
      // The profile is written when the gateway stops, and its database with it.
      await database.end();
      await writeProfile(bench, gateway);
      return [row];
    },
  };
}

/** Endpoints of one account. */
async function makeEndpoints(database: pg.Client, origins: string[]): Promise<number[]> {
  const { rows } = await database.query<{ id: number }>(
    `SELECT ensure_endpoint((SELECT max(id) FROM accounts), o.origin, '', $2) AS id FROM unnest($1::text[]) AS o (origin)`,
    [origins, Date.now()],
  );
  return rows.map(({ id }) => id);
}

interface Measuring {
  database: pg.Client;
  sink: Program<SinkJob, SinkAnswer>;
  gateway: BenchGateway;
  load: Load;
  endpoints: number[];
}

async function measure({ database, sink, gateway, load, endpoints }: Measuring, count: number): Promise<Round> {
  const before = await done(database, endpoints);
  const came = await sink.ask({});
  const now = Date.now();
  const { rows } = await database.query<{ id: number }>('SELECT min(id) AS id FROM senders');
  const raw = rawText(now);
  await database.query(MAKE, [dayOf(now), rows[0]?.id, now, raw, count, endpoints, load.isAlone]);
  // Making them is not what is measured.
  const cpu = gateway.cpu();
  const startedAt = performance.now();
  const results = count * endpoints.length;
  const isLate = (): boolean => performance.now() - startedAt > TIMEOUT_MS;
  // The receiver is asked first: counting attempts costs the database more than delivering them.
  for (let arrived = 0; arrived < results; arrived = (await sink.ask({})).results - came.results) {
    if (isLate()) throw new Error(`${arrived} of ${results} came`);
    await delay(POLL_MS);
  }
  let after = await done(database, endpoints);
  while (after.results - before.results < results) {
    if (isLate()) throw new Error(`${after.results - before.results} of ${results} are on disk`);
    await delay(POLL_MS);
    after = await done(database, endpoints);
  }
  const seconds = (performance.now() - startedAt) / 1000;
  const used = gateway.cpu();
  const requests = after.requests - before.requests;
  if (load.isAlone && requests !== results) throw new Error(`${requests} requests for ${results} reports`);
  return {
    value: results / seconds,
    p99Ms: null,
    cpuMsGateway: (used.gatewayMs - cpu.gatewayMs) / results,
    cpuMsPostgres:
      used.postgresMs === null || cpu.postgresMs === null ? null : (used.postgresMs - cpu.postgresMs) / results,
  };
}

async function done(database: pg.Client, endpoints: number[]): Promise<{ results: number; requests: number }> {
  const { rows } = await database.query<{ results: number; requests: number }>(DONE, [endpoints]);
  return rows[0] ?? { results: 0, requests: 0 };
}

/** An inbound text as receive stores it. */
function rawText(at: number): string {
  const event: InboundEvent = {
    wamid: 'wamid.HBgMNDQ3NzAwMDAwMDAwFQIAERgSN',
    phoneNumberId: '1060000001',
    from: '441134960001',
    at,
    type: 'TEXT',
    content: { text: 'Hello, is my order on its way? I have been waiting since Tuesday.' },
    contact: { name: 'Lea', phoneNumber: '441134960001' },
  };
  return JSON.stringify(event);
}

/** One endpoint, each report a request of its own. */
export const deliveries = newCase('deliveries', {
  endpoints: 1,
  reports: { quick: 4_000, full: 20_000 },
  isAlone: true,
  unit: 'POST/s',
});

/** One endpoint, up to 100 reports a request. */
export const deliveriesBatched = newCase('deliveries-batched', {
  endpoints: 1,
  reports: { quick: 20_000, full: 100_000 },
  isAlone: false,
  unit: 'events/s',
});

/** A thousand endpoints, each report a request of its own. */
export const deliveries1000Endpoints = newCase('deliveries-1000-endpoints', {
  endpoints: 1_000,
  reports: { quick: 5, full: 20 },
  isAlone: true,
  unit: 'POST/s',
});
