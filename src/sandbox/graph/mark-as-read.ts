// POST or PUT /{phone-number-id}/messages with a status: marks inbound messages as read, and shows the typing bubble (Meta 1.3).
import Type from 'typebox';
import { checkerOf } from '../checker.js';
import type { BusinessNumber } from '../records.js';
import type { World } from '../world.js';
import { type GraphAnswer, type GraphCall, refuse } from './call.js';
import { unknownObject } from './errors.js';
import { checkBody } from './schema.js';

const closed = { additionalProperties: false };
/** The typing bubble ends after 25 s, or with the next message (Meta 1.3). */
const TYPING_MS = 25_000;

const MarkAsRead = checkerOf(
  Type.Object(
    {
      messaging_product: Type.Literal('whatsapp'),
      status: Type.Literal('read'),
      message_id: Type.String({ minLength: 1, maxLength: 512 }),
      typing_indicator: Type.Optional(Type.Object({ type: Type.Literal('text') }, closed)),
    },
    closed,
  ),
);

/** Marks the inbound message and the earlier ones of its thread as read. A typing indicator has no webhook; `GET /_sandbox/users/{number}` tells of it. */
export function markAsRead(world: World, call: GraphCall, number: BusinessNumber): GraphAnswer {
  if (!MarkAsRead.Check(call.body)) return refuse(checkBody(MarkAsRead, call.body) ?? { code: 100 });
  const { message_id: id, typing_indicator: typing } = call.body;
  const message = world.messageOf(id);
  if (message === undefined || message.direction !== 'in' || message.phoneNumberId !== number.phoneNumberId) {
    return refuse(unknownObject(call.method, id));
  }
  const pair = world.pairs.get(`${number.phoneNumberId}:${message.from}`);
  if (pair === undefined) return { body: { success: true } };
  if (typing !== undefined) pair.typingUntil = world.clock.now() + TYPING_MS;
  for (const wamid of pair.unread.splice(0, pair.unread.indexOf(id) + 1)) {
    const read = world.messageOf(wamid);
    if (read === undefined) continue;
    read.statuses.push({ status: 'read', at: world.clock.now() });
    world.messages.put(String(read.seq), read);
  }
  world.pairs.put(`${pair.phoneNumberId}:${pair.user}`, pair);
  return { body: { success: true } };
}
