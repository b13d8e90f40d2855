// Rate limits per minute, hour and day: too slow to be shared out among processes, so one row for each account and operation.
import type { Runner } from './accounts.js';

/** One call to be counted. Times in epoch ms. */
export interface BucketCall {
  account: number;
  operation: string;
  rate: { count: number; perMs: number; burst: number };
  now: number;
}

// The row is written only when the call may be made; a refused one costs two reads. $4: how long one call fills, $5: how long the burst does, in ms.
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
    rate.burst * gapMs,
  ]);
  if (row === undefined || row.isTaken) return 0;
  return Math.max(1, (row.fullAt ?? now) + gapMs - now - rate.burst * gapMs);
}

/** Removes buckets that are full again: a full one needs no row. */
export async function forgetFullBuckets(db: Runner, now: number): Promise<void> {
  await db.run(FORGET, [now]);
}
