// Last of the four files: reports reach the customer's endpoints in batches, each on disk before its first POST, each
// attempt on disk after it. A dead endpoint is probed, a refused batch is halved until the culprit stands alone.
import type { DeliveryProfile } from '../contract/delivery-profile.js';
import { inboundEnvelope, reportEnvelope } from '../contract/reports.js';
import { DELIVERY_MS_MAX, nextTryAt } from '../customer/backoff.js';
import { type DeliveryVerdict, deliveryVerdict, type WebhookAnswer } from '../customer/verdict.js';
import type { WebhookClient } from '../customer/webhook-client.js';
import { type Alarm, createAlarm } from '../lib/alarm.js';
import type { Clock } from '../lib/clock.js';
import { crashPoint } from '../lib/crash-point.js';
import { dayOf } from '../lib/day.js';
import { uuidv7 } from '../lib/id.js';
import type { Log } from '../lib/log.js';
import type { Database } from '../store/database.js';
import { GROUPS, OWNED } from '../store/processes.js';
import {
  type BatchRow,
  commitDeliverTick,
  type DeliverTick,
  ReportKind,
  readBatchReports,
  readDueBatches,
  readDueEndpoints,
  readExpiredBatches,
  readOldestBatches,
} from '../store/reports.js';
import { complain } from './complain.js';
import { type Batch, bisect, type Endpoint, splitFirst, WINDOW } from './endpoint.js';
import { EndpointSet } from './endpoint-set.js';
import type { Owner } from './ownership.js';
import type { MediaUrl, Report } from './report.js';
import { createReportOrder } from './report-order.js';
import { createReportReader, type ReportReader } from './report-reader.js';
import { createPoll, createTickLoop, type Poll, persist, type TickLoop } from './tick-loop.js';
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
  /** Where customers get the files of inbound messages. */
  mediaUrl: MediaUrl;
  /** Clear signing secrets of an account, newest first. */
  secretsOf(account: number): readonly string[];
  /** What a notification profile of an account says now; undefined: there is none of that name. */
  profileOf(account: number, profile: string): DeliveryProfile | undefined;
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

/** One tick while it is made. */
interface Tick {
  now: number;
  /** What will be committed. */
  rows: DeliverTick;
  /** Endpoints whose positions are to be written. */
  touched: Set<Endpoint>;
  /** Endpoints whose health is to be written. */
  sick: Set<Endpoint>;
  /** Batches to be posted once the tick is committed. */
  posts: { batch: Batch; isProbe: boolean }[];
}

const IN_FLIGHT_MAX = 400;
const OLDEST = 5;
const EXPIRED_MAX = 200;
const DEAD_MAX = 1_000;
const POLL_MS = 100;
const IDLE_POLL_MS = 1_000;
const SWEEP_MS = 60_000;
const RELEASE_MS = 20_000;
const ANSWER_LENGTH_MAX = 1_024;

/** Creates deliver; it owns no endpoints until `take`. */
export function createDeliver(parts: DeliverParts): Deliver {
  return new Deliverer(parts);
}

class Deliverer implements Deliver {
  readonly kind = OWNED.endpoints;
  readonly #parts: DeliverParts;
  readonly #reader: ReportReader;
  readonly #endpoints: EndpointSet;
  readonly #loop: TickLoop;
  readonly #poll: Poll;
  readonly #alarm: Alarm;
  readonly #order = createReportOrder();
  readonly #newId: () => string;
  readonly #active = new Set<Endpoint>();
  /** Batches being posted; their rows say that they are due, or will one day. */
  readonly #posting = new Set<string>();
  #posted: Posted[] = [];
  #inFlight = 0;
  #isDraining = false;
  #isDueWanted = false;
  #generation = 0;
  #sweptAt = 0;

