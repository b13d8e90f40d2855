// Accepting messages in groups: one autocommitted call takes the sequence numbers and writes the rows.
import type { Database } from './database.js';
import { type AppendedEvent, type AppendedRow, fromAppendedRow } from './events.js';

/** A message as it is accepted. `lane` 0 and `refusal` set: refused at once. `envelope`: JSON of what is not content, or null. */
export interface NewMessage {
  id: string;
  account: number;
  lane: number;
  endpoint: number | null;
  /** The caller's own id; null when the id itself is the messageId. */
  messageId: string | null;
  sender: string;
  recipient: string;
  type: string;
  content: string;
  envelope: string | null;
  idempotency?: { key: string; bodyHash: Buffer };
  refusal?: { statusId: number; errorId: number };
}

/** What became of one message of a group: its place, or which key of its own was used before. */
export type Accepted =
  | { outcome: 'accepted'; seq: number; day: number }
  | { outcome: 'duplicate-message-id' }
  | { outcome: 'duplicate-idempotency-key' };

// Groups of one process mostly want the same tails. On connections of their own the second waited for the first's locks and then
// looked at its rows again: a fifth of PostgreSQL's time.
const ACCEPT = {
  name: 'accept_messages',
  isPipelined: true,
  text: 'SELECT lane, first, day FROM accept_messages($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,$15)',
};
const ACCEPT_KEYED = {
  name: 'accept_keyed_messages',
  isPipelined: true,
  text: 'SELECT ord, outcome, seq, day FROM accept_keyed_messages($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,$15)',
};
const REJECT = {
  name: 'reject_messages',
  text: 'SELECT * FROM reject_messages($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,$15,$16)',
};
const FIND = { name: 'find_accepted', text: 'SELECT id FROM messages WHERE day >= $1 AND id = ANY ($2::uuid[])' };
const FIND_KEY = {
  name: 'find_idempotency_key',
  text: `SELECT body_hash AS "bodyHash", message_id AS "messageId", recipient, status_id AS "statusId", created_at AS "createdAt"
    FROM idempotency_keys WHERE account = $1 AND key = $2`,
};

/**
 * Accepts `messages` (none refused), in order. 10,400 rows/s with 64 clients was measured for one such statement a tick;
 * a statement a message reached a tenth of it. `duplicateStatusId` is what an Idempotency-Key remembers for a used messageId.
 */
export async function acceptMessages(
  database: Database,
  now: number,
  today: number,
  messages: readonly NewMessage[],
  duplicateStatusId: number,
): Promise<Accepted[]> {
  const columns = messageColumns(messages);
  const lanes = messages.map((m) => m.lane);
  if (messages.some((m) => m.messageId !== null || m.idempotency !== undefined)) {
    const values = [now, today, lanes, ...columns, ...keyColumns(messages), duplicateStatusId];
    return inOrder(messages.length, await database.run<AcceptedRow>(ACCEPT_KEYED, values));
  }
  const counts = new Map<number, number>();
  const offsets = lanes.map((lane) => {
    const offset = counts.get(lane) ?? 0;
    counts.set(lane, offset + 1);
    return offset;
  });
  const sorted = [...counts].sort(([a], [b]) => a - b);
  const rows = await database.run<LaneRow>(ACCEPT, [
    now,
    today,
    sorted.map(([lane]) => lane),
    sorted.map(([, count]) => count),
    lanes,
    offsets,
    ...columns,
  ]);
  const places = new Map(rows.map((row) => [row.lane, row]));
  return lanes.map((lane, i) => {
    const place = places.get(lane);
    if (place === undefined) throw new Error(`lane ${lane} has no tail`);
    return { outcome: 'accepted', seq: place.first + (offsets[i] ?? 0), day: place.day };
  });
}

/** Stores messages that are refused at once with their failed event and report. The second list are the reports made. */
export async function rejectMessages(
  database: Database,
  now: number,
  today: number,
  messages: readonly NewMessage[],
  duplicateStatusId: number,
): Promise<{ accepted: Accepted[]; events: AppendedEvent[] }> {
  const rows = await database.run<AcceptedRow & AppendedRow>(REJECT, [
    now,
    today,
    ...messageColumns(messages),
    messages.map((m) => m.refusal?.statusId ?? null),
    messages.map((m) => m.refusal?.errorId ?? null),
    ...keyColumns(messages),
    duplicateStatusId,
  ]);
  const refused = new Map(rows.filter((row) => row.outcome !== 0).map((row) => [row.ord, row]));
  const accepted = messages.map((_, i): Accepted => {
    const row = refused.get(i + 1);
    return row === undefined ? { outcome: 'accepted', seq: 0, day: today } : fromAcceptedRow(row);
  });
  const events = rows.filter((row) => row.outcome === 0).map((row) => fromAppendedRow(row, today, now));
  return { accepted, events };
}

