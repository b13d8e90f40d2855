// Everything that is known about one message, for people: the row, its events, where it waits, its reports and how they were delivered.
import type { Runner } from './accounts.js';

/** A message as it was accepted. `lane` 0: refused at once. `dueAt` is set as long as it waits for its time: it is in no lane yet, `day` and `seq` are 0. */
export interface MessageRow {
  day: number;
  lane: number;
  seq: number;
  id: string;
  account: number;
  endpoint: number | null;
  acceptedAt: number;
  messageId: string | null;
  sender: string | null;
  recipient: string;
  type: string;
  content: string;
  envelope: string | null;
  dueAt: number | null;
}

/** One thing that happened to a message. */
export interface MessageEventRow {
  attempt: number;
  kind: number;
  statusId: number | null;
  errorId: number | null;
  metaCode: number | null;
  at: number;
  recordedAt: number;
  wamid: string | null;
  detail: string | null;
}

/** Where a message waits: in its lane's stream (`ahead` messages before it) or held with a reason. */
export interface MessagePlaceRow {
  isClaimed: boolean;
  ahead: number;
  reason: number | null;
  attempt: number | null;
  dueAt: number | null;
  claimedAt: number | null;
}

/** A report of a message and what became of it. */
export interface MessageReportRow {
  endpoint: number;
  origin: string;
  seq: number;
  day: number;
  attempt: number;
  eventKind: number;
  kind: number;
  at: number;
  url: string | null;
  /** Put into a request already. */
  isRead: boolean;
  deadAt: number | null;
  deadReason: string | null;
  batch: string | null;
  batchAttempt: number | null;
  batchDueAt: number | null;
  isReplay: boolean | null;
}

/** A request that carried a report of the same kind at this place of the stream. */
export interface MessageAttemptRow {
  batch: string;
  attempt: number;
  results: number;
  at: number;
  durationMs: number;
  httpStatus: number | null;
  verdict: string;
  error: string | null;
  answer: string | null;
  nextAt: number | null;
}

const COLUMNS = `id, account, endpoint, message_id AS "messageId", sender, recipient, type, content, envelope, lane`;
const FIND = {
  name: 'life_message',
  text: `SELECT ${COLUMNS}, day, seq, accepted_at AS "acceptedAt", NULL::bigint AS "dueAt" FROM messages
      WHERE id = $1 AND ($2::integer IS NULL OR account = $2)
    UNION ALL SELECT ${COLUMNS}, 0, 0::bigint, created_at, due_at FROM scheduled WHERE id = $1 AND ($2::integer IS NULL OR account = $2)
    LIMIT 1`,
};
const BY_KEY = {
  name: 'life_message_keys',
  text: `SELECT k.message FROM message_keys k JOIN accounts a ON a.id = k.account
    WHERE k.message_id = $1 AND ($2::integer IS NULL OR k.account = $2) ORDER BY k.day DESC LIMIT 2`,
};
const EVENTS = {
  name: 'life_events',
  text: `SELECT attempt, kind, status_id AS "statusId", error_id AS "errorId", meta_code AS "metaCode", at, recorded_at AS "recordedAt", wamid, detail
    FROM events WHERE day = $1 AND message = $2 ORDER BY recorded_at, attempt, kind LIMIT $3`,
};
const PLACE = {
  name: 'life_place',
  text: `SELECT l.claimed >= $2 AS "isClaimed", greatest($2 - l.claimed - 1, 0) AS ahead, h.reason, h.attempt, h.due_at AS "dueAt", h.claimed_at AS "claimedAt"
    FROM lane_heads l LEFT JOIN held h ON h.lane = l.lane AND h.seq = $2 WHERE l.lane = $1`,
};
const REPORTS = {
  name: 'life_reports',
  text: `SELECT r.endpoint, e.origin, r.seq, r.day, r.attempt, r.event_kind AS "eventKind", r.kind, r.at, r.url, h.position >= r.seq AS "isRead",
      d.at AS "deadAt", d.reason AS "deadReason", b.id AS batch, b.attempt AS "batchAttempt", b.due_at AS "batchDueAt", b.is_replay AS "isReplay"
    FROM reports r JOIN endpoints e ON e.id = r.endpoint JOIN endpoint_heads h ON h.endpoint = r.endpoint
    LEFT JOIN dead_letters d ON d.endpoint = r.endpoint AND d.seq = r.seq
    LEFT JOIN LATERAL (SELECT * FROM batches b WHERE b.endpoint = r.endpoint AND r.seq = ANY (b.seqs) ORDER BY b.is_replay LIMIT 1) b ON true
    WHERE r.ref = $1 ORDER BY r.day, r.endpoint, r.seq LIMIT $2`,
};
const ATTEMPTS = {
  name: 'life_attempts',
  text: `SELECT batch, attempt, results, at, duration_ms AS "durationMs", http_status AS "httpStatus", verdict, error, answer, next_at AS "nextAt"
    FROM attempts WHERE endpoint = $1 AND kind = $2 AND day >= $3 AND last_seq BETWEEN $4 AND $4 + $5 AND first_seq <= $4
    ORDER BY at, attempt LIMIT $6`,
};

/** Sequence numbers that one request spans at most, as far as we look: a request's rows lie close together in the stream. */
const SPAN_MAX = 20_000;
const ROWS_MAX = 200;

/** The message with our UUID, of `account` or of any when that is null. */
export async function findMessage(db: Runner, account: number | null, id: string): Promise<MessageRow | undefined> {
  const [row] = await db.run<MessageRow>(FIND, [id, account]);
  return row;
}

/** Our UUIDs of the messages that callers named `messageId`, newest first, at most two: one per account. */
export async function findMessageIds(db: Runner, account: number | null, messageId: string): Promise<string[]> {
  return (await db.run<{ message: string }>(BY_KEY, [messageId, account])).map((row) => row.message);
}

/** The events of a message as they were recorded. */
export async function readMessageEvents(db: Runner, { day, id }: MessageRow): Promise<MessageEventRow[]> {
  return db.run<MessageEventRow>(EVENTS, [day, id, ROWS_MAX]);
}

/** Where a message of a lane stands; undefined for one that was refused at once. */
export async function readMessagePlace(db: Runner, { lane, seq }: MessageRow): Promise<MessagePlaceRow | undefined> {
  const [row] = await db.run<MessagePlaceRow>(PLACE, [lane, seq]);
  return row;
}

/** The reports of a message. */
export async function readMessageReports(db: Runner, { id }: MessageRow): Promise<MessageReportRow[]> {
  return db.run<MessageReportRow>(REPORTS, [id, ROWS_MAX]);
}

/** The requests around one report: all of its kind that span its place, which may include one that skipped it for its URL. */
export async function readReportAttempts(db: Runner, report: MessageReportRow): Promise<MessageAttemptRow[]> {
  const { endpoint, kind, day, seq } = report;
  return db.run<MessageAttemptRow>(ATTEMPTS, [endpoint, kind, day, seq, SPAN_MAX, ROWS_MAX]);
}
