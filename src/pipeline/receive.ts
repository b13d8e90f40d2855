// Third of the four files: what Meta tells is verified, flattened, committed in groups and only then answered with 200 (P2).
// Each status and each inbound message has one effect, however often and in whatever batches it comes.
import { createHash } from 'node:crypto';
import { UNSUPPORTED } from '../contract/events/envelope.js';
import { inboundFromWire, mediaOfInbound } from '../contract/events/registry.js';
import { isSystem, SYSTEM_FIELD, systemFromWire } from '../contract/events/system.js';
import { keywordOf } from '../contract/inbound-configuration.js';
import { errorOf } from '../contract/meta-errors.js';
import { noticeToReport } from '../contract/notices/notice.js';
import { noticesFromWire } from '../contract/notices/registry.js';
import { EventKind, kindOfWire, StatusId } from '../contract/statuses.js';
import type { Clock } from '../lib/clock.js';
import { crashPoint } from '../lib/crash-point.js';
import { addDays, dayOf } from '../lib/day.js';
import { uuidv7 } from '../lib/id.js';
import { parseJson } from '../lib/json.js';
import type { OpenSpan, Traces } from '../lib/traces.js';
import { parseAddress } from '../meta/address.js';
import { isSignedByMeta } from '../meta/signature.js';
import { parseWebhook, type WireInbound, type WireOther, type WireStatus } from '../meta/webhook.js';
import { appendChanges, type MetaChange, type NewNotice, type NoticeReport } from '../store/changes.js';
import { type Database, DatabaseError } from '../store/database.js';
import type { Directory } from '../store/directory.js';
import { type AppendedEvent, appendEvents, type NewEvent } from '../store/events.js';
import { type AppendedInbound, appendInbound, type NewInbound, type Pairable } from '../store/inbound.js';
import { FAR_OFF_DAY } from '../store/partitions.js';
import { ReportKind } from '../store/reports.js';
import { createCollector } from './collector.js';
import { inboundBody, type MediaUrl, type Report } from './report.js';
import { beginStatus } from './spans.js';

/** How a webhook is answered. `refused`: the signature is wrong; `malformed`: signed, but not JSON; `busy`: try again later. */
export type ReceiveOutcome = 'committed' | 'refused' | 'malformed' | 'busy';

/** What is counted of a webhook. */
export type ReceiveCount =
  | 'status'
  | 'inbound'
  | 'unsupported'
  | 'system'
  | 'other'
  | 'malformed'
  | 'foreign'
  | 'too-old'
  | 'unknown-number'
  | 'unsigned';

/** Takes Meta's webhooks. */
export interface Receive {
  /** `body` are the raw bytes, `signature` the X-Hub-Signature-256 header. Rejects with DatabaseError when nothing is certain: Meta sends it again. */
  receive(body: Buffer, signature: string | undefined): Promise<ReceiveOutcome>;
  pending(): number;
  drain(): Promise<void>;
}

/** What receive works with. */
export interface ReceiveParts {
  database: Database;
  clock: Clock;
  directory: Directory;
  /** Any of them may have signed. */
  appSecrets: readonly string[];
  /** Oldest day that still has partitions, yyyymmdd. */
  oldestDay(): number;
  /** Keeps the identity that a message names, when somebody wants it. */
  observeIdentity(wire: WireInbound): Promise<true> | undefined;
  /** Keeps the calls of users, or the state of a flow, that a change tells of. */
  observeChange(change: WireOther): Promise<true> | undefined;
  /** A status of ours came, which Meta dates to `at` (epoch ms). */
  onStatus(at: number): void;
  /** Applies a change that is about a template. */
  observeTemplate(wire: WireOther): Promise<true> | undefined;
  onEvents(events: AppendedEvent[]): void;
  onReports(reports: Report[]): void;
  /** Messages with files were committed. */
  onMedia(): void;
  /** Where customers get the files of inbound messages. */
  mediaUrl: MediaUrl;
  /** Undefined: nobody wants traces. */
  traces: Traces | undefined;
  count(what: ReceiveCount, by: number): void;
  /** Counts a status `failed` by Meta's code. */
  countFailed(metaCode: number | undefined): void;
}

interface StatusItem {
  day: number;
  event: NewEvent;
  span: OpenSpan | undefined;
}

interface InboundItem {
  day: number;
  inbound: NewInbound;
}

interface ChangeItem {
  day: number;
  change: MetaChange;
}

/** What became of an item: on disk, or refused alone. */
type Written = true | DatabaseError;

