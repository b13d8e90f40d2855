// What waits for the callbacks and what is on its way: queues by callback, order within a message, attempts, retries, the log's limit.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Agent } from 'undici';
import type { Log } from '../lib/log.js';
import {
  addressId,
  addressOf,
  type Entry,
  fillBatch,
  isFresh,
  type Line,
  newLine,
  subjectOf,
} from './callback-line.js';
import { createAgent, type Exchange, postWebhook } from './callback-post.js';
import { type Chains, createChains } from './chains.js';
import { createDueList, type DueList } from './due.js';
import { meetFaults } from './faults.js';
import { createFifo, type Fifo } from './fifo.js';
import type { FaultEffect, Webhook } from './records.js';
import { retryWaitMs, WEBHOOK_LIFE_MS } from './retry-waits.js';
import { renderBody } from './updates.js';
import type { World } from './world.js';

/** Webhooks in flight to one callback URL. */
const PARALLEL_MAX = 32;

/** The state of delivery; only the functions of this file and its callers in callbacks.ts and callback-handshake.ts change it. */
export interface CallbackQueue {
  world: World;
  log: Log;
  agent: Agent;
  stopping: AbortController;
  due: DueList<() => void>;
  lines: Map<string, Line>;
  lineOfWaba: Map<string, Line>;
  chains: Chains<Entry>;
  flying: Map<Webhook, Entry>;
  finished: Fifo<Webhook>;
  /** Begins the handshake of a line that has not passed it. */
  shake(line: Line): void;
}

/** An empty queue. */
export function createCallbackQueue(world: World, log: Log, shake: (line: Line) => void): CallbackQueue {
  return {
    world,
    log,
    agent: createAgent(PARALLEL_MAX),
    stopping: new AbortController(),
    due: createDueList<() => void>(world.clock, (run) => run()),
    lines: new Map(),
    lineOfWaba: new Map(),
    chains: createChains<Entry>(),
    flying: new Map(),
    finished: createFifo<Webhook>(),
    shake,
  };
}

/** The line to the callback of a WABA, made when there is none yet; undefined when the WABA is gone. */
export function lineOf(queue: CallbackQueue, wabaId: string): Line | undefined {
  const known = queue.lineOfWaba.get(wabaId);
  if (known !== undefined) return known;
  const waba = queue.world.wabas.get(wabaId);
  const address = waba === undefined ? undefined : addressOf(queue.world, waba);
  if (address === undefined) return undefined;
  const id = addressId(address);
  const line = queue.lines.get(id) ?? newLine(id, address);
  queue.lines.set(id, line);
  queue.lineOfWaba.set(wabaId, line);
  return line;
}

/** Whether the webhook is still of this world: a reset or the log's limit may have dropped it. */
export function isKept(queue: CallbackQueue, webhook: Webhook): boolean {
  return queue.world.webhooks.get(String(webhook.seq)) === webhook;
}

/** Puts an entry whose turn in its chains has come into its line. */
export function makeReady(queue: CallbackQueue, entry: Entry): void {
  const line = lineOf(queue, entry.webhook.wabaId);
  if (line === undefined) {
    finish(queue, entry, 'dead');
    return;
  }
  line.ready.push(entry);
  pump(queue, line);
}

/** Starts as many attempts as the line may have in flight; before its handshake, that instead. */
export function pump(queue: CallbackQueue, line: Line): void {
  if (line.isPumping) return;
  if (!queue.world.settings().verified.includes(line.id)) {
    queue.shake(line);
    return;
  }
  line.isPumping = true;
  while (line.inFlight < PARALLEL_MAX && !queue.stopping.signal.aborted) {
    const entry = line.ready.shift();
    if (entry === undefined) break;
    start(queue, line, entry);
  }
  line.isPumping = false;
}

/** Notes an attempt. */
export function record(queue: CallbackQueue, webhook: Webhook, exchange: Exchange): void {
  webhook.attempts.push({ at: queue.world.clock.now(), ...exchange });
}

/** Forgets finished webhooks first, and only then, with a warning, the oldest that still waits. */
export function trimLog(queue: CallbackQueue): void {
  const { world, finished, log } = queue;
  while (world.webhooks.size > world.limits.webhooksMax) {
    const over = finished.shift() ?? world.webhooks.values().next().value;
    if (over === undefined) return;
    if (over.state === 'waiting') log.warn({ event: 'sandbox.webhook.forgotten', id: over.seq });
    world.webhooks.delete(String(over.seq));
  }
}

