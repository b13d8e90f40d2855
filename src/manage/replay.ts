// Replays: reports that were delivered or given up are sent once more, by message, by event, or by place and time; so many requests a second.
import { type EventReference, parseEventId } from '../contract/event-ids.js';
import type { Clock } from '../lib/clock.js';
import { dayOf } from '../lib/day.js';
import { isUuid } from '../lib/id.js';
import type { Database } from '../store/database.js';
import { endpointIds, findEndpoint } from '../store/endpoints.js';
import { findProfile } from '../store/profiles.js';
import {
  messagesNamed,
  type ReplayPace,
  type ReplayReference,
  replayReferences,
  replayStretch,
  type Stretch,
} from '../store/replays.js';
import { findSubscription } from '../store/subscriptions.js';
import { isRefusal, type Refusal, refuse } from './refusal.js';

/** A place that reports go to, at most one of these; of a subscription what it is about, at its profile. */
export interface ReplayPlace {
  endpointId?: number | undefined;
  profileId?: string | undefined;
  subscriptionId?: string | undefined;
}

/** What to replay: one of messages, events, or a stretch (a place, a time, or both). Times are epoch ms. */
export type ReplayWish =
  | { messageIds: readonly string[] }
  | { eventIds: readonly string[] }
  | { place: ReplayPlace; from: number; to: number };

/** Requests a second of one replay, unless it says otherwise; each carries up to 100 reports. */
export const REPLAY_PER_SECOND = 100;

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
  requestsPerSecond: number;
}

const CHANNEL = 'WHATSAPP';

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
  const { database, account, deadOnly } = replaying;
  const pace = paceOf(replaying);
  let reports = 0;
  for (let i = 0; i < references.length; i += REFERENCES_PER_STATEMENT) {
    const some = { account, deadOnly, references: references.slice(i, i + REFERENCES_PER_STATEMENT) };
    const page = await replayReferences(database, pace, PAGE_ROWS, some);
    reports += page.reports;
    pace.requests += page.requests;
  }
  return { reports, isComplete: true };
}

function paceOf({ clock, requestsPerSecond }: Replaying): ReplayPace {
  return { now: clock.now(), intervalMs: 1000 / requestsPerSecond, requests: 0 };
}

async function replayStretches(
  replaying: Replaying,
  { place, from, to }: { place: ReplayPlace; from: number; to: number },
): Promise<ReplayResult | Refusal> {
  const found = await endpointsAt(replaying, place);
  if (isRefusal(found)) return found;
  const { endpoints, subscription } = found;
  const pace = paceOf(replaying);
  let left = REPLAY_REPORTS_MAX;
  for (const endpoint of endpoints) {
    const stretch = { endpoint, from, to, fromDay: dayOf(from), deadOnly: replaying.deadOnly, subscription };
    left -= await replayOne(replaying.database, pace, stretch, left);
  }
  return { reports: REPLAY_REPORTS_MAX - left, isComplete: left > 0 };
}

async function endpointsAt(
  { database, account }: Replaying,
  { endpointId, profileId, subscriptionId }: ReplayPlace,
): Promise<{ endpoints: number[]; subscription: number | null } | Refusal> {
  const whole = (endpoints: number[]) => ({ endpoints, subscription: null });
  if (endpointId !== undefined) {
    const found = await findEndpoint(database, account, endpointId);
    return found === undefined ? refuse('notFound', 'no such endpoint', 'endpointId') : whole([endpointId]);
  }
  if (subscriptionId !== undefined) {
    const found = await findSubscription(database, account, CHANNEL, subscriptionId);
    if (found === undefined) return refuse('notFound', 'no such subscription', 'subscriptionId');
    return { endpoints: await endpointIds(database, account, found.profileId), subscription: found.id };
  }
  if (profileId !== undefined && (await findProfile(database, account, profileId)) === undefined)
    return refuse('notFound', 'no such profile', 'profileId');
  return whole(await endpointIds(database, account, profileId ?? null));
}

async function replayOne(database: Database, pace: ReplayPace, stretch: Stretch, limit: number): Promise<number> {
  let reports = 0;
  let after = 0;
  while (reports < limit) {
    const rows = Math.min(PAGE_ROWS, limit - reports);
    const page = await replayStretch(database, pace, rows, stretch, after);
    reports += page.reports;
    pace.requests += page.requests;
    if (page.last === null) break;
    after = page.last;
  }
  return reports;
}
