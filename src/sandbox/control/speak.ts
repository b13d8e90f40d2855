// What users send: `POST /users/{number}/messages`, as JSON, or as a form with a file.
import { Readable } from 'node:stream';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import Type from 'typebox';
import { checkerOf } from '../checker.js';
import { MEDIA_BYTES_MAX } from '../media/kinds.js';
import { limited, MultipartError, readForm, textOf } from '../media/multipart.js';
import { normalisePhone } from '../phone.js';
import type { BusinessNumber, User } from '../records.js';
import type { World } from '../world.js';
import { ControlError, parseBody, textParam } from './answer.js';
import { createInboundCheck, FILE_FRAGMENTS, type InboundFragment } from './inbound.js';
import { attachFile, type SentFile } from './inbound-file.js';
import type { ControlParts } from './parts.js';
import { receive } from './receive.js';
import { ProfileName } from './users.js';

/** A JSON body may carry a file in base64; larger ones come as a form. */
const BODY_BYTES_MAX = 24 * 1024 * 1024;
const FORM_EXTRA_BYTES_MAX = 1024 * 1024;

const Routing = checkerOf(
  Type.Object({
    phoneNumberId: Type.Optional(Type.String({ minLength: 1 })),
    profileName: Type.Optional(ProfileName),
  }),
);

/** Registers `POST /users/{number}/messages`. */
export function registerSpeaking(app: FastifyInstance, parts: ControlParts): void {
  const { world } = parts;
  const checkFragment = createInboundCheck();
  app.addContentTypeParser('multipart/form-data', (_request, body, done) => done(null, body));
  app.post('/users/:number/messages', { bodyLimit: BODY_BYTES_MAX }, async (request, reply) => {
    const user = userOf(world, textParam(request.params, 'number'));
    const { body, file } = await readBody(parts, request);
    try {
      const { phoneNumberId, profileName } = parseBody(Routing, body);
      const { phoneNumberId: _id, profileName: _name, ...rest } = toObject(body);
      const fragment = checkFragment(rest);
      const number = numberFor(world, user, phoneNumberId);
      const whole = await withFile(parts, number, fragment, file);
      const speaker = { ...user, profileName: profileName ?? user.profileName };
      return reply.code(201).send({ id: receive(parts, speaker, number, whole) });
    } catch (error) {
      if (file !== undefined && world.media.get(file.loose.id) === undefined) await parts.library.discard(file.loose);
      throw error;
    }
  });
}

function userOf(world: World, text: string | undefined): User {
  const number = normalisePhone(text ?? '');
  const user = number === undefined ? undefined : world.userOf(number);
  if (user?.exists !== true) throw new ControlError(404, 'no such user', 'number');
  return user;
}

async function withFile(
  parts: ControlParts,
  number: BusinessNumber,
  fragment: InboundFragment,
  file: SentFile | undefined,
): Promise<InboundFragment> {
  if (Object.hasOwn(FILE_FRAGMENTS, fragment.type)) return attachFile(parts, number, fragment, file);
  if (file !== undefined) throw new ControlError(400, `type ${fragment.type} carries no file`, 'file');
  return fragment;
}

/** A JSON body, or the form's field `message` as JSON and its part `file`. */
async function readBody(
  parts: ControlParts,
  request: FastifyRequest,
): Promise<{ body: unknown; file: SentFile | undefined }> {
  if (!(request.body instanceof Readable)) return { body: request.body, file: undefined };
  let message: string | undefined;
  let file: SentFile | undefined;
  try {
    const source = limited(request.body, MEDIA_BYTES_MAX + FORM_EXTRA_BYTES_MAX);
    for await (const part of readForm(source, request.headers['content-type'] ?? '')) {
      if (part.name === 'message') message = await textOf(part, FORM_EXTRA_BYTES_MAX);
      else if (part.name !== 'file' || file !== undefined) throw new ControlError(400, 'unknown part', part.name);
      else {
        const loose = await parts.library.write(part.chunks, MEDIA_BYTES_MAX);
        if (loose === null) throw new ControlError(400, `has more than ${MEDIA_BYTES_MAX} bytes`, 'file');
        file = { loose, mimeType: part.contentType, filename: part.filename };
      }
    }
    return { body: parseMessage(message), file };
  } catch (error) {
    if (file !== undefined) await parts.library.discard(file.loose);
    throw error instanceof MultipartError ? new ControlError(400, error.message) : error;
  }
}

function parseMessage(text: string | undefined): unknown {
  if (text === undefined) throw new ControlError(400, 'required', 'message');
  try {
    return JSON.parse(text);
  } catch {
    throw new ControlError(400, 'not valid JSON', 'message');
  }
}

/** The number given, else the one last in touch with the user, else the only one. */
function numberFor(world: World, user: User, given: string | undefined): BusinessNumber {
  if (given !== undefined) {
    const number = world.numbers.get(given);
    if (number === undefined) throw new ControlError(404, 'no such number', 'phoneNumberId');
    return number;
  }
  const last = user.lastPhoneNumberId === null ? undefined : world.numbers.get(user.lastPhoneNumberId);
  const only = world.numbers.size === 1 ? world.numbers.values().next().value : undefined;
  const number = last ?? only;
  if (number === undefined)
    throw new ControlError(400, 'required: the user was in touch with no number', 'phoneNumberId');
  return number;
}

function toObject(body: unknown): Record<string, unknown> {
  return typeof body === 'object' && body !== null ? { ...body } : {};
}
