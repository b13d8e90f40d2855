// How messages get on: sent, delivered, read or failed, by a plan made at acceptance, by hand, or when the user comes online.
import type { Callbacks } from './callbacks.js';
import { createDueList } from './due.js';
import type { Failure, Message, Progress, StatusName, Step } from './records.js';
import { statusUpdate } from './updates.js';
import type { World } from './world.js';

/** Moves outbound messages forward and publishes each status. */
export interface ProgressEngine {
  /** Begins with a message just accepted; `failure` makes it fail instead. Its first status comes after the current turn of the event loop. */
  begin(message: Message, failure: Failure | null): void;
  /** Moves a message by hand, earlier states first. False when that would be a step back, or `failed` after delivery. */
  force(message: Message, status: StatusName, failure: Failure): boolean;
  /** Goes on with what waited for the user to come online. */
  cameOnline(user: string): void;
  /** Finds its work anew in the world, after a load or a reset. */
  rebuild(): void;
  stop(): void;
}

/** The steps of a message accepted under `progress`. Null delays are left out; a step is never before the one before it. A reaction is only ever sent (Meta 1.4). */
export function planFor(progress: Progress, failure: Failure | null, isReaction = false): Step[] {
  const isTimed = progress.mode === 'timed';
  if (failure !== null) return [{ status: 'failed', afterMs: isTimed ? (progress.sentMs ?? 0) : 0 }];
  if (progress.mode === 'manual') return [];
  const steps: Step[] = [];
  let reachedMs = 0;
  for (const [status, delayMs] of [
    ['sent', progress.sentMs],
    ['delivered', progress.deliveredMs],
    ['read', progress.readMs],
  ] as const) {
    if (delayMs === null || (isReaction && status !== 'sent')) continue;
    const atMs = isTimed ? Math.max(reachedMs, delayMs) : 0;
    steps.push({ status, afterMs: atMs - reachedMs });
    reachedMs = atMs;
  }
  return steps;
}

/** Position in the order of states; -1 before `sent`. */
function rankOf(message: Message): number {
  return Math.max(-1, ...message.statuses.map(({ status }) => ORDER.indexOf(status)));
}

const ORDER: readonly StatusName[] = ['sent', 'delivered', 'read', 'played'];
const DELIVERED_RANK = 1;

/** An engine with nothing to do; call `rebuild` when the world was loaded. */
export function createProgress(world: World, callbacks: Callbacks): ProgressEngine {
  const due = createDueList<Message>(world.clock, advance);
  /** Messages whose next step waits for their user, by user. */
  const waiting = new Map<string, Set<Message>>();

  function advance(message: Message): void {
    if (world.messages.get(String(message.seq)) !== message) return;
    for (let step = message.plan[0]; step !== undefined; step = message.plan[0]) {
      if (message.nextAt === null) return;
      if (message.nextAt > world.clock.now()) {
        due.add(message.nextAt, message);
        return;
      }
      if (step.status !== 'sent' && step.status !== 'failed' && !mayReach(message, step)) continue;
      message.plan.shift();
      reach(message, step.status, message.nextAt);
      message.nextAt += message.plan[0]?.afterMs ?? 0;
    }
  }

  /** Whether the user's phone lets the step happen; if not, the plan is changed or put off. */
  function mayReach(message: Message, step: Step): boolean {
    const user = world.userOf(message.to);
    if (user.blocked) message.plan = [];
    else if (!user.online) putOff(message);
    else if (step.status === 'read' && !user.readReceipts) message.plan.shift();
    else return true;
    world.messages.put(String(message.seq), message);
    return false;
  }

  function putOff(message: Message): void {
    message.nextAt = null;
    const others = waiting.get(message.to) ?? new Set();
    waiting.set(message.to, others.add(message));
  }

  function reach(message: Message, status: StatusName, at: number): void {
    message.statuses.push({ status, at });
    world.messages.put(String(message.seq), message);
    callbacks.publish(statusUpdate(world, message, status, at));
  }

  return {
    begin(message, failure) {
      message.failure = failure;
      message.plan = planFor(world.settings().progress, failure, message.type === 'reaction');
      message.nextAt = message.acceptedAt + (message.plan[0]?.afterMs ?? 0);
      setImmediate(advance, message);
    },
    force(message, status, failure) {
      const rank = rankOf(message);
      const hasFailed = message.statuses.some((reached) => reached.status === 'failed');
      const target = ORDER.indexOf(status);
      if (hasFailed || (status === 'failed' ? rank >= DELIVERED_RANK : target <= rank)) return false;
      const at = world.clock.now();
      if (status === 'failed') {
        message.failure = failure;
        message.plan = [];
        reach(message, 'failed', at);
        return true;
      }
      message.plan = message.plan.filter((step) => ORDER.indexOf(step.status) > target);
      for (const next of ORDER.slice(rank + 1, target + 1)) reach(message, next, at);
      return true;
    },
    cameOnline(user) {
      const messages = [...(waiting.get(user) ?? [])];
      waiting.delete(user);
      for (const message of messages) {
        message.nextAt = world.clock.now();
        advance(message);
      }
    },
    rebuild() {
      due.clear();
      waiting.clear();
      for (const message of world.messages.values()) {
        if (message.plan.length === 0) continue;
        if (message.nextAt === null) putOff(message);
        else due.add(message.nextAt, message);
      }
    },
    stop: () => due.stop(),
  };
}
