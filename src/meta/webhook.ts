// Meta's webhook, flattened: every entry, change, message and status of a batch as one list (Meta 2.1 to 2.3).
// One odd element is marked malformed and never costs the rest.
import { contactFor, type InboundFragment } from '../contract/events/envelope.js';
import { codeAt, integerAt, isObject, itemsAt, type JsonObject, objectAt, textAt } from '../contract/json.js';

/** A status of a message that was sent. */
export interface WireStatus {
  kind: 'status';
  phoneNumberId: string;
  wamid: string;
  /** Meta's word: sent, delivered, read, played, failed, or one that is new. */
  status: string;
  /** Epoch ms (Meta's precision is seconds). */
  at: number;
  recipient: string | undefined;
  bizOpaque: string | undefined;
  /** Of a failed status. */
  error: { code: number; title: string | undefined; details: string | undefined } | undefined;
  pricing: JsonObject | undefined;
}

/** A message of a user, ready for `inboundFromWire`. */
export interface WireInbound extends InboundFragment {
  kind: 'inbound';
  wamid: string;
  /** Epoch ms. */
  at: number;
}

/** A change of another field, or an account-level error in `messages`. */
export interface WireOther {
  kind: 'other';
  field: string;
  wabaId: string | undefined;
  /** Meta's time of the entry, epoch ms; only management fields have one. */
  at: number | undefined;
  value: unknown;
  /** The number of ours that it came for, where Meta names one. */
  phoneNumberId?: string | undefined;
}

/** An element whose shape is not Meta's; `raw` is the element. */
export interface WireMalformed {
  kind: 'malformed';
  reason: string;
  raw: unknown;
}

/** One element of a webhook. */
export type WireEvent = WireStatus | WireInbound | WireOther | WireMalformed;

/** Ids are short printable ASCII; anything else could not be stored or found again. */
const ID = /^[\x21-\x7e]{1,512}$/;
/** Meta sends at most 1,000 updates a POST; a body within its size limit could name far more. */
const EVENTS_MAX = 20_000;

/** Reads the parsed JSON of a webhook whose signature was verified. Never throws; an alien body is one malformed element. */
export function parseWebhook(body: unknown): WireEvent[] {
  const entries = itemsAt(body, 'entry');
  if (entries.length === 0) return [malformed('no entry', body)];
  const events: WireEvent[] = [];
  for (const entry of entries) {
    const changes = itemsAt(entry, 'changes');
    if (changes.length === 0) events.push(malformed('no changes', entry));
    for (const change of changes) {
      readChange(change, { wabaId: textAt(entry, 'id'), at: secondsAt(entry, 'time') }, events);
      if (events.length > EVENTS_MAX) return [...events.slice(0, EVENTS_MAX), malformed('too many updates', undefined)];
    }
  }
  return events;
}

function malformed(reason: string, raw: unknown): WireMalformed {
  return { kind: 'malformed', reason, raw };
}

/** What an entry says of all its changes. */
type EntryFacts = Pick<WireOther, 'wabaId' | 'at'>;

function readChange(change: unknown, entry: EntryFacts, events: WireEvent[]): void {
  const field = textAt(change, 'field');
  const value = objectAt(change, 'value');
  if (field === undefined || value === undefined) {
    events.push(malformed('change without field or value', change));
    return;
  }
  if (field !== 'messages') {
    const phoneNumberId = idAt(objectAt(value, 'metadata'), 'phone_number_id');
    events.push({ kind: 'other', field, ...entry, value, phoneNumberId });
    return;
  }
  const metadata = objectAt(value, 'metadata');
  for (const status of itemsAt(value, 'statuses')) {
    events.push(readStatus(status, metadata));
    const payment = paymentFragment(status, metadata);
    if (payment !== undefined) events.push(readInbound(payment, value, metadata));
  }
  for (const message of itemsAt(value, 'messages')) events.push(readInbound(message, value, metadata));
  const isEmpty = value.statuses === undefined && value.messages === undefined;
  if (value.errors !== undefined || isEmpty) events.push({ kind: 'other', field, ...entry, value });
}

function idAt(value: unknown, key: string): string | undefined {
  const id = textAt(value, key);
  return id !== undefined && ID.test(id) ? id : undefined;
}

function timeAt(value: unknown): number | undefined {
  return secondsAt(value, 'timestamp');
}

function secondsAt(value: unknown, key: string): number | undefined {
  const seconds = integerAt(value, key);
  return seconds === undefined || seconds < 0 || seconds > 253_402_300_799 ? undefined : seconds * 1000;
}

function readStatus(status: unknown, metadata: JsonObject | undefined): WireEvent {
  const phoneNumberId = idAt(metadata, 'phone_number_id');
  const wamid = idAt(status, 'id');
  const word = textAt(status, 'status');
  const at = timeAt(status);
  if (phoneNumberId === undefined) return malformed('status without phone_number_id', status);
  if (wamid === undefined || word === undefined) return malformed('status without id or status', status);
  if (at === undefined) return malformed('status without timestamp', status);
  const type = textAt(status, 'type');
  if (type !== undefined && type !== 'message')
    return {
      kind: 'other',
      field: `messages.${type}`,
      wabaId: undefined,
      at: timeAt(status),
      value: status,
      phoneNumberId,
    };
  return {
    kind: 'status',
    phoneNumberId,
    wamid,
    status: word,
    at,
    recipient: textAt(status, 'recipient_id') ?? textAt(status, 'recipient_user_id'),
    bizOpaque: textAt(status, 'biz_opaque_callback_data'),
    error: errorOfStatus(status),
    pricing: objectAt(status, 'pricing'),
  };
}

/** The message that a captured payment is reported as: Meta tells of payments in statuses of the order message (Meta 2.3). */
function paymentFragment(status: unknown, metadata: JsonObject | undefined): JsonObject | undefined {
  if (!isObject(status) || status.type !== 'payment' || status.status !== 'captured') return undefined;
  const { id, timestamp, payment, recipient_id: from, recipient_user_id: userId } = status;
  if (!isObject(payment)) return undefined;
  const context = { from: textAt(metadata, 'display_phone_number'), id };
  return { id, timestamp, from, from_user_id: userId, type: 'payment', payment, context };
}

function errorOfStatus(status: unknown): WireStatus['error'] {
  const [error] = itemsAt(status, 'errors');
  const code = codeAt(error, 'code');
  if (code === undefined) return undefined;
  return { code, title: textAt(error, 'title'), details: textAt(objectAt(error, 'error_data'), 'details') };
}

function readInbound(message: unknown, value: JsonObject, metadata: JsonObject | undefined): WireEvent {
  const phoneNumberId = idAt(metadata, 'phone_number_id');
  const wamid = idAt(message, 'id');
  const at = timeAt(message);
  if (!isObject(message)) return malformed('message is not an object', message);
  if (phoneNumberId === undefined) return malformed('message without phone_number_id', message);
  if (wamid === undefined || at === undefined) return malformed('message without id or timestamp', message);
  const contact = contactFor(message, value);
  const from =
    idAt(message, 'from') ?? idAt(message, 'from_user_id') ?? idAt(contact, 'wa_id') ?? idAt(contact, 'user_id');
  if (from === undefined) return malformed('message without author', message);
  const displayPhoneNumber = idAt(metadata, 'display_phone_number');
  return { kind: 'inbound', phoneNumberId, displayPhoneNumber, wamid, at, message, contact };
}
