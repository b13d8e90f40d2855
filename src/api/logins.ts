// POST and DELETE /auth/1/session, and POST /auth/1/oauth2/token: tokens for names and passwords (Infobip 1.1).
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { type Static, Type } from 'typebox';
import { accessOf } from '../contract/access.js';
import { serviceException, serviceExceptionSchema } from '../contract/answers.js';
import { errorAnswer, type Operation } from '../contract/openapi.js';
import type { Violations } from '../contract/readers.js';
import { compileValidator } from '../contract/validate.js';
import type { Log } from '../lib/log.js';
import type { Logins } from '../manage/logins.js';
import type { Tokens } from '../manage/tokens.js';
import type { Directory, DirectoryUser } from '../store/directory.js';
import { type Authenticator, type Denial, tooMany } from './authenticate.js';
import { sendError, sendErrorBody, sendServiceException } from './errors.js';
import { type Gate, isDenial, withWait } from './gate.js';
import { readJsonOnly } from './json.js';
import type { Limits, Take } from './limits.js';

/** What the endpoints work with. */
export interface LoginApiParts {
  directory: Directory;
  authenticator: Authenticator;
  gate: Gate;
  limits: Limits;
  logins: Logins;
  tokens: Tokens;
  log: Log;
}

const SESSION = '/auth/1/session';
const TOKEN = '/auth/1/oauth2/token';
const WRONG = 'Invalid login details';
const TEXT_LENGTH_MAX = 1_000;

const sessionRequest = Type.Object({
  username: Type.String({ minLength: 1, maxLength: TEXT_LENGTH_MAX }),
  password: Type.String({ minLength: 1, maxLength: TEXT_LENGTH_MAX }),
  unsafe: Type.Optional(Type.Boolean()),
});
const tokenRequest = Type.Object({
  client_id: Type.String({ minLength: 1, maxLength: TEXT_LENGTH_MAX }),
  client_secret: Type.String({ minLength: 1, maxLength: TEXT_LENGTH_MAX }),
  grant_type: Type.Enum(['client_credentials', 'authorization_code']),
  code: Type.Optional(Type.String({ maxLength: TEXT_LENGTH_MAX })),
});
const readSessionRequest = compileValidator(sessionRequest);
const readTokenRequest = compileValidator(tokenRequest);

/** Serves the endpoints. */
export function registerLogins(app: FastifyInstance, parts: LoginApiParts): void {
  app.register(async (scope) => {
    readJsonOnly(scope);
    scope.setErrorHandler<FastifyError>((error, _, reply) => sendError(reply, error, parts.log));
    const take = limitOf(parts, SESSION);
    scope.post(SESSION, (request, reply) => openSession(parts, take, request, reply));
    scope.register(async (own) => {
      parts.gate.protect(own, sendServiceException, false);
      own.delete(SESSION, (request, reply) => closeSession(parts, request, reply));
    });
  });
  app.register(async (scope) => {
    readFormsOnly(scope);
    scope.setErrorHandler<FastifyError>((error, _, reply) => sendError(reply, error, parts.log));
    const take = limitOf(parts, TOKEN);
    scope.post(TOKEN, (request, reply) => issueToken(parts, take, request, reply));
  });
}

function limitOf({ limits }: LoginApiParts, path: string): Take {
  return limits.of(`POST ${path}`, accessOf('POST', path));
}

/** A name that comes twice is read as a list, which no field is. */
function readFormsOnly(scope: FastifyInstance): void {
  scope.removeAllContentTypeParsers();
  scope.addContentTypeParser<string>(FORM_TYPE, { parseAs: 'string' }, (_, body, done) => {
    const form = new URLSearchParams(body);
    const fields = [...new Set(form.keys())].map((name): [string, unknown] => {
      const values = form.getAll(name);
      return [name, values.length === 1 ? values[0] : values];
    });
    done(null, Object.fromEntries(fields));
  });
}

const FORM_TYPE = 'application/x-www-form-urlencoded';

async function openSession(
  parts: LoginApiParts,
  take: Take,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const read = readSessionRequest(request.body);
  if (!read.ok) return sendServiceException(reply, 400, { validationErrors: read.violations });
  const { username, password, unsafe: isUnsafe = false } = read.value;
  const address = addressOf(parts, request);
  const user = await login(parts, take, { username, password, address });
  if (isDenial(user)) {
    const options = user.status === 401 ? { text: WRONG } : {};
    return sendServiceException(withWait(reply, user), user.status, options);
  }
  const token = await parts.tokens.openSession(user, isUnsafe ? null : address);
  return reply.header('cache-control', 'no-store').send({ token });
}

/** Of whoever opened it; other credentials have no session that could be closed. */
async function closeSession(
  { tokens }: LoginApiParts,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const token = /^IBSSO +(\S+) *$/i.exec(request.headers.authorization ?? '')?.[1];
  if (token === undefined) return sendServiceException(reply, 401);
  await tokens.closeSession(token);
  return reply.code(200).send();
}

