// Events of messages: appending them decides states and makes reports (append_events in the migrations).
import type { Database } from './database.js';

/** An event to append. Rows of one call must be distinct in (message, attempt, kind). */
export interface NewEvent {
  message: string;
  attempt: number;
  kind: number;
  at: number;
  /** Null: our own event. Else Meta's phone number id, which must be the message's own or the row is dropped (P9). */
  phoneNumberId: string | null;
  wamid: string | null;
  statusId: number | null;
  errorId: number | null;
  metaCode: number | null;
  detail: string | null;
}

/** What an event did, with what its report needs: it made a report, or it answered an unknown attempt, or it was foreign. */
export interface AppendedEvent {
  message: string;
  day: number;
  attempt: number;
  kind: number;
  at: number;
  recordedAt: number;
  statusId: number | null;
  errorId: number | null;
  metaCode: number | null;
  account: number;
  lane: number;
  laneSeq: number;
  acceptedAt: number;
  messageId: string | null;
  sender: string;
  recipient: string;
  envelope: string | null;
  /** `url` null: the message's own notifyUrl. */
  report: { endpoint: number; seq: number; day: number; url: string | null } | undefined;
  /** The attempt was held as unknown: this event answered it. */
  wasUnknown: boolean;
  /** It named a message that is not there or belongs to another number, and changed nothing (P9). */
  isForeign: boolean;
}

const APPEND = {
  name: 'append_events',
  text: `SELECT * FROM append_events($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13)`,
};

/** Appends events of messages accepted on `day`, all or none. Returns those whose effect somebody must be told of. */
export async function appendEvents(
  database: Database,
  now: number,
  today: number,
  day: number,
  events: readonly NewEvent[],
): Promise<AppendedEvent[]> {
  const rows = await database.run<AppendedRow>(APPEND, [
    now,
    today,
    day,
    events.map((e) => e.message),
    events.map((e) => e.attempt),
    events.map((e) => e.kind),
    events.map((e) => e.at),
    events.map((e) => e.phoneNumberId),
    events.map((e) => e.wamid),
    events.map((e) => e.statusId),
    events.map((e) => e.errorId),
    events.map((e) => e.metaCode),
    events.map((e) => e.detail),
  ]);
  return rows.map((row) => fromAppendedRow(row, day, now));
}

/** A row of append_events as SQL gives it. */
export interface AppendedRow {
  message: string;
  attempt: number;
  kind: number;
  at: number;
  status_id: number | null;
  error_id: number | null;
  meta_code: number | null;
  account: number;
  lane: number;
  lane_seq: number;
  accepted_at: number;
  message_id: string | null;
  sender: string;
  recipient: string;
  envelope: string | null;
  endpoint: number | null;
  seq: number | null;
  report_day: number | null;
  url: string | null;
  was_unknown: boolean;
  is_foreign: boolean;
}

/** Reads a row of append_events for messages of `day`, called at `recordedAt`. */
export function fromAppendedRow(row: AppendedRow, day: number, recordedAt: number): AppendedEvent {
  const hasReport = row.endpoint !== null && row.seq !== null && row.report_day !== null;
  return {
    message: row.message,
    day,
    attempt: row.attempt,
    kind: row.kind,
    at: row.at,
    recordedAt,
    statusId: row.status_id,
    errorId: row.error_id,
    metaCode: row.meta_code,
    account: row.account,
    lane: row.lane,
    laneSeq: row.lane_seq,
    acceptedAt: row.accepted_at,
    messageId: row.message_id,
    sender: row.sender,
    recipient: row.recipient,
    envelope: row.envelope,
    report: hasReport
      ? { endpoint: row.endpoint ?? 0, seq: row.seq ?? 0, day: row.report_day ?? 0, url: row.url }
      : undefined,
    wasUnknown: row.was_unknown,
    isForeign: row.is_foreign,
  };
}
