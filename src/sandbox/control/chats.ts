// The chats of all users: each business number and user that were in touch, with the last message: `GET /chats`.
import type { FastifyInstance } from 'fastify';
import { normalisePhone } from '../phone.js';
import type { Message } from '../records.js';
import type { World } from '../world.js';
import { allowQuery, ControlError, textParam } from './answer.js';
import { messageView } from './messages.js';
import type { ControlParts } from './parts.js';
import { pairView } from './users.js';

/** The newest messages that are looked at: an answer takes at most some 50 ms. */
const LOOK_MAX = 100_000;
const CHATS_MAX = 1000;

interface Chat {
  phoneNumberId: string;
  user: string;
  last: Message | null;
  unread: number;
}

/** Registers `GET /chats?user=`: at most 1,000, those with the newest messages first. `unread` counts what was delivered and not read. */
export function registerChats(app: FastifyInstance, { world }: ControlParts): void {
  app.get('/chats', (request) => {
    allowQuery(request.query, ['user']);
    const text = textParam(request.query, 'user');
    const user = text === undefined ? undefined : normalisePhone(text);
    if (text !== undefined && user === undefined)
      throw new ControlError(400, 'must be a phone number with country code', 'user');
    return { chats: chatsOf(world, user).map((chat) => view(world, chat)) };
  });
}

function chatsOf(world: World, user: string | undefined): Chat[] {
  const chats = new Map<string, Chat>();
  const newest = world.settings().nextMessageSeq - 1;
  for (let seq = newest; seq > newest - LOOK_MAX && seq > 0; seq--) {
    const message = world.messages.get(String(seq));
    if (message === undefined) continue;
    const other = message.direction === 'out' ? message.to : message.from;
    if (user !== undefined && other !== user) continue;
    const chat = chatOf(chats, message.phoneNumberId, other);
    if (message.type !== 'reaction') chat.last ??= message;
    if (isUnread(message)) chat.unread += 1;
  }
  for (const pair of world.pairs.values()) {
    if (user === undefined || pair.user === user) chatOf(chats, pair.phoneNumberId, pair.user);
  }
  return [...chats.values()].slice(0, CHATS_MAX);
}

function chatOf(chats: Map<string, Chat>, phoneNumberId: string, user: string): Chat {
  const key = `${phoneNumberId}:${user}`;
  const chat = chats.get(key) ?? { phoneNumberId, user, last: null, unread: 0 };
  chats.set(key, chat);
  return chat;
}

function isUnread({ direction, type, statuses }: Message): boolean {
  if (direction !== 'out' || type === 'reaction') return false;
  const reached = new Set(statuses.map(({ status }) => status));
  return reached.has('delivered') && !reached.has('read') && !reached.has('played');
}

function view(world: World, { phoneNumberId, user, last, unread }: Chat): Record<string, unknown> {
  const pair = world.pairs.get(`${phoneNumberId}:${user}`);
  return {
    phoneNumberId,
    user,
    last: last === null ? null : messageView(last),
    unread,
    pair: pair === undefined ? null : pairView(pair),
  };
}
