// Lanes: reading what waits, and the one statement a tick that settles answers and claims what is posted next.
import type { Database } from './database.js';

/** Why a message that was claimed is not settled yet. */
export const HELD = { order: 1, pace: 2, retry: 3, lane: 4, unknown: 5 } as const;

/** One of HELD's values. */
export type HeldReason = (typeof HELD)[keyof typeof HELD];

/** A message that waits in its lane. */
export interface LaneMessage {
  lane: number;
  seq: number;
  day: number;
  id: string;
  recipient: string;
  type: string;
  content: string;
  envelope: string | null;
  acceptedAt: number;
}

/** Where the owner of a lane stands. */
export interface LaneHead {
  lane: number;
  claimed: number;
  claimedDay: number;
  settled: number;
  settledDay: number;
  aged: number;
  agedDay: number;
  pausedUntil: number | null;
  pauseReason: string | null;
}

/** Where the writers of a stream stand: the next sequence number and the day of the last row. */
export interface Tail {
  stream: number;
  next: number;
  day: number;
}

/** A message past `claimed` that waits for something. */
export interface HeldRow {
  lane: number;
  seq: number;
  day: number;
  message: string;
  recipient: string;
  reason: HeldReason;
  attempt: number;
  acceptedAt: number;
  dueAt: number;
  claimedAt: number | null;
}

/** Everything one tick commits. */
export interface DispatchTick {
  lanes: Pick<LaneHead, 'lane' | 'claimed' | 'claimedDay' | 'settled' | 'settledDay'>[];
  events: {
    day: number;
    message: string;
    attempt: number;
    kind: number;
    wamid: string | null;
    metaCode: number | null;
    detail: string | null;
  }[];
  released: { lane: number; seq: number }[];
  held: HeldRow[];
}

const TICK = {
  name: 'dispatch_tick',
  text: 'SELECT dispatch_tick($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,$15,$16,$17,$18,$19,$20,$21,$22,$23,$24,$25,$26)',
};

/** Commits one tick of dispatch. Repeating it changes nothing. Throws DatabaseError of kind lease when the process no longer owns. */
export async function commitDispatchTick(
  database: Database,
  processId: number,
  now: number,
  tick: DispatchTick,
): Promise<void> {
  const { lanes, events, released, held } = tick;
  await database.run(TICK, [
    processId,
    now,
    lanes.map((l) => l.lane),
    lanes.map((l) => l.claimed),
    lanes.map((l) => l.claimedDay),
    lanes.map((l) => l.settled),
    lanes.map((l) => l.settledDay),
    events.map((e) => e.day),
    events.map((e) => e.message),
    events.map((e) => e.attempt),
    events.map((e) => e.kind),
    events.map((e) => e.wamid),
    events.map((e) => e.metaCode),
    events.map((e) => e.detail),
    released.map((r) => r.lane),
    released.map((r) => r.seq),
    held.map((h) => h.lane),
    held.map((h) => h.seq),
    held.map((h) => h.day),
    held.map((h) => h.message),
    held.map((h) => h.recipient),
    held.map((h) => h.reason),
    held.map((h) => h.attempt),
    held.map((h) => h.acceptedAt),
    held.map((h) => h.dueAt),
    held.map((h) => h.claimedAt),
  ]);
}

const TAKE_OVER = { name: 'take_over_lanes', text: 'SELECT take_over_lanes($1,$2,$3)' };
const HEADS = {
  name: 'lane_heads',
  text: `SELECT lane, claimed, claimed_day AS "claimedDay", settled, settled_day AS "settledDay", aged, aged_day AS "agedDay",
    paused_until AS "pausedUntil", pause_reason AS "pauseReason" FROM lane_heads WHERE lane = ANY ($1::integer[])`,
};
const LANES = {
  name: 'list_lanes',
  text: `SELECT h.lane FROM lane_heads h JOIN senders s ON s.id = h.lane JOIN tails t ON t.stream = h.lane
    WHERE h.lane % $1 = ANY ($2::smallint[]) AND NOT h.lane = ANY ($3::integer[])
      AND (s.deleted_at IS NULL OR t.next > h.claimed + 1 OR h.settled < h.claimed OR EXISTS (SELECT FROM held WHERE held.lane = h.lane))
    ORDER BY h.lane`,
};

/** Lanes of some groups (id modulo `groups`) but those in `except`: of senders that exist, and of removed ones that are not through. */
export async function listLanes(
  database: Database,
  groups: number,
  wanted: readonly number[],
  except: readonly number[],
): Promise<number[]> {
  return (await database.run<{ lane: number }>(LANES, [groups, wanted, except])).map((row) => row.lane);
}

const HELD_ROWS = {
  name: 'held_rows',
  text: `SELECT lane, seq, day, message, recipient, reason, attempt, accepted_at AS "acceptedAt", due_at AS "dueAt", claimed_at AS "claimedAt"
    FROM held WHERE lane = ANY ($1::integer[]) ORDER BY lane, seq`,
};

/** Makes what a former owner left without an answer unknown, then reads where the lanes stand and what is held in them. */
export async function takeOverLanes(
  database: Database,
  processId: number,
  now: number,
  lanes: readonly number[],
): Promise<{ heads: LaneHead[]; held: HeldRow[] }> {
  await database.run(TAKE_OVER, [processId, now, lanes]);
  const heads = await readLaneHeads(database, lanes);
  const held = await database.run<HeldRow>(HELD_ROWS, [lanes]);
  return { heads, held };
}

/** Where lanes stand on disk. */
export async function readLaneHeads(database: Database, lanes: readonly number[]): Promise<LaneHead[]> {
  return database.run<LaneHead>(HEADS, [lanes]);
}

