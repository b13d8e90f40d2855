// Batches taken apart: the halves of one that was refused, the first report for a probe, parts of one that is too large. Where order per
// conversation is kept, a conversation is not spread over parts that carry others too: one that is stuck must not hold up those.
import { conversationOf } from './conversation-lines.js';
import { type Batch, FIRST_POST_MS } from './endpoint.js';
import type { Report } from './report.js';

/** How a batch is taken apart. */
export interface Parting {
  newId(): string;
  now: number;
  /** Whether order per conversation is kept. */
  isOrdered: boolean;
}

/** The two halves of a refused batch, as new batches; in order: half of the conversations each, or the first report of the only one and the rest. */
export function bisect(batch: Batch, parting: Parting): Batch[] {
  const lists = parting.isOrdered ? byConversation(batch.reports) : [batch.reports];
  if (lists.length === 1) {
    const middle = parting.isOrdered ? 1 : Math.ceil(batch.reports.length / 2);
    return toParts(batch, [batch.reports.slice(0, middle), batch.reports.slice(middle)], parting);
  }
  const middle = Math.ceil(lists.length / 2);
  return toParts(batch, [lists.slice(0, middle).flat(), lists.slice(middle).flat()], parting);
}

/** The first report of a batch alone, and the rest, due now; in order: the rest of its conversation apart from the others. */
export function splitFirst(batch: Batch, parting: Parting): [Batch, ...Batch[]] {
  const [own = [], ...others] = parting.isOrdered ? byConversation(batch.reports) : [batch.reports];
  const [first, ...rest] = toParts(batch, [own.slice(0, 1), own.slice(1), others.flat()], parting);
  if (first === undefined) throw new RangeError('a batch without reports');
  const { isAlone, attempt } = batch;
  return [first, ...rest.map((part) => ({ ...part, isAlone, attempt, dueAt: parting.now }))];
}

/** A batch in parts of at most `size` results, as new batches that are due now. */
export function divide(batch: Batch, size: number, parting: Parting): Batch[] {
  const lists: Report[][] = [];
  for (const own of parting.isOrdered ? byConversation(batch.reports) : [batch.reports]) {
    const last = lists.at(-1);
    if (last !== undefined && last.length + own.length <= size) last.push(...own);
    else for (let from = 0; from < own.length; from += size) lists.push(own.slice(from, from + size));
  }
  const { isAlone, attempt } = batch;
  return toParts(batch, lists, parting).map((part) => ({ ...part, isAlone, attempt, dueAt: parting.now }));
}

function byConversation(reports: readonly Report[]): Report[][] {
  const lists = new Map<string, Report[]>();
  for (const report of reports) {
    const conversation = conversationOf(report);
    const list = lists.get(conversation);
    if (list === undefined) lists.set(conversation, [report]);
    else list.push(report);
  }
  return [...lists.values()];
}

function toParts(batch: Batch, lists: readonly Report[][], { newId, now }: Parting): Batch[] {
  const full = lists.filter((list) => list.length > 0);
  return full.map((list) => {
    const reports = [...list].sort((a, b) => a.seq - b.seq);
    const days = reports.map((report) => report.day);
    return {
      ...batch,
      id: newId(),
      reports,
      seqs: reports.map((report) => report.seq),
      fromDay: Math.min(...days),
      toDay: Math.max(...days),
      attempt: 0,
      isAlone: true,
      // A replay's reports may be old; its own time began when it was asked for.
      firstDueAt: batch.isReplay ? batch.firstDueAt : Math.min(...reports.map((report) => report.at)),
      dueAt: now + FIRST_POST_MS,
    };
  });
}
