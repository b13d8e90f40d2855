// Last of the four files: reports reach the customer's endpoints in batches, each on disk before its first POST, each
// attempt on disk after it. A dead endpoint is probed, a refused batch is halved until the culprit stands alone.
import type { DeliveryVerdict } from '../customer/verdict.js';
import { type Alarm, createAlarm } from '../lib/alarm.js';
import { crashPoint } from '../lib/crash-point.js';
import { dayOf } from '../lib/day.js';
import { uuidv7 } from '../lib/id.js';
import type { Database } from '../store/database.js';
import { commitDeliverTick } from '../store/deliver-tick.js';
import { OWNED } from '../store/processes.js';
import { complain } from './complain.js';
import type { Dues } from './deliver-due.js';
import { type DisabledBy, type Judging, judge } from './deliver-judge.js';
import { createLimitKeeper, type LimitKeeper } from './deliver-limits.js';
import { createOrderKeeper, type OrderKeeper } from './deliver-ordered.js';
import { createPoster, type Poster, type PosterParts } from './deliver-post.js';
import { newTick, type Posted, type Posting, type Tick } from './deliver-tick.js';
import { createDeliverySlots, type DeliverySlots } from './delivery-slots.js';
import { createDueEndpoints, type DueEndpoints } from './due-endpoints.js';
import { createEarliestTimer, type EarliestTimer } from './earliest-timer.js';
import type { Endpoint } from './endpoint.js';
import { EndpointSet } from './endpoint-set.js';
import { PARKED_AT } from './ordered-cut.js';
import type { Owner } from './ownership.js';
import type { MediaUrl, Report } from './report.js';
import { createReportReader } from './report-reader.js';
import { createPoll, createTickLoop, type Poll, persist, type TickLoop } from './tick-loop.js';
import { waitMs } from './wait.js';

/** For the metrics. */
export interface DeliverCounts {
  inFlight: number;
  endpoints: number;
  /** Not up: down or disabled. */
  down: number;
  disabled: number;
  buffered: number;
}

/** Posts reports to customers. */
export interface Deliver extends Owner {
  /** Reports that were just committed by this process. */
  offer(reports: readonly Report[]): void;
  /** Stops making batches; resolves when no POST is under way and all attempts are committed, or after `timeoutMs`. */
  drain(timeoutMs: number): Promise<void>;
  counts(): DeliverCounts;
}

/** What deliver works with. */
export interface DeliverParts extends PosterParts {
  database: Database;
  /** Where customers get the files of inbound messages. */
  mediaUrl: MediaUrl;
  processId(): number | undefined;
  onLost(): void;
  hasPeers(): boolean;
  /** Counts a POST by its verdict. */
  count(verdict: DeliveryVerdict['kind'], results: number): void;
  /** Counts an endpoint that was disabled. */
  countDisabled(by: DisabledBy): void;
}

/** POSTs under way in all. */
export const IN_FLIGHT_MAX = 1_000;
const POLL_MS = 100;
const IDLE_POLL_MS = 1_000;
const RELEASE_MS = 20_000;

/** Creates deliver; it owns no endpoints until `take`. */
export function createDeliver(parts: DeliverParts): Deliver {
  return new Deliverer(parts);
}

class Deliverer implements Deliver {
  readonly kind = OWNED.endpoints;
  readonly #parts: DeliverParts;
  readonly #endpoints: EndpointSet;
  readonly #loop: TickLoop;
  readonly #poll: Poll;
  readonly #alarm: Alarm;
  readonly #poster: Poster;
  readonly #slots: DeliverySlots = createDeliverySlots(IN_FLIGHT_MAX);
  readonly #dues: Dues;
  readonly #due: DueEndpoints;
  readonly #active = new Set<Endpoint>();
  /** Batches being posted; their rows say that they are due, or will one day. */
  readonly #posting = new Set<string>();
  readonly #order: OrderKeeper;
  readonly #limits: LimitKeeper;
  /** Rings when the first endpoint that its rate holds back may go on. */
  readonly #rateTimer: EarliestTimer;
  #posted: Posted[] = [];
  #inFlight = 0;
  #isDraining = false;
  #generation = 0;

