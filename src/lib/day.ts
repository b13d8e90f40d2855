// UTC days as the numbers that partitions are named by: yyyymmdd.

/** The UTC day of `ms` (epoch milliseconds) as yyyymmdd. */
export function dayOf(ms: number): number {
  const date = new Date(ms);
  return date.getUTCFullYear() * 10_000 + (date.getUTCMonth() + 1) * 100 + date.getUTCDate();
}

/** The first millisecond of `day` (yyyymmdd), epoch ms. */
export function startOfDay(day: number): number {
  return Date.UTC(Math.floor(day / 10_000), (Math.floor(day / 100) % 100) - 1, day % 100);
}

/** The day `days` after `day` (before it when negative), yyyymmdd. */
export function addDays(day: number, days: number): number {
  return dayOf(startOfDay(day) + days * 86_400_000);
}
