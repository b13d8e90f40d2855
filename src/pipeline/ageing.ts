// Messages that Meta took and never told the end of: after the validity period they are reported as expired (status 29).
// A second position per lane trails the first by that period; later truth is still told (P4).
import { ErrorId } from '../contract/errors.js';
import { EventKind, StatusId } from '../contract/statuses.js';
import type { Clock } from '../lib/clock.js';
import { addDays, dayOf } from '../lib/day.js';
import type { Database } from '../store/database.js';
import { type AppendedEvent, appendEvents, type NewEvent } from '../store/events.js';
import { type AgedMessage, type LaneHead, moveAged, readAged, readFirstDay, readLaneHeads } from '../store/lanes.js';
import { VALIDITY_MS } from './work.js';

/** What ageing works with. */
export interface AgeingParts {
  database: Database;
  clock: Clock;
  onEvents(events: AppendedEvent[]): void;
}

const BATCH_MAX = 500;

/** Ages lanes that this process owns as far as it goes now. Throws DatabaseError; it goes on from where it was the next time. */
export async function ageLanes(parts: AgeingParts, lanes: readonly number[]): Promise<void> {
  if (lanes.length === 0) return;
  for (const head of await readLaneHeads(parts.database, lanes)) await ageLane(parts, head);
}

async function ageLane({ database, clock, onEvents }: AgeingParts, head: LaneHead): Promise<void> {
  const acceptedBefore = clock.now() - VALIDITY_MS;
  const lastDay = dayOf(acceptedBefore);
  let { aged } = head;
  if (aged >= head.settled) return;
  // A lane that was never aged begins with its first message; when that is gone, nothing older than its retention is there.
  let day = head.agedDay === 0 ? ((await readFirstDay(database, head.lane)) ?? lastDay) : head.agedDay;
  while (day <= lastDay && aged < head.settled) {
    const messages = await readAged(database, day, head.lane, aged, head.settled, acceptedBefore, BATCH_MAX);
    const ends = messages
      .filter((message) => !message.isFinal && !message.isHeld)
      .map((message) => toEnd(message, clock.now()));
    if (ends.length > 0) onEvents(await appendEvents(database, clock.now(), dayOf(clock.now()), day, ends));
    aged = messages.at(-1)?.seq ?? aged;
    if (messages.length > 0) await moveAged(database, head.lane, aged, day);
    if (messages.length < BATCH_MAX) {
      if (day === lastDay) return;
      day = addDays(day, 1);
    }
  }
}

function toEnd(message: AgedMessage, at: number): NewEvent {
  return {
    message: message.id,
    attempt: message.attempt ?? 0,
    kind: EventKind.expired,
    at,
    phoneNumberId: null,
    wamid: null,
    statusId: StatusId.expiredDlrUnknown,
    errorId: ErrorId.validityExpired,
    metaCode: null,
    detail: null,
  };
}
