// Days as flows write them, and months as calendars draw them. A day is YYYY-MM-DD.
import { isSince } from './document.js';

const DAY_MS = 86_400_000;
/** Until this version dates were milliseconds since 1970, as text. */
const ISO_SINCE = '5.0';
const NAMES = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'] as const;

/** The day that a date of a flow means; undefined when it is none. */
export function dayOf(value: unknown): string | undefined {
  const text = typeof value === 'number' || typeof value === 'string' ? String(value).trim() : '';
  if (/^\d{4}-\d{2}-\d{2}$/.test(text)) return Number.isNaN(Date.parse(text)) ? undefined : text;
  if (!/^-?\d{1,15}$/.test(text)) return undefined;
  const date = new Date(Number(text));
  return Number.isNaN(date.getTime()) ? undefined : date.toISOString().slice(0, 10);
}

/** A day as a flow of that version answers it. */
export function wireDay(day: string, version: string): string {
  return isSince(version, ISO_SINCE) ? day : String(Date.parse(day));
}

/** How many days a range has, both ends counted. */
export function daysIn(start: string, end: string): number {
  return Math.round((Date.parse(end) - Date.parse(start)) / DAY_MS) + 1;
}

/** Sun to Sat. */
export function weekdayOf(day: string): (typeof NAMES)[number] {
  return NAMES[new Date(day).getUTCDay()] ?? 'Sun';
}

/** The month of a day, moved by some months: YYYY-MM. */
export function monthOf(day: string, by = 0): string {
  const date = new Date(`${day.slice(0, 7)}-01T00:00:00Z`);
  date.setUTCMonth(date.getUTCMonth() + by);
  return date.toISOString().slice(0, 7);
}

/** The weeks of a month, Monday first; undefined where another month begins. */
export function weeksOf(month: string): (string | undefined)[][] {
  const first = new Date(`${month}-01T00:00:00Z`);
  const length = new Date(Date.UTC(first.getUTCFullYear(), first.getUTCMonth() + 1, 0)).getUTCDate();
  const lead = (first.getUTCDay() + 6) % 7;
  const days: (string | undefined)[] = Array.from({ length: lead }, () => undefined);
  for (let day = 1; day <= length; day++) days.push(`${month}-${String(day).padStart(2, '0')}`);
  while (days.length % 7 !== 0) days.push(undefined);
  return Array.from({ length: days.length / 7 }, (_, week) => days.slice(week * 7, week * 7 + 7));
}
