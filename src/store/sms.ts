// Short messages that go out where WhatsApp failed, and how each account sends them. The functions are in the migration of these tables.
import type { Runner } from './accounts.js';
import type { Database } from './database.js';
import { type AppendedEvent, type AppendedRow, fromAppendedRow } from './events.js';

/** What a provider is called. */
export type SmsProviderName = 'smpp' | 'infobip';

/** How an account sends short messages. `settings` is sealed JSON. */
export interface SmsRouteRow {
  account: number;
  provider: SmsProviderName;
  settings: Buffer;
  smsUnknown: 'fail' | 'resend';
  afterSeconds: number | null;
  /** Since when `afterSeconds` is given, epoch ms. */
  watchedSince: number | null;
  changedAt: number;
}

/** A short message that was claimed. */
export interface ClaimedSms {
  message: string;
  day: number;
  account: number;
  recipient: string;
  sender: string;
  text: string;
  attempt: number;
  createdAt: number;
}

/** What happened to a short message. */
export interface SmsEvent {
  message: string;
  kind: number;
  statusId: number | null;
  errorId: number | null;
  detail: string | null;
}

const ROUTE_COLUMNS = `account, provider, settings, sms_unknown AS "smsUnknown", after_seconds AS "afterSeconds", watched_since AS "watchedSince",
  changed_at AS "changedAt"`;
const ROUTES = { name: 'sms_routes', text: `SELECT ${ROUTE_COLUMNS} FROM sms_routes` };
const ROUTE = { name: 'sms_route', text: `SELECT ${ROUTE_COLUMNS} FROM sms_routes WHERE account = $1` };
const PUT_ROUTE = {
  name: 'sms_route_put',
  text: `INSERT INTO sms_routes (account, provider, settings, sms_unknown, after_seconds, watched_since, changed_at)
    VALUES ($1,$2,$3,$4,$5, CASE WHEN $5::integer IS NULL THEN NULL ELSE $6::bigint END, $6)
    ON CONFLICT (account) DO UPDATE SET provider = excluded.provider, settings = excluded.settings, sms_unknown = excluded.sms_unknown,
      after_seconds = excluded.after_seconds,
      watched_since = CASE WHEN sms_routes.after_seconds IS NULL OR excluded.after_seconds IS NULL THEN excluded.watched_since ELSE sms_routes.watched_since END,
      changed_at = greatest(sms_routes.changed_at + 1, excluded.changed_at)
    RETURNING ${ROUTE_COLUMNS}`,
};
const DELETE_ROUTE = { name: 'sms_route_delete', text: 'DELETE FROM sms_routes WHERE account = $1 RETURNING 1' };

/** How all accounts send them. */
export function listSmsRoutes(db: Runner): Promise<SmsRouteRow[]> {
  return db.run<SmsRouteRow>(ROUTES, []);
}

/** How one does. */
export async function findSmsRoute(db: Runner, account: number): Promise<SmsRouteRow | undefined> {
  const [row] = await db.run<SmsRouteRow>(ROUTE, [account]);
  return row;
}

/** Says how an account sends them, instead of what was said before. */
export async function putSmsRoute(db: Runner, route: Omit<SmsRouteRow, 'watchedSince'>): Promise<SmsRouteRow> {
  const { account, provider, settings, smsUnknown, afterSeconds, changedAt } = route;
  const [row] = await db.run<SmsRouteRow>(PUT_ROUTE, [
    account,
    provider,
    settings,
    smsUnknown,
    afterSeconds,
    changedAt,
  ]);
  if (row === undefined) throw new Error('a route was not stored');
  return row;
}

/** Whether there was one. */
export async function deleteSmsRoute(db: Runner, account: number): Promise<boolean> {
  return (await db.run(DELETE_ROUTE, [account])).length > 0;
}

