// Last of the four files: reports reach the customer's endpoints in batches, each on disk before its first POST, each
// attempt on disk after it. A dead endpoint is probed, a refused batch is halved until the culprit stands alone.
import { inboundEnvelope, reportEnvelope } from '../contract/reports.js';
import { DELIVERY_MS_MAX, nextTryAt } from '../customer/backoff.js';
import { type DeliveryVerdict, deliveryVerdict, type WebhookAnswer } from '../customer/verdict.js';
import type { WebhookClient } from '../customer/webhook-client.js';
import { type Alarm, createAlarm } from '../lib/alarm.js';
import type { Clock } from '../lib/clock.js';
import { dayOf } from '../lib/day.js';
import { uuidv7 } from '../lib/id.js';
import type { Log } from '../lib/log.js';
import { type Database, DatabaseError } from '../store/database.js';
import { GROUPS, OWNED } from '../store/processes.js';
import {
  type BatchRow,
  commitDeliverTick,
  type DeliverTick,
  type EndpointHead,
  freeNewBatches,
  ReportKind,
  readBatchReports,
  readDueBatches,
  readDueEndpoints,
  readExpiredBatches,
  readFirstReportDay,
  readHeads,
  readHeadsOfGroups,
  readOldestBatches,
  readReports,
  readWaiting,
} from '../store/reports.js';
import { type Batch, bisect, createEndpoint, type Endpoint, splitFirst, WINDOW } from './endpoint.js';
import type { Owner } from './ownership.js';
import type { Report } from './report.js';
import { createReportReader, type ReportReader } from './report-reader.js';
import { readAhead } from './stream-read.js';
import { waitMs } from './wait.js';

/** Posts reports to customers. */
export interface Deliver extends Owner {
  /** Reports that were just committed by this process. */
  offer(reports: readonly Report[]): void;
  /** Stops making batches; resolves when no POST is under way and all attempts are committed, or after `timeoutMs`. */
  drain(timeoutMs: number): Promise<void>;
  /** For the metrics. */
  counts(): { inFlight: number; endpoints: number; down: number; buffered: number };
}

/** What deliver works with. */
export interface DeliverParts {
  database: Database;
  clock: Clock;
  log: Log;
  client: WebhookClient;
  /** Clear signing secrets of an account, newest first. */
  secretsOf(account: number): readonly string[];
  processId(): number | undefined;
  onLost(): void;
  hasPeers(): boolean;
  /** Counts a POST by its verdict. */
  count(verdict: DeliveryVerdict['kind'], results: number): void;
}

interface Posted {
  batch: Batch;
  answer: WebhookAnswer;
  at: number;
  isProbe: boolean;
}

const IN_FLIGHT_MAX = 400;
const READ_MAX = 500;
const EXPIRED_MAX = 200;
const OLDEST = 5;
const DEAD_MAX = 1_000;
const POLL_MS = 100;
const IDLE_POLL_MS = 1_000;
const SWEEP_MS = 60_000;
const RETRY_MIN_MS = 50;
const RETRY_MAX_MS = 2_000;
const ANSWER_LENGTH_MAX = 1_024;

/** Creates deliver; it owns no endpoints until `take`. */
export function createDeliver(parts: DeliverParts): Deliver {
  return new Deliverer(parts);
}

class Deliverer implements Deliver {
  readonly kind = OWNED.endpoints;
  readonly #parts: DeliverParts;
  readonly #reader: ReportReader;
  readonly #endpoints = new Map<number, Endpoint>();
  readonly #groups = new Set<number>();
  readonly #active = new Set<Endpoint>();
  readonly #reading = new Set<Endpoint>();
  /** Batches being posted again; their rows still say that they are due. */
  readonly #posting = new Set<string>();
  readonly #alarm: Alarm;
  readonly #newId: () => string;
  #posted: Posted[] = [];
  #inFlight = 0;
  #isRunning = false;
  #isWanted = false;
  #isDraining = false;
  #isDueWanted = false;
  #generation = 0;
  #ticks = 0;
  #sweptAt = 0;
  #poll: NodeJS.Timeout | undefined;

