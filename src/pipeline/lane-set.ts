// The lanes that this process owns: taking them over, letting them go, and keeping their buffers filled.
import type { Clock } from '../lib/clock.js';
import { crashPoint } from '../lib/crash-point.js';
import type { Log } from '../lib/log.js';
import type { Database } from '../store/database.js';
import type { Directory } from '../store/directory.js';
import {
  type LaneMessage,
  listLanes,
  readFirstDay,
  readLane,
  readTails,
  readUnpaused,
  takeOverLanes,
} from '../store/lanes.js';
import { GROUPS } from '../store/processes.js';
import { complain } from './complain.js';
import { createLane, type Lane } from './lane.js';
import { readAhead } from './stream-read.js';

/** What the set works with. */
export interface LaneSetParts {
  database: Database;
  clock: Clock;
  log: Log;
  directory: Directory;
  /** Whether the pause of a lane is on disk yet: before that the database knows nothing of it. */
  isNoted(lane: Lane): boolean;
  /** A lane may have something to do. */
  onReady(lane: Lane): void;
}

const READ_MAX = 1_000;

/** Lanes in the hands of this process. */
export class LaneSet {
  readonly #parts: LaneSetParts;
  readonly #lanes = new Map<number, Lane>();
  readonly #groups = new Set<number>();
  readonly #reading = new Set<Lane>();
  #adoption: Promise<void> = Promise.resolve();
  #generation = 0;

  constructor(parts: LaneSetParts) {
    this.#parts = parts;
  }

  get(id: number): Lane | undefined {
    return this.#lanes.get(id);
  }

  /** Whether this very object is the one that counts: not released, not taken anew since. */
  isCurrent(lane: Lane): boolean {
    return this.#groups.has(lane.lane % GROUPS) && this.#lanes.get(lane.lane) === lane;
  }

  values(): Iterable<Lane> {
    return this.#lanes.values();
  }

  ids(): number[] {
    return [...this.#lanes.keys()];
  }

  /** Takes over all lanes of some groups. Throws DatabaseError: then none of the groups is owned. */
  async take(processId: number, groups: readonly number[]): Promise<void> {
    for (const group of groups) this.#groups.add(group);
    try {
      await this.adoptNew(processId);
    } catch (error) {
      for (const group of groups) this.#groups.delete(group);
      throw error;
    }
  }

  /** Stops choosing these groups' lanes and names them; `forget` ends it. */
  stopGroups(groups: readonly number[]): Lane[] {
    for (const group of groups) this.#groups.delete(group);
    return [...this.#lanes.values()].filter((lane) => groups.includes(lane.lane % GROUPS));
  }

  forget(lanes: readonly Lane[]): void {
    for (const lane of lanes) this.#lanes.delete(lane.lane);
  }

  loseAll(): void {
    this.#generation += 1;
    this.#lanes.clear();
    this.#groups.clear();
  }

  /** Takes over lanes of owned groups that were made since. One at a time: a second time would call what is under way unknown. */
  adoptNew(processId: number): Promise<void> {
    const adoption = this.#adoption.catch(() => undefined).then(() => this.#adopt(processId));
    this.#adoption = adoption;
    return adoption;
  }

  async #adopt(processId: number): Promise<void> {
    const { database, clock, directory, onReady } = this.#parts;
    if (this.#groups.size === 0) return;
    const generation = this.#generation;
    const ids = await listLanes(database, GROUPS, [...this.#groups], this.ids());
    if (ids.length === 0) return;
    const { heads, held } = await takeOverLanes(database, processId, clock.now(), ids);
    crashPoint('lanes.taken');
    if (generation !== this.#generation) return;
    for (const head of heads) {
      const lane = createLane(head, directory.senderById(head.lane)?.throughput ?? 1, clock.now());
      lane.restore(held.filter((row) => row.lane === head.lane));
      this.#lanes.set(head.lane, lane);
      onReady(lane);
    }
    await this.readTails();
  }

  /** Messages that were just committed, in lane order. */
  offer(messages: readonly LaneMessage[]): void {
    for (const message of messages) {
      const lane = this.#lanes.get(message.lane);
      if (lane === undefined) continue;
      lane.buffer.noteTail(message.seq + 1, message.day);
      // While a read is under way its rows come first; the read that follows brings this one.
      if (!this.#reading.has(lane)) lane.buffer.offer([message]);
      this.#parts.onReady(lane);
    }
  }

  /** Learns how far the writers of all processes are. Throws DatabaseError. */
  async readTails(): Promise<void> {
    if (this.#lanes.size === 0) return;
    for (const { stream, next, day } of await readTails(this.#parts.database, this.ids())) {
      const lane = this.#lanes.get(stream);
      if (lane === undefined) continue;
      lane.buffer.noteTail(next, day);
      if (lane.buffer.wanted() !== undefined) this.#parts.onReady(lane);
    }
  }

  /** Somebody may have ended a pause through the admin API. Throws DatabaseError. */
  async readPauses(): Promise<void> {
    const paused = [...this.#lanes.values()].filter((lane) => lane.paused() !== undefined && this.#parts.isNoted(lane));
    if (paused.length === 0) return;
    const ids = paused.map((lane) => lane.lane);
    for (const id of await readUnpaused(this.#parts.database, ids)) {
      const lane = this.#lanes.get(id);
      if (lane === undefined) continue;
      lane.resume();
      this.#parts.onReady(lane);
    }
  }

  /** Reads ahead of a lane's position when too little is buffered. */
  refill(lane: Lane): void {
    if (this.#reading.has(lane) || lane.buffer.wanted() === undefined) return;
    this.#reading.add(lane);
    const { database, log, onReady } = this.#parts;
    void readAhead(lane.buffer, {
      read: (day, after) => readLane(database, day, lane.lane, after, READ_MAX),
      firstDay: () => readFirstDay(database, lane.lane),
    })
      .catch((error: unknown) => complain(log, 'dispatch.read', error))
      .finally(() => {
        this.#reading.delete(lane);
        onReady(lane);
      });
  }
}
