// Watches the identities of users for senders that check them (Meta 2.2): each webhook that names one is kept before it is answered.
import { isSystem, systemFromWire } from '../contract/events/system.js';
import { integerAt, objectAt, textAt } from '../contract/json.js';
import { destinationOf } from '../contract/messages/wire.js';
import type { WireInbound } from '../meta/webhook.js';
import type { Database } from '../store/database.js';
import type { Directory } from '../store/directory.js';
import { type SeenIdentity, seeIdentity } from '../store/identities.js';

/** What it works with. */
export interface IdentityParts {
  database: Database;
  directory: Directory;
}

const HASH = /^[\x21-\x7e]{1,512}$/;

/** Keeps the identity that an inbound message or system message names; undefined when there is nothing to keep. Rejects with DatabaseError. */
export function observeIdentity({ database, directory }: IdentityParts, wire: WireInbound): Promise<true> | undefined {
  const sender = directory.senderOfPhoneNumberId(wire.phoneNumberId);
  if (sender?.identityCheck !== true) return undefined;
  const seen = isSystem(wire.message) ? changeOf(wire) : companionOf(wire);
  if (seen === undefined || !HASH.test(seen.hash)) return undefined;
  const destination = destinationOf(seen.user);
  if (destination === undefined) return undefined;
  const user = destination.kind === 'phone' ? destination.digits : destination.id;
  return seeIdentity(database, { ...seen, user, lane: sender.id }).then(() => true);
}

type Named = Omit<SeenIdentity, 'lane'>;

/** `customer_identity_changed`, with `identity` beside it. */
function changeOf({ message, wamid, phoneNumberId, at }: WireInbound): Named | undefined {
  const { kind, user, hash } = systemFromWire(message, { wamid, phoneNumberId, at });
  if (kind !== 'user_identity_changed' || user === undefined || hash === undefined) return undefined;
  const seconds = integerAt(objectAt(message, 'identity'), 'created_timestamp');
  const createdAt = seconds === undefined || seconds < 0 ? at : seconds * 1000;
  return { user, hash, createdAt, seenAt: at, isChange: true };
}

/** The hash that comes along in `contacts[]`. */
function companionOf({ message, contact, at }: WireInbound): Named | undefined {
  const user = textAt(message, 'from') ?? textAt(contact, 'wa_id') ?? textAt(message, 'from_user_id');
  const hash = textAt(contact, 'identity_key_hash');
  return user === undefined || hash === undefined
    ? undefined
    : { user, hash, createdAt: at, seenAt: at, isChange: false };
}
