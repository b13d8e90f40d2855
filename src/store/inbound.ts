// Inbound messages: stored once, whatever is repeated.
import type { Database } from './database.js';

/** An inbound message. `raw` is JSON of {message, contact, metadata} as Meta sent it. */
export interface NewInbound {
  id: string;
  phoneNumberId: string;
  wamid: string;
  sentAt: number;
  raw: string;
  /** The first word of a text in upper case, by which configurations may be chosen. */
  word: string | undefined;
  /** The wamid that it quotes. */
  quoted: string | undefined;
  /** Its file at Meta. */
  media: InboundMedia | undefined;
}

/** A file at Meta. */
export interface InboundMedia {
  mediaId: string;
  mimeType?: string;
  sha256?: string;
  filename?: string;
}

/** Which of our messages may be quoted: accepted since `since`, on one of `days`. */
export interface Pairable {
  since: number;
  days: readonly number[];
}

/** An inbound message that was new; `report` when its sender forwards and no file must be waited for. */
export interface AppendedInbound {
  id: string;
  account: number;
  lane: number;
  /** Of our message that it quotes: messageId and envelope. */
  pairedId: string | null;
  pairedEnvelope: string | null;
  applicationId: string | null;
  entityId: string | null;
  keyword: string | null;
  report: { endpoint: number; seq: number; day: number; url: string } | undefined;
}

const APPEND = {
  name: 'append_inbound',
  text: 'SELECT * FROM append_inbound($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,$15,$16,$17,$18)',
};
/** Appends inbound messages that belong to `day`, all or none. Returns those that were new and of a known number. */
export async function appendInbound(
  database: Database,
  now: number,
  today: number,
  day: number,
  inbound: readonly NewInbound[],
  pairable: Pairable,
): Promise<AppendedInbound[]> {
  const quotes = placed(inbound, ({ quoted }) => quoted);
  const files = placed(inbound, ({ media }) => media);
  const rows = await database.run<InboundRow>(APPEND, [
    now,
    today,
    day,
    inbound.map((i) => i.phoneNumberId),
    inbound.map((i) => i.wamid),
    inbound.map((i) => i.id),
    inbound.map((i) => i.sentAt),
    inbound.map((i) => i.raw),
    inbound.map((i) => i.word ?? null),
    pairable.days,
    pairable.since,
    quotes.map(({ place }) => place),
    quotes.map(({ value }) => value),
    files.map(({ place }) => place),
    files.map(({ value }) => value.mediaId),
    files.map(({ value }) => value.mimeType ?? null),
    files.map(({ value }) => value.sha256 ?? null),
    files.map(({ value }) => value.filename ?? null),
  ]);
  return rows.map(fromRow);
}

/** What some of the messages have, with their positions from 1: most have neither quote nor file, and cost nothing for it. */
function placed<T>(
  inbound: readonly NewInbound[],
  read: (inbound: NewInbound) => T | undefined,
): { place: number; value: T }[] {
  return inbound.flatMap((item, i) => {
    const value = read(item);
    return value === undefined ? [] : [{ place: i + 1, value }];
  });
}

interface InboundRow {
  id: string;
  account: number;
  lane: number;
  url: string | null;
  endpoint: number | null;
  seq: number | null;
  report_day: number | null;
  paired_id: string | null;
  paired_envelope: string | null;
  application_id: string | null;
  entity_id: string | null;
  keyword: string | null;
}

function fromRow({ id, account, lane, url, endpoint, seq, report_day: day, ...row }: InboundRow): AppendedInbound {
  const hasReport = url !== null && endpoint !== null && seq !== null && day !== null;
  const { paired_id: pairedId, paired_envelope: pairedEnvelope, keyword } = row;
  const facts = { pairedId, pairedEnvelope, applicationId: row.application_id, entityId: row.entity_id, keyword };
  return { id, account, lane, ...facts, report: hasReport ? { endpoint, seq, day, url } : undefined };
}
