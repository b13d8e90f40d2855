// Reports and the batches that carry them: reading streams of endpoints, and the one statement a tick that records delivery.
import { EVENT_KINDS } from '../contract/routes.js';
import type { Database, Value } from './database.js';

/** Kinds of report. A test report says nothing but that it is one. */
export const ReportKind = {
  delivery: EVENT_KINDS.DELIVERY,
  seen: EVENT_KINDS.SEEN,
  inbound: EVENT_KINDS.INBOUND_MESSAGE,
  click: EVENT_KINDS.CLICK,
  template: EVENT_KINDS.TEMPLATE_UPDATE,
  accountRegistration: EVENT_KINDS.ACCOUNT_REGISTRATION,
  payment: EVENT_KINDS.PAYMENT_STATUS,
  identityChange: EVENT_KINDS.IDENTITY_CHANGE,
  marketingSubscription: EVENT_KINDS.MARKETING_SUBSCRIPTION_UPDATE,
  accountUpdate: EVENT_KINDS.ACCOUNT_UPDATE_NOTIFICATION,
  billing: EVENT_KINDS.BILLING,
  businessAppContacts: EVENT_KINDS.BUSINESS_APP_CONTACT_SYNC,
  businessAppEcho: EVENT_KINDS.BUSINESS_APP_MESSAGE_ECHO,
  businessAppHistory: EVENT_KINDS.BUSINESS_APP_MESSAGE_HISTORY,
  endpointDisabled: EVENT_KINDS.ENDPOINT_DISABLED,
  test: 30,
} as const;
/** Their names for people. */
export const REPORT_KIND_NAMES: ReadonlyMap<number, string> = new Map(
  Object.entries(ReportKind).map(([name, kind]) => [kind, name]),
);

/** Whether reports of this kind are a body by themselves, one in each POST; the others share a list. */
export function isSingle(kind: number): boolean {
  return kind > ReportKind.inbound && kind < ReportKind.test;
}

/** A report as it stands in its stream. `url` null: the message's own notifyUrl. `at`: when it was appended. */
export interface ReportRow {
  endpoint: number;
  seq: number;
  day: number;
  kind: number;
  ref: string;
  refDay: number;
  attempt: number;
  eventKind: number;
  at: number;
  url: string | null;
}

/** Where the owner of an endpoint stands, and its health. */
export interface EndpointHead {
  endpoint: number;
  account: number;
  origin: string;
  /** The notification profile that says how to post; empty: none. */
  profile: string;
  position: number;
  positionDay: number;
  failures: number;
  downSince: number | null;
  probeAt: number | null;
  probes: number;
  downReason: string | null;
  disabledAt: number | null;
  /** How often somebody has enabled it: health that was judged before the last time does not count. */
  enabled: number;
}

/** A webhook request that has not succeeded yet; `id` is the webhook-id of every retry. */
export interface BatchRow {
  id: string;
  endpoint: number;
  kind: number;
  url: string;
  seqs: number[];
  fromDay: number;
  toDay: number;
  attempt: number;
  isReplay: boolean;
  /** Came out of a bisection: its refusal says nothing new about the endpoint. */
  isAlone: boolean;
  firstDueAt: number;
  dueAt: number;
}

/** One POST as it went. */
export interface AttemptRow {
  endpoint: number;
  firstSeq: number;
  lastSeq: number;
  results: number;
  batch: string;
  attempt: number;
  kind: number;
  at: number;
  durationMs: number;
  httpStatus: number | null;
  verdict: string;
  error: string | null;
  answer: string | null;
  nextAt: number | null;
}

/** A report that is given up. */
export interface DeadLetterRow {
  endpoint: number;
  seq: number;
  day: number;
  kind: number;
  at: number;
  reason: string;
}

/** Everything one tick commits. */
export interface DeliverTick {
  positions: Pick<EndpointHead, 'endpoint' | 'position' | 'positionDay'>[];
  finished: string[];
  batches: BatchRow[];
  attempts: AttemptRow[];
  dead: DeadLetterRow[];
  health: Pick<
    EndpointHead,
    'endpoint' | 'failures' | 'downSince' | 'probeAt' | 'probes' | 'downReason' | 'disabledAt' | 'enabled'
  >[];
}

const TICK_PARAMETERS = 46;
const TICK = {
  name: 'deliver_tick',
  text: `SELECT deliver_tick(${Array.from({ length: TICK_PARAMETERS }, (_, i) => `$${i + 1}`).join(',')})`,
};

