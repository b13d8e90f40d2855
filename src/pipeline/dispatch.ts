// Second of the four files: what was accepted is posted to Meta, in order per pair, at the pace Meta allows, each claim on
// disk before its POST and each answer on disk in the tick that follows. One statement a tick covers all lanes.

import { ErrorId } from '../contract/errors.js';
import { EventKind, StatusId } from '../contract/statuses.js';
import { type Alarm, createAlarm } from '../lib/alarm.js';
import type { Clock } from '../lib/clock.js';
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
  readFirstDay,
  readLane,
  readLaneSeqs,
  readTails,
  readUnpaused,
  takeOverLanes,
} from '../store/lanes.js';
import { GROUPS, OWNED } from '../store/processes.js';
import { createLane, type Lane, type Work } from './lane.js';
import type { Owner } from './ownership.js';
import { metaRequest } from './request.js';
import { readAhead } from './stream-read.js';
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
  /** The clear access token of a sender. Throws when it cannot be opened. */
  tokenOf(sender: DirectorySender): string;
  /** Whether a request of at most `ms` may begin now. */
  mayAct(ms: number): boolean;
  processId(): number | undefined;
  /** The database said that the lease is lost. */
  onLost(): void;
  /** Since when (wall ms) statuses can be received. */
  receiveReadySince(): number | undefined;
  /** Whether other processes may accept into lanes owned here. */
  hasPeers(): boolean;
  onEvents(events: AppendedEvent[]): void;
  /** Counts a POST by its outcome and Meta's code. */
  count(outcome: Outcome['kind'], metaCode: number | undefined): void;
}

interface Answer {
  work: Work;
  outcome: Outcome;
}

const POLL_MS = 100;
const IDLE_POLL_MS = 1_000;
const READ_MAX = 1_000;
const RETRY_MIN_MS = 50;
const RETRY_MAX_MS = 2_000;

/** Creates dispatch; it owns no lanes until `take`. */
export function createDispatch(parts: DispatchParts): Dispatch {
  return new Dispatcher(parts);
}

class Dispatcher implements Dispatch {
  readonly kind = OWNED.lanes;
  readonly #parts: DispatchParts;
  readonly #lanes = new Map<number, Lane>();
  readonly #groups = new Set<number>();
  readonly #pairs = createPairBuckets();
  readonly #alarm: Alarm;
  /** Lanes that may have something to do. */
  readonly #active = new Set<Lane>();
  readonly #reading = new Set<Lane>();
  #answers: Answer[] = [];
  #adoption: Promise<void> = Promise.resolve();
  #inFlight = 0;
  #isRunning = false;
  #isWanted = false;
  #isDraining = false;
  #generation = 0;
  #ticks = 0;
  /** The sealed token that a lane was paused with for its sake. */
  readonly #refusedTokens = new Map<number, Buffer>();
  #poll: NodeJS.Timeout | undefined;

