// Which endpoints may have batches that are due, and when deliver looks for them.

import { readDueEndpoints } from '../store/batches.js';
import { GROUPS } from '../store/processes.js';
import { type Dues, probeDown, sweep, takeDue } from './deliver-due.js';
import { takeReleased } from './deliver-ordered.js';
import type { Tick } from './deliver-tick.js';
import type { Endpoint } from './endpoint.js';

/** What it works with. */
export interface DueEndpointsParts {
  dues: Dues;
  /** Endpoints that may have something to do. */
  active: Set<Endpoint>;
  /** Asks for a tick. */
  wake(): void;
}

/** The endpoints. */
export interface DueEndpoints {
  /** Batches of an endpoint may be due: the next tick looks, if it comes. */
  add(endpoint: number): void;
  /** Asks for a tick that looks. */
  want(): void;
  /** Whether the next tick is to look. */
  isWanted(): boolean;
  /** Asks the database, for the sake of what other processes or times past have left. Throws DatabaseError. */
  find(now: number): Promise<void>;
  /** Takes up what is due. Throws DatabaseError: then `find` must ask for it again. */
  take(tick: Tick): Promise<void>;
  forget(): void;
}

const SWEEP_MS = 60_000;

/** None yet. */
export function createDueEndpoints({ dues, active, wake }: DueEndpointsParts): DueEndpoints {
  const { database, endpoints } = dues;
  const due = new Set<number>();
  let isWanted = false;
  let sweptAt = 0;
  function want(): void {
    isWanted = true;
    wake();
  }
  function wantReleased(): void {
    for (const endpoint of endpoints.values()) {
      if (endpoint.released.size === 0 && !endpoint.isPreparing) continue;
      due.add(endpoint.id);
      active.add(endpoint);
      want();
    }
  }
  return {
    add(endpoint) {
      due.add(endpoint);
      isWanted = true;
    },
    want,
    isWanted: () => isWanted,
    async find(now) {
      const found = await readDueEndpoints(database, GROUPS, endpoints.groups(), now);
      const unknown = found.filter((id) => endpoints.get(id) === undefined);
      if (unknown.length > 0) await endpoints.meet(unknown);
      for (const id of found) due.add(id);
      wantReleased();
      if (found.length > 0 || now - sweptAt >= SWEEP_MS || endpoints.notUp().length > 0) want();
    },
    async take(tick) {
      isWanted = false;
      await endpoints.readHealth();
      const known = [...due].flatMap((id) => endpoints.get(id) ?? []);
      due.clear();
      await takeDue(dues, known, tick);
      if (await takeReleased(dues, known, tick)) wantReleased();
      await probeDown(dues, tick);
      if (tick.now - sweptAt < SWEEP_MS) return;
      const isMoreLeft = await sweep(dues, tick);
      sweptAt = isMoreLeft ? 0 : tick.now;
      if (isMoreLeft) isWanted = true;
      for (const endpoint of endpoints.notUp()) tick.sick.add(endpoint);
    },
    forget: () => due.clear(),
  };
}
