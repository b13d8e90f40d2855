// The logic of one endpoint, without I/O: which reports share a POST, and whether the endpoint is up, down or disabled.
// A backlog or a dead endpoint costs nobody else anything: everything here is per endpoint.
import { nextTryAt } from '../customer/backoff.js';
import type { BatchRow } from '../store/batches.js';
import type { EndpointHead } from '../store/endpoint-heads.js';
import { isSingle } from '../store/reports.js';
import { type ConversationLines, conversationOf } from './conversation-lines.js';
import type { Pace } from './delivery-slots.js';
import { createRateBucket, type EndpointLimits, limitsOf, type RateBucket } from './endpoint-limits.js';
import { cutOrdered, PARKED_AT } from './ordered-cut.js';
import type { Report } from './report.js';
import { createStreamBuffer, type StreamBuffer } from './stream-buffer.js';

/** Failing requests in a row that make an endpoint count as down. */
export const FAILURES_MAX = 5;

/** An endpoint that has been failing for so long is disabled by its next failure. */
export const DISABLED_AFTER_MS = 5 * 86_400_000;

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
  /** How it answered its last POST. */
  pace: Pace;
  /** What it takes, by its profile; `setLimits` changes it. */
  readonly limits: EndpointLimits;
  setLimits(limits: EndpointLimits): void;
  readonly rate: RateBucket;
  /** Where order per conversation is kept: who must wait for whom. */
  readonly lines: ConversationLines | undefined;
  /** Begins or ends to keep order per conversation. */
  setLines(lines: ConversationLines | undefined): void;
  /** Batches that were parked and may be posted now. */
  readonly released: Set<string>;
  /** Its profile is looked for, or it is made ready to keep order: nothing is posted meanwhile. */
  isPreparing: boolean;
  /** A batch is finished: others may have waited for it. */
  left(id: string): void;
  /** Parts take the place of a batch; those that must wait are parked. */
  divided(batch: Batch, parts: readonly Batch[]): void;
  isUp(): boolean;
  isDisabled(): boolean;
  /** Failing requests in a row. */
  failures(): number;
  /** Makes up to `batches` batches of what waits, and parked ones besides where order is kept. Moves the position; the caller must commit it. */
  cut(now: number, newId: () => string, batches?: number, resultsMax?: number): Batch[];
  /** A 2xx. True when the endpoint was not up. */
  succeeded(): boolean;
  /** A live endpoint refused; `counts` unless it is part of a bisection. True when that makes it down. */
  refused(now: number, random: number, reason: string, counts: boolean): boolean;
  /** It takes nothing now. Disables it when it has been failing for 5 days. */
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
/** While it is not up: enough for a probe. A crowd of dead endpoints must not fill the memory. */
const DOWN_BUFFER_LIMITS = { rowsMax: 8, rowsLow: 1 };
/** A new batch is on disk before its POST; until it is answered nobody else may take it for due. More than the longest timeouts of a profile. */
export const FIRST_POST_MS = 180_000;

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
  pace: Pace = 'new';
  limits = limitsOf(undefined);
  readonly rate = createRateBucket();
  lines: ConversationLines | undefined;
  readonly released = new Set<string>();
  isPreparing = false;
  #head: EndpointHead;

  constructor(head: EndpointHead) {
    this.id = head.endpoint;
    this.account = head.account;
    this.profile = head.profile;
    this.#head = { ...head };
    this.buffer = createStreamBuffer({ seq: head.position, day: head.positionDay }, BUFFER_LIMITS);
    this.#bound();
  }

  setLimits(limits: EndpointLimits): void {
    this.limits = limits;
    this.rate.limit(limits.perSecond);
  }

  setLines(lines: ConversationLines | undefined): void {
    this.lines = lines;
    this.released.clear();
  }

  left(id: string): void {
    for (const next of this.lines?.leave(id) ?? []) this.released.add(next);
    this.released.delete(id);
  }

  divided(batch: Batch, parts: readonly Batch[]): void {
    if (this.lines === undefined || batch.isReplay) return;
    const standing = parts.map(({ id, reports }) => ({ id, conversations: reports.map(conversationOf) }));
    this.lines.replace(batch.id, standing);
    for (const part of parts) if (this.lines.isBlocked(part.id)) part.dueAt = PARKED_AT;
  }

  isUp(): boolean {
    return this.#head.downSince === null && this.#head.disabledAt === null;
  }

  isDisabled(): boolean {
    return this.#head.disabledAt !== null;
  }

  failures(): number {
    return this.#head.failures;
  }

  cut(
    now: number,
    newId: () => string,
    slots = this.limits.window - this.inFlight,
    resultsMax = this.limits.results,
  ): Batch[] {
    if (this.lines !== undefined) {
      const newBatch = (report: Report): Batch => this.#newBatch(report, newId(), now);
      return cutOrdered({ buffer: this.buffer, lines: this.lines, slots, resultsMax, newBatch });
    }
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
      if (batch === undefined || isSingle(next.kind) || batch.seqs.length >= resultsMax) {
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

  succeeded(): boolean {
    const wasUp = this.isUp();
    if (this.#head.failures === 0 && wasUp) return false;
    this.#head = { ...this.#head, failures: 0, downSince: null, probeAt: null, probes: 0, downReason: null };
    this.#bound();
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
    if (this.isUp()) {
      this.#head = { ...this.#head, failures: this.#head.failures + 1, downSince: now, probes: 0 };
      this.#bound();
    } else if (dueAt === null || now >= dueAt) this.#head.probes += 1;
    else {
      // It was under way when the endpoint went down: no probe, so no further step, but its wish is heard.
      this.#head.probeAt = Math.max(dueAt, Math.min(now + (retryAfterMs ?? 0), now + PROBE_WAIT_MAX_MS));
      return;
    }
    this.#head.downReason = reason;
    if (now - (this.#head.downSince ?? now) >= DISABLED_AFTER_MS && !this.isDisabled()) {
      this.#disable(now, `failing for 5 days: ${reason}`);
      return;
    }
    // Probes go on for as long as the endpoint is down, an hour apart at most: only reports grow too old, not the endpoint.
    const probeAt = nextTryAt({ failures: this.#head.probes + 1, firstDueAt: now, now, random, retryAfterMs }) ?? now;
    this.#head.probeAt = Math.min(probeAt, now + PROBE_WAIT_MAX_MS);
  }

  disable(now: number): void {
    this.#disable(now, 'http 410');
  }

  load(head: EndpointHead): void {
    this.#head = { ...head };
    this.#bound();
  }

  mayProbe(now: number): boolean {
    const { probeAt, disabledAt } = this.#head;
    return (
      !this.isUp() &&
      !this.isPreparing &&
      disabledAt === null &&
      this.inFlight === 0 &&
      (probeAt === null || probeAt <= now)
    );
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

  #disable(now: number, reason: string): void {
    this.#head = { ...this.#head, disabledAt: now, downReason: reason };
    this.#bound();
  }

  #bound(): void {
    this.buffer.limit(this.isUp() ? BUFFER_LIMITS : DOWN_BUFFER_LIMITS);
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
