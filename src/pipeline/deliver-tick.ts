// One tick of delivery while it is made: what will be committed, and what is posted after that.
import type { WebhookAnswer } from '../customer/verdict.js';
import type { DeliverTick } from '../store/deliver-tick.js';
import type { Batch, Endpoint } from './endpoint.js';

/** A batch to be posted. */
export interface Posting {
  endpoint: Endpoint;
  batch: Batch;
  isProbe: boolean;
}

/** A batch that was posted. `at`: when, epoch ms. */
export interface Posted extends Posting {
  answer: WebhookAnswer;
  at: number;
}

/** The tick. */
export interface Tick {
  now: number;
  /** What will be committed. */
  rows: DeliverTick;
  /** Endpoints whose positions are to be written. */
  touched: Set<Endpoint>;
  /** Endpoints whose health is to be written. */
  sick: Set<Endpoint>;
  /** Batches to be posted once the tick is committed; their slots are taken. */
  posts: Posting[];
}

/** A tick in which nothing happens yet. */
export function newTick(now: number): Tick {
  const rows: DeliverTick = { positions: [], finished: [], batches: [], attempts: [], dead: [], health: [] };
  return { now, rows, touched: new Set(), sick: new Set(), posts: [] };
}