  constructor(parts: DispatchParts) {
    this.#parts = parts;
    this.#alarm = createAlarm(parts.clock, () => {
      for (const lane of this.#lanes.values()) this.#active.add(lane);
      this.#wake();
    });
  }

  async take(processId: number, groups: readonly number[]): Promise<void> {
    for (const group of groups) this.#groups.add(group);
    try {
      await this.#adoptLanes(processId);
    } catch (error) {
      for (const group of groups) this.#groups.delete(group);
      throw error;
    }
    this.#schedulePoll(0);
  }

  async release(groups: readonly number[]): Promise<void> {
    const lanes = [...this.#lanes.values()].filter((lane) => groups.includes(lane.lane % GROUPS));
    for (const group of groups) this.#groups.delete(group);
    for (const lane of lanes) this.#active.delete(lane);
    // No new claims for these lanes; what is under way is answered and settled first.
    const deadline = this.#parts.clock.monotonic() + this.#parts.graph.timeoutMs + 5_000;
    while (lanes.some((lane) => lane.counts().inFlight > 0) && this.#parts.clock.monotonic() < deadline)
      await waitMs(20);
    const last = this.#ticks;
    while (this.#isRunning && this.#ticks === last && this.#parts.clock.monotonic() < deadline) await waitMs(5);
    for (const lane of lanes) this.#lanes.delete(lane.lane);
  }

  lose(): void {
    this.#generation += 1;
    this.#lanes.clear();
    this.#groups.clear();
    this.#active.clear();
    this.#answers = [];
  }

  offer(messages: readonly LaneMessage[]): void {
    for (const message of messages) {
      const lane = this.#lanes.get(message.lane);
      if (lane === undefined) continue;
      lane.buffer.noteTail(message.seq + 1, message.day);
      // While a read is under way its rows come first; the read that follows brings this one.
      if (!this.#reading.has(lane)) lane.buffer.offer([message]);
      this.#active.add(lane);
    }
    this.#wake();
  }

  adopt(lane: number, seq: number): void {
    const owned = this.#lanes.get(lane);
    if (owned === undefined) return;
    owned.adopt(seq);
    this.#active.add(owned);
    this.#wake();
  }

  refresh(): void {
    for (const lane of this.#lanes.values()) {
      const sender = this.#parts.directory.senderById(lane.lane);
      if (sender !== undefined) lane.setThroughput(sender.throughput);
      // A pause that credentials caused ends when they are replaced.
      const refused = this.#refusedTokens.get(lane.lane);
      if (refused !== undefined && sender !== undefined && !refused.equals(sender.accessToken)) this.#resume(lane);
    }
    const processId = this.#parts.processId();
    if (processId === undefined || this.#missingLanes().length === 0) return;
    void this.#adoptLanes(processId).catch((error: unknown) => this.#complain('dispatch.new-lanes', error));
  }

  lanes(): number[] {
    return [...this.#lanes.keys()];
  }

  async drain(timeoutMs: number): Promise<void> {
    this.#isDraining = true;
    if (this.#poll !== undefined) clearTimeout(this.#poll);
    const deadline = this.#parts.clock.monotonic() + timeoutMs;
    while (
      (this.#inFlight > 0 || this.#answers.length > 0 || this.#isRunning) &&
      this.#parts.clock.monotonic() < deadline
    ) {
      await waitMs(10);
    }
    this.#alarm.stop();
  }

  counts(): { inFlight: number; lanes: number; held: number; buffered: number; paused: number } {
    let held = 0;
    let buffered = 0;
    let paused = 0;
    for (const lane of this.#lanes.values()) {
      held += lane.counts().held;
      buffered += lane.counts().buffered;
      if (lane.paused() !== undefined) paused += 1;
    }
    return { inFlight: this.#inFlight, lanes: this.#lanes.size, held, buffered, paused };
  }

  // ------------------------------------------------------------- lanes and what is read of them

  #missingLanes(): number[] {
    const missing: number[] = [];
    for (const { id } of this.#parts.directory.senders()) {
      if (this.#groups.has(id % GROUPS) && !this.#lanes.has(id)) missing.push(id);
    }
    return missing;
  }

  /** One at a time: taking a lane over twice would call what is under way unknown. */
  #adoptLanes(processId: number): Promise<void> {
    const adoption = this.#adoption.catch(() => undefined).then(() => this.#adoptMissing(processId));
    this.#adoption = adoption;
    return adoption;
  }

  async #adoptMissing(processId: number): Promise<void> {
    const ids = this.#missingLanes();
    if (ids.length === 0) return;
    const { database, clock, directory } = this.#parts;
    const generation = this.#generation;
    const { heads, held } = await takeOverLanes(database, processId, clock.now(), ids);
    if (generation !== this.#generation) return;
    for (const head of heads) {
      if (this.#lanes.has(head.lane)) continue;
      const lane = createLane(head, directory.senderById(head.lane)?.throughput ?? 1, clock.now());
      lane.restore(held.filter((row) => row.lane === head.lane));
      this.#lanes.set(head.lane, lane);
      this.#active.add(lane);
    }
    await this.#readTails();
    this.#wake();
  }

  #schedulePoll(ms: number): void {
    if (this.#poll !== undefined) clearTimeout(this.#poll);
    if (this.#isDraining) return;
    this.#poll = setTimeout(() => {
      void this.#pollOnce().finally(() => this.#schedulePoll(this.#parts.hasPeers() ? POLL_MS : IDLE_POLL_MS));
    }, ms);
    this.#poll.unref();
  }

  async #pollOnce(): Promise<void> {
    try {
      await this.#readTails();
      await this.#readPauses();
    } catch (error) {
      this.#complain('dispatch.poll', error);
    }
  }

  async #readTails(): Promise<void> {
    if (this.#lanes.size === 0) return;
    for (const { stream, next, day } of await readTails(this.#parts.database, [...this.#lanes.keys()])) {
      const lane = this.#lanes.get(stream);
      if (lane === undefined) continue;
      lane.buffer.noteTail(next, day);
      if (lane.buffer.wanted() !== undefined) this.#active.add(lane);
    }
    this.#wake();
  }

  /** Somebody may have ended a pause through the admin API. */
  async #readPauses(): Promise<void> {
    const paused = [...this.#lanes.values()].filter((lane) => lane.paused() !== undefined);
    if (paused.length === 0) return;
    const resumed = await readUnpaused(
      this.#parts.database,
      paused.map((lane) => lane.lane),
    );
    for (const id of resumed) {
      const lane = this.#lanes.get(id);
      if (lane === undefined) continue;
      lane.resume();
      this.#active.add(lane);
    }
    if (resumed.length > 0) this.#wake();
  }

  #refill(lane: Lane): void {
    if (this.#reading.has(lane) || lane.buffer.wanted() === undefined) return;
    this.#reading.add(lane);
    const { database } = this.#parts;
    void readAhead(lane.buffer, {
      read: (day, after) => readLane(database, day, lane.lane, after, READ_MAX),
      firstDay: () => readFirstDay(database, lane.lane),
    })
      .catch((error: unknown) => this.#complain('dispatch.read', error))
      .finally(() => {
        this.#reading.delete(lane);
        this.#active.add(lane);
        this.#wake();
      });
  }

  // ------------------------------------------------------------- the tick

  #wake(): void {
    this.#isWanted = true;
    if (this.#isRunning) return;
    this.#isRunning = true;
    setImmediate(() => void this.#run());
  }

  async #run(): Promise<void> {
    try {
      while (this.#isWanted) {
        this.#isWanted = false;
        await this.#tick();
        this.#ticks += 1;
      }
    } catch (error) {
      this.#complain('dispatch.tick', error);
      // Memory is ahead of the disk now: give everything up and take it over again from what is on disk.
      this.#parts.onLost();
    } finally {
      this.#isRunning = false;
      if (this.#isWanted) this.#wake();
    }
  }

  async #tick(): Promise<void> {
    const processId = this.#parts.processId();
    if (processId === undefined) return;
    const generation = this.#generation;
    const now = this.#parts.clock.now();
    const tick: DispatchTick = { lanes: [], events: [], released: [], held: [] };
    const touched = new Set<Lane>();
    const held = new Map<Work, number | null>();
    await this.#settleAnswers(now, tick, held, touched);
    const posts = await this.#select(now, tick, held, touched);
    if (touched.size === 0) return;
    for (const lane of touched) tick.lanes.push(lane.head());
    for (const [work, claimedAt] of held) if (work.isHeld) tick.held.push(toHeldRow(work, claimedAt));
    await this.#persist(() => commitDispatchTick(this.#parts.database, processId, now, tick));
    if (generation !== this.#generation) return;
    for (const work of posts) void this.#post(work, generation);
  }

  /** Commits, however long the database is away: a tick changes nothing when it is repeated. Throws when the lease is lost. */
  async #persist(commit: () => Promise<void>): Promise<void> {
    for (let wait = RETRY_MIN_MS; ; wait = Math.min(RETRY_MAX_MS, wait * 2)) {
      try {
        await commit();
        return;
      } catch (error) {
        if (!(error instanceof DatabaseError) || !['unavailable', 'conflict'].includes(error.kind)) throw error;
        if (this.#parts.processId() === undefined) throw error;
        await waitMs(wait);
      }
    }
  }

  async #settleAnswers(
    now: number,
    tick: DispatchTick,
    held: Map<Work, number | null>,
    touched: Set<Lane>,
  ): Promise<void> {
    const answers = this.#answers;
    this.#answers = [];
    const failures: { work: Work; event: NewEvent }[] = [];
    for (const { work, outcome } of answers) {
      const lane = this.#lanes.get(work.lane);
      if (lane === undefined) continue;
      touched.add(lane);
      this.#active.add(lane);
      this.#noteReach(lane, outcome, now);
      if (outcome.kind === 'accepted')
        tick.events.push(toEvent(work, EventKind.submitted, outcome.wamid, undefined, undefined));
      else if (outcome.kind === 'failed') failures.push({ work, event: failureOf(work, outcome, now) });
      else tick.events.push(diagnosticOf(work, outcome));
      if (outcome.kind === 'retry') this.#noteTrouble(lane, outcome, now);
      if (outcome.kind === 'accepted' || outcome.kind === 'failed') {
        if (work.isHeld) tick.released.push({ lane: work.lane, seq: work.seq });
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
    void notePause(this.#parts.database, lane.lane, paused.until, paused.reason).catch((error: unknown) =>
      this.#complain('dispatch.note-pause', error),
    );
  }

  #resume(lane: Lane): void {
    lane.resume();
    this.#refusedTokens.delete(lane.lane);
    this.#active.add(lane);
    this.#parts.log.info({ event: 'lane.resumed', lane: lane.lane });
    void notePause(this.#parts.database, lane.lane, null, null).catch((error: unknown) =>
      this.#complain('dispatch.note-pause', error),
    );
    this.#wake();
  }

  async #select(now: number, tick: DispatchTick, held: Map<Work, number | null>, touched: Set<Lane>): Promise<Work[]> {
    const posts: Work[] = [];
    const expired: Work[] = [];
    const unknown: Work[] = [];
    let nextAt = Number.POSITIVE_INFINITY;
    for (const lane of [...this.#active]) {
      // First in, first served: a lane that could not be served for lack of room comes first next time.
      this.#active.delete(lane);
      // Released, or taken anew since: this object's time is over.
      if (!this.#groups.has(lane.lane % GROUPS) || this.#lanes.get(lane.lane) !== lane) continue;
      const room = this.#isDraining ? 0 : this.#parts.graph.connections - this.#inFlight - posts.length;
      const before = lane.head().claimed;
      const selection = lane.select(now, room, this.#pairs);
      posts.push(...selection.posts);
      expired.push(...selection.expired);
      unknown.push(...selection.unknown);
      for (const work of selection.held) held.set(work, null);
      if (selection.held.length > 0 || selection.expired.length > 0 || lane.head().claimed !== before)
        touched.add(lane);
      this.#refill(lane);
      if (room <= selection.posts.length) this.#active.add(lane);
      else nextAt = Math.min(nextAt, selection.nextAt);
    }
    if (nextAt !== Number.POSITIVE_INFINITY) this.#alarm.set(nextAt);
    await this.#expire(expired, now, tick, held);
    const resends = await this.#resolveUnknown(unknown, now, tick, held, touched);
    if (resends) this.#isWanted = true;
    await this.#loadMissing(posts);
    for (const work of posts) {
      if (work.isHeld) held.set(work, now);
      const lane = this.#lanes.get(work.lane);
      if (lane !== undefined) touched.add(lane);
    }
    return posts;
  }

  async #expire(
    works: readonly Work[],
    now: number,
    tick: DispatchTick,
    held: Map<Work, number | null>,
  ): Promise<void> {
    if (works.length === 0) return;
    await this.#appendEnds(
      works.map((work) => ({
        day: work.day,
        event: endOf(work, EventKind.expired, now, StatusId.expired, ErrorId.validityExpired),
      })),
    );
    this.#finish(works, now, tick, held);
  }

  #finish(works: readonly Work[], now: number, tick: DispatchTick, held: Map<Work, number | null>): void {
    for (const work of works) {
      if (work.isHeld) tick.released.push({ lane: work.lane, seq: work.seq });
      held.delete(work);
      const lane = this.#lanes.get(work.lane);
      lane?.settle(work, { kind: 'done' }, now);
      if (lane !== undefined) this.#active.add(lane);
    }
    // What waited behind them in their pairs may go now.
    if (works.length > 0) this.#isWanted = true;
  }

  /** P8: after the wait, a status that came adopts the attempt; else the account's policy decides. True when something is to be resent. */
  async #resolveUnknown(
    works: readonly Work[],
    now: number,
    tick: DispatchTick,
    held: Map<Work, number | null>,
    touched: Set<Lane>,
  ): Promise<boolean> {
    if (works.length === 0) return false;
    const answered = new Set<string>();
    for (const day of new Set(works.map((work) => work.day))) {
      const attempts = works
        .filter((work) => work.day === day)
        .map((work) => ({ message: work.id, attempt: work.attempt }));
      for (const key of await answeredAttempts(this.#parts.database, day, attempts)) answered.add(key);
    }
    const { directory } = this.#parts;
    let hasResends = false;
    for (const work of works) {
      const lane = this.#lanes.get(work.lane);
      if (lane === undefined) continue;
      touched.add(lane);
      const sender = directory.senderById(work.lane);
      const account = sender === undefined ? undefined : directory.account(sender.account);
      if (answered.has(`${work.id}:${work.attempt}`)) this.#finish([work], now, tick, held);
      else if (!this.#hasWaited(work, now)) {
        lane.settle(work, { kind: 'again', reason: HELD.unknown, dueAt: now + this.#unknownWaitMs(work.lane) }, now);
        held.set(work, null);
      } else if (account?.unknownPolicy === 'fail') {
        const event = endOf(work, EventKind.expired, now, StatusId.expiredDlrUnknown, ErrorId.providerTimeout);
        await this.#appendEnds([{ day: work.day, event }]);
        this.#finish([work], now, tick, held);
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

  /** The wait counts only while statuses can be received. */
  #hasWaited(work: Work, now: number): boolean {
    const since = this.#parts.receiveReadySince();
    return since !== undefined && now - since >= this.#unknownWaitMs(work.lane);
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

  async #post(work: Work, generation: number): Promise<void> {
    this.#inFlight += 1;
    let outcome: Outcome;
    try {
      outcome = await this.#send(work);
    } catch (error) {
      // A bug in a mapping must not stop the lane: the message fails, visibly.
      this.#complain('dispatch.post', error);
      outcome = brokenOutcome();
    }
    this.#inFlight -= 1;
    const metaCode = 'refusal' in outcome ? outcome.refusal?.metaCode : undefined;
    this.#parts.count(outcome.kind, metaCode);
    if (generation !== this.#generation) return;
    this.#answers.push({ work, outcome });
    this.#wake();
  }

  async #send(work: Work): Promise<Outcome> {
    const { directory, graph, tokenOf, mayAct } = this.#parts;
    const sender = directory.senderById(work.lane);
    if (sender === undefined) return goneOutcome();
    if (work.message === undefined) return brokenOutcome();
    const body = metaRequest(work.message, work.attempt);
    const token = tokenOf(sender);
    // The claim was committed under the lease; if little of it is left now (a paused process), nothing is written.
    if (!mayAct(graph.timeoutMs))
      return verdictOf(
        { kind: 'notWritten', reason: 'lease too short', cause: undefined },
        work.attempt,
        Math.random(),
      );
    return verdictOf(await graph.send(sender.phoneNumberId, token, body), work.attempt, Math.random());
  }

  #complain(event: string, error: unknown): void {
    const isQuiet = error instanceof DatabaseError && error.kind === 'unavailable';
    this.#parts.log[isQuiet ? 'warn' : 'error']({ event, err: isQuiet ? error.message : error });
  }
}

function toHeldRow(work: Work, claimedAt: number | null): DispatchTick['held'][number] {
  const { lane, seq, day, id: message, recipient, reason, attempt, acceptedAt, dueAt } = work;
  return { lane, seq, day, message, recipient, reason, attempt, acceptedAt, dueAt, claimedAt };
}

function toEvent(
  work: Work,
  kind: number,
  wamid: string | null,
  metaCode: number | undefined,
  detail: string | undefined,
): DispatchTick['events'][number] {
  return {
    day: work.day,
    message: work.id,
    attempt: work.attempt,
    kind,
    wamid,
    metaCode: metaCode ?? null,
    detail: detail ?? null,
  };
}

function diagnosticOf(
  work: Work,
  outcome: Extract<Outcome, { kind: 'retry' | 'unknown' }>,
): DispatchTick['events'][number] {
  if (outcome.kind === 'unknown') return toEvent(work, EventKind.unknown, null, undefined, outcome.reason);
  const { refusal, reason } = outcome;
  return toEvent(work, EventKind.refused, null, refusal?.metaCode, refusal?.detail ?? reason);
}

function endOf(work: Work, kind: number, at: number, statusId: number, errorId: number): NewEvent {
  const { id: message, attempt } = work;
  return {
    message,
    attempt,
    kind,
    at,
    phoneNumberId: null,
    wamid: null,
    statusId,
    errorId,
    metaCode: null,
    detail: null,
  };
}

function failureOf(work: Work, outcome: Extract<Outcome, { kind: 'failed' }>, at: number): NewEvent {
  const { metaCode, detail } = outcome.refusal;
  return {
    ...endOf(work, EventKind.failed, at, outcome.statusId, outcome.errorId),
    metaCode: metaCode ?? null,
    detail: detail ?? null,
  };
}

function goneOutcome(): Outcome {
  return {
    kind: 'failed',
    statusId: StatusId.rejectedSource,
    errorId: ErrorId.invalidSource,
    refusal: noRefusal('sender was removed'),
  };
}

function brokenOutcome(): Outcome {
  return {
    kind: 'failed',
    statusId: StatusId.rejectedSystemError,
    errorId: ErrorId.internal,
    refusal: noRefusal('internal fault'),
  };
}

function noRefusal(detail: string): {
  metaCode: undefined;
  metaSubcode: undefined;
  httpStatus: number;
  detail: string;
} {
  return { metaCode: undefined, metaSubcode: undefined, httpStatus: 0, detail };
}