/** Commits one tick of delivery. Repeating it changes nothing. Throws DatabaseError of kind lease when the process no longer owns. */
export async function commitDeliverTick(
  database: Database,
  processId: number,
  today: number,
  tick: DeliverTick,
): Promise<void> {
  await database.run(TICK, [
    processId,
    today,
    ...columns(tick.positions, ['endpoint', 'position', 'positionDay']),
    tick.finished,
    ...columns(
      tick.batches.map((batch) => ({ ...batch, seqs: `{${batch.seqs.join(',')}}` })),
      [
        'id',
        'endpoint',
        'kind',
        'url',
        'seqs',
        'fromDay',
        'toDay',
        'attempt',
        'isReplay',
        'isAlone',
        'firstDueAt',
        'dueAt',
      ],
    ),
    ...columns(tick.attempts, [
      'endpoint',
      'firstSeq',
      'lastSeq',
      'results',
      'batch',
      'attempt',
      'kind',
      'at',
      'durationMs',
      'httpStatus',
      'verdict',
      'error',
      'answer',
      'nextAt',
    ]),
    ...columns(tick.dead, ['endpoint', 'seq', 'day', 'kind', 'at', 'reason']),
    ...columns(tick.health, [
      'endpoint',
      'failures',
      'downSince',
      'probeAt',
      'probes',
      'downReason',
      'disabledAt',
      'enabled',
    ]),
  ]);
}

/** The rows' values key by key, as the arrays that unnest takes. */
function columns<Key extends string>(
  rows: readonly Readonly<Record<Key, string | number | boolean | null>>[],
  keys: readonly Key[],
): Value[] {
  return keys.map((key) => rows.map((row) => row[key]));
}

const HEAD_COLUMNS = `h.endpoint, e.account, e.origin, e.profile, h.position, h.position_day AS "positionDay", h.failures, h.down_since AS "downSince",
  h.probe_at AS "probeAt", h.probes, h.down_reason AS "downReason", h.disabled_at AS "disabledAt",
  h.enabled`;
const HEADS = {
  name: 'endpoint_heads',
  text: `SELECT ${HEAD_COLUMNS} FROM endpoint_heads h JOIN endpoints e ON e.id = h.endpoint WHERE h.endpoint % $1 = ANY ($2::smallint[])`,
};
const HEAD = {
  name: 'endpoint_head',
  text: `SELECT ${HEAD_COLUMNS} FROM endpoint_heads h JOIN endpoints e ON e.id = h.endpoint WHERE h.endpoint = ANY ($1::integer[])`,
};

/** Heads of all endpoints in some groups (id modulo `groups`). */
export async function readHeadsOfGroups(
  database: Database,
  groups: number,
  wanted: readonly number[],
): Promise<EndpointHead[]> {
  return database.run<EndpointHead>(HEADS, [groups, wanted]);
}

/** Heads of some endpoints. */
export async function readHeads(database: Database, endpoints: readonly number[]): Promise<EndpointHead[]> {
  return database.run<EndpointHead>(HEAD, [endpoints]);
}

const WAITING = {
  name: 'endpoints_waiting',
  text: `SELECT h.endpoint, t.next, t.day FROM endpoint_heads h JOIN tails t ON t.stream = endpoint_stream(h.endpoint)
    WHERE h.endpoint % $1 = ANY ($2::smallint[]) AND t.next > h.position + 1`,
};

/** Endpoints of some groups whose stream goes past their position. */
export async function readWaiting(
  database: Database,
  groups: number,
  wanted: readonly number[],
): Promise<{ endpoint: number; next: number; day: number }[]> {
  return database.run(WAITING, [groups, wanted]);
}

const COLUMNS = `endpoint, seq, day, kind, ref, ref_day AS "refDay", attempt, event_kind AS "eventKind", at, url`;
const READ = {
  name: 'read_reports',
  text: `SELECT ${COLUMNS} FROM reports WHERE day = $1 AND endpoint = $2 AND seq > $3 ORDER BY seq LIMIT $4`,
};
const READ_SEQS = {
  name: 'read_report_seqs',
  text: `SELECT ${COLUMNS} FROM reports WHERE day BETWEEN $1 AND $2 AND endpoint = $3 AND seq = ANY ($4::bigint[]) ORDER BY seq`,
};

/** Up to `limit` reports of one endpoint and day after `after`, in order. */
export async function readReports(
  database: Database,
  day: number,
  endpoint: number,
  after: number,
  limit: number,
): Promise<ReportRow[]> {
  return database.run<ReportRow>(READ, [day, endpoint, after, limit]);
}

/** The reports of a batch, in order. */
export async function readBatchReports(
  database: Database,
  batch: Pick<BatchRow, 'endpoint' | 'seqs' | 'fromDay' | 'toDay'>,
): Promise<ReportRow[]> {
  return database.run<ReportRow>(READ_SEQS, [batch.fromDay, batch.toDay, batch.endpoint, batch.seqs]);
}

