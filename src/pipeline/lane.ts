// The logic of one lane, without I/O: what may be posted now, what is held and why, and how far the lane is settled.
// Order per pair (P7): a recipient has at most one message in flight; the later ones wait behind it in `held`.
import { createNumberBucket, type NumberBucket, type PairBuckets } from '../meta/pace.js';
import { HELD, type HeldReason, type HeldRow, type LaneHead, type LaneMessage } from '../store/lanes.js';
import { createDueHeap, type DueHeap } from './due-heap.js';
import { createStreamBuffer, type StreamBuffer } from './stream-buffer.js';

/** Messages older than this are not sent any more (Infobip 3: validity of 48 h). */
export const VALIDITY_MS = 48 * 3_600_000;
/** Held rows of one lane at most; then it claims nothing more. */
export const HELD_MAX = 10_000;
/** Failures to reach Meta in a row that pause the lane. */
export const FAILURES_MAX = 5;
const PROBE_WAIT_MAX_MS = 60_000;

/** One message on its way through the lane. */
export interface Work {
  readonly lane: number;
  readonly seq: number;
  readonly day: number;
  readonly id: string;
  readonly recipient: string;
  readonly acceptedAt: number;
  /** What is sent; read from the database when it was held by an earlier owner. */
  message: LaneMessage | undefined;
  /** Posts made so far, the one under way included. */
  attempt: number;
  /** It has a row in `held`. */
  isHeld: boolean;
  reason: HeldReason;
  dueAt: number;
}

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

/** How a message left the socket, as far as the lane is concerned. */
export type Settlement = { kind: 'done' } | { kind: 'again'; reason: HeldReason; dueAt: number };

interface Pair {
  inFlight: Work | undefined;
  waiting: Work[];
}

/** One lane in the hands of its owner. */
export interface Lane {
  readonly lane: number;
  /** What was read of the lane and not claimed yet. */
  readonly buffer: StreamBuffer<LaneMessage>;
  /** Puts back what an earlier owner held. */
  restore(rows: readonly HeldRow[]): void;
  /** Chooses what happens at `now`, at most `room` posts. Moves `claimed`; the caller must commit it. */
  select(now: number, room: number, pairs: PairBuckets): Selection;
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
  readonly #pairs = new Map<string, Pair>();
  readonly #due: DueHeap<Work> = createDueHeap();
  /** Posted straight from the lane and not settled: seq -> day, in order. */
  readonly #outstanding = new Map<number, number>();
  #held = 0;
  #inFlight = 0;
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
    for (const row of rows) {
      const { lane, seq, day, message: id, recipient, acceptedAt, attempt, reason, dueAt } = row;
      const work = {
        lane,
        seq,
        day,
        id,
        recipient,
        acceptedAt,
        attempt,
        reason,
        dueAt,
        message: undefined,
        isHeld: true,
      };
      this.#pair(recipient).waiting.push(work);
      this.#held += 1;
    }
    for (const pair of this.#pairs.values()) this.#arm(pair);
  }

  select(now: number, room: number, pairs: PairBuckets): Selection {
    const selection: Selection = { posts: [], expired: [], unknown: [], held: [], nextAt: Number.POSITIVE_INFINITY };
    this.#expireBuffered(now, selection);
    const allowed = this.#allowed(now, room);
    this.#selectHeld(now, allowed, pairs, selection);
    this.#selectBuffered(now, allowed - selection.posts.length, pairs, selection);
    this.#bucket.take(selection.posts.length, now);
    selection.nextAt = this.#nextAt(now);
    return selection;
  }

  settle(work: Work, settlement: Settlement, now: number): void {
    const pair = this.#pair(work.recipient);
    if (pair.inFlight === work) {
      pair.inFlight = undefined;
      this.#inFlight -= 1;
    }
    this.#outstanding.delete(work.seq);
    if (settlement.kind === 'done') {
      if (work.isHeld) this.#held -= 1;
      work.isHeld = false;
    } else {
      work.reason = settlement.reason;
      work.dueAt = settlement.dueAt;
      if (!work.isHeld) this.#held += 1;
      work.isHeld = true;
      pair.waiting.unshift(work);
    }
    const next = pair.waiting[0];
    if (next === undefined) this.#pairs.delete(work.recipient);
    else {
      if (next.reason === HELD.order) next.dueAt = now;
      this.#arm(pair);
    }
  }

  adopt(seq: number): void {
    for (const [recipient, pair] of this.#pairs) {
      const at = pair.waiting.findIndex((work) => work.seq === seq && work.reason === HELD.unknown);
      if (at < 0) continue;
      pair.waiting.splice(at, 1);
      this.#held -= 1;
      const next = pair.waiting[0];
      if (next === undefined && pair.inFlight === undefined) this.#pairs.delete(recipient);
      else {
        if (next?.reason === HELD.order) next.dueAt = 0;
        this.#arm(pair);
      }
      return;
    }
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
    for (const pair of this.#pairs.values()) {
      const next = pair.waiting[0];
      if (pair.inFlight !== undefined || next?.reason !== HELD.lane) continue;
      next.dueAt = 0;
      this.#arm(pair);
    }
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
    return { inFlight: this.#inFlight, held: this.#held, buffered: this.buffer.size() };
  }

  #pair(recipient: string): Pair {
    const known = this.#pairs.get(recipient);
    if (known !== undefined) return known;
    const pair: Pair = { inFlight: undefined, waiting: [] };
    this.#pairs.set(recipient, pair);
    return pair;
  }

