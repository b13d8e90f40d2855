// The logic of one lane, without I/O: what may be posted now, what is held and why, and how far the lane is settled. Order per pair (P7)
// is kept by lane-pairs.ts.
import { createNumberBucket, type NumberBucket, type PairBuckets } from '../meta/pace.js';
import { HELD, type HeldReason, type HeldRow, type LaneHead, type LaneMessage } from '../store/lanes.js';
import { LanePairs } from './lane-pairs.js';
import { createStreamBuffer, type StreamBuffer } from './stream-buffer.js';
import { claimed, restored, type Settlement, VALIDITY_MS, type Work } from './work.js';

/** Held rows of one lane at most; then it claims nothing more. */
export const HELD_MAX = 10_000;
/** Failures to reach Meta in a row that pause the lane. */
export const FAILURES_MAX = 5;
const PROBE_WAIT_MAX_MS = 60_000;

/** What a lane gives a tick. */
export interface Selection {
  /** To be posted once the tick is committed. */
  posts: Work[];
  /** Too old: they end without a send. */
  expired: Work[];
  /** Their wait is over and nobody knows whether Meta has them. */
  unknown: Work[];
  /** Newly held rows. */
  held: Work[];
  /** When the lane has something to do by itself, Infinity if only after something happens. */
  nextAt: number;
}

/** One lane in the hands of its owner. */
export interface Lane {
  readonly lane: number;
  /** What was read of the lane and not claimed yet. */
  readonly buffer: StreamBuffer<LaneMessage>;
  /** Puts back what an earlier owner held. */
  restore(rows: readonly HeldRow[]): void;
  /** Chooses what happens at `now`, at most `room` posts. Moves `claimed`; the caller must commit it. */
  select(now: number, room: number, buckets: PairBuckets): Selection;
  /** A post was answered, or an unknown attempt resolved. */
  settle(work: Work, settlement: Settlement, now: number): void;
  /** A status told that an unknown attempt had arrived. */
  adopt(seq: number): void;
  /** Pauses until `until` (epoch ms). Afterwards one message probes. */
  pause(until: number, reason: string): void;
  /** Nothing of the number before `until`. */
  holdNumber(until: number): void;
  /** Meta answered: whatever it said, it is there. True when that ended a pause. */
  reached(): boolean;
  /** Meta was not reached. True when that paused the lane. */
  missed(now: number, reason: string): boolean;
  /** Ends a pause at once. */
  resume(): void;
  setThroughput(perSecond: number): void;
  head(): Pick<LaneHead, 'lane' | 'claimed' | 'claimedDay' | 'settled' | 'settledDay'>;
  paused(): { until: number; reason: string } | undefined;
  /** Posts under way, held rows, messages read and not claimed. */
  counts(): { inFlight: number; held: number; buffered: number };
}

const BUFFER_LIMITS = { rowsMax: 2_000, rowsLow: 500 };

/** A lane as its new owner finds it. */
export function createLane(head: LaneHead, throughput: number, now: number): Lane {
  return new OwnedLane(head, throughput, now);
}

class OwnedLane implements Lane {
  readonly lane: number;
  readonly buffer: StreamBuffer<LaneMessage>;
  readonly #bucket: NumberBucket;
  readonly #pairs = new LanePairs();
  /** Posted straight from the lane and not settled: seq -> day, in order. */
  readonly #outstanding = new Map<number, number>();
  #failures = 0;
  #pausedUntil: number | undefined;
  #pauseReason = '';

  constructor(head: LaneHead, throughput: number, now: number) {
    this.lane = head.lane;
    this.#bucket = createNumberBucket(throughput, now);
    this.buffer = createStreamBuffer({ seq: head.claimed, day: head.claimedDay }, BUFFER_LIMITS);
    if (head.pausedUntil !== null) this.pause(head.pausedUntil, head.pauseReason ?? 'paused');
  }

  restore(rows: readonly HeldRow[]): void {
    this.#pairs.restore(rows.map(restored));
  }

  select(now: number, room: number, buckets: PairBuckets): Selection {
    const selection: Selection = { posts: [], expired: [], unknown: [], held: [], nextAt: Number.POSITIVE_INFINITY };
    this.#expireBuffered(now, selection);
    const allowed = this.#allowed(now, room);
    this.#selectHeld(now, allowed, buckets, selection);
    this.#selectBuffered(now, allowed - selection.posts.length, buckets, selection);
    this.#bucket.take(selection.posts.length, now);
    selection.nextAt = this.#nextAt(now);
    return selection;
  }

  settle(work: Work, settlement: Settlement, now: number): void {
    this.#outstanding.delete(work.seq);
    this.#pairs.settle(work, settlement, now);
  }

  adopt(seq: number): void {
    this.#pairs.adopt(seq);
  }

  pause(until: number, reason: string): void {
    this.#pausedUntil = until;
    this.#pauseReason = reason;
  }

  holdNumber(until: number): void {
    this.#bucket.pause(until);
  }

