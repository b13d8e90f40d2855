// P8: what becomes of attempts whose outcome is unknown when their wait is over. A status that came adopts one; else the account's policy decides.
import { ErrorId } from '../contract/errors.js';
import { EventKind, StatusId } from '../contract/statuses.js';
import type { Alarm } from '../lib/alarm.js';
import type { Log } from '../lib/log.js';
import type { Database } from '../store/database.js';
import type { Directory } from '../store/directory.js';
import { answeredAttempts, HELD, type HeldReason } from '../store/lanes.js';
import { appendEnds, type Ends, finish } from './dispatch-ends.js';
import { endOf, submittedOf } from './dispatch-rows.js';
import type { Tick } from './dispatch-tick.js';
import type { Lane } from './lane.js';
import type { UnknownWait } from './unknown-wait.js';
import { VALIDITY_MS, type Work } from './work.js';

/** What resolving works with. */
export interface Resolving extends Ends {
  log: Log;
  directory: Directory;
  unknownWait: UnknownWait;
  /** Rings when lanes have something to do by themselves. */
  alarm: Alarm;
}

/** Resolves what is unknown in a tick. Throws DatabaseError. */
export async function resolveUnknown(resolving: Resolving, tick: Tick): Promise<void> {
  const { unknown, touched } = tick;
  if (unknown.length === 0) return;
  const answered = await readAnswered(resolving.database, unknown);
  let hasResends = false;
  for (const work of unknown) {
    const lane = resolving.lanes.get(work.lane);
    if (lane === undefined) continue;
    touched.add(lane);
    const leftMs = resolving.unknownWait.leftMs(work, tick.now);
    const wamid = answered.get(`${work.id}:${work.attempt}`);
    if (wamid !== undefined) {
      if (wamid !== '') tick.rows.events.push(submittedOf(work, wamid));
      finish(resolving, [work], tick);
    } else if (leftMs > 0) {
      const dueAt = tick.now + leftMs;
      holdAgain(lane, work, HELD.unknown, dueAt, tick);
      // The lane was asked already when it has something to do next.
      resolving.alarm.set(dueAt);
    } else if (isGivenUp(resolving.directory, work, tick.now)) {
      await giveUp(resolving, work, tick);
    } else {
      resolving.log.warn({ event: 'dispatch.resent', message: work.id, attempt: work.attempt + 1 });
      holdAgain(lane, work, HELD.retry, tick.now, tick);
      resolving.active.add(lane);
      hasResends = true;
    }
  }
  if (hasResends) resolving.wake();
}

/** The wamids that statuses told of attempts, by message and attempt; empty: one was told of without. */
async function readAnswered(database: Database, works: readonly Work[]): Promise<Map<string, string>> {
  const answered = new Map<string, string>();
  for (const day of new Set(works.map((work) => work.day))) {
    const attempts = works
      .filter((work) => work.day === day)
      .map((work) => ({ message: work.id, attempt: work.attempt }));
    for (const [key, wamid] of await answeredAttempts(database, day, attempts)) answered.set(key, wamid);
  }
  return answered;
}

function holdAgain(lane: Lane, work: Work, reason: HeldReason, dueAt: number, { now, held }: Tick): void {
  lane.settle(work, { kind: 'again', reason, dueAt }, now);
  held.set(work, null);
}

/** By the policy of its account, or because it is too old to be sent again. */
function isGivenUp(directory: Directory, work: Work, now: number): boolean {
  const sender = directory.senderById(work.lane);
  const account = sender === undefined ? undefined : directory.account(sender.account);
  return account?.unknownPolicy === 'fail' || work.acceptedAt + VALIDITY_MS <= now;
}

async function giveUp(resolving: Resolving, work: Work, tick: Tick): Promise<void> {
  const event = endOf(work, EventKind.expired, tick.now, StatusId.expiredDlrUnknown, ErrorId.providerTimeout);
  await appendEnds(resolving, [{ day: work.day, event }]);
  finish(resolving, [work], tick);
}