  constructor(parts: DeliverParts) {
    this.#parts = parts;
    this.#reader = createReportReader(parts.database);
    this.#newId = () => uuidv7(parts.clock.now());
    this.#alarm = createAlarm(parts.clock, () => {
      this.#isDueWanted = true;
      this.#wake();
    });
  }

  async take(_processId: number, groups: readonly number[]): Promise<void> {
    const { database, clock } = this.#parts;
    await freeNewBatches(database, clock.now(), GROUPS, groups);
    const heads = await readHeadsOfGroups(database, GROUPS, groups);
    for (const group of groups) this.#groups.add(group);
    for (const head of heads) this.#own(head);
    this.#isDueWanted = true;
    this.#schedulePoll(0);
  }

  async release(groups: readonly number[]): Promise<void> {
    const endpoints = [...this.#endpoints.values()].filter((endpoint) => groups.includes(endpoint.id % GROUPS));
    for (const group of groups) this.#groups.delete(group);
    const deadline = this.#parts.clock.monotonic() + 20_000;
    while (endpoints.some((endpoint) => endpoint.inFlight > 0) && this.#parts.clock.monotonic() < deadline)
      await waitMs(20);
    const last = this.#ticks;
    while (this.#isRunning && this.#ticks === last && this.#parts.clock.monotonic() < deadline) await waitMs(5);
    for (const endpoint of endpoints) this.#endpoints.delete(endpoint.id);
  }

  lose(): void {
    this.#generation += 1;
    this.#endpoints.clear();
    this.#groups.clear();
    this.#active.clear();
    this.#posting.clear();
    this.#posted = [];
  }

  offer(reports: readonly Report[]): void {
    const unknown = new Set<number>();
    for (const report of reports) {
      if (!this.#groups.has(report.endpoint % GROUPS)) continue;
      const endpoint = this.#endpoints.get(report.endpoint);
      if (endpoint === undefined) {
        unknown.add(report.endpoint);
        continue;
      }
      endpoint.buffer.noteTail(report.seq + 1, report.day);
      if (!this.#reading.has(endpoint)) endpoint.buffer.offer([report]);
      this.#active.add(endpoint);
    }
    if (unknown.size > 0)
      void this.#meet([...unknown]).catch((error: unknown) => this.#complain('deliver.new-endpoint', error));
    this.#wake();
  }

  async drain(timeoutMs: number): Promise<void> {
    this.#isDraining = true;
    if (this.#poll !== undefined) clearTimeout(this.#poll);
    const deadline = this.#parts.clock.monotonic() + timeoutMs;
    while (
      (this.#inFlight > 0 || this.#posted.length > 0 || this.#isRunning) &&
      this.#parts.clock.monotonic() < deadline
    ) {
      await waitMs(10);
    }
    this.#alarm.stop();
  }

  counts(): { inFlight: number; endpoints: number; down: number; buffered: number } {
    let down = 0;
    let buffered = 0;
    for (const endpoint of this.#endpoints.values()) {
      if (!endpoint.isUp()) down += 1;
      buffered += endpoint.buffer.size();
    }
    return { inFlight: this.#inFlight, endpoints: this.#endpoints.size, down, buffered };
  }

  // ------------------------------------------------------------- endpoints and what is read of them

  #own(head: EndpointHead): Endpoint {
    const known = this.#endpoints.get(head.endpoint);
    if (known !== undefined) return known;
    const endpoint = createEndpoint(head);
    this.#endpoints.set(head.endpoint, endpoint);
    this.#active.add(endpoint);
    return endpoint;
  }

  /** Endpoints that were made after their group was taken. */
  async #meet(ids: readonly number[]): Promise<void> {
    const generation = this.#generation;
    const heads = await readHeads(this.#parts.database, ids);
    if (generation !== this.#generation) return;
    for (const head of heads) if (this.#groups.has(head.endpoint % GROUPS)) this.#own(head);
    await this.#readTails();
  }

  #schedulePoll(ms: number): void {
    if (this.#poll !== undefined) clearTimeout(this.#poll);
    if (this.#isDraining) return;
    this.#poll = setTimeout(() => {
      void this.#pollOnce()
        .catch((error: unknown) => this.#complain('deliver.poll', error))
        .finally(() => this.#schedulePoll(this.#parts.hasPeers() ? POLL_MS : IDLE_POLL_MS));
    }, ms);
    this.#poll.unref();
  }

  async #pollOnce(): Promise<void> {
    const { database, clock } = this.#parts;
    if (this.#groups.size === 0) return;
    await this.#readTails();
    const due = await readDueEndpoints(database, GROUPS, [...this.#groups], clock.now());
    if (due.length > 0) {
      this.#isDueWanted = true;
      const unknown = due.filter((id) => !this.#endpoints.has(id));
      if (unknown.length > 0) await this.#meet(unknown);
      this.#wake();
    }
    const notUp = [...this.#endpoints.values()].filter((endpoint) => !endpoint.isUp());
    if (notUp.length > 0 || clock.now() - this.#sweptAt >= SWEEP_MS) {
      this.#isDueWanted = true;
      this.#wake();
    }
  }

  async #readTails(): Promise<void> {
    if (this.#groups.size === 0) return;
    const unknown: number[] = [];
    for (const { endpoint: id, next, day } of await readWaiting(this.#parts.database, GROUPS, [...this.#groups])) {
      const endpoint = this.#endpoints.get(id);
      if (endpoint === undefined) unknown.push(id);
      else {
        endpoint.buffer.noteTail(next, day);
        if (endpoint.buffer.wanted() !== undefined) this.#active.add(endpoint);
      }
    }
    if (unknown.length > 0) await this.#meet(unknown);
    this.#wake();
  }

  #refill(endpoint: Endpoint): void {
    if (this.#reading.has(endpoint) || endpoint.buffer.wanted() === undefined) return;
    this.#reading.add(endpoint);
    const { database } = this.#parts;
    void readAhead(endpoint.buffer, {
      read: async (day, after) => this.#reader.bodies(await readReports(database, day, endpoint.id, after, READ_MAX)),
      firstDay: () => readFirstReportDay(database, endpoint.id),
    })
      .catch((error: unknown) => this.#complain('deliver.read', error))
      .finally(() => {
        this.#reading.delete(endpoint);
        this.#active.add(endpoint);
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
      this.#complain('deliver.tick', error);
      // Memory is ahead of the disk now: give everything up and take it over again from what is on disk.
      this.#parts.onLost();
    } finally {
      this.#isRunning = false;
      if (this.#isWanted) this.#wake();
    }
  }

  async #tick(): Promise<void> {
    const { database, clock } = this.#parts;
    const processId = this.#parts.processId();
    if (processId === undefined) return;
    const generation = this.#generation;
    const now = clock.now();
    const tick = emptyTick();
    const touched = new Set<Endpoint>();
    const sick = new Set<Endpoint>();
    const posts: { batch: Batch; isProbe: boolean }[] = [];
    for (const posted of this.#takePosted()) this.#judge(posted, now, tick, touched, sick, posts);
    if (this.#isDueWanted && !this.#isDraining) await this.#readDue(now, tick, touched, sick, posts);
    this.#cut(now, tick, touched, posts);
    if (touched.size > 0 || sick.size > 0 || tick.finished.length > 0 || tick.batches.length > 0) {
      for (const endpoint of touched) tick.positions.push(endpoint.head());
      for (const endpoint of sick) tick.health.push(endpoint.head());
      await this.#persist(() => commitDeliverTick(database, processId, dayOf(now), tick));
    }
    if (generation !== this.#generation) return;
    for (const { batch, isProbe } of posts) void this.#post(batch, isProbe, generation);
    this.#setAlarm();
  }

  #takePosted(): Posted[] {
    const posted = this.#posted;
    this.#posted = [];
    return posted;
  }

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

  #cut(now: number, tick: DeliverTick, touched: Set<Endpoint>, posts: { batch: Batch; isProbe: boolean }[]): void {
    for (const endpoint of [...this.#active]) {
      this.#active.delete(endpoint);
      // Released, or taken anew since: this object's time is over.
      if (!this.#groups.has(endpoint.id % GROUPS) || this.#endpoints.get(endpoint.id) !== endpoint) continue;
      if (this.#isDraining) continue;
      if (endpoint.isUp()) {
        const room = Math.max(0, Math.min(WINDOW, endpoint.inFlight + IN_FLIGHT_MAX - this.#inFlight - posts.length));
        const batches = endpoint.cut(now, this.#newId, room);
        for (const batch of batches) {
          tick.batches.push(batch);
          posts.push({ batch, isProbe: false });
        }
        endpoint.inFlight += batches.length;
        if (batches.length > 0) touched.add(endpoint);
        if (endpoint.buffer.size() > 0 && endpoint.inFlight < WINDOW) this.#active.add(endpoint);
      }
      this.#refill(endpoint);
    }
  }

  /** Batches that are due again, probes of endpoints that are down, and what has become too old. */
  async #readDue(
    now: number,
    tick: DeliverTick,
    touched: Set<Endpoint>,
    sick: Set<Endpoint>,
    posts: { batch: Batch; isProbe: boolean }[],
  ): Promise<void> {
    this.#isDueWanted = false;
    const { database } = this.#parts;
    await this.#loadHealth();
    const up = [...this.#endpoints.values()].filter((endpoint) => endpoint.isUp() && endpoint.inFlight < WINDOW);
    const rows = await readDueBatches(
      database,
      up.map((endpoint) => endpoint.id),
      now,
      [...this.#posting],
      WINDOW,
    );
    for (const row of rows) {
      const endpoint = this.#endpoints.get(row.endpoint);
      // Replays are served with what the stream leaves free.
      const window = row.isReplay ? WINDOW / 2 : WINDOW;
      if (endpoint === undefined || endpoint.inFlight >= window || this.#inFlight + posts.length >= IN_FLIGHT_MAX)
        continue;
      const batch = await this.#load(row, tick);
      if (batch === undefined) continue;
      this.#posting.add(batch.id);
      endpoint.inFlight += 1;
      posts.push({ batch, isProbe: false });
    }
    for (const endpoint of this.#endpoints.values()) {
      if (endpoint.mayProbe(now)) await this.#probe(endpoint, now, tick, touched, posts);
    }
    if (now - this.#sweptAt < SWEEP_MS) return;
    this.#sweptAt = now;
    await this.#sweep(now, tick, touched);
    for (const endpoint of this.#endpoints.values()) if (!endpoint.isUp()) sick.add(endpoint);
  }

  /** Somebody may have enabled an endpoint through the admin API. */
  async #loadHealth(): Promise<void> {
    const notUp = [...this.#endpoints.values()].filter((endpoint) => !endpoint.isUp());
    if (notUp.length === 0) return;
    const heads = await readHeads(
      this.#parts.database,
      notUp.map((endpoint) => endpoint.id),
    );
    for (const head of heads) {
      if (head.downSince !== null || head.disabledAt !== null) continue;
      const endpoint = this.#endpoints.get(head.endpoint);
      if (endpoint === undefined) continue;
      endpoint.load(head);
      this.#active.add(endpoint);
    }
  }

  async #load(row: BatchRow, tick: DeliverTick): Promise<Batch | undefined> {
    const reports = await this.#reader.bodies(await readBatchReports(this.#parts.database, row));
    if (reports.length === 0) {
      // Its partition is gone: there is nothing left to tell.
      tick.finished.push(row.id);
      return undefined;
    }
    return { ...row, reports };
  }

  async #probe(
    endpoint: Endpoint,
    now: number,
    tick: DeliverTick,
    touched: Set<Endpoint>,
    posts: { batch: Batch; isProbe: boolean }[],
  ): Promise<void> {
    const oldest = await readOldestBatches(this.#parts.database, endpoint.id, OLDEST);
    const row = oldest[endpoint.probes() % Math.max(1, oldest.length)];
    let batch = row === undefined ? undefined : await this.#load(row, tick);
    if (batch !== undefined && batch.reports.length > 1) {
      const [first, rest] = splitFirst(batch, this.#newId, now);
      tick.finished.push(batch.id);
      tick.batches.push(first, rest);
      batch = { ...first, isAlone: false, attempt: batch.attempt };
    }
    if (batch === undefined) {
      const [fresh] = endpoint.cut(now, this.#newId, endpoint.inFlight + 1, 1);
      if (fresh === undefined) return;
      tick.batches.push(fresh);
      touched.add(endpoint);
      batch = fresh;
    }
    this.#posting.add(batch.id);
    endpoint.inFlight += 1;
    posts.push({ batch, isProbe: true });
  }

  /** Gives up what has been due for 72 h. */
  async #sweep(now: number, tick: DeliverTick, touched: Set<Endpoint>): Promise<void> {
    const notUp = [...this.#endpoints.values()].filter((endpoint) => !endpoint.isUp());
    for (const endpoint of notUp) {
      const dead = endpoint.cutDead(now, DEAD_MAX);
      if (dead.length > 0) touched.add(endpoint);
      for (const report of dead) tick.dead.push(toDeadLetter(report, now, 'endpoint was down for 72 h'));
      this.#refill(endpoint);
    }
    const ids = notUp.map((endpoint) => endpoint.id);
    for (const row of await readExpiredBatches(this.#parts.database, ids, now - DELIVERY_MS_MAX, EXPIRED_MAX)) {
      if (this.#posting.has(row.id)) continue;
      for (const seq of row.seqs)
        tick.dead.push({
          endpoint: row.endpoint,
          seq,
          day: row.toDay,
          kind: row.kind,
          at: now,
          reason: 'endpoint was down for 72 h',
        });
      tick.finished.push(row.id);
    }
  }

  #judge(
    { batch, answer, at, isProbe }: Posted,
    now: number,
    tick: DeliverTick,
    touched: Set<Endpoint>,
    sick: Set<Endpoint>,
    posts: { batch: Batch; isProbe: boolean }[],
  ): void {
    const endpoint = this.#endpoints.get(batch.endpoint);
    if (endpoint === undefined) return;
    endpoint.inFlight -= 1;
    // A batch that had waited is out: others of its endpoint may wait too.
    if (this.#posting.delete(batch.id)) this.#isDueWanted = true;
    this.#active.add(endpoint);
    touched.add(endpoint);
    const verdict = deliveryVerdict(answer, now);
    this.#parts.count(verdict.kind, batch.reports.length);
    const nextAt = this.#apply(endpoint, batch, verdict, isProbe, now, tick, sick, posts);
    tick.attempts.push(toAttempt(batch, answer, at, verdict, nextAt));
  }

  /** What a verdict does; returns when the batch is tried again, null when it is not as such. */
  #apply(
    endpoint: Endpoint,
    batch: Batch,
    verdict: DeliveryVerdict,
    isProbe: boolean,
    now: number,
    tick: DeliverTick,
    sick: Set<Endpoint>,
    posts: { batch: Batch; isProbe: boolean }[],
  ): number | null {
    switch (verdict.kind) {
      case 'delivered': {
        tick.finished.push(batch.id);
        const head = endpoint.head();
        if (head.failures > 0 || !endpoint.isUp()) sick.add(endpoint);
        if (endpoint.succeeded()) {
          this.#parts.log.info({ event: 'endpoint.up', endpoint: endpoint.id });
          this.#isDueWanted = true;
          this.#isWanted = true;
        }
        return null;
      }
      case 'gone':
        endpoint.disable(now);
        sick.add(endpoint);
        this.#parts.log.warn({ event: 'endpoint.disabled', endpoint: endpoint.id });
        return this.#again(batch, now, now, tick);
      case 'down': {
        const wasUp = endpoint.isUp();
        endpoint.failed(now, Math.random(), verdict.reason, verdict.retryAfterMs);
        sick.add(endpoint);
        if (wasUp) this.#parts.log.warn({ event: 'endpoint.down', endpoint: endpoint.id, reason: verdict.reason });
        return this.#again(batch, now, now, tick);
      }
      case 'refused':
        return this.#refuse(endpoint, batch, verdict.status, isProbe, now, tick, sick, posts);
    }
  }

  #refuse(
    endpoint: Endpoint,
    batch: Batch,
    status: number,
    isProbe: boolean,
    now: number,
    tick: DeliverTick,
    sick: Set<Endpoint>,
    posts: { batch: Batch; isProbe: boolean }[],
  ): number | null {
    const wentDown = endpoint.refused(now, Math.random(), `http ${status}`, !batch.isAlone);
    sick.add(endpoint);
    if (wentDown) this.#parts.log.warn({ event: 'endpoint.down', endpoint: endpoint.id, reason: `http ${status}` });
    if (!endpoint.isUp() && (isProbe || wentDown)) return this.#again(batch, now, now, tick);
    if (batch.reports.length > 1) {
      tick.finished.push(batch.id);
      for (const half of bisect(batch, this.#newId, now)) {
        tick.batches.push(half);
        if (this.#isDraining) continue;
        endpoint.inFlight += 1;
        posts.push({ batch: half, isProbe: false });
      }
      return null;
    }
    const nextAt = nextTryAt({ failures: batch.attempt + 1, firstDueAt: batch.firstDueAt, now, random: Math.random() });
    if (nextAt !== undefined) return this.#again(batch, nextAt, now, tick);
    tick.finished.push(batch.id);
    for (const report of batch.reports)
      tick.dead.push(toDeadLetter(report, now, `refused with http ${status} for 72 h`));
    return null;
  }

  /** The batch stays, to be posted at `dueAt` (now: as soon as the endpoint is up). */
  #again(batch: Batch, dueAt: number, now: number, tick: DeliverTick): number {
    tick.batches.push({ ...batch, attempt: batch.attempt + 1, isAlone: batch.isAlone || dueAt > now, dueAt });
    return dueAt;
  }

  // ------------------------------------------------------------- the POST

  async #post(batch: Batch, isProbe: boolean, generation: number): Promise<void> {
    this.#inFlight += 1;
    const endpoint = this.#endpoints.get(batch.endpoint);
    const at = this.#parts.clock.now();
    const secrets = endpoint === undefined ? [] : this.#parts.secretsOf(endpoint.account);
    let answer: WebhookAnswer;
    try {
      const pending = endpoint?.buffer.size() ?? 0;
      answer = await this.#parts.client.post({
        url: batch.url,
        id: batch.id,
        body: bodyOf(batch, pending),
        secrets,
        now: at,
      });
    } catch (error) {
      this.#complain('deliver.post', error);
      answer = { kind: 'failed', reason: 'internal fault', durationMs: 0 };
    }
    this.#inFlight -= 1;
    if (generation !== this.#generation) return;
    this.#posted.push({ batch, answer, at, isProbe });
    this.#wake();
  }

  #setAlarm(): void {
    let at = Number.POSITIVE_INFINITY;
    for (const endpoint of this.#endpoints.values()) {
      const probeAt = endpoint.probeAt();
      if (probeAt !== undefined && endpoint.inFlight === 0) at = Math.min(at, probeAt);
    }
    if (at !== Number.POSITIVE_INFINITY) this.#alarm.set(Math.max(at, this.#parts.clock.now() + 10));
  }

  #complain(event: string, error: unknown): void {
    const isQuiet = error instanceof DatabaseError && error.kind === 'unavailable';
    this.#parts.log[isQuiet ? 'warn' : 'error']({ event, err: isQuiet ? error.message : error });
  }
}

function emptyTick(): DeliverTick {
  return { positions: [], finished: [], batches: [], attempts: [], dead: [], health: [] };
}

function bodyOf(batch: Batch, pending: number): string {
  const bodies = batch.reports.map((report) => report.body);
  return batch.kind === ReportKind.inbound ? inboundEnvelope(bodies, pending) : reportEnvelope(bodies);
}

function toDeadLetter({ endpoint, seq, day, kind }: Report, at: number, reason: string): DeliverTick['dead'][number] {
  return { endpoint, seq, day, kind, at, reason };
}

function toAttempt(
  batch: Batch,
  answer: WebhookAnswer,
  at: number,
  verdict: DeliveryVerdict,
  nextAt: number | null,
): DeliverTick['attempts'][number] {
  const isAnswered = answer.kind === 'answered';
  return {
    endpoint: batch.endpoint,
    firstSeq: batch.seqs[0] ?? 0,
    lastSeq: batch.seqs[batch.seqs.length - 1] ?? 0,
    results: batch.seqs.length,
    batch: batch.id,
    attempt: batch.attempt + 1,
    kind: batch.kind,
    at,
    durationMs: Math.round(answer.durationMs),
    httpStatus: isAnswered ? answer.status : null,
    verdict: verdict.kind,
    error: isAnswered ? null : answer.reason,
    answer:
      isAnswered && answer.firstBytes !== '' ? answer.firstBytes.slice(0, ANSWER_LENGTH_MAX).toWellFormed() : null,
    nextAt,
  };
}
