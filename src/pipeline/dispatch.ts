// Second of the four files: what was accepted is posted to Meta, in order per pair, at the pace Meta allows, each claim on
// disk before its POST and each answer on disk in the tick that follows. One statement a tick covers all lanes.

import { ErrorId } from '../contract/errors.js';
import { EventKind, StatusId } from '../contract/statuses.js';
import { type Alarm, createAlarm } from '../lib/alarm.js';
import type { Clock } from '../lib/clock.js';
import { crashPoint } from '../lib/crash-point.js';
import { dayOf } from '../lib/day.js';
import type { Log } from '../lib/log.js';
import { createPairBuckets } from '../meta/pace.js';
import type { Outcome } from '../meta/verdict.js';
import type { Database } from '../store/database.js';
import { type AppendedEvent, appendEvents, type NewEvent } from '../store/events.js';
import {
  answeredAttempts,
  commitDispatchTick,
  type DispatchTick,
  HELD,
  type HeldReason,
  type LaneMessage,
  readLaneSeqs,
} from '../store/lanes.js';
import { OWNED } from '../store/processes.js';
import { complain } from './complain.js';
import { BROKEN, diagnosticOf, endOf, failureOf, submittedOf, toHeldRow } from './dispatch-rows.js';
import { type Lane, VALIDITY_MS, type Work } from './lane.js';
import { type Answer, LanePost, type LanePostParts } from './lane-post.js';
import { LaneSet } from './lane-set.js';
import { LaneTrouble } from './lane-trouble.js';
import type { Owner } from './ownership.js';
import { createPoll, createTickLoop, type Poll, persist, type TickLoop } from './tick-loop.js';
import { createUnknownWait, type UnknownWait, type UnknownWaitParts } from './unknown-wait.js';
import { waitMs } from './wait.js';

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

/** One tick while it is made. */
interface Tick {
  now: number;
  /** What will be committed. */
  rows: DispatchTick;
  /** Works whose row in `held` is to be written, with the time of their POST or null. */
  held: Map<Work, number | null>;
  /** Lanes whose positions are to be written. */
  touched: Set<Lane>;
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
  readonly #unknownWait: UnknownWait;
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
    this.#unknownWait = createUnknownWait(parts);
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
    const processId = this.#parts.processId();
    if (processId === undefined) return;
    const generation = this.#generation;
    const now = this.#parts.clock.now();
    const rows: DispatchTick = { lanes: [], events: [], released: [], held: [] };
    const tick: Tick = { now, rows, held: new Map(), touched: new Set() };
    await this.#settleAnswers(tick);
    const posts = await this.#select(tick);
    if (tick.touched.size === 0) return;
    for (const lane of tick.touched) rows.lanes.push(lane.head());
    for (const [work, claimedAt] of tick.held) if (work.isHeld) rows.held.push(toHeldRow(work, claimedAt));
    crashPoint('dispatch.before');
    await this.#persist(() => commitDispatchTick(this.#parts.database, processId, now, rows));
    crashPoint('dispatch.after');
    if (generation !== this.#generation) return;
    for (const work of posts) void this.#post(work, generation);
    if (posts.length > 0) crashPoint('dispatch.posting');
  }

  #persist(commit: () => Promise<void>): Promise<void> {
    const generation = this.#generation;
    return persist(commit, () => this.#generation === generation);
  }

