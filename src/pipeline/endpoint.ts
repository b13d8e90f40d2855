// The logic of one endpoint, without I/O: which reports share a POST, and whether the endpoint is up, down or disabled.
// A backlog or a dead endpoint costs nobody else anything: everything here is per endpoint.
import { DELIVERY_MS_MAX, nextTryAt } from '../customer/backoff.js';
import type { BatchRow, EndpointHead } from '../store/reports.js';
import type { Report } from './report.js';
import { createStreamBuffer, type StreamBuffer } from './stream-buffer.js';

/** Results of one POST at most. */
export const BATCH_MAX = 100;
/** Requests in flight to one endpoint at most. */
export const WINDOW = 20;
/** Failing requests in a row that make an endpoint count as down. */
export const FAILURES_MAX = 5;

const PROBE_WAIT_MAX_MS = 3_600_000;

/** A batch with what it carries. */
export interface Batch extends BatchRow {
  reports: Report[];
}

/** One endpoint in the hands of its owner. */
export interface Endpoint {
  readonly id: number;
  readonly account: number;
  readonly profile: string;
  readonly buffer: StreamBuffer<Report>;
  /** POSTs under way. */
  inFlight: number;
  isUp(): boolean;
  isDisabled(): boolean;
  /** Makes batches of what waits, as many as the window allows. Moves the position; the caller must commit it. */
  cut(now: number, newId: () => string, windowMax?: number, resultsMax?: number): Batch[];
  /** Takes reports off the stream that have been waiting too long, at most `limit`. Only while not up. */
  cutDead(now: number, limit: number): Report[];
  /** A 2xx. True when the endpoint was not up. */
  succeeded(): boolean;
  /** A live endpoint refused; `counts` unless it is part of a bisection. True when that makes it down. */
  refused(now: number, random: number, reason: string, counts: boolean): boolean;
  /** It takes nothing now. */
  failed(now: number, random: number, reason: string, retryAfterMs: number | undefined): void;
  /** 410: no more. */
  disable(now: number): void;
  /** Somebody enabled it, or a new owner reads what is on disk. */
  load(head: EndpointHead): void;
  /** Whether one probe may go now. */
  mayProbe(now: number): boolean;
  /** Counts up with each probe: which of the oldest it should carry. */
  probes(): number;
  /** When the next probe is due, undefined while up or disabled. */
  probeAt(): number | undefined;
  head(): EndpointHead;
}

const BUFFER_LIMITS = { rowsMax: 2_000, rowsLow: 300 };
/** A new batch is on disk before its POST; until it is answered nobody else may take it for due. */
const FIRST_POST_MS = 120_000;

/** An endpoint as its new owner finds it. */
export function createEndpoint(head: EndpointHead): Endpoint {
  return new OwnedEndpoint(head);
}

class OwnedEndpoint implements Endpoint {
  readonly id: number;
  readonly account: number;
  readonly profile: string;
  readonly buffer: StreamBuffer<Report>;
  inFlight = 0;
  #head: EndpointHead;

  constructor(head: EndpointHead) {
    this.id = head.endpoint;
    this.account = head.account;
    this.profile = head.profile;
    this.#head = { ...head };
    this.buffer = createStreamBuffer({ seq: head.position, day: head.positionDay }, BUFFER_LIMITS);
  }

  isUp(): boolean {
    return this.#head.downSince === null && this.#head.disabledAt === null;
  }

  isDisabled(): boolean {
    return this.#head.disabledAt !== null;
  }

  cut(now: number, newId: () => string, windowMax = WINDOW, resultsMax = BATCH_MAX): Batch[] {
    const slots = windowMax - this.inFlight;
    const batches: Batch[] = [];
    const open = new Map<string, Batch>();
    for (let next = this.buffer.peek(); next !== undefined; next = this.buffer.peek()) {
      // Nowhere to go, or its facts are past the retention.
      if (next.url === '') {
        this.buffer.shift();
        continue;
      }
      const key = `${next.kind} ${next.url}`;
      let batch = open.get(key);
      if (batch === undefined || batch.seqs.length >= resultsMax) {
        if (batches.length >= slots) break;
        batch = this.#newBatch(next, newId(), now);
        open.set(key, batch);
        batches.push(batch);
      } else {
        batch.seqs.push(next.seq);
        batch.reports.push(next);
        batch.toDay = next.day;
      }
      this.buffer.shift();
    }
    return batches;
  }