async function issueToken(
  parts: LoginApiParts,
  take: Take,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const read = readTokenRequest(request.body);
  if (!read.ok) {
    const isGrant = 'grant_type' in read.violations && isGiven(request.body, 'grant_type');
    return refuseToken(reply, 400, isGrant ? 'unsupported_grant_type' : 'invalid_request', read.violations);
  }
  const { client_id: username, client_secret: password, grant_type: grant }: Static<typeof tokenRequest> = read.value;
  // Nobody can be sent here for a code: there is no page that gives one.
  if (grant !== 'client_credentials') return refuseToken(reply, 400, 'unsupported_grant_type');
  const user = await login(parts, take, { username, password, address: addressOf(parts, request) });
  if (isDenial(user)) {
    return refuseToken(withWait(reply, user), user.status, user.status === 429 ? 'slow_down' : 'invalid_client');
  }
  const { token, expiresInSeconds } = await parts.tokens.issue(user);
  reply.header('cache-control', 'no-store');
  return reply.send({ access_token: token, expires_in: expiresInSeconds, token_type: 'Bearer' });
}

function isGiven(body: unknown, name: string): boolean {
  return typeof body === 'object' && body !== null && Object.hasOwn(body, name);
}

/** RFC 6749's word for it beside Infobip's old form. */
function refuseToken(
  reply: FastifyReply,
  status: 400 | 401 | 403 | 429,
  error: string,
  validationErrors?: Violations,
): FastifyReply {
  const options = validationErrors === undefined ? {} : { validationErrors };
  return sendErrorBody(reply, status, { error, ...serviceException(status, options) });
}

function addressOf({ authenticator }: LoginApiParts, { headers, socket }: FastifyRequest): string {
  return authenticator.addressOf({ headers, remoteAddress: socket.remoteAddress });
}

/** Who logs in. The account's limit counts once that is known: before, it would tell which names there are. */
async function login(
  { logins, directory }: LoginApiParts,
  take: Take,
  { username, password, address }: { username: string; password: string; address: string },
): Promise<DirectoryUser | Denial> {
  const outcome = await logins.check(username, password, address);
  if (outcome.kind === 'wait') return tooMany(outcome.waitMs);
  if (outcome.kind === 'wrong') return { status: 401 };
  const account = directory.account(outcome.user.account);
  if (account === undefined) return { status: 403 };
  const waitMs = await take(account);
  return waitMs > 0 ? tooMany(waitMs) : outcome.user;
}

const ERRORS = [400, 401, 403, 413, 415, 429, 500, 503] as const;
const session = { username: 'ops', password: 'correct horse battery' };

/** The endpoints on the API page. */
export const loginOperations: readonly Operation[] = [
  {
    method: 'POST',
    path: SESSION,
    tag: 'Access',
    summary:
      'Open a session: a token that ends after an hour without use, bound to the address of the caller unless `unsafe`',
    isOpen: true,
    body: { schema: sessionRequest, example: session },
    answers: [{ status: 200, description: 'Opened', example: { token: 'pYq1iDk0m3tV' } }, ...ERRORS.map(errorAnswer)],
  },
  {
    method: 'DELETE',
    path: SESSION,
    tag: 'Access',
    summary: 'Close the session whose token is sent',
    answers: [{ status: 200, description: 'Closed' }, ...ERRORS.map(errorAnswer)],
  },
  {
    method: 'POST',
    path: TOKEN,
    tag: 'Access',
    summary: 'Get an OAuth token for a name and a password',
    isOpen: true,
    body: {
      schema: tokenRequest,
      mediaType: FORM_TYPE,
      example: { client_id: session.username, client_secret: session.password, grant_type: 'client_credentials' },
    },
    answers: [
      {
        status: 200,
        description: 'Issued',
        example: { access_token: 'pYq1iDk0m3tV', expires_in: 3600, token_type: 'Bearer' },
      },
      ...[400, 401, 403, 429].map((status) => tokenError(status)),
      ...([413, 415, 500, 503] as const).map(errorAnswer),
    ],
  },
];

function tokenError(status: number): Operation['answers'][number] {
  const errors: Readonly<Record<number, object>> = {
    400: {
      error: 'invalid_request',
      ...serviceException(400, { validationErrors: { client_id: ['must not be blank'] } }),
    },
    401: { error: 'invalid_client', ...serviceException(401) },
    403: { error: 'invalid_client', ...serviceException(403) },
    429: { error: 'slow_down', ...serviceException(429) },
  };
  return {
    status,
    name: `TokenError${status}`,
    description: `RFC 6749's form and the error form of HTTP ${status}`,
    schema: Type.Object({ error: Type.String(), ...serviceExceptionSchema.properties }),
    example: errors[status],
  };
}