const GROUP_MAX = 500;
const BACKLOG_MAX = 50_000;
/** Meta retries for 7 days; a timestamp further off than this is not a time to sort by. */
const DAYS_BACK_MAX = 8;
const FIELD_LENGTH_MAX = 100;
/** Changes that are statuses or messages which the tables refused. */
const REFUSED_FIELD = 'refused';
/** A quoted message is found for so long (Infobip 4.3). */
const PAIR_DAYS = 4;
const DAY_MS = 86_400_000;

/** Creates the receiving end of the pipeline. */
export function createReceive(parts: ReceiveParts): Receive {
  const statuses = createCollector<StatusItem, Written>({
    groupMax: GROUP_MAX,
    backlogMax: BACKLOG_MAX,
    write: (items) => writeStatuses(parts, items),
  });
  const inbound = createCollector<InboundItem, Written>({
    groupMax: GROUP_MAX,
    backlogMax: BACKLOG_MAX,
    write: (items) => writeInbound(parts, items),
  });
  const changes = createCollector<ChangeItem, true>({
    groupMax: GROUP_MAX,
    backlogMax: BACKLOG_MAX,
    write: (items) => writeChanges(parts, items),
  });
  return {
    async receive(body, signature) {
      if (!isSignedByMeta(body, signature, parts.appSecrets)) {
        parts.count('unsigned', 1);
        return 'refused';
      }
      const parsed = parsedOf(body);
      if (parsed === undefined) return 'malformed';
      const commits: (Promise<Written> | undefined)[] = [];
      const spans: OpenSpan[] = [];
      for (const event of parseWebhook(parsed)) {
        const identity = event.kind === 'inbound' ? parts.observeIdentity(event) : undefined;
        if (identity !== undefined) commits.push(identity);
        if (event.kind === 'malformed') parts.count('malformed', 1);
        else if (event.kind === 'status') {
          const item = toStatusItem(parts, event);
          if (item !== undefined) commits.push(statuses.add(item));
          if (item?.span !== undefined) spans.push(item.span);
        } else if (event.kind === 'inbound' && isSystem(event.message)) {
          parts.count('system', 1);
          commits.push(changes.add(toSystemItem(parts, event)));
        } else if (event.kind === 'inbound') {
          const item = toInboundItem(parts, event);
          if (item !== undefined) commits.push(inbound.add(item));
        } else {
          parts.count('other', 1);
          const template = parts.observeTemplate(event);
          if (template !== undefined) commits.push(template);
          const observed = parts.observeChange(event);
          if (observed !== undefined) commits.push(observed);
          commits.push(changes.add(toChangeItem(parts, event)));
        }
      }
      // Even when one has no room the others are waited for: no promise is left alone.
      const settled = await Promise.allSettled(commits);
      for (const span of spans) span.end();
      for (const result of settled) {
        if (result.status === 'rejected') throw result.reason;
        if (result.value instanceof DatabaseError) throw result.value;
      }
      return commits.includes(undefined) ? 'busy' : 'committed';
    },
    pending: () => statuses.size() + inbound.size() + changes.size(),
    async drain() {
      await Promise.all([statuses.drain(), inbound.drain(), changes.drain()]);
    },
  };
}

function parsedOf(body: Buffer): unknown {
  try {
    return parseJson(body.toString('utf8'));
  } catch {
    return undefined;
  }
}

// ------------------------------------------------------------- statuses

function toStatusItem(
  { oldestDay, count, countFailed, onStatus, traces }: ReceiveParts,
  status: WireStatus,
): StatusItem | undefined {
  const address = status.bizOpaque === undefined ? undefined : parseAddress(status.bizOpaque);
  const kind = kindOfWire(status.status);
  if (address === undefined || kind === undefined) {
    count('foreign', 1);
    return undefined;
  }
  if (Number(address.day) < oldestDay()) {
    count('too-old', 1);
    return undefined;
  }
  count('status', 1);
  if (kind === EventKind.failed) countFailed(status.error?.code);
  onStatus(status.at);
  const span = traces === undefined ? undefined : beginStatus(traces, status, address);
  return { day: Number(address.day), event: toNewEvent(status, kind, address.id, address.attempt), span };
}

function toNewEvent(status: WireStatus, kind: number, message: string, attempt: number): NewEvent {
  const { error } = status;
  const mapped = kind === EventKind.failed ? errorOf(error?.code ?? 1) : undefined;
  return {
    message,
    attempt,
    kind,
    at: status.at,
    phoneNumberId: status.phoneNumberId,
    wamid: status.wamid,
    statusId: mapped?.statusId ?? (kind === EventKind.delivered ? StatusId.deliveredToHandset : null),
    errorId: mapped?.errorId ?? null,
    metaCode: error?.code ?? null,
    detail: cleanText(error?.details ?? error?.title)?.slice(0, 500) ?? null,
  };
}

