// Second of the four files: what was accepted is posted to Meta, in order per pair, at the pace Meta allows, each claim on
// disk before its POST and each answer on disk in the tick that follows. One statement a tick covers all lanes.
import { type Alarm, createAlarm } from '../lib/alarm.js';
import type { Clock } from '../lib/clock.js';
import { crashPoint } from '../lib/crash-point.js';
import type { Log } from '../lib/log.js';
import { createPairBuckets } from '../meta/pace.js';
import type { Outcome } from '../meta/verdict.js';
import type { Database } from '../store/database.js';
import type { AppendedEvent } from '../store/events.js';
import { commitDispatchTick, type LaneMessage } from '../store/lanes.js';
import { OWNED } from '../store/processes.js';
import { complain } from './complain.js';
import { expire } from './dispatch-ends.js';
import { type Judging, judgeAll } from './dispatch-judge.js';
import { BROKEN, toHeldRow } from './dispatch-rows.js';
import { newTick, type Tick } from './dispatch-tick.js';
import { type Resolving, resolveUnknown } from './dispatch-unknown.js';
import { loadContents } from './held-contents.js';
import type { Lane } from './lane.js';
import { type Answer, LanePost, type LanePostParts } from './lane-post.js';
import { LaneSet } from './lane-set.js';
import { LaneTrouble } from './lane-trouble.js';
import type { Owner } from './ownership.js';
import { createPoll, createTickLoop, type Poll, persist, type TickLoop } from './tick-loop.js';
import { createUnknownWait, type UnknownWaitParts } from './unknown-wait.js';
import { waitMs } from './wait.js';
import type { Work } from './work.js';

/** Posts what is accepted. */
export interface Dispatch extends Owner {
  /** Messages that were just committed by this process, in lane order. */
  offer(messages: readonly LaneMessage[]): void;
  /** A status answered an unknown attempt. */
  adopt(lane: number, seq: number): void;
  /** Something changed in the database: new lanes, tokens, pauses. */
  refresh(): void;
  /** Lanes owned here. */
  lanes(): number[];
  /** Stops claiming; resolves when no POST is under way and all answers are committed, or after `timeoutMs`. */
  drain(timeoutMs: number): Promise<void>;
  /** Posts under way and lanes owned, for the metrics. */
  counts(): { inFlight: number; lanes: number; held: number; buffered: number; paused: number };
}

/** What dispatch works with. */
export interface DispatchParts extends LanePostParts, UnknownWaitParts {
  database: Database;
  clock: Clock;
  log: Log;
  processId(): number | undefined;
  /** The database said that the lease is lost. */
  onLost(): void;
  /** Whether other processes may accept into lanes owned here. */
  hasPeers(): boolean;
  onEvents(events: AppendedEvent[]): void;
  /** Counts a POST by its outcome and Meta's code. */
  count(outcome: Outcome['kind'], metaCode: number | undefined): void;
}

const POLL_MS = 100;
const IDLE_POLL_MS = 1_000;
const RELEASE_MS = 5_000;

/** Creates dispatch; it owns no lanes until `take`. */
export function createDispatch(parts: DispatchParts): Dispatch {
  return new Dispatcher(parts);
}

class Dispatcher implements Dispatch {
  readonly kind = OWNED.lanes;
  readonly #parts: DispatchParts;
  readonly #lanes: LaneSet;
  readonly #pairs = createPairBuckets();
  readonly #alarm: Alarm;
  readonly #loop: TickLoop;
  readonly #poll: Poll;
  /** Lanes that may have something to do. */
  readonly #active = new Set<Lane>();
  readonly #trouble: LaneTrouble;
  readonly #poster: LanePost;
  /** What answers, ends and unknown outcomes are settled with. */
  readonly #settling: Judging & Resolving;
  #answers: Answer[] = [];
  #inFlight = 0;
  #isDraining = false;
  #generation = 0;

