// The address that travels with a message through Meta and comes back in each of its statuses, so that a status finds its
// partition, message and attempt by itself: `p1:<day>:<uuid>:<attempt>`.
import { dayOf, startOfDay } from '../lib/day.js';
import { isUuid } from '../lib/id.js';

/** Where a status belongs. */
export interface Address {
  /** Partition day of the message, UTC, `yyyymmdd`. */
  day: string;
  /** The message's own id, a lower-case UUID. */
  id: string;
  /** Which send of it, from 1 to 32,767. */
  attempt: number;
}

/** What the database keeps of an attempt (smallint); no message is tried that often. */
const ATTEMPT_MAX = 32_767;
const FORM = /^p1:(\d{8}):([0-9a-f-]{36}):([1-9]\d{0,4})$/;

/** The text for `biz_opaque_callback_data`; about 60 characters, Meta allows 512. */
export function formatAddress({ day, id, attempt }: Address): string {
  return `p1:${day}:${id}:${attempt}`;
}

/** The address in `text`, or undefined when it is not one of ours (other programs may send from the same number). */
export function parseAddress(text: string): Address | undefined {
  const match = FORM.exec(text);
  const [, day, id, attempt] = match ?? [];
  if (day === undefined || id === undefined || attempt === undefined || !isUuid(id) || !isDay(day)) return undefined;
  if (Number(attempt) > ATTEMPT_MAX) return undefined;
  return { day, id, attempt: Number(attempt) };
}

/** Whether the eight digits name a day of the calendar. */
function isDay(text: string): boolean {
  const day = Number(text);
  return dayOf(startOfDay(day)) === day;
}