/** PostgreSQL cannot hold NUL; Meta's words are for people. */
function cleanText(text: string | undefined): string | undefined {
  return text?.toWellFormed().replaceAll('\u0000', '\ufffd');
}

async function writeStatuses(parts: ReceiveParts, items: readonly StatusItem[]): Promise<Written[]> {
  const days = new Map<number, Map<string, NewEvent>>();
  for (const { day, event } of items) {
    const events = days.get(day) ?? new Map<string, NewEvent>();
    days.set(day, events);
    const key = keyOfEvent(event);
    if (!events.has(key)) events.set(key, event);
  }
  const refused = new Map<string, DatabaseError>();
  for (const [day, events] of days) {
    const apart = await writeApart(parts, [...events.values()], (group) => writeEvents(parts, day, group));
    for (const [event, error] of apart) refused.set(keyOfEvent(event), error);
  }
  return items.map(({ event }) => (refused.size === 0 ? true : (refused.get(keyOfEvent(event)) ?? true)));
}

function keyOfEvent({ message, attempt, kind, phoneNumberId }: NewEvent): string {
  return `${message}:${attempt}:${kind}:${phoneNumberId}`;
}

async function writeEvents(
  { database, clock, onEvents, count }: ReceiveParts,
  day: number,
  events: readonly NewEvent[],
): Promise<void> {
  const now = clock.now();
  crashPoint('receive.before');
  const appended = await appendEvents(database, now, dayOf(now), day, events);
  crashPoint('receive.after');
  count('foreign', appended.filter((event) => event.isForeign).length);
  onEvents(appended);
}

/** SQLSTATE class of values that no table can hold: the row's own fault, so it would be refused each time. */
const VALUES_REFUSED = '22';

/**
 * Writes a group; when the database refuses its values, item by item, so that one never costs the others. One whose own values are at
 * fault is kept as a change named `refused`, counted, and acknowledged: Meta would send it for 7 days. What is refused for any other
 * reason is returned with it: Meta sends that webhook again.
 */
async function writeApart<Item>(
  parts: ReceiveParts,
  group: readonly Item[],
  write: (group: readonly Item[]) => Promise<void>,
): Promise<Map<Item, DatabaseError>> {
  const refused = new Map<Item, DatabaseError>();
  try {
    await write(group);
  } catch (error) {
    if (!(error instanceof DatabaseError) || error.kind !== 'data') throw error;
    const [item] = group;
    if (group.length > 1 || item === undefined) {
      for (const one of group) for (const entry of await writeApart(parts, [one], write)) refused.set(...entry);
    } else if (error.sqlState?.startsWith(VALUES_REFUSED) === true) await keepRefused(parts, item, error);
    else refused.set(item, error);
  }
  return refused;
}

async function keepRefused(parts: ReceiveParts, item: unknown, error: DatabaseError): Promise<void> {
  parts.count('malformed', 1);
  const value = { reason: error.message, item };
  await writeChanges(parts, [
    toChangeItem(parts, { kind: 'other', field: REFUSED_FIELD, wabaId: undefined, at: undefined, value }),
  ]);
}

// ------------------------------------------------------------- inbound

function toInboundItem({ clock, count }: ReceiveParts, wire: WireInbound): InboundItem | undefined {
  const event = inboundFromWire(wire);
  if (event === undefined) {
    count('malformed', 1);
    return undefined;
  }
  count('inbound', 1);
  if (event.type === UNSUPPORTED) count('unsupported', 1);
  const inbound: NewInbound = {
    id: uuidv7(clock.now()),
    phoneNumberId: wire.phoneNumberId,
    wamid: wire.wamid,
    sentAt: wire.at,
    raw: JSON.stringify(event),
    word: keywordOf(event),
    quoted: quotedId(event.context?.id),
    media: mediaOfInbound(event),
  };
  return { day: trustedDay(wire.at, clock.now()), inbound };
}

/** What could be a wamid of ours; anything else is not looked for. */
function quotedId(id: string | undefined): string | undefined {
  return id !== undefined && /^[\x21-\x7e]{1,512}$/.test(id) ? id : undefined;
}

/** A repeat must fall on the same day as the first, so the day is Meta's; one that is far off is one fixed day. */
function trustedDay(at: number, now: number): number {
  const day = dayOf(at);
  const today = dayOf(now);
  return day >= addDays(today, -DAYS_BACK_MAX) && day <= addDays(today, 1) ? day : FAR_OFF_DAY;
}

