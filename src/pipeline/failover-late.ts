// Messages that were not delivered within the time that their account gives WhatsApp: a position a lane trails by that time.
import type { Clock } from '../lib/clock.js';
import type { Database } from '../store/database.js';
import { moveSmsPosition, readSmsPositions, type SmsPosition, scanForSms, startLateSms } from '../store/sms.js';
import type { SmsRoutes } from './sms-routes.js';

interface LateParts {
  database: Database;
  clock: Clock;
  routes: SmsRoutes;
}

const SCAN_MAX = 500;

/** Makes the short messages of those that took too long. Doing it twice does nothing. Throws DatabaseError. */
export async function startLate(parts: LateParts): Promise<void> {
  const { database, clock, routes } = parts;
  const waits = routes.waits();
  if (waits.size === 0) return;
  for (const position of await readSmsPositions(database, [...waits.keys()])) {
    const seconds = waits.get(position.account);
    // A lane begins with what is accepted from now on.
    if (position.seq === null) await moveSmsPosition(database, position.lane, position.last, position.lastDay);
    else if (seconds !== undefined && position.seq < position.last)
      await scanLane(parts, position, clock.now() - seconds * 1000);
  }
}

async function scanLane(
  { database, clock }: LateParts,
  { lane, seq, day }: SmsPosition,
  acceptedBefore: number,
): Promise<void> {
  let at = { lane, seq: seq ?? 0, day: day ?? 0 };
  for (;;) {
    const messages = await scanForSms(database, at, acceptedBefore, SCAN_MAX);
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