const TAILS = { name: 'tails', text: 'SELECT stream, next, day FROM tails WHERE stream = ANY ($1::bigint[])' };

/** The tails of some streams. */
export async function readTails(database: Database, streams: readonly number[]): Promise<Tail[]> {
  return database.run<Tail>(TAILS, [streams]);
}

const MESSAGE_COLUMNS = 'lane, seq, day, id, recipient, type, content, envelope, accepted_at AS "acceptedAt"';
const READ = {
  name: 'read_lane',
  text: `SELECT ${MESSAGE_COLUMNS} FROM messages WHERE day = $1 AND lane = $2 AND seq > $3 ORDER BY seq LIMIT $4`,
};
const READ_SEQS = {
  name: 'read_lane_seqs',
  text: `SELECT ${MESSAGE_COLUMNS} FROM messages WHERE day = $1 AND lane = $2 AND seq = ANY ($3::bigint[])`,
};

/** Up to `limit` messages of one lane and day after `after`, in order. */
export async function readLane(
  database: Database,
  day: number,
  lane: number,
  after: number,
  limit: number,
): Promise<LaneMessage[]> {
  return database.run<LaneMessage>(READ, [day, lane, after, limit]);
}

/** Messages of one lane and day by sequence number. */
export async function readLaneSeqs(
  database: Database,
  day: number,
  lane: number,
  seqs: readonly number[],
): Promise<LaneMessage[]> {
  return database.run<LaneMessage>(READ_SEQS, [day, lane, seqs]);
}

const PAUSE = {
  name: 'pause_lane',
  text: 'UPDATE lane_heads SET paused_until = $2, pause_reason = $3 WHERE lane = $1',
};

/** Notes that a lane is paused (or no longer, with nulls), for people to see and the next owner to know. */
export async function notePause(
  database: Database,
  lane: number,
  until: number | null,
  reason: string | null,
): Promise<void> {
  await database.run(PAUSE, [lane, until, reason]);
}

const ANSWERED = {
  name: 'answered_attempts',
  text: `SELECT u.message, u.attempt, e.wamid FROM unnest($2::uuid[], $3::smallint[]) AS u (message, attempt), LATERAL (
      SELECT coalesce(max(e.wamid), '') AS wamid, count(*) AS n FROM events e
      WHERE e.day = $1 AND e.message = u.message AND e.attempt = u.attempt AND e.kind < 20 OFFSET 0
    ) e WHERE e.n > 0`,
};

/** Which of these attempts of messages of one day have an event, as `<message>:<attempt>`, with its wamid (empty when it has none): their outcome is known after all. */
export async function answeredAttempts(
  database: Database,
  day: number,
  attempts: readonly { message: string; attempt: number }[],
): Promise<Map<string, string>> {
  const rows = await database.run<{ message: string; attempt: number; wamid: string }>(ANSWERED, [
    day,
    attempts.map((a) => a.message),
    attempts.map((a) => a.attempt),
  ]);
  return new Map(rows.map((row) => [`${row.message}:${row.attempt}`, row.wamid]));
}

const AGE = {
  name: 'age_lane',
  text: `SELECT m.seq, m.day, m.id, (SELECT max(e.attempt) FROM events e WHERE e.day = m.day AND e.message = m.id AND e.kind < 20) AS attempt,
      EXISTS (SELECT FROM events e WHERE e.day = m.day AND e.message = m.id AND e.kind BETWEEN 3 AND 6) AS "isFinal",
      EXISTS (SELECT FROM held h WHERE h.lane = m.lane AND h.seq = m.seq) AS "isHeld"
    FROM messages m WHERE m.day = $1 AND m.lane = $2 AND m.seq > $3 AND m.seq <= $4 AND m.accepted_at <= $5 ORDER BY m.seq LIMIT $6`,
};

/** A message that is old enough to have come to its end. */
export interface AgedMessage {
  seq: number;
  day: number;
  id: string;
  attempt: number | null;
  isFinal: boolean;
  isHeld: boolean;
}

/** Messages of a lane and day in (after, upTo] that were accepted at or before `acceptedBefore`, in order. */
export async function readAged(
  database: Database,
  day: number,
  lane: number,
  after: number,
  upTo: number,
  acceptedBefore: number,
  limit: number,
): Promise<AgedMessage[]> {
  return database.run<AgedMessage>(AGE, [day, lane, after, upTo, acceptedBefore, limit]);
}

const MOVE_AGED = { name: 'move_aged', text: 'UPDATE lane_heads SET aged = $2, aged_day = $3 WHERE lane = $1' };

/** Moves the ageing position of a lane. */
export async function moveAged(database: Database, lane: number, aged: number, agedDay: number): Promise<void> {
  await database.run(MOVE_AGED, [lane, aged, agedDay]);
}

const FIRST_DAY = { name: 'first_day', text: 'SELECT min(day) AS day FROM messages WHERE lane = $1 AND seq = 1' };

/** The day of a lane's very first message, if it still exists. */
export async function readFirstDay(database: Database, lane: number): Promise<number | undefined> {
  const [row] = await database.run<{ day: number | null }>(FIRST_DAY, [lane]);
  return row?.day ?? undefined;
}

const UNPAUSED = {
  name: 'unpaused_lanes',
  text: 'SELECT lane FROM lane_heads WHERE lane = ANY ($1::integer[]) AND pause_reason IS NULL',
};

/** Which of these lanes are not paused, as far as the database knows: somebody may have resumed one. */
export async function readUnpaused(database: Database, lanes: readonly number[]): Promise<number[]> {
  return (await database.run<{ lane: number }>(UNPAUSED, [lanes])).map((row) => row.lane);
}