function release(queue: CallbackQueue, entry: Entry): void {
  for (const next of queue.chains.leave(entry)) makeReady(queue, next);
}

function finish(queue: CallbackQueue, entry: Entry, state: 'done' | 'dead'): void {
  const { webhook } = entry;
  if (isKept(queue, webhook)) {
    webhook.body ??= renderBody(webhook.updates);
    webhook.state = state;
    webhook.updates = [];
    webhook.dueAt = null;
    queue.world.webhooks.put(String(webhook.seq), webhook);
    queue.finished.push(webhook);
  }
  release(queue, entry);
}

function start(queue: CallbackQueue, line: Line, entry: Entry): void {
  const { webhook } = entry;
  if (!isKept(queue, webhook) || webhook.state !== 'waiting') {
    finish(queue, entry, 'done');
    return;
  }
  absorb(queue, line, entry);
  const effect = meetFaults(queue.world, 'webhook', () => subjectOf(line, webhook));
  if (effect?.reorder === true && line.held === null && !entry.wasHeld) {
    line.held = entry;
    entry.wasHeld = true;
    release(queue, entry);
    return;
  }
  line.inFlight += 1;
  queue.flying.set(webhook, entry);
  void attempt(queue, line, webhook, effect).then((exchange) => {
    line.inFlight -= 1;
    queue.flying.delete(webhook);
    settle(queue, line, entry, exchange);
  });
}

/** With batching on, takes along what waits for the same callback: first what follows in its chains, then others. */
function absorb({ world, chains }: CallbackQueue, line: Line, entry: Entry): void {
  const { batchMax } = world.settings().progress;
  if (batchMax === 1 || !isFresh(entry)) return;
  const take = (keys: readonly string[]) =>
    chains.takeFollower(keys, isFresh) ?? (isFresh(line.ready.peek()) ? line.ready.shift() : undefined);
  for (const absorbed of fillBatch(entry, batchMax, take)) world.webhooks.delete(String(absorbed.seq));
}

async function attempt(
  queue: CallbackQueue,
  line: Line,
  webhook: Webhook,
  effect: FaultEffect | null,
): Promise<Exchange> {
  webhook.body ??= renderBody(webhook.updates);
  webhook.url = line.address.url;
  if (effect === null) return postWebhook(queue.agent, line.address, webhook.body);
  if (effect.latencyMs !== undefined) {
    await sleep(effect.latencyMs, undefined, { signal: queue.stopping.signal, ref: false }).catch(() => {});
  }
  if (effect.drop === true) return { httpStatus: null, durationMs: 0, error: 'dropped by a fault' };
  if (effect.httpStatus !== undefined) {
    return { httpStatus: effect.httpStatus, durationMs: 0, error: 'answered by a fault' };
  }
  const first = await postWebhook(queue.agent, line.address, webhook.body);
  if (effect.loseResponse === true) {
    return { httpStatus: null, durationMs: first.durationMs, error: 'answer lost by a fault' };
  }
  if (effect.duplicate !== true) return first;
  record(queue, webhook, first);
  return postWebhook(queue.agent, line.address, webhook.body);
}

function settle(queue: CallbackQueue, line: Line, entry: Entry, exchange: Exchange): void {
  const { webhook } = entry;
  const now = queue.world.clock.now();
  record(queue, webhook, exchange);
  const firstAt = webhook.attempts[0]?.at ?? now;
  if (exchange.httpStatus === 200 || !isKept(queue, webhook)) finish(queue, entry, 'done');
  else if (now - firstAt >= WEBHOOK_LIFE_MS) finish(queue, entry, 'dead');
  else retry(queue, entry);
  if (line.held !== null) line.ready.push(line.held);
  line.held = null;
  pump(queue, line);
}

function retry(queue: CallbackQueue, entry: Entry): void {
  const { webhook } = entry;
  webhook.dueAt = queue.world.clock.now() + retryWaitMs(webhook.attempts.length);
  queue.world.webhooks.put(String(webhook.seq), webhook);
  if (!queue.stopping.signal.aborted) queue.due.add(webhook.dueAt, () => makeReady(queue, entry));
}
