// One callback address and what waits for it.
import { createHash } from 'node:crypto';
import type { CallbackAddress } from './callback-post.js';
import type { FaultSubject } from './faults.js';
import { createFifo, type Fifo } from './fifo.js';
import type { Waba, Webhook } from './records.js';
import { renderBody } from './updates.js';
import type { World } from './world.js';

/** Body bytes at which a batch takes no more; Meta's limit is 3 MB, one update may add some 30 kB. */
const BATCH_BYTES_MAX = 2_500_000;

/** A webhook on its way. `keys` are the chains that it holds up; `wasHeld` once a reorder fault has put it aside. */
export interface Entry {
  webhook: Webhook;
  keys: string[];
  wasHeld: boolean;
}

/** A callback address with its queue. `held` is what a reorder fault put aside. */
export interface Line {
  id: string;
  address: CallbackAddress;
  ready: Fifo<Entry>;
  inFlight: number;
  isShaking: boolean;
  isPumping: boolean;
  failures: number;
  held: Entry | null;
}

/** An idle line. */
export function newLine(id: string, address: CallbackAddress): Line {
  return { id, address, ready: createFifo(), inFlight: 0, isShaking: false, isPumping: false, failures: 0, held: null };
}

/** Where the webhooks of a WABA go: its override, else its app's callback. */
export function addressOf(world: World, waba: Waba): CallbackAddress | undefined {
  const app = world.apps.get(waba.appToken);
  if (app === undefined) return undefined;
  return {
    url: waba.override?.callbackUrl ?? app.callbackUrl,
    verifyToken: waba.override?.verifyToken ?? app.verifyToken,
    appSecret: app.appSecret,
  };
}

/** The same for the same address, and not telling its secrets. */
export function addressId(address: CallbackAddress): string {
  const text = JSON.stringify([address.url, address.appSecret, address.verifyToken]);
  return createHash('sha256').update(text).digest('hex').slice(0, 24);
}

/** An entry for a webhook of the world. */
export function entryOf(webhook: Webhook): Entry {
  return { webhook, keys: keysOf(webhook), wasHeld: false };
}

/** The keys of what a webhook tells. */
export function keysOf(webhook: Webhook): string[] {
  return [...new Set(webhook.updates.map((update) => update.key))];
}

/** What faults match on. */
export function subjectOf(line: Line, webhook: Webhook): FaultSubject {
  const { pathname, search } = new URL(line.address.url);
  const first = webhook.updates[0];
  return {
    method: 'POST',
    path: pathname + search,
    phoneNumberId: first?.phoneNumberId ?? null,
    user: first?.user ?? null,
    field: first?.field ?? 'messages',
  };
}

/** Moves into `entry` what `take` yields, never tried before, up to `updatesMax` updates; returns the webhooks that are now part of it. */
export function fillBatch(
  entry: Entry,
  updatesMax: number,
  take: (keys: readonly string[]) => Entry | undefined,
): Webhook[] {
  const absorbed: Webhook[] = [];
  let bytes = renderBody(entry.webhook.updates).length;
  while (entry.webhook.updates.length < updatesMax && bytes < BATCH_BYTES_MAX) {
    const other = take(entry.keys);
    if (other === undefined) break;
    bytes += renderBody(other.webhook.updates).length;
    entry.webhook.updates.push(...other.webhook.updates);
    entry.keys = [...new Set([...entry.keys, ...other.keys])];
    absorbed.push(other.webhook);
  }
  return absorbed;
}

/** Whether a webhook was never tried, so that its body may still change. */
export function isFresh(entry: Entry | undefined): boolean {
  return entry !== undefined && entry.webhook.attempts.length === 0;
}
