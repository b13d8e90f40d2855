// Rate limits per minute, hour and day: too slow to be shared out among processes, so one row for each account and operation. And wrong
// passwords, which all processes count together: one row for each address, name and both, under the account 0, which nobody is.
import type { Runner } from './accounts.js';

/** One call to be counted. Times in epoch ms. */
export interface BucketCall {
  account: number;
  operation: string;
  rate: { count: number; perMs: number; burst: number };
  now: number;
}

/** Calls made at once are counted in any order, and clocks of processes differ: a call may come so much, or half a call, before its time. */
const LEEWAY_MS = 1_000;
// The row is written only when the call may be made; a refused one costs two reads. $4: how long one call fills, $5: how long the burst
// does, and the leeway, in ms.
const TAKE = {
  name: 'rate_bucket_take',
  text: `WITH taken AS (
      INSERT INTO rate_buckets AS b (account, operation, full_at) VALUES ($1, $2, $3::double precision + $4::double precision)
      ON CONFLICT (account, operation) DO UPDATE SET full_at = greatest(b.full_at, $3::double precision) + $4::double precision
      WHERE greatest(b.full_at, $3::double precision) + $4::double precision <= $3::double precision + $5::double precision RETURNING 1
    )
    SELECT EXISTS (SELECT FROM taken) AS "isTaken",
      (SELECT full_at FROM rate_buckets WHERE account = $1 AND operation = $2) AS "fullAt"`,
};
const FORGET = { name: 'rate_bucket_forget', text: 'DELETE FROM rate_buckets WHERE full_at < $1' };

/** Counts one call: 0 when it may be made, else the ms after which one may. Throws DatabaseError. */
export async function takeFromBucket(db: Runner, { account, operation, rate, now }: BucketCall): Promise<number> {
  const gapMs = rate.perMs / rate.count;
  const [row] = await db.run<{ isTaken: boolean; fullAt: number | null }>(TAKE, [
    account,
    operation,
    now,
    gapMs,
    rate.burst * gapMs + Math.min(LEEWAY_MS, gapMs / 2),
  ]);
  if (row === undefined || row.isTaken) return 0;
  return Math.max(1, (row.fullAt ?? now) + gapMs - now - rate.burst * gapMs);
}

/** Removes buckets that are full again: a full one needs no row. */
export async function forgetFullBuckets(db: Runner, now: number): Promise<void> {
  await db.run(FORGET, [now]);
}

/** What is counted of wrong passwords: `gapMs` is how long one fills its bucket. */
export interface Guessed {
  /** Who guessed, or was guessed at, as a digest. */
  key: string;
  gapMs: number;
}

const NOTE = {
  name: 'rate_bucket_note',
  text: `INSERT INTO rate_buckets AS b (account, operation, full_at)
    SELECT 0, g.key, $1::double precision + g.gap FROM unnest($2::text[], $3::double precision[]) AS g (key, gap) ORDER BY g.key
    ON CONFLICT (account, operation) DO UPDATE
      SET full_at = least(greatest(b.full_at, $1::double precision) + excluded.full_at - $1::double precision, $1::double precision + $4::double precision)`,
};
const LOOK = {
  name: 'rate_bucket_look',
  text: `SELECT max(b.full_at + g.gap) AS at FROM unnest($1::text[], $2::double precision[]) AS g (key, gap)
    JOIN rate_buckets b ON b.account = 0 AND b.operation = g.key`,
};

/** Counts a wrong password in each of some buckets, of which each holds `sizeMs`. */
export async function noteGuess(db: Runner, guessed: readonly Guessed[], sizeMs: number, now: number): Promise<void> {
  await db.run(NOTE, [now, guessed.map(({ key }) => key), guessed.map(({ gapMs }) => gapMs), sizeMs]);
}

/** The ms until none of some buckets is full; 0 when none is. */
export async function guessWait(db: Runner, guessed: readonly Guessed[], sizeMs: number, now: number): Promise<number> {
  const values = [guessed.map(({ key }) => key), guessed.map(({ gapMs }) => gapMs)];
  const [row] = await db.run<{ at: number | null }>(LOOK, values);
  return Math.max(0, Math.ceil((row?.at ?? 0) - now - sizeMs));
}
