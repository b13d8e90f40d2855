// Replays: reports that were delivered or given up are sent once more, by message, by event, or by place and time.
import { type EventReference, parseEventId } from '../contract/event-ids.js';
import type { Clock } from '../lib/clock.js';
import { dayOf } from '../lib/day.js';
import { isUuid } from '../lib/id.js';
import type { Database } from '../store/database.js';
import { endpointIds, findEndpoint } from '../store/endpoints.js';
import {
  messagesNamed,
  type ReplayReference,
  replayReferences,
  replayStretch,
  type Stretch,
} from '../store/replays.js';
import { type Refusal, refuse } from './refusal.js';

/** What to replay: one of messages, events, or a stretch (an endpoint, a time, or both). Times are epoch ms. */
export type ReplayWish =
  | { messageIds: readonly string[] }
  | { eventIds: readonly string[] }
  | { endpointId: number | null; from: number; to: number };

/** How many reports are sent again. `isComplete` false: the limit of one call was met, and asking again goes on with dead letters only. */
export interface ReplayResult {
  reports: number;
  isComplete: boolean;
}

/** Reports of one call at most; a statement takes `PAGE_ROWS` of them. */
const REPLAY_REPORTS_MAX = 1_000_000;
const PAGE_ROWS = 5_000;
const REFERENCES_PER_STATEMENT = 500;

interface Replaying {
  database: Database;
  clock: Clock;
  account: number;
  deadOnly: boolean;
}

/**
 * Sends reports of an account again, each under its own eventId. Only those that have left their stream: what still waits or is being tried comes
 * anyway. Two calls at the same moment may both send a report; its eventId tells. Refused when an endpoint is not this account's or an eventId has another form.
 */
export async function replay(replaying: Replaying, wish: ReplayWish): Promise<ReplayResult | Refusal> {
  if ('messageIds' in wish) return replayAll(replaying, await referencesOfMessages(replaying, wish.messageIds));
  if ('eventIds' in wish) {
    const events = wish.eventIds.map(parseEventId);
    const wrong = events.indexOf(undefined);
    if (wrong >= 0) return refuse('invalid', 'is not an eventId', `eventIds[${wrong}]`);
    return replayAll(
      replaying,
      events.filter((event): event is EventReference => event !== undefined),
    );
  }
  return replayStretches(replaying, wish);
}

async function referencesOfMessages(
  { database, account }: Replaying,
  messageIds: readonly string[],
): Promise<ReplayReference[]> {
  const named = await messagesNamed(database, account, messageIds);
  const all = new Set([...named, ...messageIds.filter(isUuid)]);
  return [...all].map((ref) => ({ ref, attempt: null, eventKind: null }));
}

async function replayAll(replaying: Replaying, references: readonly ReplayReference[]): Promise<ReplayResult> {
  const { database, clock } = replaying;
  let reports = 0;
  for (let i = 0; i < references.length; i += REFERENCES_PER_STATEMENT) {
    const some = { ...replaying, references: references.slice(i, i + REFERENCES_PER_STATEMENT) };
    reports += await replayReferences(database, clock.now(), PAGE_ROWS, some);
  }
  return { reports, isComplete: true };
}

async function replayStretches(
  replaying: Replaying,
  { endpointId, from, to }: { endpointId: number | null; from: number; to: number },
): Promise<ReplayResult | Refusal> {
  const { database, account, deadOnly } = replaying;
  if (endpointId !== null && (await findEndpoint(database, account, endpointId)) === undefined)
    return refuse('notFound', 'no such endpoint', 'endpointId');
  const endpoints = endpointId === null ? await endpointIds(database, account) : [endpointId];
  let left = REPLAY_REPORTS_MAX;
  for (const endpoint of endpoints) {
    left -= await replayOne(replaying, { endpoint, from, to, fromDay: dayOf(from), deadOnly }, left);
  }
  return { reports: REPLAY_REPORTS_MAX - left, isComplete: left > 0 };
}

async function replayOne({ database, clock }: Replaying, stretch: Stretch, limit: number): Promise<number> {
  let reports = 0;
  let after = 0;
  while (reports < limit) {
    const rows = Math.min(PAGE_ROWS, limit - reports);
    const page = await replayStretch(database, clock.now(), rows, stretch, after);
    reports += page.reports;
    if (page.last === null) break;
    after = page.last;
  }
  return reports;
}
