// What the answer to a POST does: to its message, to its lane, and to the rows that are committed.
import type { Outcome } from '../meta/verdict.js';
import { HELD, type HeldReason } from '../store/lanes.js';
import { appendEnds, type End, type Ends } from './dispatch-ends.js';
import { diagnosticOf, failureOf, submittedOf } from './dispatch-rows.js';
import type { Tick } from './dispatch-tick.js';
import type { Lane } from './lane.js';
import type { Answer } from './lane-post.js';
import type { LaneTrouble } from './lane-trouble.js';
import type { UnknownWait } from './unknown-wait.js';
import type { Work } from './work.js';

/** What judging works with. */
export interface Judging extends Ends {
  trouble: LaneTrouble;
  unknownWait: UnknownWait;
}

/** Judges what was answered since the last tick. */
export async function judgeAll(judging: Judging, answers: readonly Answer[], tick: Tick): Promise<void> {
  const failures: End[] = [];
  for (const answer of answers) {
    const lane = judging.lanes.get(answer.work.lane);
    if (lane !== undefined) judge(judging, lane, answer, tick, failures);
  }
  await appendEnds(judging, failures);
}

function judge(judging: Judging, lane: Lane, { work, outcome, wasPosted }: Answer, tick: Tick, failures: End[]): void {
  const { now, rows, held, touched } = tick;
  const { active, trouble } = judging;
  touched.add(lane);
  active.add(lane);
  if (wasPosted) trouble.noteReach(lane, outcome, now);
  if (outcome.kind === 'accepted') rows.events.push(submittedOf(work, outcome.wamid));
  else if (outcome.kind === 'failed') failures.push({ day: work.day, event: failureOf(work, outcome, now) });
  else rows.events.push(diagnosticOf(work, outcome));
  if (outcome.kind === 'retry') trouble.noteRefusal(lane, outcome, now);
  if (outcome.kind === 'accepted' || outcome.kind === 'failed') {
    if (work.isHeld) rows.released.push({ lane: work.lane, seq: work.seq });
    held.delete(work);
    lane.settle(work, { kind: 'done' }, now);
  } else {
    const { reason, dueAt } = again(judging, work, outcome, now);
    lane.settle(work, { kind: 'again', reason, dueAt }, now);
    held.set(work, null);
  }
}

function again(
  { unknownWait }: Judging,
  work: Work,
  outcome: Extract<Outcome, { kind: 'retry' | 'unknown' }>,
  now: number,
): { reason: HeldReason; dueAt: number } {
  if (outcome.kind === 'unknown') return { reason: HELD.unknown, dueAt: now + unknownWait.ofLane(work.lane) };
  return { reason: outcome.scope === 'lane' ? HELD.lane : HELD.retry, dueAt: now + outcome.delayMs };
}
