// What a delivery receipt of SMPP says: in fields of its own, or in the text that most SMSCs write (SMPP 3.4, appendix B). Pure.
import type { Receipt } from './provider.js';

/** Numbers of `message_state`. */
const STATES: Readonly<Record<number, string>> = {
  1: 'ENROUTE',
  2: 'DELIVRD',
  3: 'EXPIRED',
  4: 'DELETED',
  5: 'UNDELIV',
  6: 'ACCEPTD',
  7: 'UNKNOWN',
  8: 'REJECTD',
};

const OUTCOMES: Readonly<Record<string, Receipt['outcome']>> = {
  DELIVRD: 'delivered',
  EXPIRED: 'expired',
  DELETED: 'failed',
  UNDELIV: 'failed',
  REJECTD: 'failed',
};

/** The receipt in the text and the fields of a deliver_sm; undefined when it names no message, null when it is not final. */
export function parseReceipt(
  text: string,
  { id, state }: { id: string | undefined; state: number | undefined },
): Receipt | null | undefined {
  const named = id ?? /\bid:\s*(\S+)/i.exec(text)?.[1];
  const stat = (state === undefined ? undefined : STATES[state]) ?? /\bstat:\s*([A-Z]{1,7})/i.exec(text)?.[1];
  if (named === undefined || named === '' || stat === undefined) return undefined;
  const outcome = OUTCOMES[stat.toUpperCase()];
  if (outcome === undefined) return null;
  const error = /\berr:\s*([0-9A-Za-z]{1,10})/i.exec(text)?.[1];
  return { id: named, outcome, detail: error === undefined ? stat.toUpperCase() : `${stat.toUpperCase()} ${error}` };
}
