// The way of webhooks to the callback URLs: a queue for each URL, order within a message, retries on the virtual clock, faults.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Log } from '../lib/log.js';
import { shakeUntilPassed, tryHandshake } from './callback-handshake.js';
import { type Entry, entryOf, keysOf } from './callback-line.js';
import { postWebhook } from './callback-post.js';
import {
  type CallbackQueue,
  createCallbackQueue,
  isKept,
  lineOf,
  makeReady,
  pump,
  record,
  trimLog,
} from './callback-queue.js';
import type { Update, Webhook } from './records.js';
import { renderBody } from './updates.js';
import type { World } from './world.js';

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
  const queue: CallbackQueue = createCallbackQueue(world, log, (line) => shakeUntilPassed(queue, line));
  return {
    publish: (update) => publish(queue, update),
    redeliver: (webhook) => redeliver(queue, webhook),
    verify: (url, verifyToken) => tryHandshake(queue, url, verifyToken),
    rebuild: () => rebuild(queue),
    stop: () => stop(queue),
  };
}

function publish(queue: CallbackQueue, update: Update | undefined): void {
  const { world } = queue;
  if (update === undefined || world.wabas.get(update.wabaId)?.subscribed !== true) return;
  const webhook = newWebhook(world, update, lineOf(queue, update.wabaId)?.address.url ?? '');
  world.webhooks.put(String(webhook.seq), webhook);
  trimLog(queue);
  const entry: Entry = { webhook, keys: [update.key], wasHeld: false };
  if (queue.chains.enter(entry)) makeReady(queue, entry);
}

async function redeliver(queue: CallbackQueue, webhook: Webhook): Promise<void> {
  const line = lineOf(queue, webhook.wabaId);
  if (line === undefined) return;
  webhook.body ??= renderBody(webhook.updates);
  const exchange = await postWebhook(queue.agent, line.address, webhook.body);
  record(queue, webhook, exchange);
  if (exchange.httpStatus === 200) webhook.state = 'done';
  if (isKept(queue, webhook)) queue.world.webhooks.put(String(webhook.seq), webhook);
}

function rebuild(queue: CallbackQueue): void {
  const { world, lines } = queue;
  queue.due.clear();
  queue.chains.clear();
  queue.finished.clear();
  queue.lineOfWaba.clear();
  for (const line of lines.values()) {
    line.ready.clear();
    line.held = null;
  }
  for (const entry of queue.flying.values()) entry.keys = [];
  const subscribed = [...world.wabas.values()].filter((waba) => waba.subscribed);
  const inUse = new Set(subscribed.map((waba) => lineOf(queue, waba.wabaId)));
  for (const line of lines.values()) if (!inUse.has(line)) lines.delete(line.id);
  for (const webhook of world.webhooks.values()) requeue(queue, webhook);
  for (const line of lines.values()) pump(queue, line);
}

function requeue(queue: CallbackQueue, webhook: Webhook): void {
  if (webhook.state !== 'waiting') {
    queue.finished.push(webhook);
    return;
  }
  const flyingEntry = queue.flying.get(webhook);
  const entry = flyingEntry ?? entryOf(webhook);
  entry.keys = keysOf(webhook);
  if (flyingEntry === undefined && webhook.dueAt === null) {
    if (queue.chains.enter(entry)) makeReady(queue, entry);
    return;
  }
  queue.chains.occupy(entry.keys);
  if (flyingEntry === undefined && webhook.dueAt !== null) queue.due.add(webhook.dueAt, () => makeReady(queue, entry));
}

async function stop(queue: CallbackQueue): Promise<void> {
  queue.stopping.abort();
  queue.due.stop();
  for (let waitedMs = 0; queue.flying.size > 0 && waitedMs < STOP_WAIT_MS; waitedMs += STOP_STEP_MS) {
    await sleep(STOP_STEP_MS);
  }
  await queue.agent.destroy();
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
