// The messages as Meta sees them, and moving one on by hand.
import type { FastifyInstance } from 'fastify';
import Type from 'typebox';
import { checkerOf } from '../checker.js';
import { titleOf } from '../graph/errors.js';
import { pageAfter, pageBefore } from '../paging.js';
import { normalisePhone } from '../phone.js';
import { type Message, STATUS_NAMES } from '../records.js';
import type { World } from '../world.js';
import { allowQuery, ControlError, isoTime, newestFirst, parseBody, textParam, wholeNumber } from './answer.js';
import type { ControlParts } from './parts.js';

const PAGE_DEFAULT = 100;
const PAGE_MAX = 1000;
const DEFAULT_FAILURE_CODE = 131000;

const StatusBody = checkerOf(
  Type.Object(
    {
      status: Type.Enum([...STATUS_NAMES]),
      code: Type.Optional(Type.Integer({ minimum: 0 })),
      title: Type.Optional(Type.String({ minLength: 1, maxLength: 512 })),
    },
    { additionalProperties: false },
  ),
);

/** Registers `GET /messages` and `POST /messages/{wamid}/status`. */
export function registerMessages(app: FastifyInstance, parts: ControlParts): void {
  const { world } = parts;
  app.get('/messages', (request) => {
    allowQuery(request.query, ['user', 'phoneNumberId', 'after', 'limit', 'order']);
    const user = userFilter(textParam(request.query, 'user'));
    const phoneNumberId = textParam(request.query, 'phoneNumberId');
    const isNewestFirst = newestFirst(request.query);
    const { page, next } = (isNewestFirst ? pageBefore : pageAfter)(world.messages, world.settings().nextMessageSeq, {
      after: seqAfter(world, textParam(request.query, 'after'), isNewestFirst ? Number.MAX_SAFE_INTEGER : 0),
      limit: wholeNumber(request.query, 'limit', { byDefault: PAGE_DEFAULT, min: 1, max: PAGE_MAX }),
      keep: (message) =>
        (phoneNumberId === undefined || message.phoneNumberId === phoneNumberId) &&
        (user === undefined || (message.direction === 'out' ? message.to : message.from) === user),
    });
    return { messages: page.map(messageView), next: next === null ? null : String(next) };
  });
  app.post('/messages/:wamid/status', (request) => {
    const message = world.messageOf(textParam(request.params, 'wamid') ?? '');
    if (message?.direction !== 'out' || message.type === 'sms')
      throw new ControlError(404, 'no such outbound message', 'wamid');
    const { status, code = DEFAULT_FAILURE_CODE, title } = parseBody(StatusBody, request.body);
    const failure = { code, title: title ?? titleOf(code), details: title ?? titleOf(code) };
    if (!parts.progress.force(message, status, failure)) {
      throw new ControlError(409, `the message is already ${message.statuses.at(-1)?.status}`, 'status');
    }
    return messageView(message);
  });
}

function userFilter(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  const user = normalisePhone(text);
  if (user === undefined) throw new ControlError(400, 'must be a phone number with country code', 'user');
  return user;
}

/** `after` is what an earlier page called `next`, or the id of a message. */
function seqAfter(world: World, text: string | undefined, byDefault: number): number {
  if (text === undefined) return byDefault;
  const seq = /^\d{1,15}$/.test(text) ? Number(text) : world.messageOf(text)?.seq;
  if (seq === undefined) throw new ControlError(400, 'must be a `next` or the id of a message', 'after');
  return seq;
}

/** A message as the control API shows it. */
export function messageView(message: Message): Record<string, unknown> {
  const { id, direction, from, to, phoneNumberId, type, payload, bizOpaque, acceptedAt, statuses } = message;
  const { media, template, traceparent } = message;
  return {
    seq: message.seq,
    id,
    direction,
    from,
    to,
    phoneNumberId,
    type,
    payload,
    bizOpaque,
    acceptedAt: isoTime(acceptedAt),
    statuses: statuses.map(({ status, at }) => ({ status, at: isoTime(at) })),
    failure: message.failure,
    graphMajor: message.graphMajor,
    ...(template === undefined
      ? {}
      : { templateId: template.id, category: template.category, rendered: template.rendered }),
    ...(traceparent === undefined ? {} : { traceparent }),
    ...(media === undefined ? {} : { media: media.map(({ path, kind, mediaId }) => ({ path, kind, mediaId })) }),
  };
}