  reached(): boolean {
    this.#failures = 0;
    if (this.#pausedUntil === undefined) return false;
    this.resume();
    return true;
  }

  missed(now: number, reason: string): boolean {
    this.#failures += 1;
    if (this.#failures < FAILURES_MAX) return false;
    this.pause(now + Math.min(PROBE_WAIT_MAX_MS, 1000 * 2 ** (this.#failures - FAILURES_MAX)), reason);
    return true;
  }

  resume(): void {
    this.#pausedUntil = undefined;
    this.#pauseReason = '';
    this.#pairs.resume();
  }

  setThroughput(perSecond: number): void {
    this.#bucket.setRate(perSecond);
  }

  head(): Pick<LaneHead, 'lane' | 'claimed' | 'claimedDay' | 'settled' | 'settledDay'> {
    const [oldest] = this.#outstanding;
    const { seq: claimed, day: claimedDay } = this.buffer.position();
    return {
      lane: this.lane,
      claimed,
      claimedDay,
      settled: oldest === undefined ? claimed : oldest[0] - 1,
      settledDay: oldest === undefined ? claimedDay : oldest[1],
    };
  }

  paused(): { until: number; reason: string } | undefined {
    return this.#pausedUntil === undefined ? undefined : { until: this.#pausedUntil, reason: this.#pauseReason };
  }

  counts(): { inFlight: number; held: number; buffered: number } {
    return { inFlight: this.#pairs.inFlight(), held: this.#pairs.held(), buffered: this.buffer.size() };
  }

  /** While paused nothing; after a pause one at a time until Meta answers. */
  #allowed(now: number, room: number): number {
    if (this.#pausedUntil === undefined) return Math.min(room, this.#bucket.available(now));
    if (now < this.#pausedUntil || this.#pairs.inFlight() > 0) return 0;
    return Math.min(1, room, this.#bucket.available(now));
  }

  #nextAt(now: number): number {
    const paused = this.#pausedUntil;
    const first = this.buffer.peek();
    let at = this.#pairs.earliest();
    if (first !== undefined && this.#pairs.held() < HELD_MAX) at = now;
    else if (first !== undefined) at = Math.min(at, first.acceptedAt + VALIDITY_MS);
    if (at === Number.POSITIVE_INFINITY) return at;
    if (paused !== undefined && this.#pairs.inFlight() > 0) return Number.POSITIVE_INFINITY;
    if (paused !== undefined && now < paused) return Math.max(at, Math.min(paused, now + PROBE_WAIT_MAX_MS));
    return Math.max(at, now + this.#bucket.waitMs(now));
  }

  #expireBuffered(now: number, selection: Selection): void {
    for (let next = this.buffer.peek(); next !== undefined; next = this.buffer.peek()) {
      if (next.acceptedAt + VALIDITY_MS > now) return;
      this.buffer.shift();
      const work = claimed(next);
      if (this.#pairs.isFree(next.recipient)) this.#fly(work, selection.expired);
      else this.#hold(work, HELD.order, now, selection);
    }
  }

  #selectHeld(now: number, room: number, buckets: PairBuckets, selection: Selection): void {
    const later: Work[] = [];
    for (let work = this.#pairs.popDue(now); work !== undefined; work = this.#pairs.popDue(now)) {
      const isUnknown = work.reason === HELD.unknown;
      if (isUnknown && work.dueAt <= now) this.#flyHeld(work, selection.unknown);
      else if (!isUnknown && work.acceptedAt + VALIDITY_MS <= now) this.#flyHeld(work, selection.expired);
      else if (work.dueAt > now) this.#pairs.keepWaiting(work);
      else if (selection.posts.length >= room) later.push(work);
      else this.#postHeld(now, work, buckets, selection);
      if (later.length > 0 && selection.posts.length >= room) break;
    }
    for (const work of later) this.#pairs.putBack(work);
  }

  #postHeld(now: number, work: Work, buckets: PairBuckets, selection: Selection): void {
    const wait = buckets.take(`${this.lane}:${work.recipient}`, now);
    if (wait > 0) {
      work.reason = HELD.pace;
      work.dueAt = now + wait;
      this.#pairs.keepWaiting(work);
      return;
    }
    work.attempt += 1;
    this.#flyHeld(work, selection.posts);
  }

  #selectBuffered(now: number, room: number, buckets: PairBuckets, selection: Selection): void {
    if (this.#pausedUntil !== undefined && room < 1) return;
    for (let posts = 0; posts < room && this.#pairs.held() < HELD_MAX; ) {
      const next = this.buffer.peek();
      if (next === undefined) return;
      this.buffer.shift();
      const work = claimed(next);
      if (!this.#pairs.isFree(next.recipient)) {
        this.#hold(work, HELD.order, now, selection);
        continue;
      }
      const wait = buckets.take(`${this.lane}:${next.recipient}`, now);
      if (wait > 0) this.#hold(work, HELD.pace, now + wait, selection);
      else {
        work.attempt = 1;
        this.#fly(work, selection.posts);
        posts += 1;
      }
    }
  }

  #fly(work: Work, into: Work[]): void {
    this.#pairs.fly(work);
    this.#outstanding.set(work.seq, work.day);
    into.push(work);
  }

  #flyHeld(work: Work, into: Work[]): void {
    this.#pairs.flyHeld(work);
    into.push(work);
  }

  #hold(work: Work, reason: HeldReason, dueAt: number, selection: Selection): void {
    this.#pairs.hold(work, reason, dueAt);
    selection.held.push(work);
  }
}
