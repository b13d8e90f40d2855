// What a request says around its content, packed into one column: most messages have little of it.

import type { UrlOptions } from '../contract/fields.js';

/** The rest of a send request. Stored as JSON without the fields that are absent; null when there is none. */
export interface Envelope {
  bulkId?: string;
  callbackData?: string;
  notifyUrl?: string;
  applicationId?: string;
  entityId?: string;
  /** The inbound message quoted, Meta's wamid. */
  replyTo?: string;
  /** Short links and clicks on them; there is always one when the template has short links. */
  urlOptions?: UrlOptions;
  /** The user of the account who sent it; absent for a key. */
  user?: string;
  /** The traceparent of its request, where that is recorded or was given; what hangs on the message continues it. */
  trace?: string;
  /** What goes out as SMS when WhatsApp finally fails; start_sms in the migrations reads it. */
  smsFailover?: { from: string; text: string };
}

/** The column's value. */
export function writeEnvelope(envelope: Envelope): string | null {
  const text = JSON.stringify(envelope);
  return text === '{}' ? null : text;
}

/** Reads what `writeEnvelope` wrote. */
export function readEnvelope(text: string | null): Envelope {
  // Parse boundary: only writeEnvelope fills this column.
  return text === null ? {} : (JSON.parse(text) as Envelope);
}
