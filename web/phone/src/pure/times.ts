// Times as a chat shows them.

const DAY_MS = 86_400_000;
const clock = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit' });
const exact = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit' });
const weekday = new Intl.DateTimeFormat('en', { weekday: 'long' });
const fullDay = new Intl.DateTimeFormat('en', { day: 'numeric', month: 'long', year: 'numeric' });
const shortDay = new Intl.DateTimeFormat('en-GB', { day: '2-digit', month: '2-digit', year: '2-digit' });

/** `14:05`. */
export function clockTime(ms: number): string {
  return clock.format(ms);
}

/** `14:05:33`. */
export function exactTime(ms: number): string {
  return exact.format(ms);
}

/** Days since the epoch, by the reader's midnight. */
export function dayOf(ms: number): number {
  return Math.floor((ms - new Date(ms).getTimezoneOffset() * 60_000) / DAY_MS);
}

/** The heading of a day: Today, Yesterday, a weekday within a week, else the date. */
export function dayName(ms: number, now: number): string {
  const age = dayOf(now) - dayOf(ms);
  if (age === 0) return 'Today';
  if (age === 1) return 'Yesterday';
  return age > 1 && age < 7 ? weekday.format(ms) : fullDay.format(ms);
}

/** For a list: the time of today, else the day, short. */
export function listTime(ms: number, now: number): string {
  const age = dayOf(now) - dayOf(ms);
  if (age === 0) return clockTime(ms);
  if (age === 1) return 'Yesterday';
  return age > 1 && age < 7 ? weekday.format(ms) : shortDay.format(ms);
}

/** A span as `23 h 59 min`, `4:05` below an hour. */
export function span(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor((seconds % 3600) / 60);
  if (hours >= 48) return `${Math.floor(hours / 24)} days`;
  if (hours > 0) return `${hours} h ${String(minutes).padStart(2, '0')} min`;
  return `${minutes}:${String(seconds % 60).padStart(2, '0')}`;
}