  async #settleAnswers(tick: Tick): Promise<void> {
    const { now, rows, held, touched } = tick;
    const answers = this.#answers;
    this.#answers = [];
    const failures: { work: Work; event: NewEvent }[] = [];
    for (const { work, outcome, wasPosted } of answers) {
      const lane = this.#lanes.get(work.lane);
      if (lane === undefined) continue;
      touched.add(lane);
      this.#active.add(lane);
      if (wasPosted) this.#trouble.noteReach(lane, outcome, now);
      if (outcome.kind === 'accepted') rows.events.push(submittedOf(work, outcome.wamid));
      else if (outcome.kind === 'failed') failures.push({ work, event: failureOf(work, outcome, now) });
      else rows.events.push(diagnosticOf(work, outcome));
      if (outcome.kind === 'retry') this.#trouble.noteRefusal(lane, outcome, now);
      if (outcome.kind === 'accepted' || outcome.kind === 'failed') {
        if (work.isHeld) rows.released.push({ lane: work.lane, seq: work.seq });
        held.delete(work);
        lane.settle(work, { kind: 'done' }, now);
      } else {
        const { reason, dueAt } = this.#again(work, outcome, now);
        lane.settle(work, { kind: 'again', reason, dueAt }, now);
        held.set(work, null);
      }
    }
    await this.#appendEnds(failures.map(({ work, event }) => ({ day: work.day, event })));
  }

  async #appendEnds(ends: readonly { day: number; event: NewEvent }[]): Promise<void> {
    const days = new Map<number, NewEvent[]>();
    for (const { day, event } of ends) days.set(day, [...(days.get(day) ?? []), event]);
    for (const [day, events] of days) {
      await this.#persist(async () => {
        const now = this.#parts.clock.now();
        this.#parts.onEvents(await appendEvents(this.#parts.database, now, dayOf(now), day, events));
      });
    }
  }

  #again(
    work: Work,
    outcome: Extract<Outcome, { kind: 'retry' | 'unknown' }>,
    now: number,
  ): { reason: HeldReason; dueAt: number } {
    if (outcome.kind === 'unknown') return { reason: HELD.unknown, dueAt: now + this.#unknownWait.ofLane(work.lane) };
    return { reason: outcome.scope === 'lane' ? HELD.lane : HELD.retry, dueAt: now + outcome.delayMs };
  }

  async #select(tick: Tick): Promise<Work[]> {
    const { now, held, touched } = tick;
    const posts: Work[] = [];
    const expired: Work[] = [];
    const unknown: Work[] = [];
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
    await this.#expire(expired, tick);
    const resends = await this.#resolveUnknown(unknown, tick);
    if (resends) this.#loop.wake();
    await this.#loadMissing(posts);
    for (const work of posts) {
      if (work.isHeld) held.set(work, now);
      const lane = this.#lanes.get(work.lane);
      if (lane !== undefined) touched.add(lane);
    }
    return posts;
  }

  async #expire(works: readonly Work[], tick: Tick): Promise<void> {
    if (works.length === 0) return;
    await this.#appendEnds(
      works.map((work) => ({
        day: work.day,
        event: endOf(work, EventKind.expired, tick.now, StatusId.expired, ErrorId.validityExpired),
      })),
    );
    this.#finish(works, tick);
  }

  #finish(works: readonly Work[], { now, rows, held }: Tick): void {
    for (const work of works) {
      if (work.isHeld) rows.released.push({ lane: work.lane, seq: work.seq });
      held.delete(work);
      const lane = this.#lanes.get(work.lane);
      lane?.settle(work, { kind: 'done' }, now);
      if (lane !== undefined) this.#active.add(lane);
    }
    // What waited behind them in their pairs may go now.
    if (works.length > 0) this.#loop.wake();
  }

  /** P8: after the wait, a status that came adopts the attempt; else the account's policy decides. True when something is to be resent. */
  async #resolveUnknown(works: readonly Work[], tick: Tick): Promise<boolean> {
    const { now, held, touched } = tick;
    if (works.length === 0) return false;
    const answered = new Map<string, string>();
    for (const day of new Set(works.map((work) => work.day))) {
      const attempts = works
        .filter((work) => work.day === day)
        .map((work) => ({ message: work.id, attempt: work.attempt }));
      for (const [key, wamid] of await answeredAttempts(this.#parts.database, day, attempts)) answered.set(key, wamid);
    }
    const { directory } = this.#parts;
    let hasResends = false;
    for (const work of works) {
      const lane = this.#lanes.get(work.lane);
      if (lane === undefined) continue;
      touched.add(lane);
      const sender = directory.senderById(work.lane);
      const account = sender === undefined ? undefined : directory.account(sender.account);
      const leftMs = this.#unknownWait.leftMs(work, now);
      const wamid = answered.get(`${work.id}:${work.attempt}`);
      if (wamid !== undefined) {
        if (wamid !== '') tick.rows.events.push(submittedOf(work, wamid));
        this.#finish([work], tick);
      } else if (leftMs > 0) {
        const dueAt = now + leftMs;
        lane.settle(work, { kind: 'again', reason: HELD.unknown, dueAt }, now);
        held.set(work, null);
        // The lane was asked already when it has something to do next.
        this.#alarm.set(dueAt);
      } else if (account?.unknownPolicy === 'fail' || work.acceptedAt + VALIDITY_MS <= now) {
        const event = endOf(work, EventKind.expired, now, StatusId.expiredDlrUnknown, ErrorId.providerTimeout);
        await this.#appendEnds([{ day: work.day, event }]);
        this.#finish([work], tick);
      } else {
        this.#parts.log.warn({ event: 'dispatch.resent', message: work.id, attempt: work.attempt + 1 });
        lane.settle(work, { kind: 'again', reason: HELD.retry, dueAt: now }, now);
        held.set(work, null);
        this.#active.add(lane);
        hasResends = true;
      }
    }
    return hasResends;
  }

  /** Reads what an earlier owner held: its rows do not carry the content. */
  async #loadMissing(posts: readonly Work[]): Promise<void> {
    const missing = new Map<string, Work[]>();
    for (const work of posts) {
      if (work.message !== undefined) continue;
      const key = `${work.day}:${work.lane}`;
      missing.set(key, [...(missing.get(key) ?? []), work]);
    }
    for (const works of missing.values()) {
      const [first] = works;
      if (first === undefined) continue;
      await this.#persist(async () => {
        const seqs = works.map((work) => work.seq);
        const messages = await readLaneSeqs(this.#parts.database, first.day, first.lane, seqs);
        const bySeq = new Map(messages.map((message) => [message.seq, message]));
        for (const work of works) work.message = bySeq.get(work.seq);
      });
    }
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