  constructor(parts: DeliverParts) {
    this.#parts = parts;
    const { database, clock, log } = parts;
    this.#reader = createReportReader(database, parts.mediaUrl);
    this.#newId = () => uuidv7(clock.now());
    this.#loop = createTickLoop(
      () => this.#tick(),
      (error) => {
        complain(log, 'deliver.tick', error);
        // Memory is ahead of the disk now: give everything up and take it over again from what is on disk.
        parts.onLost();
      },
    );
    const onReady = (endpoint: Endpoint): void => this.#ready(endpoint);
    this.#endpoints = new EndpointSet({ database, clock, log, reader: this.#reader, onReady });
    this.#alarm = createAlarm(clock, () => this.#wantDue());
    this.#poll = createPoll(
      () => this.#look(),
      () => (parts.hasPeers() ? POLL_MS : IDLE_POLL_MS),
    );
  }

  async take(_processId: number, groups: readonly number[]): Promise<void> {
    await this.#endpoints.take(groups);
    this.#wantDue();
    if (!this.#isDraining) this.#poll.start();
  }

  async release(groups: readonly number[]): Promise<void> {
    const { clock } = this.#parts;
    const endpoints = this.#endpoints.stopGroups(groups);
    const deadline = clock.monotonic() + RELEASE_MS;
    while (endpoints.some((endpoint) => endpoint.inFlight > 0) && clock.monotonic() < deadline) await waitMs(20);
    await this.#loop.settled(deadline, clock.monotonic);
    this.#endpoints.forget(endpoints);
  }

  lose(): void {
    this.#generation += 1;
    this.#endpoints.loseAll();
    this.#active.clear();
    this.#posting.clear();
    this.#posted = [];
  }

  offer(reports: readonly Report[]): void {
    this.#endpoints.offer(reports);
  }

  async drain(timeoutMs: number): Promise<void> {
    this.#isDraining = true;
    this.#poll.stop();
    const { clock } = this.#parts;
    const deadline = clock.monotonic() + timeoutMs;
    const isBusy = (): boolean => this.#inFlight > 0 || this.#posted.length > 0 || this.#loop.isRunning();
    while (isBusy() && clock.monotonic() < deadline) await waitMs(10);
    this.#alarm.stop();
  }

  counts(): { inFlight: number; endpoints: number; down: number; buffered: number } {
    const counts = { inFlight: this.#inFlight, endpoints: 0, down: 0, buffered: 0 };
    for (const endpoint of this.#endpoints.values()) {
      counts.endpoints += 1;
      counts.buffered += endpoint.buffer.size();
      if (!endpoint.isUp()) counts.down += 1;
    }
    return counts;
  }

  #ready(endpoint: Endpoint): void {
    this.#active.add(endpoint);
    this.#loop.wake();
  }

  #wantDue(): void {
    this.#isDueWanted = true;
    this.#loop.wake();
  }

  async #look(): Promise<void> {
    const { database, clock, log } = this.#parts;
    try {
      await this.#endpoints.readTails();
      const due = await readDueEndpoints(database, GROUPS, this.#endpoints.groups(), clock.now());
      const unknown = due.filter((id) => this.#endpoints.get(id) === undefined);
      if (unknown.length > 0) await this.#endpoints.meet(unknown);
      const isSweepDue = clock.now() - this.#sweptAt >= SWEEP_MS;
      if (due.length > 0 || isSweepDue || this.#endpoints.notUp().length > 0) this.#wantDue();
    } catch (error) {
      complain(log, 'deliver.poll', error);
    }
  }

  // ------------------------------------------------------------- the tick

  async #tick(): Promise<void> {
    const { database, clock } = this.#parts;
    const processId = this.#parts.processId();
    if (processId === undefined) return;
    const generation = this.#generation;
    const now = clock.now();
    const rows: DeliverTick = { positions: [], finished: [], batches: [], attempts: [], dead: [], health: [] };
    const tick: Tick = { now, rows, touched: new Set(), sick: new Set(), posts: [] };
    for (const posted of this.#takePosted()) this.#judge(posted, tick);
    if (this.#isDueWanted && !this.#isDraining) {
      // Nothing is lost when reading fails: the poll asks for it again.
      await this.#readDue(tick).catch((error: unknown) => complain(this.#parts.log, 'deliver.due', error));
    }
    this.#cut(tick);
    for (const endpoint of tick.touched) rows.positions.push(endpoint.head());
    for (const endpoint of tick.sick) rows.health.push(endpoint.head());
    if (Object.values(rows).some((list) => list.length > 0)) {
      const isOwner = (): boolean => generation === this.#generation;
      crashPoint('deliver.before');
      await persist(() => commitDeliverTick(database, processId, dayOf(now), rows), isOwner);
      crashPoint('deliver.after');
    }
    if (generation !== this.#generation) return;
    // Delivery reports first: seen reports wait for those of their messages.
    tick.posts.sort((a, b) => a.batch.kind - b.batch.kind);
    for (const { batch, isProbe } of tick.posts) void this.#post(batch, isProbe, generation);
    if (tick.posts.length > 0) crashPoint('deliver.posting');
    this.#setAlarm();
  }

  #takePosted(): Posted[] {
    const posted = this.#posted;
    this.#posted = [];
    return posted;
  }

  #cut({ now, rows, touched, posts }: Tick): void {
    for (const endpoint of [...this.#active]) {
      this.#active.delete(endpoint);
      if (!this.#endpoints.isCurrent(endpoint) || this.#isDraining) continue;
      if (endpoint.isUp()) {
        const room = Math.max(0, Math.min(WINDOW, endpoint.inFlight + IN_FLIGHT_MAX - this.#inFlight - posts.length));
        const batches = endpoint.cut(now, this.#newId, room);
        for (const batch of batches) {
          rows.batches.push(batch);
          posts.push({ batch, isProbe: false });
        }
        endpoint.inFlight += batches.length;
        if (batches.length > 0) touched.add(endpoint);
        if (endpoint.buffer.size() > 0 && endpoint.inFlight < WINDOW) this.#active.add(endpoint);
      }
      this.#endpoints.refill(endpoint);
    }
  }

  /** Batches that are due again, probes of endpoints that are down, and what has become too old. */
  async #readDue(tick: Tick): Promise<void> {
    const { now, sick, posts } = tick;
    this.#isDueWanted = false;
    const { database } = this.#parts;
    await this.#endpoints.readHealth();
    const up = [...this.#endpoints.values()].filter((endpoint) => endpoint.isUp() && endpoint.inFlight < WINDOW);
    const rows = await readDueBatches(
      database,
      up.map((endpoint) => endpoint.id),
      now,
      // Rows on disk that this tick is about to change are not what they seem.
      [...this.#posting, ...tick.rows.finished, ...tick.rows.batches.map((batch) => batch.id)],
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
      if (endpoint.mayProbe(now)) await this.#probe(endpoint, tick);
    }
    if (now - this.#sweptAt < SWEEP_MS) return;
    this.#sweptAt = now;
    await this.#sweep(tick);
    for (const endpoint of this.#endpoints.notUp()) sick.add(endpoint);
  }

  async #load(row: BatchRow, { rows }: Tick): Promise<Batch | undefined> {
    const found = await this.#reader.bodies(await readBatchReports(this.#parts.database, row));
    const reports = found.filter((report) => report.url !== '');
    if (reports.length === 0) {
      // Its partition is gone: there is nothing left to tell.
      rows.finished.push(row.id);
      return undefined;
    }
    return { ...row, reports };
  }

  async #probe(endpoint: Endpoint, tick: Tick): Promise<void> {
    const { now, rows, touched, posts } = tick;
    const found = await readOldestBatches(this.#parts.database, endpoint.id, OLDEST);
    const oldest = found.filter(({ id }) => !rows.finished.includes(id));
    const row = oldest[endpoint.probes() % Math.max(1, oldest.length)];
    let batch = row === undefined ? undefined : await this.#load(row, tick);
    if (batch !== undefined && batch.reports.length > 1) {
      const [first, rest] = splitFirst(batch, this.#newId, now);
      rows.finished.push(batch.id);
      rows.batches.push(first, rest);
      batch = { ...first, isAlone: false, attempt: batch.attempt };
    }
    if (batch === undefined) {
      const [fresh] = endpoint.cut(now, this.#newId, endpoint.inFlight + 1, 1);
      if (fresh === undefined) return;
      rows.batches.push(fresh);
      touched.add(endpoint);
      batch = fresh;
    }
    this.#posting.add(batch.id);
    endpoint.inFlight += 1;
    posts.push({ batch, isProbe: true });
  }

  /** Gives up what has been due for 72 h. */
  async #sweep({ now, rows, touched }: Tick): Promise<void> {
    const notUp = this.#endpoints.notUp();
    for (const endpoint of notUp) {
      const dead = endpoint.cutDead(now, DEAD_MAX);
      if (dead.length > 0) touched.add(endpoint);
      for (const report of dead) rows.dead.push(toDeadLetter(report, now, 'endpoint was down for 72 h'));
      this.#endpoints.refill(endpoint);
    }
    const ids = notUp.map((endpoint) => endpoint.id);
    for (const row of await readExpiredBatches(this.#parts.database, ids, now - DELIVERY_MS_MAX, EXPIRED_MAX)) {
      if (this.#posting.has(row.id)) continue;
      for (const seq of row.seqs)
        rows.dead.push({
          endpoint: row.endpoint,
          seq,
          day: row.toDay,
          kind: row.kind,
          at: now,
          reason: 'endpoint was down for 72 h',
        });
      rows.finished.push(row.id);
    }
  }

  #judge({ batch, answer, at, isProbe }: Posted, tick: Tick): void {
    const { now, rows, touched } = tick;
    const endpoint = this.#endpoints.get(batch.endpoint);
    if (endpoint === undefined) return;
    endpoint.inFlight -= 1;
    // A batch that had waited is out: others of its endpoint may wait too.
    this.#posting.delete(batch.id);
    if (batch.attempt > 0 || batch.isReplay) this.#isDueWanted = true;
    this.#active.add(endpoint);
    touched.add(endpoint);
    const verdict = deliveryVerdict(answer, now);
    this.#parts.count(verdict.kind, batch.reports.length);
    const nextAt = this.#apply(endpoint, batch, verdict, isProbe, tick);
    rows.attempts.push(toAttempt(batch, answer, at, verdict, nextAt));
  }

  /** What a verdict does; returns when the batch is tried again, null when it is not as such. */
  #apply(endpoint: Endpoint, batch: Batch, verdict: DeliveryVerdict, isProbe: boolean, tick: Tick): number | null {
    const { now, rows, sick } = tick;
    switch (verdict.kind) {
      case 'delivered': {
        rows.finished.push(batch.id);
        const head = endpoint.head();
        if (head.failures > 0 || !endpoint.isUp()) sick.add(endpoint);
        if (endpoint.succeeded()) {
          this.#parts.log.info({ event: 'endpoint.up', endpoint: endpoint.id });
          this.#wantDue();
        }
        return null;
      }
      case 'gone':
        endpoint.disable(now);
        sick.add(endpoint);
        this.#parts.log.warn({ event: 'endpoint.disabled', endpoint: endpoint.id });
        return this.#again(batch, now, tick);
      case 'down': {
        const wasUp = endpoint.isUp();
        endpoint.failed(now, Math.random(), verdict.reason, verdict.retryAfterMs);
        sick.add(endpoint);
        if (wasUp) this.#parts.log.warn({ event: 'endpoint.down', endpoint: endpoint.id, reason: verdict.reason });
        return this.#again(batch, now, tick);
      }
      case 'refused':
        return this.#refuse(endpoint, batch, verdict.status, isProbe, tick);
    }
  }

  #refuse(endpoint: Endpoint, batch: Batch, status: number, isProbe: boolean, tick: Tick): number | null {
    const { now, rows, sick, posts } = tick;
    // One that was under way when the endpoint went down waits with the others.
    if (!endpoint.isUp() && !isProbe) return this.#again(batch, now, tick);
    const wentDown = endpoint.refused(now, Math.random(), `http ${status}`, !batch.isAlone);
    sick.add(endpoint);
    if (wentDown) this.#parts.log.warn({ event: 'endpoint.down', endpoint: endpoint.id, reason: `http ${status}` });
    if (!endpoint.isUp()) return this.#again(batch, now, tick);
    if (batch.reports.length > 1) {
      rows.finished.push(batch.id);
      for (const half of bisect(batch, this.#newId, now)) {
        rows.batches.push(half);
        if (this.#isDraining) continue;
        endpoint.inFlight += 1;
        posts.push({ batch: half, isProbe: false });
      }
      return null;
    }
    const nextAt = nextTryAt({ failures: batch.attempt + 1, firstDueAt: batch.firstDueAt, now, random: Math.random() });
    if (nextAt !== undefined) return this.#again(batch, nextAt, tick);
    rows.finished.push(batch.id);
    for (const report of batch.reports)
      rows.dead.push(toDeadLetter(report, now, `refused with http ${status} for 72 h`));
    return null;
  }

  /** The batch stays, to be posted at `dueAt` (now: as soon as the endpoint is up). */
  #again(batch: Batch, dueAt: number, { now, rows }: Tick): number {
    rows.batches.push({ ...batch, attempt: batch.attempt + 1, isAlone: batch.isAlone || dueAt > now, dueAt });
    return dueAt;
  }

  // ------------------------------------------------------------- the POST

  async #post(batch: Batch, isProbe: boolean, generation: number): Promise<void> {
    this.#inFlight += 1;
    this.#posting.add(batch.id);
    const endpoint = this.#endpoints.get(batch.endpoint);
    const passage = this.#order.enter(batch.kind, batch.reports);
    if (passage.wait !== undefined) await passage.wait;
    const at = this.#parts.clock.now();
    let answer: WebhookAnswer;
    try {
      const pending = endpoint?.buffer.size() ?? 0;
      const account = endpoint?.account ?? 0;
      answer = await this.#parts.client.post({
        account,
        url: batch.url,
        id: batch.id,
        body: bodyOf(batch, pending),
        secrets: this.#parts.secretsOf(account),
        profile: this.#parts.profileOf(account, endpoint?.profile ?? ''),
        now: at,
      });
    } catch (error) {
      complain(this.#parts.log, 'deliver.post', error);
      answer = { kind: 'failed', reason: 'internal fault', durationMs: 0 };
    }
    passage.leave();
    crashPoint('deliver.answered');
    this.#inFlight -= 1;
    if (generation !== this.#generation) return;
    this.#posted.push({ batch, answer, at, isProbe });
    this.#loop.wake();
  }

  #setAlarm(): void {
    let at = Number.POSITIVE_INFINITY;
    for (const endpoint of this.#endpoints.values()) {
      const probeAt = endpoint.probeAt();
      if (probeAt !== undefined && endpoint.inFlight === 0) at = Math.min(at, probeAt);
    }
    if (at !== Number.POSITIVE_INFINITY) this.#alarm.set(Math.max(at, this.#parts.clock.now() + 10));
  }
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
