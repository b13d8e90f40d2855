// Second of the four files: what was accepted is posted to Meta, in order per pair, at the pace Meta allows, each claim on
// disk before its POST and each answer on disk in the tick that follows. One statement a tick covers all lanes.

import { ErrorId } from '../contract/errors.js';
import { EventKind, StatusId } from '../contract/statuses.js';
import { type Alarm, createAlarm } from '../lib/alarm.js';
import type { Clock } from '../lib/clock.js';
import { crashPoint } from '../lib/crash-point.js';
import { dayOf } from '../lib/day.js';
import type { Log } from '../lib/log.js';
import type { GraphClient } from '../meta/graph-client.js';
import { createPairBuckets } from '../meta/pace.js';
import { type Outcome, verdictOf } from '../meta/verdict.js';
import { type Database, DatabaseError } from '../store/database.js';
import type { Directory, DirectorySender } from '../store/directory.js';
import { type AppendedEvent, appendEvents, type NewEvent } from '../store/events.js';
import {
  answeredAttempts,
  commitDispatchTick,
  type DispatchTick,
  HELD,
  type HeldReason,
  type LaneMessage,
  notePause,
  readLaneSeqs,
} from '../store/lanes.js';
import { OWNED } from '../store/processes.js';
import { complain } from './complain.js';
import { BROKEN, diagnosticOf, endOf, failureOf, GONE, submittedOf, toHeldRow } from './dispatch-rows.js';
import { type Lane, VALIDITY_MS, type Work } from './lane.js';
import { LaneSet } from './lane-set.js';
import type { Owner } from './ownership.js';
import type { Preparation, Prepared } from './preparation.js';
import { metaRequest, type SendExtras } from './request.js';
import { createPoll, createTickLoop, type Poll, persist, type TickLoop } from './tick-loop.js';
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
export interface DispatchParts {
  database: Database;
  clock: Clock;
  log: Log;
  directory: Directory;
  graph: GraphClient;
  /** The clear access token of a sender; undefined when no key of ours opens it. */
  tokenOf(sender: DirectorySender): string | undefined;
  /** What some messages need before their POST. */
  preparation: Preparation;
  /** Whether a request of at most `ms` may begin now. */
  mayAct(ms: number): boolean;
  processId(): number | undefined;
  /** The database said that the lease is lost. */
  onLost(): void;
  /** Since when (wall ms) statuses can be received. */
  receiveReadySince(): number | undefined;
  /** How late the statuses are that come now, ms; 0 when this process receives none. */
  receiveBehindMs(): number;
  /** Whether other processes may accept into lanes owned here. */
  hasPeers(): boolean;
  onEvents(events: AppendedEvent[]): void;
  /** Counts a POST by its outcome and Meta's code. */
  count(outcome: Outcome['kind'], metaCode: number | undefined): void;
}

interface Answer {
  work: Work;
  outcome: Outcome;
  /** Otherwise it says nothing about whether Meta can be reached. */
  wasPosted: boolean;
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

/** Statuses this old are no sign that webhooks are late: Meta dates them to whole seconds, and its own way takes some. */
const LATE_MS_MIN = 5_000;
const LATE_LOOK_MS = 2_000;
const POLL_MS = 100;
const IDLE_POLL_MS = 1_000;
const RELEASE_MS = 5_000;
const UNSEALABLE_PAUSE_MS = 60_000;

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
  /** The sealed token that a lane was paused with for its sake. */
  readonly #refusedTokens = new Map<number, Buffer>();
  /** Writes of pauses under way. */
  readonly #noting = new Map<Lane, Promise<void>>();
  #answers: Answer[] = [];
  #inFlight = 0;
  /** Of those in flight, how many are prepared and have no socket yet. */
  #preparing = 0;
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
    this.#lanes = new LaneSet({
      database,
      clock,
      log,
      directory,
      isNoted: (lane) => !this.#noting.has(lane),
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
      // A pause that credentials caused ends when they are replaced.
      const refused = this.#refusedTokens.get(lane.lane);
      if (refused !== undefined && !refused.equals(sender.accessToken)) this.#resume(lane);
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
      if (wasPosted) this.#noteReach(lane, outcome, now);
      if (outcome.kind === 'accepted') rows.events.push(submittedOf(work, outcome.wamid));
      else if (outcome.kind === 'failed') failures.push({ work, event: failureOf(work, outcome, now) });
      else rows.events.push(diagnosticOf(work, outcome));
      if (outcome.kind === 'retry') this.#noteTrouble(lane, outcome, now);
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
    if (outcome.kind === 'unknown') return { reason: HELD.unknown, dueAt: now + this.#unknownWaitMs(work.lane) };
    return { reason: outcome.scope === 'lane' ? HELD.lane : HELD.retry, dueAt: now + outcome.delayMs };
  }

