// First of the four files of a message's story: a request that was validated becomes a row on disk, and only then an answer.

import { StatusId } from '../contract/statuses.js';
import type { Clock } from '../lib/clock.js';
import { crashPoint } from '../lib/crash-point.js';
import { dayOf } from '../lib/day.js';
import { type Accepted, acceptMessages, findAccepted, type NewMessage, rejectMessages } from '../store/accepting.js';
import { type Database, DatabaseError } from '../store/database.js';
import type { AppendedEvent } from '../store/events.js';
import type { LaneMessage } from '../store/lanes.js';
import { type Collector, createCollector } from './collector.js';
import { waitMs } from './wait.js';

/** What became of a message that was handed in. `busy`: the buffer is full, nothing was taken. `unavailable`: not on disk, try again. */
export type AcceptOutcome = Accepted | { outcome: 'busy' } | { outcome: 'unavailable' };

/** Takes messages and answers when they are committed (P1). */
export interface Accept {
  accept(message: NewMessage): Promise<AcceptOutcome>;
  /** Accepts the messages of one request in their order. Those that are not refused are committed together: when one is `busy` or `unavailable`, all are. */
  acceptAll(messages: readonly NewMessage[]): Promise<AcceptOutcome[]>;
  /** Messages taken and not yet committed. */
  pending(): number;
  drain(): Promise<void>;
}

/** What accept works with. */
export interface AcceptParts {
  database: Database;
  clock: Clock;
  /** Told of committed messages, in lane order. */
  onAccepted(messages: LaneMessage[]): void;
  /** Told of the events of messages refused at once. */
  onEvents(events: AppendedEvent[]): void;
}

const GROUP_MAX = 500;
const BACKLOG_MAX = 20_000;
/** Groups in flight: while one is committed the requests of the other are read and answered. */
const FLIGHTS = 2;
/** How long a lost COMMIT is asked after before the client is told to try again. */
const READ_BACK_TRIES = 6;
const READ_BACK_WAIT_MS = 500;

/** Creates the accepting end of the pipeline. */
export function createAccept(parts: AcceptParts): Accept {
  const accepting = createCollector<NewMessage, AcceptOutcome>({
    groupMax: GROUP_MAX,
    backlogMax: BACKLOG_MAX,
    flights: FLIGHTS,
    write: (group) => writeGroup(parts, group, writeAccepted),
  });
  const refusing = createCollector<NewMessage, AcceptOutcome>({
    groupMax: GROUP_MAX,
    backlogMax: BACKLOG_MAX,
    write: (group) => writeGroup(parts, group, writeRefused),
  });
  return {
    async accept(message) {
      const collector = message.refusal === undefined ? accepting : refusing;
      return (await collector.add(message)) ?? { outcome: 'busy' };
    },
    async acceptAll(messages) {
      if (accepting.size() + refusing.size() + messages.length > BACKLOG_MAX)
        return messages.map(() => ({ outcome: 'busy' }));
      const refused = await addAll(refusing, messages, ({ refusal }) => refusal !== undefined);
      // Nothing is sent of a request that is answered with an error: what is not refused comes last, in one transaction.
      if ([...refused.values()].some(({ outcome }) => outcome === 'unavailable' || outcome === 'busy'))
        return messages.map(() => ({ outcome: 'unavailable' }));
      const accepted = await addAll(accepting, messages, ({ refusal }) => refusal === undefined);
      return messages.map((message) => refused.get(message) ?? accepted.get(message) ?? { outcome: 'unavailable' });
    },
    pending: () => accepting.size() + refusing.size(),
    async drain() {
      await accepting.drain();
      await refusing.drain();
    },
  };
}

/** Adds those of `messages` that `isFor` holds for, as one transaction; what became of each. */
async function addAll(
  collector: Collector<NewMessage, AcceptOutcome>,
  messages: readonly NewMessage[],
  isFor: (message: NewMessage) => boolean,
): Promise<Map<NewMessage, AcceptOutcome>> {
  const own = messages.filter(isFor);
  const busy: AcceptOutcome = { outcome: 'busy' };
  const outcomes = await Promise.all(collector.addAll(own) ?? own.map(() => busy));
  return new Map(own.map((message, i) => [message, outcomes[i] ?? busy]));
}

type Write = (parts: AcceptParts, group: readonly NewMessage[]) => Promise<AcceptOutcome[]>;

/** A data error is found out row by row; a lost connection by reading each id back. */
async function writeGroup(parts: AcceptParts, group: readonly NewMessage[], write: Write): Promise<AcceptOutcome[]> {
  try {
    return await write(parts, group);
  } catch (error) {
    if (!(error instanceof DatabaseError)) throw error;
    if (error.kind === 'data' && group.length > 1) return writeOneByOne(parts, group, write);
    if (error.kind === 'unavailable' && !error.wasSent) return group.map(() => ({ outcome: 'unavailable' }));
    if (error.kind === 'unavailable' || error.kind === 'conflict') return readBack(parts, group);
    throw error;
  }
}

async function writeOneByOne(parts: AcceptParts, group: readonly NewMessage[], write: Write): Promise<AcceptOutcome[]> {
  const outcomes: AcceptOutcome[] = [];
  for (const message of group) {
    outcomes.push((await writeGroup(parts, [message], write))[0] ?? { outcome: 'unavailable' });
  }
  return outcomes;
}

async function readBack(parts: AcceptParts, group: readonly NewMessage[]): Promise<AcceptOutcome[]> {
  // Days never go back along a stream, and a clock that was wound back is covered by one more day.
  const day = dayOf(parts.clock.now() - 86_400_000);
  for (let tries = 1; tries <= READ_BACK_TRIES; tries += 1) {
    try {
      const found = await findAccepted(
        parts.database,
        day,
        group.map((message) => message.id),
      );
      return group.map(({ id }) => (found.has(id) ? { outcome: 'accepted', seq: 0, day } : { outcome: 'unavailable' }));
    } catch {
      await waitMs(READ_BACK_WAIT_MS);
    }
  }
  return group.map(() => ({ outcome: 'unavailable' }));
}

async function writeAccepted(
  { database, clock, onAccepted }: AcceptParts,
  group: readonly NewMessage[],
): Promise<AcceptOutcome[]> {
  const now = clock.now();
  crashPoint('accept.before');
  const accepted = await acceptMessages(database, now, dayOf(now), group, StatusId.rejectedDuplicateMessageId);
  crashPoint('accept.after');
  const messages: LaneMessage[] = [];
  group.forEach((message, i) => {
    const place = accepted[i];
    if (place?.outcome !== 'accepted') return;
    const { lane, id, recipient, type, content, envelope } = message;
    messages.push({ lane, seq: place.seq, day: place.day, id, recipient, type, content, envelope, acceptedAt: now });
  });
  if (messages.length > 0) onAccepted(messages);
  return accepted;
}

async function writeRefused(
  { database, clock, onEvents }: AcceptParts,
  group: readonly NewMessage[],
): Promise<AcceptOutcome[]> {
  const now = clock.now();
  const { accepted, events } = await rejectMessages(
    database,
    now,
    dayOf(now),
    group,
    StatusId.rejectedDuplicateMessageId,
  );
  if (events.length > 0) onEvents(events);
  return accepted;
}
