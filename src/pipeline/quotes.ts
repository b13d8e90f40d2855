// Messages of ours that users and notices refer to.
import { addDays, dayOf } from '../lib/day.js';
import type { Pairable } from '../store/inbound.js';

/** A quoted message is found for so long (Infobip 4.3). */
const PAIR_DAYS = 4;
const DAY_MS = 86_400_000;

/** What could be a wamid of ours; anything else is not looked for. */
export function quotedId(id: string | undefined): string | undefined {
  return id !== undefined && /^[\x21-\x7e]{1,512}$/.test(id) ? id : undefined;
}

/** Where quoted messages are looked for at `now`, epoch ms. */
export function pairable(now: number): Pairable {
  const today = dayOf(now);
  return { since: now - PAIR_DAYS * DAY_MS, days: Array.from({ length: PAIR_DAYS + 1 }, (_, i) => addDays(today, -i)) };
}
