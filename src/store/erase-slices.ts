// Erasing from tables that hold no stream and may have any number of rows: looked through by key, some thousands of rows a statement, so
// that none runs into its time limit however much there is.
import type { Database } from './database.js';
import type { Person } from './persons.js';

/** A table that is looked through. In its texts $1 is the account, $2 the person's ids, $3 the pattern. */
interface Sliced {
  table: string;
  /** What orders it, unique (of a day, where there are days), with types and a value before all others. */
  keys: readonly (readonly [column: string, type: string, least: string])[];
  /** What an index finds beside the keys; the rest is looked at row by row. `$4` is the day. */
  within: string;
  hit: string;
  /** What becomes of `hits`: the last parts of a WITH, of which `done` returns a row for each. */
  erase: string;
}

const NO_UUID = '00000000-0000-0000-0000-000000000000';
const AT_ENDPOINTS = 'endpoint IN (SELECT id FROM endpoints WHERE account = $1)';

const SLICED = {
  scheduled: {
    table: 'scheduled',
    keys: [['id', 'uuid', NO_UUID]],
    within: 'true',
    hit: `account = $1 AND (recipient = ANY ($2::text[]) OR content ~ $3 OR coalesce(envelope, '') ~ $3 OR coalesce(message_id, '') ~ $3)`,
    erase: 'done AS (DELETE FROM scheduled t USING hits h WHERE t.id = h.id RETURNING 1)',
  },
  sms: {
    table: 'sms',
    keys: [['message', 'uuid', NO_UUID]],
    within: 'true',
    hit: 'account = $1 AND (recipient = ANY ($2::text[]) OR text ~ $3)',
    erase: 'done AS (DELETE FROM sms t USING hits h WHERE t.message = h.message RETURNING 1)',
  },
  idempotency: {
    table: 'idempotency_keys',
    keys: [['key', 'text', '']],
    within: 'account = $1',
    hit: 'recipient = ANY ($2::text[]) OR key ~ $3 OR message_id ~ $3',
    erase: 'done AS (DELETE FROM idempotency_keys t USING hits h WHERE t.account = $1 AND t.key = h.key RETURNING 1)',
  },
  keys: {
    table: 'message_keys',
    keys: [['message_id', 'text', '']],
    within: 'account = $1',
    hit: 'cardinality($2::text[]) > 0 AND message_id ~ $3',
    erase:
      'done AS (DELETE FROM message_keys t USING hits h WHERE t.account = $1 AND t.message_id = h.message_id RETURNING 1)',
  },
  links: {
    table: 'links',
    keys: [
      ['created_at', 'bigint', '-1'],
      ['id', 'text', ''],
    ],
    within: 'account = $1',
    hit: `recipient = ANY ($2::text[]) OR target ~ $3 OR coalesce(envelope, '') ~ $3 OR coalesce(tracking_url, '') ~ $3
      OR coalesce(message_id, '') ~ $3`,
    erase: `clicked AS (DELETE FROM clicks c USING hits h WHERE c.link = h.id RETURNING c.id),
      uncounted AS (DELETE FROM link_clicks k USING hits h WHERE k.link = h.id),
      nowhere AS (UPDATE reports r SET url = '' FROM clicked c WHERE r.ref = c.id),
      done AS (DELETE FROM links t USING hits h WHERE t.id = h.id RETURNING 1)`,
  },
  deadLetters: {
    table: 'dead_letters',
    keys: [
      ['endpoint', 'integer', '-1'],
      ['seq', 'bigint', '-1'],
    ],
    within: 'true',
    hit: `${AT_ENDPOINTS} AND cardinality($2::text[]) > 0 AND reason ~ $3`,
    erase: `done AS (UPDATE dead_letters t SET reason = 'erased' FROM hits h WHERE t.endpoint = h.endpoint AND t.seq = h.seq RETURNING 1)`,
  },
  attempts: {
    table: 'attempts',
    keys: [
      ['batch', 'uuid', NO_UUID],
      ['attempt', 'smallint', '-1'],
    ],
    within: 'day = $4',
    hit: `${AT_ENDPOINTS} AND cardinality($2::text[]) > 0 AND (coalesce(answer, '') ~ $3 OR coalesce(error, '') ~ $3)`,
    erase: `done AS (UPDATE attempts t SET answer = NULL, error = CASE WHEN t.error ~ $3 THEN 'erased' ELSE t.error END
      FROM hits h WHERE t.day = $4 AND t.batch = h.batch AND t.attempt = h.attempt RETURNING 1)`,
  },
  notices: {
    table: 'notices',
    keys: [['id', 'uuid', NO_UUID]],
    within: 'day = $4',
    hit: 'account = $1 AND cardinality($2::text[]) > 0 AND body ~ $3',
    erase: `nowhere AS (UPDATE reports r SET url = '' FROM hits h WHERE r.ref = h.id),
      done AS (DELETE FROM notices t USING hits h WHERE t.day = $4 AND t.id = h.id RETURNING 1)`,
  },
  meta_changes: {
    table: 'meta_changes',
    keys: [['hash', 'bytea', '']],
    within: 'day = $4',
    hit: 'waba_id IN (SELECT waba_id FROM senders WHERE account = $1) AND cardinality($2::text[]) > 0 AND value ~ $3',
    erase: `done AS (UPDATE meta_changes t SET value = '{}' FROM hits h WHERE t.day = $4 AND t.hash = h.hash RETURNING 1)`,
  },
} as const satisfies Record<string, Sliced>;

/** Tables that are looked through in slices; attempts, notices and meta_changes a day at a time. */
export type SlicedTable = keyof typeof SLICED;

/** Rows of one statement: the longest texts of as many are searched in well under a second. */
const SLICE_ROWS = 5_000;

/** Removes the person from one table, or from one day of it; returns of how many rows. */
export async function eraseSliced(database: Database, person: Person, name: SlicedTable, day = 0): Promise<number> {
  const sliced: Sliced = SLICED[name];
  const statement = { name: `erase_${name.toLowerCase()}`, text: textOf(sliced) };
  let after = sliced.keys.map(([, , least]) => least);
  for (let erased = 0; ; ) {
    const { account, ids, pattern } = person;
    const values = [account, ids, pattern, day, ...after];
    const [row] = await database.run<{ seen: number; erased: number; last: string[] | null }>(statement, values);
    erased += row?.erased ?? 0;
    if (row === undefined || row.last === null || row.seen < SLICE_ROWS) return erased;
    after = row.last;
  }
}

function textOf({ table, keys, within, hit, erase }: Sliced): string {
  const columns = keys.map(([column]) => column);
  const after = keys.map(([, type], i) => `$${i + 5}::${type}`);
  return `WITH slice AS MATERIALIZED (
      SELECT * FROM ${table} WHERE ${within} AND $4::integer >= 0 AND (${columns}) > (${after}) ORDER BY ${columns} LIMIT ${SLICE_ROWS}
    ), hits AS MATERIALIZED (
      SELECT ${columns} FROM slice WHERE ${hit}
    ), ${erase}
    SELECT (SELECT count(*) FROM slice) AS seen, (SELECT count(*) FROM done) AS erased,
      (SELECT ARRAY[${columns.map((column) => `${column}::text`)}] FROM slice ORDER BY ${columns.map((column) => `${column} DESC`)} LIMIT 1) AS last`;
}
