// The way of webhooks to the callback URLs: a queue for each URL, order within a message, retries on the virtual clock, faults.
import { randomInt } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Log } from '../lib/log.js';
import {
  addressId,
  addressOf,
  type Entry,
  entryOf,
  fillBatch,
  isFresh,
  keysOf,
  type Line,
  newLine,
  subjectOf,
} from './callback-line.js';
import { createAgent, type Exchange, postWebhook, shakeHands } from './callback-post.js';
import { createChains } from './chains.js';
import { createDueList } from './due.js';
import { meetFaults } from './faults.js';
import { createFifo } from './fifo.js';
import type { FaultEffect, Update, Webhook } from './records.js';
import { HANDSHAKE_WAIT_MS_MAX, retryWaitMs, WEBHOOK_LIFE_MS } from './retry-waits.js';
import { renderBody } from './updates.js';
import type { World } from './world.js';

/** Webhooks in flight to one callback URL. */
const PARALLEL_MAX = 32;
const VERIFIED_MAX = 1000;
const STOP_WAIT_MS = 500;
const STOP_STEP_MS = 10;

/** Delivers what happens to the apps that own it. */
export interface Callbacks {
  /** Queues an update, unless its WABA is not subscribed or the update is undefined. */
  publish(update: Update | undefined): void;
  /** Posts a webhook once more now, whatever its state; resolves when the attempt is over. */
  redeliver(webhook: Webhook): Promise<void>;
  /** Runs the handshake once (Meta 2.1); whether it passed. */
  verify(url: string, verifyToken: string): Promise<boolean>;
  /** Builds the queues anew from the world, after a load, a reset or a change of WABAs. What is in flight stays so. */
  rebuild(): void;
  /** Starts no more attempts and waits shortly for those in flight; what is unfinished stays waiting in the world. */
  stop(): Promise<void>;
}

