// Cutting batches where order per conversation is wanted: what must wait for another batch is put into batches of its own, which are on disk like
// all others and are parked until their turn comes, each of one conversation. So the stream goes on, and a report that nobody takes holds up its
// own conversation only.
import { isSingle } from '../store/reports.js';
import { type ConversationLines, conversationOf } from './conversation-lines.js';
import type { Batch } from './endpoint.js';
import type { Report } from './report.js';
import type { StreamBuffer } from './stream-buffer.js';

/** `dueAt` of a batch that waits for another: never by itself. Later than any time, and exact as a number. */
export const PARKED_AT = 9_000_000_000_000_000;
/** Reports in unfinished batches of one endpoint; beyond it nothing more is cut until some are finished. */
const LINES_REPORTS_MAX = 10_000;

/** What is cut from. */
export interface OrderedCut {
  buffer: StreamBuffer<Report>;
  lines: ConversationLines;
  /** Batches that may be posted at once, at most. */
  slots: number;
  resultsMax: number;
  newBatch(report: Report): Batch;
}

/** Cuts batches of one kind and URL each; those whose `dueAt` is `PARKED_AT` must wait. Moves the buffer's position. */
export function cutOrdered({ buffer, lines, slots, resultsMax, newBatch }: OrderedCut): Batch[] {
  const batches: Batch[] = [];
  const open = new Map<string, Batch>();
  let ready = 0;
  for (let next = buffer.peek(); next !== undefined; next = buffer.peek()) {
    if (next.url === '') {
      buffer.shift();
      continue;
    }
    const conversation = conversationOf(next);
    const last = lines.lastOf(conversation);
    const key = `${next.kind} ${next.url}`;
    const shared = open.get(key);
    const isShared = last === undefined || last === shared?.id;
    const candidate = isShared ? shared : open.get(`${key} ${conversation}`);
    // One of its own conversation's may be joined only while it is the last: what comes between is of another kind or URL.
    const isOpen = candidate !== undefined && candidate.seqs.length < resultsMax && (isShared || last === candidate.id);
    // What is told one by one has a batch of its own: its body is no list.
    let batch = isOpen && !isSingle(next.kind) ? candidate : undefined;
    if (batch === undefined) {
      const isReady = last === undefined;
      if ((isReady && ready >= slots) || lines.reports() >= LINES_REPORTS_MAX) break;
      batch = newBatch(next);
      if (isReady) ready += 1;
      else batch.dueAt = PARKED_AT;
      lines.add(batch.id);
      open.set(isReady ? key : `${key} ${conversation}`, batch);
      batches.push(batch);
    } else {
      batch.seqs.push(next.seq);
      batch.reports.push(next);
      batch.toDay = next.day;
    }
    lines.join(batch.id, conversation);
    buffer.shift();
  }
  return batches;
}
