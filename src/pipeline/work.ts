// One message on its way through its lane, from the claim to the end.
import { HELD, type HeldReason, type HeldRow, type LaneMessage } from '../store/lanes.js';

/** Messages older than this are not sent any more (Infobip 3: validity of 48 h). */
export const VALIDITY_MS = 48 * 3_600_000;

/** The message. */
export interface Work {
  readonly lane: number;
  readonly seq: number;
  readonly day: number;
  readonly id: string;
  readonly recipient: string;
  readonly acceptedAt: number;
  /** What is sent; read from the database when it was held by an earlier owner. */
  message: LaneMessage | undefined;
  /** Posts made so far, the one under way included. */
  attempt: number;
  /** It has a row in `held`. */
  isHeld: boolean;
  reason: HeldReason;
  dueAt: number;
}

/** How a message left the socket, as far as the lane is concerned. */
export type Settlement = { kind: 'done' } | { kind: 'again'; reason: HeldReason; dueAt: number };

/** What was read from the lane and is claimed now. */
export function claimed(message: LaneMessage): Work {
  const { lane, seq, day, id, recipient, acceptedAt } = message;
  return {
    lane,
    seq,
    day,
    id,
    recipient,
    acceptedAt,
    message,
    attempt: 0,
    isHeld: false,
    reason: HELD.order,
    dueAt: 0,
  };
}

/** What an earlier owner held. */
export function restored(row: HeldRow): Work {
  const { lane, seq, day, message: id, recipient, acceptedAt, attempt, reason, dueAt } = row;
  return { lane, seq, day, id, recipient, acceptedAt, message: undefined, attempt, isHeld: true, reason, dueAt };
}