const FIRST_DAY = {
  name: 'first_report_day',
  text: 'SELECT min(day) AS day FROM reports WHERE endpoint = $1 AND seq = 1',
};

/** The day of an endpoint's very first report, if it still exists. */
export async function readFirstReportDay(database: Database, endpoint: number): Promise<number | undefined> {
  const [row] = await database.run<{ day: number | null }>(FIRST_DAY, [endpoint]);
  return row?.day ?? undefined;
}

const FREE = {
  name: 'free_new_batches',
  text: 'UPDATE batches SET due_at = $1 WHERE attempt = 0 AND NOT is_replay AND due_at > $1::bigint AND due_at < $1::bigint + 86400000 AND endpoint % $2 = ANY ($3::smallint[])',
};

/** What a former owner was posting for the first time is due at once. What waits for another batch is due in no such time, and replays keep their rate. */
export async function freeNewBatches(
  database: Database,
  now: number,
  groups: number,
  wanted: readonly number[],
): Promise<void> {
  await database.run(FREE, [now, groups, wanted]);
}

const BATCH_COLUMNS = `id, endpoint, kind, url, seqs, from_day AS "fromDay", to_day AS "toDay", attempt, is_replay AS "isReplay",
  is_alone AS "isAlone", first_due_at AS "firstDueAt", due_at AS "dueAt"`;
const DUE = {
  name: 'due_batches',
  text: `SELECT b.* FROM unnest($1::integer[]) AS e (id), LATERAL (
      SELECT ${BATCH_COLUMNS} FROM batches WHERE endpoint = e.id AND due_at <= $2 AND NOT id = ANY ($3::uuid[])
      ORDER BY is_replay, due_at LIMIT $4
    ) b`,
};
const OLDEST = {
  name: 'oldest_batches',
  text: `SELECT ${BATCH_COLUMNS} FROM batches WHERE endpoint = $1 ORDER BY is_replay, first_due_at, seqs[1] LIMIT $2`,
};
const BATCH_ENDPOINTS = {
  name: 'batch_endpoints',
  text: `SELECT DISTINCT endpoint FROM batches WHERE endpoint % $1 = ANY ($2::smallint[]) AND due_at <= $3`,
};
const EXPIRED = {
  name: 'expired_batches',
  text: `SELECT ${BATCH_COLUMNS} FROM batches WHERE endpoint = ANY ($1::integer[]) AND first_due_at <= $2 ORDER BY first_due_at LIMIT $3`,
};

/** Batches that are due, up to `limit` of each endpoint, oldest first, replays last, without those in `except`. */
export async function readDueBatches(
  database: Database,
  endpoints: readonly number[],
  now: number,
  except: readonly string[],
  limit: number,
): Promise<BatchRow[]> {
  return (await database.run<BatchRow>(DUE, [endpoints, now, except, limit])).map(withNumbers);
}

/** The oldest batches of an endpoint, replays last. */
export async function readOldestBatches(database: Database, endpoint: number, limit: number): Promise<BatchRow[]> {
  return (await database.run<BatchRow>(OLDEST, [endpoint, limit])).map(withNumbers);
}

/** Endpoints of some groups that have a batch due. */
export async function readDueEndpoints(
  database: Database,
  groups: number,
  wanted: readonly number[],
  now: number,
): Promise<number[]> {
  return (await database.run<{ endpoint: number }>(BATCH_ENDPOINTS, [groups, wanted, now])).map((row) => row.endpoint);
}

/** Batches of some endpoints that have been tried since `firstDueBefore` or earlier. */
export async function readExpiredBatches(
  database: Database,
  endpoints: readonly number[],
  firstDueBefore: number,
  limit: number,
): Promise<BatchRow[]> {
  return (await database.run<BatchRow>(EXPIRED, [endpoints, firstDueBefore, limit])).map(withNumbers);
}

const BATCHES = { name: 'batches_by_id', text: `SELECT ${BATCH_COLUMNS} FROM batches WHERE id = ANY ($1::uuid[])` };
const UNFINISHED = {
  name: 'unfinished_batches',
  text: `SELECT ${BATCH_COLUMNS} FROM batches WHERE endpoint = $1 AND NOT is_replay ORDER BY seqs[1]`,
};
const FREE_PARKED = {
  name: 'free_parked_batches',
  text: 'UPDATE batches SET due_at = $2 WHERE endpoint = $1 AND due_at = $3',
};