  constructor(parts: DeliverParts) {
    this.#parts = parts;
    const { database, clock, log } = parts;
    const reader = createReportReader(database, parts.mediaUrl);
    this.#poster = createPoster(parts);
    this.#loop = createTickLoop(
      () => this.#tick(),
      (error) => {
        complain(log, 'deliver.tick', error);
        // Memory is ahead of the disk now: give everything up and take it over again from what is on disk.
        parts.onLost();
      },
    );
    const onReady = (endpoint: Endpoint): void => this.#ready(endpoint);
    this.#endpoints = new EndpointSet({ database, clock, log, reader, onReady });
    this.#dues = {
      database,
      endpoints: this.#endpoints,
      reader,
      slots: this.#slots,
      posting: this.#posting,
      newId: () => uuidv7(clock.now()),
      monotonic: clock.monotonic,
      post: (endpoint, batch, isProbe, tick) => this.#take({ endpoint, batch, isProbe }, tick),
    };
    const wake = (): void => this.#loop.wake();
    this.#due = createDueEndpoints({ dues: this.#dues, active: this.#active, wake });
    this.#rateTimer = createEarliestTimer(wake);
    this.#order = createOrderKeeper({ database, reader, log, now: clock.now }, (endpoint) => {
      this.#due.add(endpoint.id);
      this.#ready(endpoint);
    });
    this.#limits = createLimitKeeper({ ...parts, order: this.#order }, onReady);
    this.#alarm = createAlarm(clock, this.#due.want);
    this.#poll = createPoll(
      () => this.#look(),
      () => (parts.hasPeers() ? POLL_MS : IDLE_POLL_MS),
    );
  }

  async take(_processId: number, groups: readonly number[]): Promise<void> {
    await this.#endpoints.take(groups);
    this.#due.want();
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
    this.#slots.reset();
    this.#active.clear();
    this.#due.forget();
    this.#posting.clear();
    this.#order.forget();
    this.#posted = [];
  }

  offer(reports: readonly Report[]): void {
    this.#endpoints.offer(reports);
  }

  async drain(timeoutMs: number): Promise<void> {
    this.#isDraining = true;
    this.#poll.stop();
    this.#rateTimer.stop();
    const { clock } = this.#parts;
    const deadline = clock.monotonic() + timeoutMs;
    const isBusy = (): boolean => this.#inFlight > 0 || this.#posted.length > 0 || this.#loop.isRunning();
    while (isBusy() && clock.monotonic() < deadline) await waitMs(10);
    this.#alarm.stop();
  }

  counts(): DeliverCounts {
    const counts = { inFlight: this.#inFlight, endpoints: 0, down: 0, disabled: 0, buffered: 0 };
    for (const endpoint of this.#endpoints.values()) {
      counts.endpoints += 1;
      counts.buffered += endpoint.buffer.size();
      if (!endpoint.isUp()) counts.down += 1;
      if (endpoint.isDisabled()) counts.disabled += 1;
    }
    return counts;
  }

  #ready(endpoint: Endpoint): void {
    this.#limits.renew(endpoint);
    this.#active.add(endpoint);
    this.#loop.wake();
  }

  async #look(): Promise<void> {
    const { clock, log } = this.#parts;
    try {
      await this.#endpoints.readTails();
      await this.#due.find(clock.now());
    } catch (error) {
      complain(log, 'deliver.poll', error);
    }
  }

  // ------------------------------------------------------------- the tick

  async #tick(): Promise<void> {
    const { database, clock, log } = this.#parts;
    const processId = this.#parts.processId();
    if (processId === undefined) return;
    const generation = this.#generation;
    const tick = newTick(clock.now());
    const { now, rows, touched, sick, posts } = tick;
    this.#judgeAll(tick);
    if (this.#due.isWanted() && !this.#isDraining) {
      // Nothing is lost when reading fails: the poll asks for it again.
      await this.#due.take(tick).catch((error: unknown) => complain(log, 'deliver.due', error));
    }
    this.#cut(tick);
    for (const endpoint of touched) rows.positions.push(endpoint.head());
    for (const endpoint of sick) rows.health.push(endpoint.head());
    if (Object.values(rows).some((list) => list.length > 0)) {
      const isOwner = (): boolean => generation === this.#generation;
      crashPoint('deliver.before');
      await persist(() => commitDeliverTick(database, processId, dayOf(now), rows), isOwner);
      crashPoint('deliver.after');
    }
    if (generation !== this.#generation) return;
    this.#order.run();
    // Delivery reports first: seen reports wait for those of their messages.
    posts.sort((a, b) => a.batch.kind - b.batch.kind);
    for (const posting of posts) void this.#post(posting, generation);
    if (posts.length > 0) crashPoint('deliver.posting');
    this.#setAlarm();
  }

  /** A batch will be posted when the tick is committed. */
  #take(posting: Posting, { posts }: Tick): void {
    const { endpoint, batch } = posting;
    this.#slots.take(endpoint);
    this.#posting.add(batch.id);
    endpoint.rate.take(this.#parts.clock.monotonic());
    posts.push(posting);
  }

  #judgeAll(tick: Tick): void {
    const { log, count, countDisabled } = this.#parts;
    const judging: Judging = {
      log,
      newId: this.#dues.newId,
      count,
      countDisabled,
      postHalf: (posting) => {
        if (!this.#isDraining && posting.batch.dueAt !== PARKED_AT) this.#take(posting, tick);
      },
      onUp: ({ id }) => this.#due.add(id),
    };
    const posted = this.#posted;
    this.#posted = [];
    for (const one of posted) {
      const { endpoint, batch } = one;
      this.#slots.give(endpoint, one.answer.kind === 'answered' ? one.answer.durationMs : undefined);
      this.#posting.delete(batch.id);
      if (this.#endpoints.get(endpoint.id) !== endpoint) continue;
      // A batch that had waited is out: others of its endpoint may wait too.
      if (batch.attempt > 0 || batch.isReplay || endpoint.lines !== undefined) this.#due.add(endpoint.id);
      this.#active.add(endpoint);
      judge(judging, one, tick);
    }
  }

  /** Cuts batches of what waits, in turn: who got some goes to the end of the line. */
  #cut(tick: Tick): void {
    const { now, rows, touched } = tick;
    for (const endpoint of [...this.#active]) {
      this.#active.delete(endpoint);
      if (!this.#endpoints.isCurrent(endpoint) || this.#isDraining) continue;
      this.#limits.renew(endpoint);
      if (endpoint.isUp() && !endpoint.isPreparing) {
        const allowed = endpoint.rate.available(this.#parts.clock.monotonic());
        const wanted = Math.min(endpoint.limits.window - endpoint.inFlight, allowed);
        const batches = endpoint.cut(now, this.#dues.newId, this.#slots.room(endpoint, wanted));
        for (const batch of batches) {
          rows.batches.push(batch);
          if (batch.dueAt !== PARKED_AT) this.#take({ endpoint, batch, isProbe: false }, tick);
        }
        if (batches.length > 0) touched.add(endpoint);
        if (endpoint.buffer.size() > 0 && endpoint.inFlight < endpoint.limits.window) this.#cutLater(endpoint);
      }
      this.#endpoints.refill(endpoint);
    }
  }

  /** Something waits that a slot or the rate holds back: a slot that comes free wakes the loop, the rate has a timer. */
  #cutLater(endpoint: Endpoint): void {
    this.#active.add(endpoint);
    const now = this.#parts.clock.monotonic();
    this.#rateTimer.ringAfter(endpoint.rate.waitMs(now), now);
  }

  // ------------------------------------------------------------- the POST

  async #post(posting: Posting, generation: number): Promise<void> {
    this.#inFlight += 1;
    const posted = await this.#poster.post(posting);
    crashPoint('deliver.answered');
    this.#inFlight -= 1;
    if (generation !== this.#generation) return;
    this.#posted.push(posted);
    this.#loop.wake();
  }

  #setAlarm(): void {
    let at = Number.POSITIVE_INFINITY;
    for (const endpoint of this.#endpoints.notUp()) {
      const probeAt = endpoint.probeAt();
      if (probeAt !== undefined && endpoint.inFlight === 0) at = Math.min(at, probeAt);
    }
    if (at !== Number.POSITIVE_INFINITY) this.#alarm.set(Math.max(at, this.#parts.clock.now() + 10));
  }
}
