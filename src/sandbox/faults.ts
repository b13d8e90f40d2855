// Faults: which of them a Graph call or a webhook attempt meets, and what they do together.
import type { Fault, FaultEffect, FaultMatch, FaultWhen } from './records.js';
import type { World } from './world.js';

/** What a fault may match on, of one Graph call or one webhook attempt. `user` is digits. */
export interface FaultSubject {
  method: string;
  path: string;
  phoneNumberId: string | null;
  user: string | null;
  field: string | null;
}

/** Counts the call against every fault that matches it and returns their joint effect (older faults win), or null when none takes effect. */
export function meetFaults(world: World, on: Fault['on'], subject: () => FaultSubject): FaultEffect | null {
  if (world.faults.size === 0) return null;
  const met = subject();
  const effects: FaultEffect[] = [];
  for (const fault of world.faults.values()) {
    if (fault.on !== on || !isMatch(fault.match, met)) continue;
    fault.seen += 1;
    if (isDue(fault.when, fault.seen, fault.hits)) {
      fault.hits += 1;
      effects.unshift(fault.effect);
    }
    world.faults.put(fault.id, fault);
  }
  return effects.length === 0 ? null : join(effects);
}

function join(effects: readonly FaultEffect[]): FaultEffect {
  const joint: FaultEffect = {};
  for (const effect of effects) Object.assign(joint, effect);
  return joint;
}

function isMatch(match: FaultMatch, subject: FaultSubject): boolean {
  if (match.method !== undefined && match.method.toUpperCase() !== subject.method) return false;
  if (match.path !== undefined && !subject.path.includes(match.path)) return false;
  if (match.phoneNumberId !== undefined && match.phoneNumberId !== subject.phoneNumberId) return false;
  if (match.user !== undefined && match.user.replace(/^\+/, '') !== subject.user) return false;
  return match.field === undefined || match.field === subject.field;
}

/** Whether the `seen`th match is hit, after `hits` earlier ones. The same seed gives the same sequence. */
export function isDue(when: FaultWhen, seen: number, hits: number): boolean {
  if ('always' in when) return true;
  if ('next' in when) return hits < when.next;
  if ('every' in when) return seen % when.every === 0;
  return draw(when.seed, seen) < when.probability;
}

/** The `n`th number in [0, 1) of the sequence of `seed` (a step of mulberry32). */
function draw(seed: number, n: number): number {
  let x = (seed + Math.imul(n, 0x6d2b79f5)) | 0;
  x = Math.imul(x ^ (x >>> 15), x | 1);
  x ^= x + Math.imul(x ^ (x >>> 7), x | 61);
  return ((x ^ (x >>> 14)) >>> 0) / 2 ** 32;
}