  #unknownWaitMs(lane: number): number {
    const { directory } = this.#parts;
    const sender = directory.senderById(lane);
    const account = sender === undefined ? undefined : directory.account(sender.account);
    return (account?.unknownWaitSeconds ?? 30) * 1000;
  }

  #noteReach(lane: Lane, outcome: Outcome, now: number): void {
    const isMissed =
      outcome.kind === 'unknown' ||
      (outcome.kind === 'retry' &&
        outcome.scope !== 'lane' &&
        (outcome.refusal === undefined || outcome.refusal.httpStatus >= 500));
    if (isMissed) {
      if (lane.missed(now, `unreachable ${outcome.reason}`)) this.#noteLanePause(lane);
    } else if (!(outcome.kind === 'retry' && outcome.scope === 'lane') && lane.reached()) {
      this.#resume(lane);
    }
  }

  #noteTrouble(lane: Lane, outcome: Extract<Outcome, { kind: 'retry' }>, now: number): void {
    if (outcome.scope === 'number') lane.holdNumber(now + outcome.delayMs);
    if (outcome.scope !== 'lane') return;
    lane.pause(now + outcome.delayMs, outcome.reason);
    const token = this.#parts.directory.senderById(lane.lane)?.accessToken;
    if (token !== undefined) this.#refusedTokens.set(lane.lane, token);
    this.#noteLanePause(lane);
  }

  #noteLanePause(lane: Lane): void {
    const paused = lane.paused();
    if (paused === undefined) return;
    this.#parts.log.warn({
      event: 'lane.paused',
      lane: lane.lane,
      until: new Date(Math.min(paused.until, 8.64e15)).toISOString(),
      reason: paused.reason,
    });
    this.#note(lane, paused.until, paused.reason);
  }

  /** Writes a lane's pause, or that it has ended, one after the other. */
  #note(lane: Lane, until: number | null, reason: string | null): void {
    const { database, log } = this.#parts;
    const written = (this.#noting.get(lane) ?? Promise.resolve())
      .then(() => notePause(database, lane.lane, until, reason))
      .catch((error: unknown) => complain(log, 'dispatch.note-pause', error))
      .finally(() => {
        if (this.#noting.get(lane) === written) this.#noting.delete(lane);
      });
    this.#noting.set(lane, written);
  }

  #resume(lane: Lane): void {
    lane.resume();
    this.#refusedTokens.delete(lane.lane);
    this.#active.add(lane);
    this.#parts.log.info({ event: 'lane.resumed', lane: lane.lane });
    this.#note(lane, null, null);
    this.#loop.wake();
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
      const wamid = answered.get(`${work.id}:${work.attempt}`);
      if (wamid !== undefined) {
        if (wamid !== '') tick.rows.events.push(submittedOf(work, wamid));
        this.#finish([work], tick);
      } else if (this.#leftToWaitMs(work, now) > 0) {
        const dueAt = now + this.#leftToWaitMs(work, now);
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

  /** The wait counts only while statuses can be received, and is not over while those that come are late themselves. */
  #leftToWaitMs(work: Work, now: number): number {
    const since = this.#parts.receiveReadySince();
    const waitMs = this.#unknownWaitMs(work.lane);
    if (since === undefined) return waitMs;
    if (now - since < waitMs) return since + waitMs - now;
    return this.#parts.receiveBehindMs() >= Math.max(waitMs / 2, LATE_MS_MIN) ? LATE_LOOK_MS : 0;
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
    const busy = way === 'prepared' ? this.#preparing : this.#inFlight - this.#preparing;
    return Math.max(0, this.#parts.graph.connections - busy);
  }

  async #post(work: Work, generation: number): Promise<void> {
    const lane = this.#lanes.get(work.lane);
    this.#inFlight += 1;
    let answer: Answer | undefined;
    try {
      answer = await this.#attempt(work, () => generation === this.#generation && this.#lanes.get(work.lane) === lane);
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

  /** Undefined when the lane was given away while the message was prepared: to its new owner this is an attempt without an answer. */
  async #attempt(work: Work, isOurs: () => boolean): Promise<Answer | undefined> {
    const { directory, preparation } = this.#parts;
    const sender = preparation.isNeeded(work.lane) ? directory.senderById(work.lane) : undefined;
    if (sender === undefined || work.message === undefined)
      return { work, outcome: await this.#send(work), wasPosted: true };
    const prepared = await this.#prepare(work, sender, work.message);
    if (!isOurs()) return undefined;
    if (prepared.kind !== 'ready') return { work, outcome: prepared, wasPosted: false };
    return { work, outcome: await this.#send(work, prepared.extras), wasPosted: true };
  }

  async #prepare(work: Work, sender: DirectorySender, message: LaneMessage): Promise<Prepared | Outcome> {
    this.#preparing += 1;
    try {
      return await this.#parts.preparation.prepare(sender, message, work.attempt);
    } catch (error) {
      if (!(error instanceof DatabaseError)) throw error;
      return notWritten('database away', work);
    } finally {
      this.#preparing -= 1;
    }
  }

  async #send(work: Work, extras?: SendExtras): Promise<Outcome> {
    const { directory, graph, tokenOf, mayAct } = this.#parts;
    const sender = directory.senderById(work.lane);
    if (sender === undefined) return directory.isRemoved(work.lane) ? GONE : notWritten('sender not known yet', work);
    if (work.message === undefined) return BROKEN;
    const body = metaRequest(work.message, work.attempt, extras);
    const token = tokenOf(sender);
    if (token === undefined) return unsealable();
    // The claim was committed under the lease; if little of it is left now (a paused process), nothing is written.
    if (!mayAct(graph.timeoutMs)) return notWritten('lease too short', work);
    return verdictOf(await graph.send(sender.phoneNumberId, token, body), work.attempt, Math.random());
  }
}

/** No byte was sent; the same try may be made again. */
function notWritten(reason: string, { attempt }: Work): Outcome {
  return verdictOf({ kind: 'notWritten', reason, cause: undefined }, attempt, Math.random());
}

/** The secret key is not the one that the token was sealed with: a person must act, and every message of the lane waits. */
function unsealable(): Outcome {
  const reason = 'access token cannot be opened with PARLEY_SECRET_KEY';
  return { kind: 'retry', delayMs: UNSEALABLE_PAUSE_MS, scope: 'lane', reason, refusal: undefined };
}
