// Replays: reports that have left their stream are put into requests again. Each call takes one page of rows and is one statement.
import type { Runner } from './accounts.js';
import { ReportKind } from './reports.js';

/** What a page of a replay did. `last` is the sequence number to go on after, null when the page was the last one. */
export interface ReplayPage {
  reports: number;
  requests: number;
  last: number | null;
}

/** What all statements are given: request number n, from 0, of a replay that began at `now` is due after n * `intervalMs`. */
export interface ReplayPace {
  now: number;
  intervalMs: number;
  /** Requests that the replay has made before this page. */
  requests: number;
}

/** Reports in one request; the size that delivery itself uses by default. */
const BATCH_REPORTS_MAX = 100;

/**
 * `page` are report rows. Left out are those still to be read, those in a request that has not succeeded yet, and those without a URL.
 * The rest become requests of one endpoint, kind and URL each, due one after the other, and stop being dead letters. $1 is now, $2 the most
 * rows, $3 the interval and $4 the requests made before.
 */
const REPLAY = `underway AS MATERIALIZED (
    SELECT b.endpoint, s.seq FROM batches b, unnest(b.seqs) AS s (seq) WHERE b.endpoint IN (SELECT endpoint FROM page)
  ), chosen AS MATERIALIZED (
    SELECT p.endpoint, p.seq, p.day, p.kind, coalesce(p.url, m.envelope::json ->> 'notifyUrl') AS url
    FROM page p JOIN endpoint_heads h ON h.endpoint = p.endpoint AND p.seq <= h.position
    LEFT JOIN messages m ON p.url IS NULL AND m.day = p.ref_day AND m.id = p.ref
    WHERE NOT EXISTS (SELECT FROM underway u WHERE u.endpoint = p.endpoint AND u.seq = p.seq)
  ), numbered AS (
    SELECT c.*, (row_number() OVER (PARTITION BY c.endpoint, c.kind, c.url ORDER BY c.seq) - 1)
      / CASE WHEN c.kind > ${ReportKind.inbound} AND c.kind < ${ReportKind.test} THEN 1 ELSE ${BATCH_REPORTS_MAX} END AS part
    FROM chosen c WHERE c.url <> ''
  ), made AS (
    INSERT INTO batches (id, endpoint, kind, url, seqs, from_day, to_day, is_replay, first_due_at, due_at)
    SELECT gen_random_uuid(), endpoint, kind, url, seqs, from_day, to_day, true, due_at, due_at
    FROM (
      SELECT endpoint, kind, url, array_agg(seq ORDER BY seq) AS seqs, min(day) AS from_day, max(day) AS to_day,
        $1::bigint + (($4::integer + row_number() OVER (ORDER BY min(seq), endpoint) - 1) * $3::float8)::bigint AS due_at
      FROM numbered GROUP BY endpoint, kind, url, part
    ) r RETURNING cardinality(seqs) AS reports
  ), revived AS (
    DELETE FROM dead_letters d USING numbered n WHERE d.endpoint = n.endpoint AND d.seq = n.seq
  )`;
const RESULT = `SELECT coalesce((SELECT sum(reports) FROM made), 0)::integer AS reports,
  (SELECT count(*) FROM made)::integer AS requests,
  (SELECT CASE WHEN count(*) = $2::integer THEN max(seq) END FROM page) AS last`;

const BY_STREAM = {
  name: 'replay_stream',
  text: `WITH page AS MATERIALIZED (
    SELECT r.* FROM reports r WHERE r.endpoint = $5 AND r.seq > $6 AND r.day >= $7 AND r.at BETWEEN $8 AND $9
    ORDER BY r.seq LIMIT $2::integer
  ), ${REPLAY} ${RESULT}`,
};
const DEAD = {
  name: 'replay_dead',
  text: `WITH page AS MATERIALIZED (
    SELECT r.* FROM dead_letters d JOIN reports r ON r.endpoint = d.endpoint AND r.seq = d.seq AND r.day = d.day
    WHERE d.endpoint = $5 AND d.seq > $6 AND r.at BETWEEN $7 AND $8 ORDER BY d.seq LIMIT $2::integer
  ), ${REPLAY} ${RESULT}`,
};
/**
 * Of a stretch what a subscription is about, as it is now: its events, and of those whose sender, application, entity and user are known the ones
 * that it matches. Several subscriptions may share a profile, and so an endpoint.
 */
