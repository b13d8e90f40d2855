// What Meta says, as our tables can hold it: texts that PostgreSQL takes, days that have partitions.
import { addDays, dayOf } from '../lib/day.js';
import { FAR_OFF_DAY } from '../store/partitions.js';

/** Meta retries for 7 days; a timestamp further off than this is not a time to sort by. */
export const DAYS_BACK_MAX = 8;

/** PostgreSQL cannot hold NUL; Meta's words are for people. */
export function cleanText(text: string | undefined): string | undefined {
  return text?.toWellFormed().replaceAll('\u0000', '\ufffd');
}

/** A repeat must fall on the same day as the first, so the day is Meta's; one that is far off is one fixed day. */
export function trustedDay(at: number, now: number): number {
  const day = dayOf(at);
  const today = dayOf(now);
  return day >= addDays(today, -DAYS_BACK_MAX) && day <= addDays(today, 1) ? day : FAR_OFF_DAY;
}
