// A test of where reports go: a report of its own kind is put into the stream of the endpoint and delivered as all others are.
import { setTimeout as delay } from 'node:timers/promises';
import type { Clock } from '../lib/clock.js';
import { dayOf } from '../lib/day.js';
import { uuidv7 } from '../lib/id.js';
import type { Database } from '../store/database.js';
import { appendTestReport, type DeliveryRow, findTestDelivery } from '../store/deliveries.js';
import { type EndpointRow, findEndpoint } from '../store/endpoints.js';
import { ensureProfileEndpoint, findProfile } from '../store/profiles.js';
import { type Refusal, refuse } from './refusal.js';

/** What testing needs. */
export interface DeliveryTestParts {
  database: Database;
  clock: Clock;
  /** Why a URL can never be posted to, as far as its text says (the SSRF guard's static check). */
  checkUrl(url: string): string | undefined;
}

/** A test that was sent off. `delivery` is undefined when the endpoint has not been asked in time: it is down, or others come first. */
export interface DeliveryTest {
  eventId: string;
  url: string;
  endpoint: EndpointRow;
  delivery: DeliveryRow | undefined;
}

/** A little more than the longest that a POST takes without a profile. */
const WAIT_MS = 17_000;
const POLL_MS = 50;

/**
 * Posts a test report to `url` as `profileId` says; without `url` to the profile's own. Waits for the first POST, 17 s at most. Refused when the
 * URL cannot be posted to or the profile is not there. Throws DatabaseError.
 */
export async function testDelivery(
  { database, clock, checkUrl }: DeliveryTestParts,
  account: number,
  { url: given, profileId }: { url?: string | undefined; profileId?: string | undefined },
): Promise<DeliveryTest | Refusal> {
  const profile = profileId === undefined ? undefined : await findProfile(database, account, profileId);
  if (profileId !== undefined && profile === undefined) return refuse('notFound', 'no such profile', 'profileId');
  const url = given ?? profile?.notifyUrl ?? undefined;
  if (url === undefined) return refuse('invalid', 'is required unless the profile has one', 'url');
  const reason = checkUrl(url);
  if (reason !== undefined) return refuse('invalid', `blocked: ${reason}`, 'url');
  const now = clock.now();
  const today = dayOf(now);
  const endpoint = await ensureProfileEndpoint(database, account, new URL(url).origin, profileId ?? '', now);
  const ref = uuidv7(now);
  const seq = await appendTestReport(database, { endpoint, now, today, ref, url });
  const delivery = await waitFor({ database, clock }, { endpoint, seq, today });
  const row = await findEndpoint(database, account, endpoint);
  return row === undefined ? refuse('notFound', 'no such endpoint') : { eventId: ref, url, endpoint: row, delivery };
}

async function waitFor(
  { database, clock }: Pick<DeliveryTestParts, 'database' | 'clock'>,
  at: { endpoint: number; seq: number; today: number },
): Promise<DeliveryRow | undefined> {
  const deadline = clock.monotonic() + WAIT_MS;
  for (;;) {
    const found = await findTestDelivery(database, at);
    if (found !== undefined || clock.monotonic() >= deadline) return found;
    const endpoint = await findEndpoint(database, null, at.endpoint);
    // It waits for its probe, or for somebody.
    if (endpoint?.downSince != null || endpoint?.disabledAt != null) return findTestDelivery(database, at);
    await delay(POLL_MS);
  }
}