/** Batches by id, those that are still there. */
export async function readBatches(database: Database, ids: readonly string[]): Promise<BatchRow[]> {
  return ids.length === 0 ? [] : (await database.run<BatchRow>(BATCHES, [ids])).map(withNumbers);
}

/** All batches of an endpoint that are no replay, in the order of their first reports. */
export async function readUnfinishedBatches(database: Database, endpoint: number): Promise<BatchRow[]> {
  return (await database.run<BatchRow>(UNFINISHED, [endpoint])).map(withNumbers);
}

/** What was due at `parkedAt` is due now. */
export async function freeParkedBatches(
  database: Database,
  endpoint: number,
  now: number,
  parkedAt: number,
): Promise<void> {
  await database.run(FREE_PARKED, [endpoint, now, parkedAt]);
}

const EXPIRED_REPORTS = {
  name: 'expired_reports',
  text: `SELECT r.* FROM unnest($1::integer[], $2::bigint[], $3::integer[]) AS e (id, position, day), LATERAL (
      SELECT endpoint, seq, day, kind FROM reports WHERE endpoint = e.id AND seq > e.position AND day >= e.day AND at <= $4
      ORDER BY seq LIMIT $5
    ) r`,
};

/** Reports behind the positions of some endpoints that were appended at `before` or earlier, in order, up to `limit` of each. */
export async function readExpiredReports(
  database: Database,
  heads: readonly Pick<EndpointHead, 'endpoint' | 'position' | 'positionDay'>[],
  before: number,
  limit: number,
): Promise<Pick<ReportRow, 'endpoint' | 'seq' | 'day' | 'kind'>[]> {
  if (heads.length === 0) return [];
  return database.run(EXPIRED_REPORTS, [...columns(heads, ['endpoint', 'position', 'positionDay']), before, limit]);
}

/** pg gives the members of bigint[] as text. */
function withNumbers(batch: BatchRow): BatchRow {
  return { ...batch, seqs: batch.seqs.map(Number) };
}

const MESSAGE_FACTS = {
  name: 'message_report_facts',
  text: `SELECT e.message, e.attempt, e.kind, e.at, e.status_id AS "statusId", e.error_id AS "errorId", e.meta_code AS "metaCode",
      m.accepted_at AS "acceptedAt", m.message_id AS "messageId", m.sender, m.recipient, m.envelope
    FROM unnest($2::uuid[], $3::smallint[], $4::smallint[]) AS r (ref, attempt, kind)
    JOIN messages m ON m.day = $1 AND m.id = r.ref
    JOIN events e ON e.day = $1 AND e.message = r.ref AND e.attempt = r.attempt AND e.kind = r.kind`,
};
const INBOUND_FACTS = {
  name: 'inbound_report_facts',
  text: `SELECT i.id, i.raw, s.sender, i.paired_id AS "pairedId", i.paired_envelope AS "pairedEnvelope",
      i.application_id AS "applicationId", i.entity_id AS "entityId", i.keyword, f.reported, f.malware
    FROM inbound i JOIN senders s ON s.id = i.lane LEFT JOIN media f ON f.id = i.id WHERE i.day = $1 AND i.id = ANY ($2::uuid[])`,
};

/** What the report of an inbound message is made of. `reported` and `malware` are of its file, if it has one. */
export interface InboundReportFacts {
  id: string;
  raw: string;
  /** The number it was written to. */
  sender: string;
  pairedId: string | null;
  pairedEnvelope: string | null;
  applicationId: string | null;
  entityId: string | null;
  /** Of the number's configuration that matched. */
  keyword: string | null;
  reported: number | null;
  malware: string | null;
}

/** What a delivery or seen report is made of. */
export interface MessageReportFacts {
  message: string;
  attempt: number;
  kind: number;
  at: number;
  statusId: number | null;
  errorId: number | null;
  metaCode: number | null;
  acceptedAt: number;
  messageId: string | null;
  sender: string;
  recipient: string;
  envelope: string | null;
}

/** Facts of reports on messages of one day. */
export async function readMessageFacts(
  database: Database,
  day: number,
  reports: readonly ReportRow[],
): Promise<MessageReportFacts[]> {
  return database.run<MessageReportFacts>(MESSAGE_FACTS, [
    day,
    reports.map((r) => r.ref),
    reports.map((r) => r.attempt),
    reports.map((r) => r.eventKind),
  ]);
}

/** Stored inbound messages of one day by id, with the sender they were written to. */
export async function readInboundFacts(
  database: Database,
  day: number,
  ids: readonly string[],
): Promise<InboundReportFacts[]> {
  return database.run<InboundReportFacts>(INBOUND_FACTS, [day, ids]);
}