async function writeInbound(parts: ReceiveParts, items: readonly InboundItem[]): Promise<Written[]> {
  const days = new Map<number, NewInbound[]>();
  for (const { day, inbound } of items) {
    const group = days.get(day);
    if (group === undefined) days.set(day, [inbound]);
    else group.push(inbound);
  }
  const refused = new Map<NewInbound, DatabaseError>();
  for (const [day, group] of days) {
    const apart = await writeApart(parts, group, (some) => writeInboundOf(parts, day, some));
    for (const [one, error] of apart) refused.set(one, error);
  }
  return items.map((item) => refused.get(item.inbound) ?? true);
}

async function writeInboundOf(parts: ReceiveParts, day: number, group: readonly NewInbound[]): Promise<void> {
  const now = parts.clock.now();
  crashPoint('inbound.before');
  const appended = await appendInbound(parts.database, now, dayOf(now), day, group, pairable(now));
  crashPoint('inbound.after');
  countUnknown(parts, group);
  parts.onReports(toReports(parts, group, appended, now));
  if (group.some(({ media }) => media !== undefined)) parts.onMedia();
}

function pairable(now: number): Pairable {
  const today = dayOf(now);
  return { since: now - PAIR_DAYS * DAY_MS, days: Array.from({ length: PAIR_DAYS + 1 }, (_, i) => addDays(today, -i)) };
}

function countUnknown({ directory, count }: ReceiveParts, group: readonly NewInbound[]): void {
  const unknown = group.filter((inbound) => directory.senderOfPhoneNumberId(inbound.phoneNumberId) === undefined);
  if (unknown.length > 0) count('unknown-number', unknown.length);
}

function toReports(
  parts: ReceiveParts,
  group: readonly NewInbound[],
  appended: readonly AppendedInbound[],
  now: number,
): Report[] {
  const raws = new Map(group.map((inbound) => [inbound.id, inbound.raw]));
  return appended.flatMap(({ id, account: _, lane, report, ...own }) => {
    const raw = raws.get(id);
    const sender = parts.directory.senderById(lane);
    if (report === undefined || raw === undefined || sender === undefined) return [];
    const facts = { id, raw, sender: sender.sender, ...own, reported: null, malware: null };
    return [{ ...report, kind: ReportKind.inbound, at: now, ref: id, body: inboundBody(facts, parts.mediaUrl) }];
  });
}

// ------------------------------------------------------------- the rest

/** A system message is one change; its wamid makes it another than any before. */
function toSystemItem(parts: ReceiveParts, { message, wamid, phoneNumberId, at }: WireInbound): ChangeItem {
  const value = systemFromWire(message, { wamid, phoneNumberId, at });
  return toChangeItem(parts, { kind: 'other', field: SYSTEM_FIELD, wabaId: undefined, at, value, phoneNumberId });
}

function toChangeItem({ clock }: ReceiveParts, { field, wabaId, at, value, phoneNumberId }: WireOther): ChangeItem {
  const text = JSON.stringify(value);
  const hash = createHash('sha256')
    .update(`${wabaId ?? ''}\n${at ?? ''}\n${field}\n${text}`)
    .digest();
  const notices = noticesFromWire(field, value, at ?? clock.now());
  const change: MetaChange = {
    hash,
    wabaId: cleanText(wabaId) ?? null,
    field: (cleanText(field) ?? '').slice(0, FIELD_LENGTH_MAX),
    value: text,
    phoneNumberId: phoneNumberId ?? null,
    notices: notices.map(toNewNotice),
  };
  // A repeat must fall on the same day as the first: some changes have no time, but what they say has.
  const happenedAt = at ?? notices[0]?.at;
  return { day: happenedAt === undefined ? dayOf(clock.now()) : trustedDay(happenedAt, clock.now()), change };
}

function toNewNotice({ kind, number, quoted, body }: ReturnType<typeof noticesFromWire>[number]): NewNotice {
  return { kind, number: number ?? null, quoted: quotedId(quoted) ?? null, body: JSON.stringify(body) };
}

async function writeChanges(parts: ReceiveParts, items: readonly ChangeItem[]): Promise<true[]> {
  const { database, clock, onReports } = parts;
  const days = new Map<number, Map<string, MetaChange>>();
  for (const { day, change } of items) {
    const changes = days.get(day) ?? new Map<string, MetaChange>();
    days.set(day, changes.set(change.hash.toString('base64'), change));
  }
  const now = clock.now();
  for (const [day, changes] of days) {
    const past = { pairable: pairable(now), knownDay: addDays(dayOf(now), -DAYS_BACK_MAX) };
    const reports = await appendChanges(database, now, dayOf(now), day, [...changes.values()], past);
    onReports(reports.map((report) => noticeReport(report, now)));
  }
  return items.map(() => true);
}

function noticeReport(report: NoticeReport, now: number): Report {
  const { endpoint, seq, day, url, kind, eventId } = report;
  return { endpoint, seq, day, url, kind, at: now, ref: eventId, body: noticeToReport(report) };
}
