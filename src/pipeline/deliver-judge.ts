// What the answer to a POST does: to its batch, to its endpoint, and to the rows that are committed.
import { nextTryAt } from '../customer/backoff.js';
import { type DeliveryVerdict, deliveryVerdict, type WebhookAnswer } from '../customer/verdict.js';
import type { Log } from '../lib/log.js';
import type { DeliverTick } from '../store/deliver-tick.js';
import { ReportKind } from '../store/reports.js';
import { bisect } from './batch-parts.js';
import type { Posted, Posting, Tick } from './deliver-tick.js';
import type { Batch, Endpoint } from './endpoint.js';
import type { Report } from './report.js';

/** Why an endpoint was disabled: 410, or 5 days of failures. */
export type DisabledBy = 'gone' | 'failing';

/** What judging works with. */
export interface Judging {
  log: Log;
  newId(): string;
  /** Counts a POST by its verdict. */
  count(verdict: DeliveryVerdict['kind'], results: number): void;
  /** Counts an endpoint that was disabled. */
  countDisabled(by: DisabledBy): void;
  /** Posts a half of a refused batch in this tick. */
  postHalf(posting: Posting): void;
  /** An endpoint has come up again. */
  onUp(endpoint: Endpoint): void;
}

const ANSWER_LENGTH_MAX = 1_024;

/** Judges one answer. */
export function judge(judging: Judging, { endpoint, batch, answer, at, isProbe }: Posted, tick: Tick): void {
  const verdict = deliveryVerdict(answer, tick.now);
  judging.count(verdict.kind, batch.reports.length);
  tick.touched.add(endpoint);
  const before = stateOf(endpoint);
  const nextAt = apply(judging, { endpoint, batch, isProbe }, verdict, tick);
  // Without a next try it is over, or goes on in parts.
  if (nextAt === null) endpoint.left(batch.id);
  tell(judging, endpoint, before, verdict);
  tick.rows.attempts.push(toAttempt(batch, answer, at, verdict, nextAt));
}

function stateOf(endpoint: Endpoint): 'up' | 'down' | 'disabled' {
  if (endpoint.isUp()) return 'up';
  return endpoint.isDisabled() ? 'disabled' : 'down';
}

function tell(judging: Judging, endpoint: Endpoint, before: string, verdict: DeliveryVerdict): void {
  const state = stateOf(endpoint);
  if (state === before) return;
  const { id, account } = endpoint;
  const { downReason: reason } = endpoint.head();
  if (state === 'up') {
    judging.log.info({ event: 'endpoint.up', endpoint: id, account });
    judging.onUp(endpoint);
  } else judging.log.warn({ event: `endpoint.${state}`, endpoint: id, account, reason });
  if (state === 'disabled') judging.countDisabled(verdict.kind === 'gone' ? 'gone' : 'failing');
}

/** What a verdict does; returns when the batch is tried again, null when it is not as such. */
function apply(judging: Judging, posting: Posting, verdict: DeliveryVerdict, tick: Tick): number | null {
  const { endpoint, batch } = posting;
  const { now, rows, sick } = tick;
  switch (verdict.kind) {
    case 'delivered':
      rows.finished.push(batch.id);
      if (endpoint.failures() > 0 || !endpoint.isUp()) sick.add(endpoint);
      endpoint.succeeded();
      return null;
    case 'gone':
      endpoint.disable(now);
      sick.add(endpoint);
      return again(batch, now, tick);
    case 'down':
      endpoint.failed(now, Math.random(), verdict.reason, verdict.retryAfterMs);
      sick.add(endpoint);
      return again(batch, now, tick);
    case 'refused':
      return refuse(judging, posting, verdict.status, tick);
  }
}

function refuse(judging: Judging, { endpoint, batch, isProbe }: Posting, status: number, tick: Tick): number | null {
  const { now, rows, sick } = tick;
  // One that was under way when the endpoint went down waits with the others.
  if (!endpoint.isUp() && !isProbe) return again(batch, now, tick);
  endpoint.refused(now, Math.random(), `http ${status}`, !batch.isAlone);
  sick.add(endpoint);
  if (!endpoint.isUp()) return again(batch, now, tick);
  if (batch.reports.length > 1) {
    rows.finished.push(batch.id);
    const { newId } = judging;
    const halves = bisect(batch, { newId, now, isOrdered: endpoint.lines !== undefined });
    endpoint.divided(batch, halves);
    for (const half of halves) {
      rows.batches.push(half);
      judging.postHalf({ endpoint, batch: half, isProbe: false });
    }
    return null;
  }
  if (batch.kind === ReportKind.test) {
    // Whoever asked for the test was told.
    rows.finished.push(batch.id);
    return null;
  }
  const nextAt = nextTryAt({ failures: batch.attempt + 1, firstDueAt: batch.firstDueAt, now, random: Math.random() });
  if (nextAt !== undefined) return again(batch, nextAt, tick);
  rows.finished.push(batch.id);
  for (const report of batch.reports) rows.dead.push(toDeadLetter(report, now, `refused with http ${status} for 72 h`));
  return null;
}

/** The batch stays, to be posted at `dueAt` (now: as soon as the endpoint is up). */
function again(batch: Batch, dueAt: number, { now, rows }: Tick): number {
  rows.batches.push({ ...batch, attempt: batch.attempt + 1, isAlone: batch.isAlone || dueAt > now, dueAt });
  return dueAt;
}

/** A report that is given up. */
export function toDeadLetter(
  { endpoint, seq, day, kind }: Pick<Report, 'endpoint' | 'seq' | 'day' | 'kind'>,
  at: number,
  reason: string,
): DeliverTick['dead'][number] {
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
