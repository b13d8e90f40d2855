// Who may have how many POSTs under way, so that slow endpoints and busy accounts leave room for the others.
// What is slow or fails shares one half of the slots, what has not answered yet a quarter; endpoints that answered their last POST quickly
// may take all. Within that nobody has a fixed part: an account may hold twice as many slots as are free, an endpoint half of what its
// account may still take, and half of what is free. The more are taken, the smaller everybody's share; who holds more than it gets nothing
// until it has come down to it. Routers share their buffers in this way (dynamic thresholds, Choudhury and Hahne 1998).

/** How an endpoint answered its last POST: not yet, within a second, or later or not at all. */
export type Pace = 'new' | 'quick' | 'slow';

/** Whoever holds slots. */
export interface SlotHolder {
  readonly account: number;
  /** Slots held; counted by `DeliverySlots`. */
  inFlight: number;
  /** Set by `DeliverySlots`. */
  pace: Pace;
}

/** The slots of one process. */
export interface DeliverySlots {
  /** How many more `holder` may take now, `wanted` at most. */
  room(holder: SlotHolder, wanted: number): number;
  take(holder: SlotHolder): void;
  /** A POST has ended; `answerMs` is how long its answer took, undefined when none came. */
  give(holder: SlotHolder, answerMs: number | undefined): void;
  used(): number;
  /** Nobody holds anything any more. */
  reset(): void;
}

/** An answer within this is quick, ms. */
export const QUICK_MS = 1_000;
/** Parts of what is free. */
const ENDPOINT_PART = 0.5;
const ACCOUNT_PART = 2;
/** Parts of all. */
const PARTS: Readonly<Record<Pace, number>> = { new: 0.25, slow: 0.5, quick: 1 };
/** An endpoint that nobody knows may hang. */
const NEW_HOLDS_MAX = 4;

/** `max` slots, all free. */
export function createDeliverySlots(max: number): DeliverySlots {
  const accounts = new Map<number, number>();
  const held: Record<Pace, number> = { new: 0, slow: 0, quick: 0 };
  const used = (): number => held.new + held.slow + held.quick;
  const heldBy = (account: number): number => accounts.get(account) ?? 0;
  function free(pace: Pace): number {
    const left = max - used();
    return pace === 'quick' ? left : Math.min(left, max * PARTS[pace] - held[pace]);
  }
  return {
    room(holder, wanted) {
      const { account, inFlight, pace } = holder;
      const most = pace === 'new' ? Math.min(wanted, NEW_HOLDS_MAX - inFlight) : wanted;
      let room = 0;
      // One more at a time: what is free shrinks by each.
      for (let left = free(pace); room < most && left > 0; left -= 1, room += 1) {
        const own = inFlight + room;
        const ofAccount = heldBy(account) + room;
        const share = Math.min(left, left * ACCOUNT_PART - ofAccount);
        // Who holds nothing may begin with one.
        if (ofAccount > 0 && share <= 0) break;
        if (own > 0 && own >= share * ENDPOINT_PART) break;
      }
      return room;
    },
    take(holder) {
      holder.inFlight += 1;
      held[holder.pace] += 1;
      accounts.set(holder.account, heldBy(holder.account) + 1);
    },
    give(holder, answerMs) {
      held[holder.pace] -= holder.inFlight;
      holder.pace = answerMs !== undefined && answerMs < QUICK_MS ? 'quick' : 'slow';
      holder.inFlight -= 1;
      held[holder.pace] += holder.inFlight;
      const left = heldBy(holder.account) - 1;
      if (left > 0) accounts.set(holder.account, left);
      else accounts.delete(holder.account);
    },
    used,
    reset() {
      accounts.clear();
      Object.assign(held, { new: 0, slow: 0, quick: 0 });
    },
  };
}
