// How messages end at dispatch: their last events, with the reports of these, are on disk before the tick that releases them.
import { ErrorId } from '../contract/errors.js';
import { EventKind, StatusId } from '../contract/statuses.js';
import type { Clock } from '../lib/clock.js';
import { dayOf } from '../lib/day.js';
import type { Database } from '../store/database.js';
import { type AppendedEvent, appendEvents, type NewEvent } from '../store/events.js';
import { endOf } from './dispatch-rows.js';
import type { Tick } from './dispatch-tick.js';
import type { Lane } from './lane.js';
import type { LaneSet } from './lane-set.js';
import type { Work } from './work.js';

/** What ending messages works with. */
export interface Ends {
  database: Database;
  clock: Clock;
  lanes: LaneSet;
  /** Lanes that may have something to do. */
  active: Set<Lane>;
  onEvents(events: AppendedEvent[]): void;
  /** Commits, however long the database is away. Throws when this process no longer owns its lanes. */
  persist(commit: () => Promise<void>): Promise<void>;
  /** Asks for another tick. */
  wake(): void;
}

/** The event that ends a message, and the message's day. */
export interface End {
  day: number;
  event: NewEvent;
}

/** Appends the last events of messages, a day at a time. */
export async function appendEnds({ database, clock, onEvents, persist }: Ends, ends: readonly End[]): Promise<void> {
  const days = new Map<number, NewEvent[]>();
  for (const { day, event } of ends) days.set(day, [...(days.get(day) ?? []), event]);
  for (const [day, events] of days) {
    await persist(async () => {
      const now = clock.now();
      onEvents(await appendEvents(database, now, dayOf(now), day, events));
    });
  }
}

/** Lanes go on without messages that have ended. */
export function finish({ lanes, active, wake }: Ends, works: readonly Work[], { now, rows, held }: Tick): void {
  for (const work of works) {
    if (work.isHeld) rows.released.push({ lane: work.lane, seq: work.seq });
    held.delete(work);
    const lane = lanes.get(work.lane);
    lane?.settle(work, { kind: 'done' }, now);
    if (lane !== undefined) active.add(lane);
  }
  // What waited behind them in their pairs may go now.
  if (works.length > 0) wake();
}

/** Ends what became too old before it was sent. */
export async function expire(ends: Ends, tick: Tick): Promise<void> {
  const { now, expired } = tick;
  if (expired.length === 0) return;
  await appendEnds(
    ends,
    expired.map((work) => ({
      day: work.day,
      event: endOf(work, EventKind.expired, now, StatusId.expired, ErrorId.validityExpired),
    })),
  );
  finish(ends, expired, tick);
}
