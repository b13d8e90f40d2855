// The address that travels with a message through Meta and comes back in each of its statuses, so that a status finds its
// partition, message and attempt by itself: `p1:<day>:<uuid>:<attempt>`, and where traces are on `:<traceparent>`.
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
  /** Of the POST that carried it, when that is part of a trace. */
  traceparent?: string | undefined;
}

/** What the database keeps of an attempt (smallint); no message is tried that often. */
const ATTEMPT_MAX = 32_767;
const FORM = /^p1:(\d{8}):([0-9a-f-]{36}):([1-9]\d{0,4})(?::(00-[0-9a-f]{32}-[0-9a-f]{16}-0[01]))?$/;

/** The text for `biz_opaque_callback_data`; about 60 characters, 115 with a trace; Meta allows 512. */
export function formatAddress({ day, id, attempt, traceparent }: Address): string {
  const address = `p1:${day}:${id}:${attempt}`;
  return traceparent === undefined ? address : `${address}:${traceparent}`;
}

/** The address in `text`, or undefined when it is not one of ours (other programs may send from the same number). */
export function parseAddress(text: string): Address | undefined {
  const match = FORM.exec(text);
  const [, day, id, attempt, traceparent] = match ?? [];
  if (day === undefined || id === undefined || attempt === undefined || !isUuid(id) || !isDay(day)) return undefined;
  if (Number(attempt) > ATTEMPT_MAX) return undefined;
  return { day, id, attempt: Number(attempt), ...(traceparent === undefined ? {} : { traceparent }) };
}

/** Whether the eight digits name a day of the calendar. */
function isDay(text: string): boolean {
  const day = Number(text);
  return dayOf(startOfDay(day)) === day;
}
