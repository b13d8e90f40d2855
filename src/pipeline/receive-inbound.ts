// Messages of users: each is one row, and is reported to whom its number's configuration names.
import { UNSUPPORTED } from '../contract/events/envelope.js';
import { inboundFromWire, mediaOfInbound } from '../contract/events/registry.js';
import { keywordOf } from '../contract/inbound-configuration.js';
import { crashPoint } from '../lib/crash-point.js';
import { dayOf } from '../lib/day.js';
import { uuidv7 } from '../lib/id.js';
import type { WireInbound } from '../meta/webhook.js';
import type { DatabaseError } from '../store/database.js';
import { type AppendedInbound, appendInbound, type NewInbound } from '../store/inbound.js';
import { ReportKind } from '../store/reports.js';
import { trustedDay } from './meta-facts.js';
import { pairable, quotedId } from './quotes.js';
import { writeApart } from './receive-apart.js';
import type { ReceiveParts, Written } from './receive-parts.js';
import { inboundBody, type Report } from './report.js';

/** A message on its way to disk. `day`: Meta's, yyyymmdd. */
export interface InboundItem {
  day: number;
  inbound: NewInbound;
}

/** Undefined, and counted: it is not a message. */
export function toInboundItem({ clock, count }: ReceiveParts, wire: WireInbound): InboundItem | undefined {
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

/** Writes a group; a repeat does nothing. */
export async function writeInbound(parts: ReceiveParts, items: readonly InboundItem[]): Promise<Written[]> {
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
