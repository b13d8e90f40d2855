// Old messages and their events, made by SQL inside the database: most in partitions of past days, a part in today's.
import pg from 'pg';
import { addDays, dayOf } from '../src/lib/day.js';
import type { Bench } from './bench.js';

/** How much there is to make. Every message has three events: sent, delivered, read. */
export interface History {
  messages: number;
  /** Of these, how many are of today. */
  today: number;
}

const DAYS = 20;
/** Yesterday's and later partitions are made by the gateway; ours end the day before. */
const LAST_DAY = -2;
const CONNECTIONS = 2;
const DAY_MS = 86_400_000;
/** A UUIDv7 for the instant `at` and the number n; the same n gives the same id. */
const ID = `(lpad(to_hex(at), 12, '0') || '7' || substr(h, 1, 3) || 'a' || substr(h, 4, 15))::uuid`;

/** Rows of one partition: numbers (from, to], spread evenly over a day that begins at `startMs`. */
interface Part {
  day: number;
  from: number;
  to: number;
  startMs: number;
  spanMs: number;
}

/**
 * Fills `messages` and `events` of a database whose lanes nobody owns (a gateway of role api alone). All of it counts as done:
 * the lanes go on behind it. About 6 minutes and 16 GB for 20 million messages.
 */
export async function makeHistory(bench: Bench, databaseUrl: string, history: History): Promise<void> {
  const startedAt = performance.now();
  const lanes = await ask<{ id: number }>(databaseUrl, 'SELECT id FROM senders ORDER BY id');
  const [account] = await ask<{ id: number }>(databaseUrl, 'SELECT min(account) AS id FROM senders');
  const source = sourceOf(
    lanes.map(({ id }) => id),
    account?.id ?? 0,
  );
  const work = partsOf(history).map((part) => [...statementsFor(part, source)]);
  await Promise.all(Array.from({ length: CONNECTIONS }, () => runAll(databaseUrl, work)));
  await ask(databaseUrl, moveLanes(Math.ceil(history.messages / lanes.length)));
  await ask(databaseUrl, 'CHECKPOINT');
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(0);
  const [size] = await ask<{ gb: string }>(
    databaseUrl,
    'SELECT round(pg_database_size(current_database()) / 1e9, 1) AS gb',
  );
  bench.say(`  ${history.messages} old messages, ${history.messages * 3} events: ${size?.gb} GB, made in ${seconds} s`);
}

function partsOf({ messages, today }: History): Part[] {
  const now = Date.now();
  const perDay = Math.ceil((messages - today) / DAYS);
  const old = Array.from({ length: DAYS }, (_, index): Part => {
    const startMs = now - (index - LAST_DAY) * DAY_MS;
    const to = Math.min(messages - today, (DAYS - index) * perDay);
    return {
      day: addDays(dayOf(now), LAST_DAY - index),
      from: (DAYS - index - 1) * perDay,
      to,
      startMs,
      spanMs: DAY_MS,
    };
  });
  return [
    ...old,
    { day: dayOf(now), from: messages - today, to: messages, startMs: now - 3_600_000, spanMs: 3_500_000 },
  ];
}

interface Source {
  messages(part: Part): string;
  events(part: Part): string;
}

function sourceOf(lanes: readonly number[], account: number): Source {
  const rows = ({ from, to, startMs, spanMs }: Part): string =>
    `SELECT n, ${Math.floor(startMs)} + (n - ${from}) * ${spanMs} / ${to - from + 1} AS at, md5(n::text) AS h
      FROM generate_series(${from + 1}::bigint, ${to}) n`;
  return {
    messages: (
      part,
    ) => `(day, lane, seq, id, account, endpoint, accepted_at, message_id, sender, recipient, type, content, envelope)
      SELECT ${part.day}, ('{${lanes.join(',')}}'::integer[])[1 + n % ${lanes.length}], 1 + n / ${lanes.length}, ${ID}, ${account}, NULL, at, NULL,
        '441134961000', '44770' || lpad((n % 5000000)::text, 7, '0'), 'TEXT',
        '{"text":"Your parcel is on its way and will be with you tomorrow between 9 and 12."}',
        '{"callbackData":"1:' || n || '","notifyUrl":"http://127.0.0.1:9/reports"}'
      FROM (${rows(part)}) r`,
    events: (part) => `(day, message, attempt, kind, status_id, error_id, at, recorded_at, wamid)
      SELECT ${part.day}, ${ID}, 1, kind, CASE WHEN kind = 5 THEN 5 END, CASE WHEN kind = 5 THEN 0 END, at, at,
        CASE WHEN kind = 2 THEN 'wamid.HBgMNDQ3NzAwMDAwMDAwFQIAERgS' || substr(h, 1, 16) END
      FROM (${rows(part)}) r, (VALUES (2::smallint), (5::smallint), (6::smallint)) k (kind)`,
  };
}

/** A past day is filled before it has indexes, which the attaching then makes; today's partition is there already. */
function* statementsFor(part: Part, source: Source): Generator<string> {
  for (const table of ['messages', 'events'] as const) {
    const name = `${table}_${part.day}`;
    const isToday = part.spanMs < DAY_MS;
    if (!isToday) {
      yield `CREATE TABLE ${name} (LIKE ${table} INCLUDING DEFAULTS INCLUDING STORAGE, CHECK (day = ${part.day}))`;
    }
    yield `INSERT INTO ${name} ${source[table](part)}`;
    if (!isToday) yield `ALTER TABLE ${table} ATTACH PARTITION ${name} FOR VALUES IN (${part.day})`;
    yield `VACUUM (ANALYZE, PARALLEL 0) ${name}`;
  }
}

/** The next sequence number of every lane is past its history, and everything up to there is done. */
function moveLanes(seq: number): string {
  const day = dayOf(Date.now());
  return `UPDATE tails SET next = ${seq + 2}, day = ${day} WHERE stream IN (SELECT id FROM senders);
    UPDATE lane_heads SET claimed = ${seq + 1}, claimed_day = ${day}, settled = ${seq + 1}, settled_day = ${day}, aged = ${seq + 1}, aged_day = ${day}`;
}

/** Takes partitions from `work` until none is left. */
async function runAll(databaseUrl: string, work: string[][]): Promise<void> {
  for (let statements = work.shift(); statements !== undefined; statements = work.shift()) {
    for (const statement of statements) await ask(databaseUrl, statement);
  }
}

async function ask<Row extends pg.QueryResultRow>(databaseUrl: string, text: string): Promise<Row[]> {
  const client = new pg.Client({
    connectionString: databaseUrl,
    options: '-c maintenance_work_mem=256MB -c lock_timeout=60s',
  });
  await client.connect();
  try {
    return (await client.query<Row>(text)).rows;
  } finally {
    await client.end();
  }
}