/** Which of `ids` are stored on `day` or later: what a connection lost during COMMIT leaves to be asked. */
export async function findAccepted(database: Database, day: number, ids: readonly string[]): Promise<Set<string>> {
  const rows = await database.run<{ id: string }>(FIND, [day, ids]);
  return new Set(rows.map((row) => row.id));
}

/** What an Idempotency-Key remembers. */
export interface RememberedAnswer {
  bodyHash: Buffer;
  messageId: string;
  recipient: string;
  statusId: number;
  createdAt: number;
}

/** The answer given earlier under `key` of `account`, if any is remembered. */
export async function findIdempotencyKey(
  database: Database,
  account: number,
  key: string,
): Promise<RememberedAnswer | undefined> {
  const [row] = await database.run<RememberedAnswer>(FIND_KEY, [account, key]);
  return row;
}

const FIND_KEYS = {
  name: 'find_idempotency_keys',
  text: `WITH old AS (DELETE FROM idempotency_keys WHERE account = $1 AND key = ANY ($2::text[]) AND created_at < $3)
    SELECT key, body_hash AS "bodyHash", message_id AS "messageId", recipient, status_id AS "statusId", created_at AS "createdAt"
    FROM idempotency_keys WHERE account = $1 AND key = ANY ($2::text[]) AND created_at >= $3`,
};

/** The answers given earlier under `keys` of `account`, by key. What was remembered before `since` is forgotten. */
export async function findIdempotencyKeys(
  database: Database,
  account: number,
  keys: readonly string[],
  since: number,
): Promise<Map<string, RememberedAnswer>> {
  const rows = await database.run<RememberedAnswer & { key: string }>(FIND_KEYS, [account, keys, since]);
  return new Map(rows.map(({ key, ...answer }) => [key, answer]));
}

const FORGET_KEY = {
  name: 'forget_idempotency_key',
  text: 'DELETE FROM idempotency_keys WHERE account = $1 AND key = $2 AND created_at = $3',
};

/** Forgets a key that was remembered since `createdAt`. */
export async function forgetIdempotencyKey(
  database: Database,
  account: number,
  key: string,
  createdAt: number,
): Promise<void> {
  await database.run(FORGET_KEY, [account, key, createdAt]);
}

interface LaneRow {
  lane: number;
  first: number;
  day: number;
}

interface AcceptedRow {
  ord: number;
  outcome?: number;
  seq: number | null;
  day: number | null;
}

function fromAcceptedRow(row: AcceptedRow): Accepted {
  if (row.outcome === 2) return { outcome: 'duplicate-idempotency-key' };
  if (row.outcome === 1 || row.seq === null || row.day === null) return { outcome: 'duplicate-message-id' };
  return { outcome: 'accepted', seq: row.seq, day: row.day };
}

/** What messages are made of, a list for each column from `id` to `envelope`. */
export function messageColumns(messages: readonly NewMessage[]): ((string | null)[] | (number | null)[])[] {
  return [
    messages.map((m) => m.id),
    messages.map((m) => m.account),
    messages.map((m) => m.endpoint),
    messages.map((m) => m.messageId),
    messages.map((m) => m.sender),
    messages.map((m) => m.recipient),
    messages.map((m) => m.type),
    messages.map((m) => m.content),
    messages.map((m) => m.envelope),
  ];
}

/** The keys that callers gave, and the hashes of their requests. */
export function keyColumns(messages: readonly NewMessage[]): [(string | null)[], (Buffer | null)[]] {
  return [messages.map((m) => m.idempotency?.key ?? null), messages.map((m) => m.idempotency?.bodyHash ?? null)];
}

function inOrder(length: number, rows: readonly AcceptedRow[]): Accepted[] {
  const byOrd = new Map(rows.map((row) => [row.ord, row]));
  return Array.from({ length }, (_, i) => {
    const row = byOrd.get(i + 1);
    if (row === undefined) throw new Error('a message was neither accepted nor refused: its lane has no tail');
    return fromAcceptedRow(row);
  });
}
