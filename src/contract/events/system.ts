// System messages of a chat: a user changed number, user id or device (Meta 2.2). They are kept, not reported as messages;
// what they say is brought into one shape, that of Infobip's IDENTITY_CHANGE where it has one (Infobip 4.4).
import { formatDate } from '../dates.js';
import { isObject, type JsonObject, objectAt, textAt } from '../json.js';

/** The field under which system messages are kept. */
export const SYSTEM_FIELD = 'messages.system';

/** What happened; a word that Meta added since is kept as it is. */
const KINDS = new Map([
  ['user_changed_number', 'user_changed_number'],
  ['customer_identity_changed', 'user_identity_changed'],
  ['user_identity_changed', 'user_identity_changed'],
  ['user_changed_user_id', 'user_changed_user_id'],
]);

/** A system message as it is kept. Absent texts are undefined. */
export interface SystemEvent {
  kind: string;
  wamid: string;
  phoneNumberId: string;
  /** The number or user id as it was. */
  user: string | undefined;
  /** The number from now on. */
  newNumber: string | undefined;
  userId: string | undefined;
  previousUserId: string | undefined;
  hash: string | undefined;
  description: string | undefined;
  createdAt: string;
  /** Meta's fragment as it came. */
  raw: JsonObject;
}

/** Whether a fragment is a system message. */
export function isSystem(message: unknown): message is JsonObject {
  return isObject(message) && message.type === 'system';
}

/** Reads one. `at` is Meta's time, epoch ms. `wa_id` was `new_wa_id` in older payloads (Meta 10, row 6). */
export function systemFromWire(
  message: JsonObject,
  facts: { wamid: string; phoneNumberId: string; at: number },
): SystemEvent {
  const system = objectAt(message, 'system');
  const word = textAt(system, 'type') ?? 'unknown';
  return {
    kind: KINDS.get(word) ?? word,
    wamid: facts.wamid,
    phoneNumberId: facts.phoneNumberId,
    user: textAt(message, 'from') ?? textAt(message, 'from_user_id'),
    newNumber: textAt(system, 'wa_id') ?? textAt(system, 'new_wa_id'),
    userId: textAt(system, 'user_id') ?? textAt(message, 'from_user_id'),
    previousUserId: textAt(system, 'previous_user_id'),
    hash: textAt(objectAt(message, 'identity'), 'hash') ?? textAt(system, 'identity'),
    description: textAt(system, 'body'),
    createdAt: formatDate(facts.at),
    raw: message,
  };
}