const BY_SUBSCRIPTION = {
  name: 'replay_subscription',
  text: `WITH page AS MATERIALIZED (
    SELECT r.* FROM reports r LEFT JOIN LATERAL (
      SELECT m.sender, m.envelope::json ->> 'applicationId', m.envelope::json ->> 'entityId', m.envelope::json ->> 'user'
      FROM messages m WHERE r.kind <= ${ReportKind.seen} AND m.day = r.ref_day AND m.id = r.ref
      UNION ALL
      SELECT s.sender, i.application_id, i.entity_id, s.inbound_user
      FROM inbound i JOIN senders s ON s.id = i.lane WHERE r.kind = ${ReportKind.inbound} AND i.day = r.ref_day AND i.id = r.ref
      UNION ALL
      SELECT n.sender, n.application_id, n.entity_id, NULL
      FROM notices n WHERE r.kind > ${ReportKind.inbound} AND n.day = r.ref_day AND n.id = r.ref
    ) f (sender, application, entity, username) ON true
    WHERE r.endpoint = $5 AND r.seq > $6 AND r.day >= $7 AND r.at BETWEEN $8 AND $9 AND EXISTS (
      SELECT FROM routes t JOIN subscriptions s ON s.id = t.subscription
      WHERE t.subscription = $10 AND t.events & (1 << r.kind) <> 0 AND (f IS NULL OR (
        t.application_id IN ('', coalesce(f.application, '')) AND t.entity_id IN ('', coalesce(f.entity, ''))
        AND t.sender IN ('', coalesce(f.sender, '')) AND (s.users = '{}' OR f.username = ANY (s.users))))
    ) AND (NOT $11::boolean OR EXISTS (SELECT FROM dead_letters d WHERE d.endpoint = r.endpoint AND d.seq = r.seq))
    ORDER BY r.seq LIMIT $2::integer
  ), ${REPLAY} ${RESULT}`,
};
const BY_REFERENCE = {
  name: 'replay_references',
  text: `WITH wanted AS MATERIALIZED (
    SELECT DISTINCT ref, attempt, event_kind FROM unnest($6::uuid[], $7::smallint[], $8::smallint[]) AS w (ref, attempt, event_kind)
  ), page AS MATERIALIZED (
    SELECT DISTINCT r.* FROM wanted w JOIN reports r ON r.ref = w.ref AND (w.event_kind IS NULL OR (w.event_kind = r.event_kind AND w.attempt = r.attempt))
    JOIN endpoints e ON e.id = r.endpoint AND e.account = $5
    WHERE NOT $9::boolean OR EXISTS (SELECT FROM dead_letters d WHERE d.endpoint = r.endpoint AND d.seq = r.seq)
    LIMIT $2::integer
  ), ${REPLAY} ${RESULT}`,
};
const KEYS = {
  name: 'replay_message_keys',
  text: 'SELECT message FROM message_keys WHERE account = $1 AND message_id = ANY ($2::text[])',
};

/** A stretch of one endpoint's reports. Times are epoch ms of when each was appended; `fromDay` is the day of `from`. */
export interface Stretch {
  endpoint: number;
  from: number;
  to: number;
  fromDay: number;
  deadOnly: boolean;
  /** Only what this subscription is about, by its internal id; null: all. */
  subscription: number | null;
}

/** Replays up to `limit` reports of a stretch, after sequence number `after`. */
export async function replayStretch(
  db: Runner,
  pace: ReplayPace,
  limit: number,
  stretch: Stretch,
  after: number,
): Promise<ReplayPage> {
  const { endpoint, from, to, fromDay, deadOnly, subscription } = stretch;
  const common = [pace.now, limit, pace.intervalMs, pace.requests, endpoint, after];
  const [page] =
    subscription !== null
      ? await db.run<ReplayPage>(BY_SUBSCRIPTION, [...common, fromDay, from, to, subscription, deadOnly])
      : deadOnly
        ? await db.run<ReplayPage>(DEAD, [...common, from, to])
        : await db.run<ReplayPage>(BY_STREAM, [...common, fromDay, from, to]);
  return page ?? { reports: 0, requests: 0, last: null };
}

/** What a replay by reference points at; `eventKind` null: every report of the message. */
export interface ReplayReference {
  ref: string;
  attempt: number | null;
  eventKind: number | null;
}

/** Replays the reports of an account that are pointed at, at most `limit`; references to nothing of this account do nothing. */
export async function replayReferences(
  db: Runner,
  pace: ReplayPace,
  limit: number,
  { account, references, deadOnly }: { account: number; references: readonly ReplayReference[]; deadOnly: boolean },
): Promise<ReplayPage> {
  const columns = [references.map((r) => r.ref), references.map((r) => r.attempt), references.map((r) => r.eventKind)];
  const common = [pace.now, limit, pace.intervalMs, pace.requests];
  const [page] = await db.run<ReplayPage>(BY_REFERENCE, [...common, account, ...columns, deadOnly]);
  return page ?? { reports: 0, requests: 0, last: null };
}

/** Our UUIDs of the messages that this account named so. */
export async function messagesNamed(db: Runner, account: number, messageIds: readonly string[]): Promise<string[]> {
  return (await db.run<{ message: string }>(KEYS, [account, messageIds])).map((row) => row.message);
}
