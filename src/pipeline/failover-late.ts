// Messages that were not delivered within the time that their account gives WhatsApp: a position a lane trails by that time.
import type { Clock } from '../lib/clock.js';
import { dayOf } from '../lib/day.js';
import type { Database } from '../store/database.js';
import { moveSmsPosition, readSmsPositions, type SmsPosition, scanForSms, startLateSms } from '../store/sms.js';
import type { SmsRoutes, SmsWait } from './sms-routes.js';

interface LateParts {
  database: Database;
  clock: Clock;
  routes: SmsRoutes;
}

const SCAN_MAX = 500;
/** Clocks of processes differ by less. */
const CLOCK_MS = 86_400_000;

/** Makes the short messages of those that took too long and were accepted since the account wants that. Doing it twice does nothing. Throws DatabaseError. */
export async function startLate(parts: LateParts): Promise<void> {
  const { database, routes } = parts;
  const waits = routes.waits();
  if (waits.size === 0) return;
  for (const position of await readSmsPositions(database, [...waits.keys()])) {
    const wait = waits.get(position.account);
    if (wait !== undefined && (position.seq ?? 0) < position.last) await scanLane(parts, position, wait);
  }
}

async function scanLane(
  { database, clock }: LateParts,
  { lane, seq, day }: SmsPosition,
  { seconds, since }: SmsWait,
): Promise<void> {
  const accepted = { from: since, to: clock.now() - seconds * 1000 };
  // What was accepted before the account wanted it needs no look.
  let at = { lane, seq: seq ?? 0, day: Math.max(day ?? 0, dayOf(since - CLOCK_MS)) };
  for (;;) {
    const messages = await scanForSms(database, at, accepted, SCAN_MAX);
    const last = messages.at(-1);
    if (last === undefined) return;
    for (const each of new Set(messages.map((message) => message.day))) {
      const ids = messages.filter((message) => message.day === each && message.hasSms).map(({ id }) => id);
      if (ids.length > 0) await startLateSms(database, clock.now(), each, ids);
    }
    await moveSmsPosition(database, lane, last.seq, last.day);
    if (messages.length < SCAN_MAX) return;
    at = { lane, seq: last.seq, day: last.day };
  }
}
