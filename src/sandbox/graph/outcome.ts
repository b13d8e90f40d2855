// What becomes of a message after its acceptance, as far as that does not hang on its files.
import type { Failure, Message, User } from '../records.js';
import type { World } from '../world.js';
import { failureOf, titleOf } from './errors.js';

const REACTION_AGE_MS_MAX = 30 * 86_400_000;
const MARKETING_SPAN_MS = 86_400_000;

/** What makes an accepted message fail afterwards, its media aside: the user, the window, what a reaction is to. */
export function outcomeOf(world: World, message: Message, user: User): Failure | null {
  if (!user.exists) return failureOf(131026, 'Message undeliverable: the recipient is not on WhatsApp.');
  const hash = textIn(message.payload, 'recipient_identity_key_hash');
  if (hash !== undefined && hash !== user.identityHash) {
    return failureOf(137000, 'The identity key hash does not match the one of the recipient.');
  }
  const needsWindow = message.type !== 'template';
  if (needsWindow && !world.isWindowOpen(message.phoneNumberId, message.to)) {
    return failureOf(131047, 'More than 24 hours have passed since the recipient last replied to the sender number.');
  }
  if (user.failWith !== undefined) return failureOf(user.failWith, titleOf(user.failWith));
  if (message.template?.category === 'MARKETING') return outcomeOfMarketing(world, message, user);
  return message.type === 'reaction' ? outcomeOfReaction(world, message) : null;
}

/** Users may refuse marketing, and get only so much of it in a day unless they have just written (Meta 8). */
function outcomeOfMarketing(world: World, message: Message, user: User): Failure | null {
  if (user.refusesMarketing === true) return failureOf(131050, 'The user has stopped marketing messages.');
  if (user.marketingMax === undefined || world.isWindowOpen(message.phoneNumberId, message.to)) return null;
  let reached = 0;
  for (const { to, template, failure, acceptedAt } of world.messages.values()) {
    const isRecent = message.acceptedAt - acceptedAt < MARKETING_SPAN_MS;
    if (to === message.to && template?.category === 'MARKETING' && failure === null && isRecent) reached += 1;
  }
  // The message itself is among them by now.
  return reached <= user.marketingMax
    ? null
    : failureOf(131049, 'This message was not delivered to maintain healthy ecosystem engagement.');
}

/** A reaction needs a message of the same chat that is at most 30 days old and no reaction itself (Meta 1.4). */
function outcomeOfReaction(world: World, message: Message): Failure | null {
  const target = world.messageOf(textIn(message.payload, 'reaction', 'message_id') ?? '');
  const user = target?.direction === 'in' ? target.from : target?.to;
  const isFit =
    target !== undefined &&
    target.phoneNumberId === message.phoneNumberId &&
    user === message.to &&
    target.type !== 'reaction' &&
    message.acceptedAt - target.acceptedAt <= REACTION_AGE_MS_MAX;
  return isFit ? null : failureOf(131009, 'The message to react to was not found, is too old or is a reaction.');
}

function textIn(value: unknown, ...path: string[]): string | undefined {
  let at = value;
  for (const key of path) {
    if (typeof at !== 'object' || at === null) return undefined;
    at = Reflect.get(at, key);
  }
  return typeof at === 'string' ? at : undefined;
}