  cutDead(now: number, limit: number): Report[] {
    const dead: Report[] = [];
    for (let next = this.buffer.peek(); next !== undefined && dead.length < limit; next = this.buffer.peek()) {
      if (next.at + DELIVERY_MS_MAX > now) break;
      dead.push(next);
      this.buffer.shift();
    }
    return dead;
  }

  succeeded(): boolean {
    const wasUp = this.isUp();
    if (this.#head.failures === 0 && wasUp) return false;
    this.#head = { ...this.#head, failures: 0, downSince: null, probeAt: null, probes: 0, downReason: null };
    return !wasUp;
  }

  refused(now: number, random: number, reason: string, counts: boolean): boolean {
    if (!this.isUp()) {
      this.failed(now, random, reason, undefined);
      return false;
    }
    if (counts) this.#head.failures += 1;
    if (this.#head.failures < FAILURES_MAX) return false;
    this.failed(now, random, reason, undefined);
    return true;
  }

  failed(now: number, random: number, reason: string, retryAfterMs: number | undefined): void {
    const { probeAt: dueAt } = this.#head;
    if (this.isUp()) this.#head = { ...this.#head, failures: this.#head.failures + 1, downSince: now, probes: 0 };
    else if (dueAt === null || now >= dueAt) this.#head.probes += 1;
    else {
      // It was under way when the endpoint went down: no probe, so no further step, but its wish is heard.
      this.#head.probeAt = Math.max(dueAt, Math.min(now + (retryAfterMs ?? 0), now + PROBE_WAIT_MAX_MS));
      return;
    }
    this.#head.downReason = reason;
    // Probes go on for as long as the endpoint is down, an hour apart at most: only reports grow too old, not the endpoint.
    const probeAt = nextTryAt({ failures: this.#head.probes + 1, firstDueAt: now, now, random, retryAfterMs }) ?? now;
    this.#head.probeAt = Math.min(probeAt, now + PROBE_WAIT_MAX_MS);
  }

  disable(now: number): void {
    this.#head = { ...this.#head, disabledAt: now, downReason: 'http 410' };
  }

  load(head: EndpointHead): void {
    this.#head = { ...head };
  }

  mayProbe(now: number): boolean {
    const { probeAt, disabledAt } = this.#head;
    return !this.isUp() && disabledAt === null && this.inFlight === 0 && (probeAt === null || probeAt <= now);
  }

  probes(): number {
    return this.#head.probes;
  }

  probeAt(): number | undefined {
    return this.isUp() || this.#head.disabledAt !== null ? undefined : (this.#head.probeAt ?? 0);
  }

  head(): EndpointHead {
    const { seq, day } = this.buffer.position();
    return { ...this.#head, position: seq, positionDay: day };
  }

  #newBatch(report: Report, id: string, now: number): Batch {
    return {
      id,
      endpoint: this.id,
      kind: report.kind,
      url: report.url,
      seqs: [report.seq],
      fromDay: report.day,
      toDay: report.day,
      attempt: 0,
      isReplay: false,
      isAlone: false,
      firstDueAt: report.at,
      dueAt: now + FIRST_POST_MS,
      reports: [report],
    };
  }
}

/** The two halves of a refused batch, as new batches. */
export function bisect(batch: Batch, newId: () => string, now: number): [Batch, Batch] {
  const middle = Math.ceil(batch.reports.length / 2);
  return [part(batch, newId(), 0, middle, now), part(batch, newId(), middle, batch.reports.length, now)];
}

/** The first report of a batch alone, and the rest. */
export function splitFirst(batch: Batch, newId: () => string, now: number): [Batch, Batch] {
  const rest = part(batch, newId(), 1, batch.reports.length, now);
  return [part(batch, newId(), 0, 1, now), { ...rest, isAlone: batch.isAlone, attempt: batch.attempt, dueAt: now }];
}

function part(batch: Batch, id: string, from: number, to: number, now: number): Batch {
  const reports = batch.reports.slice(from, to);
  return {
    ...batch,
    id,
    reports,
    seqs: reports.map((report) => report.seq),
    fromDay: Math.min(...reports.map((report) => report.day)),
    toDay: Math.max(...reports.map((report) => report.day)),
    attempt: 0,
    isAlone: true,
    firstDueAt: Math.min(...reports.map((report) => report.at)),
    dueAt: now + FIRST_POST_MS,
  };
}
