// Watches the calls of users (Meta 2.7): each opens the customer service window, as a message does (Meta 8).
import { integerAt, itemsAt, objectAt, textAt } from '../contract/json.js';
import { destinationOf } from '../contract/messages/wire.js';
import type { WireOther } from '../meta/webhook.js';
import { noteCalls, type UserCall } from '../store/conversations.js';
import type { Database } from '../store/database.js';
import type { Directory } from '../store/directory.js';

/** What it works with. */
export interface UserCallParts {
  database: Database;
  directory: Directory;
}

const FIELD = 'calls';
/** The end of the year 9999. */
const SECONDS_MAX = 253_402_300_799;
/** Of one change; Meta sends one. */
const CALLS_MAX = 1_000;

/** Keeps when users called, as a change of Meta's tells it; undefined when it tells of none. Rejects with DatabaseError. */
export function observeCalls({ database, directory }: UserCallParts, change: WireOther): Promise<true> | undefined {
  if (change.field !== FIELD) return undefined;
  const phoneNumberId = textAt(objectAt(change.value, 'metadata'), 'phone_number_id');
  const sender = phoneNumberId === undefined ? undefined : directory.senderOfPhoneNumberId(phoneNumberId);
  if (sender === undefined) return undefined;
  const calls = itemsAt(change.value, FIELD).slice(0, CALLS_MAX).flatMap(callOf);
  return calls.length === 0 ? undefined : noteCalls(database, sender.id, calls).then(() => true);
}

/** The call of a user that begins; any other is none. */
function callOf(call: unknown): UserCall[] {
  if (textAt(call, 'direction') !== 'USER_INITIATED' || textAt(call, 'event') !== 'connect') return [];
  const destination = destinationOf(textAt(call, 'from') ?? textAt(call, 'from_user_id') ?? '');
  const seconds = integerAt(call, 'timestamp');
  if (destination === undefined || seconds === undefined || seconds < 0 || seconds > SECONDS_MAX) return [];
  return [{ user: destination.kind === 'phone' ? destination.digits : destination.id, at: seconds * 1000 }];
}