  /** Asks to look at the pair's first message when it is due, or when it has become too old. */
  #arm(pair: Pair): void {
    const next = pair.waiting[0];
    if (next === undefined || pair.inFlight !== undefined) return;
    // What is unknown may have been sent: it is not too old for a send before that is known.
    const tooOldAt = next.reason === HELD.unknown ? Number.POSITIVE_INFINITY : next.acceptedAt + VALIDITY_MS;
    this.#due.push(Math.min(next.dueAt, tooOldAt), next);
  }

  /** While paused nothing; after a pause one at a time until Meta answers. */
  #allowed(now: number, room: number): number {
    if (this.#pausedUntil === undefined) return Math.min(room, this.#bucket.available(now));
    if (now < this.#pausedUntil || this.#inFlight > 0) return 0;
    return Math.min(1, room, this.#bucket.available(now));
  }

  #nextAt(now: number): number {
    const paused = this.#pausedUntil;
    const first = this.buffer.peek();
    let at = this.#due.earliest();
    if (first !== undefined && this.#held < HELD_MAX) at = now;
    else if (first !== undefined) at = Math.min(at, first.acceptedAt + VALIDITY_MS);
    if (at === Number.POSITIVE_INFINITY) return at;
    if (paused !== undefined && this.#inFlight > 0) return Number.POSITIVE_INFINITY;
    if (paused !== undefined && now < paused) return Math.max(at, Math.min(paused, now + PROBE_WAIT_MAX_MS));
    return Math.max(at, now + this.#bucket.waitMs(now));
  }

  #expireBuffered(now: number, selection: Selection): void {
    for (let next = this.buffer.peek(); next !== undefined; next = this.buffer.peek()) {
      if (next.acceptedAt + VALIDITY_MS > now) return;
      this.buffer.shift();
      const pair = this.#pairs.get(next.recipient);
      const work = this.#claim(next);
      if (pair === undefined) {
        this.#fly(work, selection.expired);
      } else this.#hold(work, pair, HELD.order, now, selection);
    }
  }

  #selectHeld(now: number, room: number, pairs: PairBuckets, selection: Selection): void {
    const later: Work[] = [];
    for (let work = this.#due.popDue(now); work !== undefined; work = this.#due.popDue(now)) {
      const pair = this.#pairs.get(work.recipient);
      if (pair === undefined || pair.inFlight !== undefined || pair.waiting[0] !== work) continue;
      const isUnknown = work.reason === HELD.unknown;
      if (isUnknown && work.dueAt <= now) this.#flyHeld(pair, work, selection.unknown);
      else if (!isUnknown && work.acceptedAt + VALIDITY_MS <= now) this.#flyHeld(pair, work, selection.expired);
      else if (work.dueAt > now) this.#arm(pair);
      else if (selection.posts.length >= room) later.push(work);
      else this.#postHeld(now, pair, work, pairs, selection);
      if (later.length > 0 && selection.posts.length >= room) break;
    }
    for (const work of later) this.#due.push(work.dueAt, work);
  }

  #postHeld(now: number, pair: Pair, work: Work, pairs: PairBuckets, selection: Selection): void {
    const wait = pairs.take(`${this.lane}:${work.recipient}`, now);
    if (wait > 0) {
      work.reason = HELD.pace;
      work.dueAt = now + wait;
      this.#arm(pair);
      return;
    }
    work.attempt += 1;
    this.#flyHeld(pair, work, selection.posts);
  }

  #selectBuffered(now: number, room: number, pairs: PairBuckets, selection: Selection): void {
    if (this.#pausedUntil !== undefined && room < 1) return;
    for (let posts = 0; posts < room && this.#held < HELD_MAX; ) {
      const next = this.buffer.peek();
      if (next === undefined) return;
      this.buffer.shift();
      const pair = this.#pairs.get(next.recipient);
      const work = this.#claim(next);
      if (pair !== undefined) {
        this.#hold(work, pair, HELD.order, now, selection);
        continue;
      }
      const wait = pairs.take(`${this.lane}:${next.recipient}`, now);
      if (wait > 0) this.#hold(work, this.#pair(next.recipient), HELD.pace, now + wait, selection);
      else {
        work.attempt = 1;
        this.#fly(work, selection.posts);
        posts += 1;
      }
    }
  }

  #claim(message: LaneMessage): Work {
    const { lane, seq, day, id, recipient, acceptedAt } = message;
    return {
      lane,
      seq,
      day,
      id,
      recipient,
      acceptedAt,
      message,
      attempt: 0,
      isHeld: false,
      reason: HELD.order,
      dueAt: 0,
    };
  }

  #fly(work: Work, into: Work[]): void {
    this.#pair(work.recipient).inFlight = work;
    this.#outstanding.set(work.seq, work.day);
    this.#inFlight += 1;
    into.push(work);
  }

  #flyHeld(pair: Pair, work: Work, into: Work[]): void {
    pair.waiting.shift();
    pair.inFlight = work;
    this.#inFlight += 1;
    into.push(work);
  }

  #hold(work: Work, pair: Pair, reason: HeldReason, dueAt: number, selection: Selection): void {
    work.isHeld = true;
    work.reason = reason;
    work.dueAt = dueAt;
    pair.waiting.push(work);
    this.#held += 1;
    selection.held.push(work);
    if (pair.waiting.length === 1) this.#arm(pair);
  }
}