/** Idle until `rebuild` or `publish`. */
export function createCallbacks(world: World, log: Log): Callbacks {
  const agent = createAgent(PARALLEL_MAX);
  const stopping = new AbortController();
  const due = createDueList<() => void>(world.clock, (run) => run());
  const lines = new Map<string, Line>();
  const lineOfWaba = new Map<string, Line>();
  const chains = createChains<Entry>();
  const flying = new Map<Webhook, Entry>();
  const finished = createFifo<Webhook>();

  function lineOf(wabaId: string): Line | undefined {
    const known = lineOfWaba.get(wabaId);
    if (known !== undefined) return known;
    const waba = world.wabas.get(wabaId);
    const address = waba === undefined ? undefined : addressOf(world, waba);
    if (address === undefined) return undefined;
    const id = addressId(address);
    const line = lines.get(id) ?? newLine(id, address);
    lines.set(id, line);
    lineOfWaba.set(wabaId, line);
    return line;
  }

  function isKept(webhook: Webhook): boolean {
    return world.webhooks.get(String(webhook.seq)) === webhook;
  }

  function makeReady(entry: Entry): void {
    const line = lineOf(entry.webhook.wabaId);
    if (line === undefined) {
      finish(entry, 'dead');
      return;
    }
    line.ready.push(entry);
    pump(line);
  }

  function release(entry: Entry): void {
    for (const next of chains.leave(entry)) makeReady(next);
  }

  function finish(entry: Entry, state: 'done' | 'dead'): void {
    const { webhook } = entry;
    if (isKept(webhook)) {
      webhook.body ??= renderBody(webhook.updates);
      webhook.state = state;
      webhook.updates = [];
      webhook.dueAt = null;
      world.webhooks.put(String(webhook.seq), webhook);
      finished.push(webhook);
    }
    release(entry);
  }

  function pump(line: Line): void {
    if (line.isPumping) return;
    if (!world.settings().verified.includes(line.id)) {
      shake(line);
      return;
    }
    line.isPumping = true;
    while (line.inFlight < PARALLEL_MAX && !stopping.signal.aborted) {
      const entry = line.ready.shift();
      if (entry === undefined) break;
      start(line, entry);
    }
    line.isPumping = false;
  }

  function start(line: Line, entry: Entry): void {
    const { webhook } = entry;
    if (!isKept(webhook) || webhook.state !== 'waiting') {
      finish(entry, 'done');
      return;
    }
    absorb(line, entry);
    const effect = meetFaults(world, 'webhook', () => subjectOf(line, webhook));
    if (effect?.reorder === true && line.held === null && !entry.wasHeld) {
      line.held = entry;
      entry.wasHeld = true;
      release(entry);
      return;
    }
    line.inFlight += 1;
    flying.set(webhook, entry);
    void attempt(line, webhook, effect).then((exchange) => {
      line.inFlight -= 1;
      flying.delete(webhook);
      settle(line, entry, exchange);
    });
  }

  /** With batching on, takes along what waits for the same callback: first what follows in its chains, then others. */
  function absorb(line: Line, entry: Entry): void {
    const { batchMax } = world.settings().progress;
    if (batchMax === 1 || !isFresh(entry)) return;
    const take = (keys: readonly string[]) =>
      chains.takeFollower(keys, isFresh) ?? (isFresh(line.ready.peek()) ? line.ready.shift() : undefined);
    for (const absorbed of fillBatch(entry, batchMax, take)) world.webhooks.delete(String(absorbed.seq));
  }

  async function attempt(line: Line, webhook: Webhook, effect: FaultEffect | null): Promise<Exchange> {
    webhook.body ??= renderBody(webhook.updates);
    webhook.url = line.address.url;
    if (effect === null) return postWebhook(agent, line.address, webhook.body);
    if (effect.latencyMs !== undefined) {
      await sleep(effect.latencyMs, undefined, { signal: stopping.signal, ref: false }).catch(() => {});
    }
    if (effect.drop === true) return { httpStatus: null, durationMs: 0, error: 'dropped by a fault' };
    if (effect.httpStatus !== undefined) {
      return { httpStatus: effect.httpStatus, durationMs: 0, error: 'answered by a fault' };
    }
    const first = await postWebhook(agent, line.address, webhook.body);
    if (effect.loseResponse === true) {
      return { httpStatus: null, durationMs: first.durationMs, error: 'answer lost by a fault' };
    }
    if (effect.duplicate !== true) return first;
    record(webhook, first);
    return postWebhook(agent, line.address, webhook.body);
  }

  function record(webhook: Webhook, exchange: Exchange): void {
    webhook.attempts.push({ at: world.clock.now(), ...exchange });
  }

  function settle(line: Line, entry: Entry, exchange: Exchange): void {
    const { webhook } = entry;
    record(webhook, exchange);
    const firstAt = webhook.attempts[0]?.at ?? world.clock.now();
    if (exchange.httpStatus === 200 || !isKept(webhook)) finish(entry, 'done');
    else if (world.clock.now() - firstAt >= WEBHOOK_LIFE_MS) finish(entry, 'dead');
    else retry(entry);
    if (line.held !== null) line.ready.push(line.held);
    line.held = null;
    pump(line);
  }

  function retry(entry: Entry): void {
    const { webhook } = entry;
    webhook.dueAt = world.clock.now() + retryWaitMs(webhook.attempts.length);
    world.webhooks.put(String(webhook.seq), webhook);
    if (!stopping.signal.aborted) due.add(webhook.dueAt, () => makeReady(entry));
  }

  function shake(line: Line): void {
    if (line.isShaking || stopping.signal.aborted) return;
    line.isShaking = true;
    void shakeHands(agent, line.address, newChallenge()).then((isPassed) => {
      line.isShaking = false;
      if (stopping.signal.aborted || lines.get(line.id) !== line) return;
      if (isPassed) {
        const settings = world.settings();
        settings.verified = [...settings.verified, line.id].slice(-VERIFIED_MAX);
        world.saveSettings();
        pump(line);
        return;
      }
      line.failures += 1;
      log.debug({ event: 'sandbox.handshake', failures: line.failures });
      const waitMs = Math.min(HANDSHAKE_WAIT_MS_MAX, retryWaitMs(line.failures));
      due.add(world.clock.now() + waitMs, () => pump(line));
    });
  }

  /** Forgets finished webhooks first, and only then, with a warning, the oldest that still waits. */
  function trimLog(): void {
    while (world.webhooks.size > world.limits.webhooksMax) {
      const over = finished.shift() ?? world.webhooks.values().next().value;
      if (over === undefined) return;
      if (over.state === 'waiting') log.warn({ event: 'sandbox.webhook.forgotten', id: over.seq });
      world.webhooks.delete(String(over.seq));
    }
  }

  function rebuild(): void {
    due.clear();
    chains.clear();
    finished.clear();
    lineOfWaba.clear();
    for (const line of lines.values()) {
      line.ready.clear();
      line.held = null;
    }
    for (const entry of flying.values()) entry.keys = [];
    const subscribed = [...world.wabas.values()].filter((waba) => waba.subscribed);
    const inUse = new Set(subscribed.map((waba) => lineOf(waba.wabaId)));
    for (const line of lines.values()) if (!inUse.has(line)) lines.delete(line.id);
    for (const webhook of world.webhooks.values()) requeue(webhook);
    for (const line of lines.values()) pump(line);
  }

  function requeue(webhook: Webhook): void {
    if (webhook.state !== 'waiting') {
      finished.push(webhook);
      return;
    }
    const flyingEntry = flying.get(webhook);
    const entry = flyingEntry ?? entryOf(webhook);
    entry.keys = keysOf(webhook);
    if (flyingEntry === undefined && webhook.dueAt === null) {
      if (chains.enter(entry)) makeReady(entry);
      return;
    }
    chains.occupy(entry.keys);
    if (flyingEntry === undefined && webhook.dueAt !== null) due.add(webhook.dueAt, () => makeReady(entry));
  }

  return {
    publish(update) {
      if (update === undefined || world.wabas.get(update.wabaId)?.subscribed !== true) return;
      const webhook = newWebhook(world, update, lineOf(update.wabaId)?.address.url ?? '');
      world.webhooks.put(String(webhook.seq), webhook);
      trimLog();
      const entry: Entry = { webhook, keys: [update.key], wasHeld: false };
      if (chains.enter(entry)) makeReady(entry);
    },
    async redeliver(webhook) {
      const line = lineOf(webhook.wabaId);
      if (line === undefined) return;
      webhook.body ??= renderBody(webhook.updates);
      const exchange = await postWebhook(agent, line.address, webhook.body);
      record(webhook, exchange);
      if (exchange.httpStatus === 200) webhook.state = 'done';
      if (isKept(webhook)) world.webhooks.put(String(webhook.seq), webhook);
    },
    verify: (url, verifyToken) => shakeHands(agent, { url, verifyToken, appSecret: '' }, newChallenge()),
    rebuild,
    async stop() {
      stopping.abort();
      due.stop();
      for (let waitedMs = 0; flying.size > 0 && waitedMs < STOP_WAIT_MS; waitedMs += STOP_STEP_MS) {
        await sleep(STOP_STEP_MS);
      }
      await agent.destroy();
    },
  };
}

function newChallenge(): string {
  return String(randomInt(100_000_000, 2_000_000_000));
}

function newWebhook(world: World, update: Update, url: string): Webhook {
  const settings = world.settings();
  const seq = settings.nextWebhookSeq;
  settings.nextWebhookSeq += 1;
  world.saveSettings();
  return {
    seq,
    url,
    wabaId: update.wabaId,
    updates: [update],
    body: null,
    attempts: [],
    state: 'waiting',
    dueAt: null,
  };
}
