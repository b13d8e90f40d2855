// A message from a user, as the business gets to know it (Meta 2.2).
import { newWamid } from '../ids.js';
import type { BusinessNumber, Message, User } from '../records.js';
import { inboundUpdate } from '../updates.js';
import type { World } from '../world.js';
import type { InboundFragment } from './inbound.js';
import type { ControlParts } from './parts.js';

const UNREAD_MAX = 1000;
/** What Meta says of a message that it cannot hand over. */
const UNSUPPORTED_ERRORS = [
  {
    code: 131051,
    title: 'Message type unknown',
    message: 'Message type unknown',
    error_data: { details: 'Message type is currently not supported.' },
  },
];

/** Adds the message and tells the business of it; returns its id. All but system messages open the window. */
export function receive(parts: ControlParts, user: User, number: BusinessNumber, fragment: InboundFragment): string {
  const { world } = parts;
  world.users.put(user.number, { ...user, lastPhoneNumberId: number.phoneNumberId });
  const message = newInbound(world, user, number, fragment);
  world.addMessage(message);
  if (message.type !== 'system') {
    const pair = world.openWindow(number.phoneNumberId, user.number);
    pair.unread.push(message.id);
    if (pair.unread.length > UNREAD_MAX) pair.unread.shift();
  }
  parts.pace.countInbound(number);
  parts.callbacks.publish(inboundUpdate(world, message));
  return message.id;
}

function newInbound(world: World, user: User, number: BusinessNumber, fragment: InboundFragment): Message {
  const settings = world.settings();
  const seq = settings.nextMessageSeq;
  settings.nextMessageSeq += 1;
  world.saveSettings();
  return {
    seq,
    id: newWamid('in', user.number),
    direction: 'in',
    from: user.number,
    to: number.number,
    phoneNumberId: number.phoneNumberId,
    type: fragment.type,
    payload: { ...fragment, ...contextOf(world, user, number, fragment), ...errorsOf(fragment) },
    bizOpaque: null,
    acceptedAt: world.clock.now(),
    graphMajor: 0,
    statuses: [],
    plan: [],
    nextAt: null,
    failure: null,
  };
}

/** The context with who wrote what is quoted; a hidden number is not told. */
function contextOf(world: World, user: User, number: BusinessNumber, { context }: InboundFragment) {
  if (context?.id === undefined) return {};
  const from = world.messageOf(context.id)?.from ?? number.number;
  const isTold = from !== user.number || user.numberHidden !== true;
  return { context: { ...(isTold ? { from } : {}), ...context } };
}

function errorsOf({ type, errors }: InboundFragment) {
  const isUnknown = type === 'unsupported' || type === 'unknown';
  return isUnknown && errors === undefined ? { errors: UNSUPPORTED_ERRORS } : {};
}