const CLAIM = {
  name: 'claim_sms',
  text: `SELECT message, day, account, recipient, sender, text, attempt, created_at AS "createdAt" FROM claim_sms($1,$2,$3,$4)`,
};
const UNROUTED = {
  name: 'unrouted_sms',
  text: `SELECT message FROM sms s WHERE state = 0 AND due_at <= $1 AND NOT EXISTS (SELECT FROM sms_routes r WHERE r.account = s.account)
    ORDER BY due_at LIMIT $2`,
};
const RELEASE = { name: 'release_sms', text: 'UPDATE sms SET state = 0, owner = NULL WHERE state = 1 AND owner = $1' };
const TAKEN = {
  name: 'taken_sms_pieces',
  text: 'SELECT message, piece FROM sms_pieces WHERE message = ANY ($1::uuid[])',
};
const SETTLE = { name: 'settle_sms', text: 'SELECT settle_sms($1,$2,$3,$4,$5,$6,$7) AS is_mine' };
const RECEIPT = { name: 'receive_sms_receipt', text: 'SELECT message, outcome FROM receive_sms_receipt($1,$2,$3,$4)' };
const LOST = { name: 'find_lost_sms', text: 'SELECT find_lost_sms($1) AS message' };
const OVERDUE = {
  name: 'overdue_sms',
  text: 'SELECT message, state FROM sms WHERE state = 2 AND due_at <= $1 OR state = 0 AND due_at <= $1 AND created_at <= $2 ORDER BY due_at LIMIT $3',
};
const APPEND = {
  name: 'append_sms_events',
  text: `SELECT message, 0 AS attempt, kind, $1::bigint AS at, status_id, error_id, NULL::integer AS meta_code, account, lane, lane_seq,
      accepted_at, message_id, sender, recipient, envelope, endpoint, seq, report_day, false AS was_unknown, false AS is_foreign, day
    FROM append_sms_events($1,$2,$3,$4,$5,$6,$7)`,
};

/** Takes at most `limit` that are due, of these accounts. Throws DatabaseError, of kind lease when the process is no longer alive. */
export async function claimSms(
  database: Database,
  process: number,
  now: number,
  accounts: readonly number[],
  limit: number,
): Promise<(ClaimedSms & { taken: Set<number> })[]> {
  const rows = await database.run<ClaimedSms>(CLAIM, [process, now, accounts, limit]);
  if (rows.length === 0) return [];
  const taken = await database.run<{ message: string; piece: number }>(TAKEN, [rows.map((row) => row.message)]);
  return rows.map((row) => ({
    ...row,
    taken: new Set(taken.filter(({ message }) => message === row.message).map(({ piece }) => piece)),
  }));
}

/** Gives back all that a process has claimed. */
export async function releaseSms(database: Database, process: number): Promise<void> {
  await database.run(RELEASE, [process]);
}

/** Those that are due and that nobody can send. */
export async function findUnroutedSms(database: Database, now: number, limit: number): Promise<string[]> {
  return (await database.run<{ message: string }>(UNROUTED, [now, limit])).map(({ message }) => message);
}

/** How a claim ends: all is with the provider, the rest is sent later, or its end is appended next. */
export const SmsState = { waiting: 0, ending: 1, submitted: 2 } as const;

/** Notes the pieces that the provider has, and what comes next. False when the claim was lost. Throws DatabaseError. */
export async function settleSms(
  database: Database,
  { process, now }: { process: number; now: number },
  message: string,
  pieces: readonly { piece: number; id: string }[],
  next: { state: number; dueAt: number },
): Promise<boolean> {
  const [row] = await database.run<{ is_mine: boolean }>(SETTLE, [
    process,
    now,
    message,
    pieces.map(({ piece }) => piece),
    pieces.map(({ id }) => id),
    next.state,
    next.dueAt,
  ]);
  return row?.is_mine === true;
}

/** Notes a receipt: undefined when nobody knows the id; `outcome` null while pieces are open. */
export async function receiveSmsReceipt(
  database: Database,
  account: number,
  { ids, recipient, outcome }: { ids: readonly string[]; recipient: string | null; outcome: number },
): Promise<{ message: string; outcome: number | null } | undefined> {
  const values = [account, ids, recipient, outcome];
  const [row] = await database.run<{ message: string; outcome: number | null }>(RECEIPT, values);
  return row;
}

