// P8: how long an attempt whose outcome is unknown waits for a status before the account's policy decides.
import type { Directory } from '../store/directory.js';
import type { Work } from './work.js';

/** What the wait depends on. */
export interface UnknownWaitParts {
  directory: Directory;
  /** Since when (wall ms) statuses can be received. */
  receiveReadySince(): number | undefined;
  /** How late the statuses are that come now, ms; 0 when this process receives none. */
  receiveBehindMs(): number;
}

/** The waits of accounts. */
export interface UnknownWait {
  /** The whole wait of a lane's account, ms. */
  ofLane(lane: number): number;
  /** What is left of it at `now`, ms; 0: it is over. It counts only while statuses can be received, and is not over while those that come are late themselves. */
  leftMs(work: Work, now: number): number;
}

const SECONDS_DEFAULT = 30;
/** Statuses this old are no sign that webhooks are late: Meta dates them to whole seconds, and its own way takes some. */
const LATE_MS_MIN = 5_000;
const LATE_LOOK_MS = 2_000;

/** Creates the waits. */
export function createUnknownWait({ directory, receiveReadySince, receiveBehindMs }: UnknownWaitParts): UnknownWait {
  function ofLane(lane: number): number {
    const sender = directory.senderById(lane);
    const account = sender === undefined ? undefined : directory.account(sender.account);
    return (account?.unknownWaitSeconds ?? SECONDS_DEFAULT) * 1000;
  }
  return {
    ofLane,
    leftMs(work, now) {
      const since = receiveReadySince();
      const waitMs = ofLane(work.lane);
      if (since === undefined) return waitMs;
      if (now - since < waitMs) return since + waitMs - now;
      return receiveBehindMs() >= Math.max(waitMs / 2, LATE_MS_MIN) ? LATE_LOOK_MS : 0;
    },
  };
}
