// One tick of dispatch while it is made: what will be committed, and what is posted after that.
import type { DispatchTick } from '../store/lanes.js';
import type { Lane } from './lane.js';
import type { Work } from './work.js';

/** The tick. */
export interface Tick {
  now: number;
  /** What will be committed. */
  rows: DispatchTick;
  /** Works whose row in `held` is to be written, with the time of their POST or null. */
  held: Map<Work, number | null>;
  /** Lanes whose positions are to be written. */
  touched: Set<Lane>;
  /** To be posted once the tick is committed. */
  posts: Work[];
  /** Too old: they end without a send. */
  expired: Work[];
  /** Their wait is over and nobody knows whether Meta has them. */
  unknown: Work[];
}

/** A tick in which nothing happens yet. */
export function newTick(now: number): Tick {
  const rows: DispatchTick = { lanes: [], events: [], released: [], held: [] };
  return { now, rows, held: new Map(), touched: new Set(), posts: [], expired: [], unknown: [] };
}
