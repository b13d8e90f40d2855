// Reports: their kinds, reading the streams of endpoints, and the facts that reports are made of.
import { EVENT_KINDS } from '../contract/routes.js';
import type { BatchRow } from './batches.js';
import { columns } from './columns.js';
import type { Database } from './database.js';
import type { EndpointHead } from './endpoint-heads.js';

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
