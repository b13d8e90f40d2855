// Statuses of our messages: each finds its message by the address that came back with it, and each is one event.
import { errorOf } from '../contract/meta-errors.js';
import { EventKind, kindOfWire, StatusId } from '../contract/statuses.js';
import { crashPoint } from '../lib/crash-point.js';
import { dayOf } from '../lib/day.js';
import type { OpenSpan } from '../lib/traces.js';
import { parseAddress } from '../meta/address.js';
import type { WireStatus } from '../meta/webhook.js';
import type { DatabaseError } from '../store/database.js';
import { appendEvents, type NewEvent } from '../store/events.js';
import { cleanText } from './meta-facts.js';
import { writeApart } from './receive-apart.js';
import type { ReceiveParts, Written } from './receive-parts.js';
import { beginStatus } from './spans.js';

/** A status on its way to disk. `day`: its message's, yyyymmdd. */
export interface StatusItem {
  day: number;
  event: NewEvent;
  span: OpenSpan | undefined;
}

/** Undefined, and counted: it is not about a message of ours, or about one whose partition is gone. */
export function toStatusItem(
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

/** Writes a group; repeats within it are one. */
export async function writeStatuses(parts: ReceiveParts, items: readonly StatusItem[]): Promise<Written[]> {
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