/** Those of processes that are gone and that are not sent again. */
export async function findLostSms(database: Database, now: number): Promise<string[]> {
  return (await database.run<{ message: string }>(LOST, [now])).map(({ message }) => message);
}

/** Those whose receipt never came, and those made before `createdBefore` that were never sent. */
export function findOverdueSms(
  database: Database,
  now: number,
  createdBefore: number,
  limit: number,
): Promise<{ message: string; state: number }[]> {
  return database.run(OVERDUE, [now, createdBefore, limit]);
}

/** Appends events of short messages, all or none; returns those that made a report. */
export async function appendSmsEvents(
  database: Database,
  now: number,
  today: number,
  events: readonly SmsEvent[],
): Promise<AppendedEvent[]> {
  const rows = await database.run<AppendedRow & { day: number }>(APPEND, [
    now,
    today,
    events.map((event) => event.message),
    events.map((event) => event.kind),
    events.map((event) => event.statusId),
    events.map((event) => event.errorId),
    events.map((event) => event.detail),
  ]);
  return rows.map((row) => fromAppendedRow(row, row.day, now));
}

const POSITIONS = {
  name: 'sms_positions',
  text: `SELECT s.id AS lane, s.account, p.seq, p.day, t.next - 1 AS last FROM senders s JOIN tails t ON t.stream = s.id
    LEFT JOIN sms_positions p ON p.lane = s.id WHERE s.account = ANY ($1::integer[])`,
};
// Messages are accepted in their order, so what comes after one that is not due is not looked at.
const SCAN = {
  name: 'sms_scan',
  text: `SELECT seq, day, id, "hasSms" FROM (
      SELECT n.*, bool_and(n.accepted_at <= $4) OVER (ORDER BY n.seq) AS is_due FROM (
        SELECT seq, day, id, accepted_at, accepted_at >= $5 AND coalesce(envelope LIKE '%"smsFailover":{%', false) AS "hasSms" FROM messages
        WHERE lane = $1 AND seq > $2 AND day >= $3 ORDER BY seq LIMIT $6
      ) n
    ) d WHERE is_due ORDER BY seq`,
};
const MOVE = {
  name: 'sms_position_move',
  text: `INSERT INTO sms_positions (lane, seq, day) VALUES ($1,$2,$3)
    ON CONFLICT (lane) DO UPDATE SET seq = excluded.seq, day = excluded.day WHERE sms_positions.seq < excluded.seq`,
};
const START_LATE = { name: 'start_late_sms', text: 'SELECT start_late_sms($1,$2,$3)' };

/** A lane and how far it was looked at; null: not yet. `last` is its newest message. */
export interface SmsPosition {
  lane: number;
  account: number;
  seq: number | null;
  day: number | null;
  last: number;
}

/** The lanes of accounts. */
export function readSmsPositions(database: Database, accounts: readonly number[]): Promise<SmsPosition[]> {
  return database.run<SmsPosition>(POSITIONS, [accounts]);
}

/** Messages of a lane after `seq` that were accepted by `to`, in their order; those before `from` count as without a short message. */
export function scanForSms(
  database: Database,
  { lane, seq, day }: { lane: number; seq: number; day: number },
  { from, to }: { from: number; to: number },
  limit: number,
): Promise<{ seq: number; day: number; id: string; hasSms: boolean }[]> {
  return database.run(SCAN, [lane, seq, day, to, from, limit]);
}

/** Moves a lane's position on, never back. */
export async function moveSmsPosition(database: Database, lane: number, seq: number, day: number): Promise<void> {
  await database.run(MOVE, [lane, seq, day]);
}

/** Makes the short messages of messages of one day that have one and were not delivered. */
export async function startLateSms(
  database: Database,
  now: number,
  day: number,
  messages: readonly string[],
): Promise<void> {
  await database.run(START_LATE, [now, day, messages]);
}