  constructor(parts: DispatchParts) {
    this.#parts = parts;
    const { database, clock, log, directory } = parts;
    this.#loop = createTickLoop(
      () => this.#tick(),
      (error) => {
        complain(log, 'dispatch.tick', error);
        // Memory is ahead of the disk now: give everything up and take it over again from what is on disk.
        parts.onLost();
      },
    );
    this.#trouble = new LaneTrouble({ database, log, directory, onResumed: (lane) => this.#ready(lane) });
    this.#poster = new LanePost(parts);
    this.#lanes = new LaneSet({
      database,
      clock,
      log,
      directory,
      isNoted: (lane) => this.#trouble.isNoted(lane),
      onReady: (lane) => this.#ready(lane),
    });
    this.#alarm = createAlarm(clock, () => {
      for (const lane of this.#lanes.values()) this.#ready(lane);
    });
    this.#settling = {
      database,
      clock,
      log,
      directory,
      lanes: this.#lanes,
      active: this.#active,
      trouble: this.#trouble,
      unknownWait: createUnknownWait(parts),
      alarm: this.#alarm,
      onEvents: parts.onEvents,
      persist: (commit) => this.#persist(commit),
      wake: () => this.#loop.wake(),
    };
    this.#poll = createPoll(
      () => this.#look(),
      () => (parts.hasPeers() ? POLL_MS : IDLE_POLL_MS),
    );
  }

  async take(processId: number, groups: readonly number[]): Promise<void> {
    await this.#lanes.take(processId, groups);
    if (!this.#isDraining) this.#poll.start();
  }

  async release(groups: readonly number[]): Promise<void> {
    const { clock, graph } = this.#parts;
    const lanes = this.#lanes.stopGroups(groups);
    // No new claims for these lanes; what is under way is answered and settled first.
    const deadline = clock.monotonic() + graph.timeoutMs + RELEASE_MS;
    while (lanes.some((lane) => lane.counts().inFlight > 0) && clock.monotonic() < deadline) await waitMs(20);
    await this.#loop.settled(deadline, clock.monotonic);
    this.#lanes.forget(lanes);
  }

  lose(): void {
    this.#generation += 1;
    this.#lanes.loseAll();
    this.#active.clear();
    this.#answers = [];
  }

  offer(messages: readonly LaneMessage[]): void {
    this.#lanes.offer(messages);
  }

  adopt(lane: number, seq: number): void {
    const owned = this.#lanes.get(lane);
    if (owned === undefined) return;
    owned.adopt(seq);
    this.#ready(owned);
  }

  refresh(): void {
    for (const lane of this.#lanes.values()) {
      const sender = this.#parts.directory.senderById(lane.lane);
      if (sender === undefined) continue;
      lane.setThroughput(sender.throughput);
      this.#trouble.lookAtToken(lane, sender.accessToken);
    }
    const processId = this.#parts.processId();
    if (processId === undefined) return;
    void this.#lanes
      .adoptNew(processId)
      .catch((error: unknown) => complain(this.#parts.log, 'dispatch.new-lanes', error));
  }

  lanes(): number[] {
    return this.#lanes.ids();
  }

  async drain(timeoutMs: number): Promise<void> {
    this.#isDraining = true;
    this.#poll.stop();
    const { clock } = this.#parts;
    const deadline = clock.monotonic() + timeoutMs;
    const isBusy = (): boolean => this.#inFlight > 0 || this.#answers.length > 0 || this.#loop.isRunning();
    while (isBusy() && clock.monotonic() < deadline) await waitMs(10);
    this.#alarm.stop();
  }

  counts(): { inFlight: number; lanes: number; held: number; buffered: number; paused: number } {
    const counts = { inFlight: this.#inFlight, lanes: 0, held: 0, buffered: 0, paused: 0 };
    for (const lane of this.#lanes.values()) {
      const { held, buffered } = lane.counts();
      counts.lanes += 1;
      counts.held += held;
      counts.buffered += buffered;
      if (lane.paused() !== undefined) counts.paused += 1;
    }
    return counts;
  }

  #ready(lane: Lane): void {
    this.#active.add(lane);
    this.#loop.wake();
  }

  async #look(): Promise<void> {
    try {
      await this.#lanes.readTails();
      await this.#lanes.readPauses();
    } catch (error) {
      complain(this.#parts.log, 'dispatch.poll', error);
    }
  }

  // ------------------------------------------------------------- the tick

  async #tick(): Promise<void> {
    const { database, clock } = this.#parts;
    const processId = this.#parts.processId();
    if (processId === undefined) return;
    const generation = this.#generation;
    const tick = newTick(clock.now());
    const { now, rows, posts } = tick;
    const answers = this.#answers;
    this.#answers = [];
    await judgeAll(this.#settling, answers, tick);
    await this.#select(tick);
    if (tick.touched.size === 0) return;
    for (const lane of tick.touched) rows.lanes.push(lane.head());
    for (const [work, claimedAt] of tick.held) if (work.isHeld) rows.held.push(toHeldRow(work, claimedAt));
    crashPoint('dispatch.before');
    await this.#persist(() => commitDispatchTick(database, processId, now, rows));
    crashPoint('dispatch.after');
    if (generation !== this.#generation) return;
    for (const work of posts) void this.#post(work, generation);
    if (posts.length > 0) crashPoint('dispatch.posting');
  }

  #persist(commit: () => Promise<void>): Promise<void> {
    const generation = this.#generation;
    return persist(commit, () => this.#generation === generation);
  }

  /** What is posted next, and what ends instead. */
  async #select(tick: Tick): Promise<void> {
    const { now, posts, held, touched } = tick;
    this.#selectLanes(tick);
    await expire(this.#settling, tick);
    await resolveUnknown(this.#settling, tick);
    await loadContents(this.#parts.database, posts, this.#settling.persist);
    for (const work of posts) {
      if (work.isHeld) held.set(work, now);
      const lane = this.#lanes.get(work.lane);
      if (lane !== undefined) touched.add(lane);
    }
  }

  #selectLanes({ now, posts, expired, unknown, held, touched }: Tick): void {
    let nextAt = Number.POSITIVE_INFINITY;
    const claims = { prepared: 0, direct: 0 };
    for (const lane of [...this.#active]) {
      // First in, first served: a lane that could not be served for lack of room comes first next time.
      this.#active.delete(lane);
      if (!this.#lanes.isCurrent(lane)) continue;
      const way = this.#parts.preparation.isNeeded(lane.lane) ? 'prepared' : 'direct';
      const room = this.#isDraining ? 0 : this.#roomOf(way) - claims[way];
      const before = lane.head().claimed;
      const selection = lane.select(now, room, this.#pairs);
      posts.push(...selection.posts);
      claims[way] += selection.posts.length;
      expired.push(...selection.expired);
      unknown.push(...selection.unknown);
      for (const work of selection.held) held.set(work, null);
      if (selection.held.length > 0 || selection.expired.length > 0 || lane.head().claimed !== before)
        touched.add(lane);
      this.#lanes.refill(lane);
      if (room <= selection.posts.length) this.#active.add(lane);
      else nextAt = Math.min(nextAt, selection.nextAt);
    }
    if (nextAt !== Number.POSITIVE_INFINITY) this.#alarm.set(nextAt);
  }

  // ------------------------------------------------------------- the POST

  /** Messages that are prepared have room of their own: slow ones hold up no other lane. */
  #roomOf(way: 'prepared' | 'direct'): number {
    const preparing = this.#poster.preparing();
    const busy = way === 'prepared' ? preparing : this.#inFlight - preparing;
    return Math.max(0, this.#parts.graph.connections - busy);
  }

  async #post(work: Work, generation: number): Promise<void> {
    const lane = this.#lanes.get(work.lane);
    this.#inFlight += 1;
    let answer: Answer | undefined;
    try {
      answer = await this.#poster.attempt(
        work,
        () => generation === this.#generation && this.#lanes.get(work.lane) === lane,
      );
    } catch (error) {
      // A bug in a mapping must not stop the lane: the message fails, visibly.
      complain(this.#parts.log, 'dispatch.post', error);
      answer = { work, outcome: BROKEN, wasPosted: true };
    }
    crashPoint('dispatch.answered');
    this.#inFlight -= 1;
    if (answer === undefined) return;
    const { outcome } = answer;
    const metaCode = 'refusal' in outcome ? outcome.refusal?.metaCode : undefined;
    this.#parts.count(outcome.kind, metaCode);
    if (generation !== this.#generation) return;
    this.#answers.push(answer);
    this.#loop.wake();
  }
}
