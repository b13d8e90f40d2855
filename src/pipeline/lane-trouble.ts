// Lanes in trouble: what pauses one, that its pause is on disk for people to see, and what ends it.
import type { Log } from '../lib/log.js';
import type { Outcome } from '../meta/verdict.js';
import type { Database } from '../store/database.js';
import type { Directory } from '../store/directory.js';
import { notePause } from '../store/lanes.js';
import { complain } from './complain.js';
import type { Lane } from './lane.js';

/** What the pauses work with. */
export interface LaneTroubleParts {
  database: Database;
  log: Log;
  directory: Directory;
  /** A pause has ended: the lane may have something to do. */
  onResumed(lane: Lane): void;
}

/** The pauses of one process. */
export class LaneTrouble {
  readonly #parts: LaneTroubleParts;
  /** The sealed token that a lane was paused with for its sake. */
  readonly #refusedTokens = new Map<number, Buffer>();
  /** Writes of pauses under way. */
  readonly #noting = new Map<Lane, Promise<void>>();

  constructor(parts: LaneTroubleParts) {
    this.#parts = parts;
  }

  /** Whether what is on disk of the lane's pause is what is in memory. */
  isNoted(lane: Lane): boolean {
    return !this.#noting.has(lane);
  }

  /** A pause that credentials caused ends when they are replaced. */
  lookAtToken(lane: Lane, accessToken: Buffer): void {
    const refused = this.#refusedTokens.get(lane.lane);
    if (refused !== undefined && !refused.equals(accessToken)) this.#resume(lane);
  }

  /** A POST was answered, or not: five that were not in a row pause the lane, and one that was ends that. */
  noteReach(lane: Lane, outcome: Outcome, now: number): void {
    const isMissed =
      outcome.kind === 'unknown' ||
      (outcome.kind === 'retry' &&
        outcome.scope !== 'lane' &&
        (outcome.refusal === undefined || outcome.refusal.httpStatus >= 500));
    if (isMissed) {
      if (lane.missed(now, `unreachable ${outcome.reason}`)) this.#notePause(lane);
    } else if (!(outcome.kind === 'retry' && outcome.scope === 'lane') && lane.reached()) {
      this.#resume(lane);
    }
  }

  /** A refusal that is about the number or about the whole lane. */
  noteRefusal(lane: Lane, outcome: Extract<Outcome, { kind: 'retry' }>, now: number): void {
    if (outcome.scope === 'number') lane.holdNumber(now + outcome.delayMs);
    if (outcome.scope !== 'lane') return;
    lane.pause(now + outcome.delayMs, outcome.reason);
    const token = this.#parts.directory.senderById(lane.lane)?.accessToken;
    if (token !== undefined) this.#refusedTokens.set(lane.lane, token);
    this.#notePause(lane);
  }

  #notePause(lane: Lane): void {
    const paused = lane.paused();
    if (paused === undefined) return;
    this.#parts.log.warn({
      event: 'lane.paused',
      lane: lane.lane,
      until: new Date(Math.min(paused.until, 8.64e15)).toISOString(),
      reason: paused.reason,
    });
    this.#write(lane, paused.until, paused.reason);
  }

  #resume(lane: Lane): void {
    lane.resume();
    this.#refusedTokens.delete(lane.lane);
    this.#parts.log.info({ event: 'lane.resumed', lane: lane.lane });
    this.#write(lane, null, null);
    this.#parts.onResumed(lane);
  }

  /** Writes a lane's pause, or that it has ended, one after the other. */
  #write(lane: Lane, until: number | null, reason: string | null): void {
    const { database, log } = this.#parts;
    const written = (this.#noting.get(lane) ?? Promise.resolve())
      .then(() => notePause(database, lane.lane, until, reason))
      .catch((error: unknown) => complain(log, 'dispatch.note-pause', error))
      .finally(() => {
        if (this.#noting.get(lane) === written) this.#noting.delete(lane);
      });
    this.#noting.set(lane, written);
  }
}
