// Order per pair (P7): of the messages from one sender to one recipient at most one is in flight. The later ones wait behind it, and the
// first of them is looked at when it is due.
import { HELD, type HeldReason } from '../store/lanes.js';
import { createDueHeap, type DueHeap } from './due-heap.js';
import { type Settlement, VALIDITY_MS, type Work } from './work.js';

interface Pair {
  inFlight: Work | undefined;
  waiting: Work[];
}

/** The pairs of one lane that have something in flight or waiting. */
export class LanePairs {
  readonly #pairs = new Map<string, Pair>();
  readonly #due: DueHeap<Work> = createDueHeap();
  #held = 0;
  #inFlight = 0;

  /** Works that wait, or did before they were posted. */
  held(): number {
    return this.#held;
  }

  inFlight(): number {
    return this.#inFlight;
  }

  /** Whether nothing to a recipient is in flight or waits. */
  isFree(recipient: string): boolean {
    return !this.#pairs.has(recipient);
  }

  /** When the first of those that wait is due, Infinity if none is by itself. */
  earliest(): number {
    return this.#due.earliest();
  }

  /** Takes a work that is due at `now`: the first of its pair, which has none in flight. */
  popDue(now: number): Work | undefined {
    for (let work = this.#due.popDue(now); work !== undefined; work = this.#due.popDue(now)) {
      const pair = this.#pairs.get(work.recipient);
      if (pair !== undefined && pair.inFlight === undefined && pair.waiting[0] === work) return work;
    }
    return undefined;
  }

  /** It was taken, and cannot be served now. */
  putBack(work: Work): void {
    this.#due.push(work.dueAt, work);
  }

  /** Puts back what an earlier owner held, in order. */
  restore(works: readonly Work[]): void {
    for (const work of works) this.#pair(work.recipient).waiting.push(work);
    this.#held += works.length;
    for (const pair of this.#pairs.values()) this.#arm(pair);
  }

  /** A work of a free recipient goes. */
  fly(work: Work): void {
    this.#pair(work.recipient).inFlight = work;
    this.#inFlight += 1;
  }

  /** The first of those that wait goes. */
  flyHeld(work: Work): void {
    const pair = this.#pair(work.recipient);
    pair.waiting.shift();
    pair.inFlight = work;
    this.#inFlight += 1;
  }

  /** Waits, behind those of its pair. */
  hold(work: Work, reason: HeldReason, dueAt: number): void {
    const pair = this.#pair(work.recipient);
    work.isHeld = true;
    work.reason = reason;
    work.dueAt = dueAt;
    pair.waiting.push(work);
    this.#held += 1;
    if (pair.waiting.length === 1) this.#arm(pair);
  }

  /** The first of those that wait goes on waiting until its time has come. */
  keepWaiting(work: Work): void {
    this.#arm(this.#pair(work.recipient));
  }

  /** What was in flight has ended, or waits again before all others of its pair. */
  settle(work: Work, settlement: Settlement, now: number): void {
    const pair = this.#pair(work.recipient);
    if (pair.inFlight === work) {
      pair.inFlight = undefined;
      this.#inFlight -= 1;
    }
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

  /** An unknown attempt needs no answer any more. */
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

  /** What waits for the lane's sake is due. */
  resume(): void {
    for (const pair of this.#pairs.values()) {
      const next = pair.waiting[0];
      if (pair.inFlight !== undefined || next?.reason !== HELD.lane) continue;
      next.dueAt = 0;
      this.#arm(pair);
    }
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
}
