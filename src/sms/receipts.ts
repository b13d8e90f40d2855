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

/** Widths to which ids are filled with zeros where they are. */
const HEX_WIDTHS = [8, 16];
const DECIMAL_WIDTHS = [10];

/**
 * Other ways to write the id of a receipt: SMSCs are known to answer a submit in hexadecimal and to write receipts in decimal, or the
 * other way round, with zeros in front or without. Each once, the id itself not among them.
 */
export function otherFormsOf(id: string): string[] {
  const forms = new Set<string>();
  for (const value of [
    /^\d{1,20}$/.test(id) ? BigInt(id) : undefined,
    /^[\da-f]{1,16}$/i.test(id) ? BigInt(`0x${id}`) : undefined,
  ]) {
    if (value === undefined) continue;
    const [decimal, hex] = [value.toString(), value.toString(16)];
    for (const form of [decimal, ...DECIMAL_WIDTHS.map((width) => decimal.padStart(width, '0'))]) forms.add(form);
    for (const form of [hex, ...HEX_WIDTHS.map((width) => hex.padStart(width, '0'))])
      forms.add(form).add(form.toUpperCase());
  }
  forms.delete(id);
  return [...forms];
}
