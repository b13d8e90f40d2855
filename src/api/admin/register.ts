// The admin API under /parley/1: who may call, what is read, and how every failure is told (RFC 9457).
import { isUtf8 } from 'node:buffer';
import { Readable } from 'node:stream';
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { PARLEY_SCOPE } from '../../contract/access.js';
import { parseJson } from '../../lib/json.js';
import { DatabaseError } from '../../store/database.js';
import { noteChange } from '../audit.js';
import type { Caller, Denial } from '../authenticate.js';
import { isDenial, mayCall, withWait } from '../gate.js';
import { accountRoutes } from './accounts.js';
import { auditRoutes } from './audit.js';
import { bulkRoutes } from './bulks.js';
import { conversationRoutes } from './conversations.js';
import { deliveryRoutes } from './deliveries.js';
import { devClockRoutes } from './dev-clock.js';
import { domainRoutes } from './domains.js';
import { endpointRoutes } from './endpoints.js';
import { flowRoutes } from './flows.js';
import { keyRoutes } from './keys.js';
import { linkRoutes } from './links.js';
import { messageRoutes } from './messages.js';
import type { AdminParts } from './parts.js';
import { personRoutes } from './persons.js';
import { type Problem, problem, sendProblem } from './problem.js';
import { replayRoutes } from './replays.js';
import type { RawCall, Reply, Route } from './route.js';
import { senderRoutes } from './senders.js';
import { signingSecretRoutes } from './signing-secrets.js';
import { smsRoutes } from './sms.js';
import { templateRoutes } from './templates.js';
import { userRoutes } from './users.js';

export type { AdminParts } from './parts.js';

/** What the paths of all routes stand under. */
export const ADMIN_PREFIX = '/parley/1';
const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const;

/**
 * Serves the admin API on `app` under `/parley/1`, with its own error forms. Credentials say who calls: one of kind admin sees all accounts and
 * alone manages `/accounts`; for any other key what belongs to another account does not exist (404). Returns what it serves, for the API page.
 */
export function registerAdminApi(app: FastifyInstance, parts: AdminParts): readonly Route[] {
  const routes = [
    ...accountRoutes(parts),
    ...keyRoutes(parts),
    ...userRoutes(parts),
    ...senderRoutes(parts),
    ...signingSecretRoutes(parts),
    ...endpointRoutes(parts),
    ...deliveryRoutes(parts),
    ...messageRoutes(parts),
    ...linkRoutes(parts),
    ...conversationRoutes(parts),
    ...templateRoutes(),
    ...bulkRoutes(parts),
    ...flowRoutes(parts),
    ...replayRoutes(parts),
    ...smsRoutes(parts),
    ...personRoutes(parts),
    ...auditRoutes(parts),
    ...domainRoutes(parts),
    ...devClockRoutes(parts),
  ];
  app.register(
    async (scope) => {
      scope.setErrorHandler<FastifyError>((error, _, reply) => sendProblem(reply, problemOfError(error, parts)));
      scope.setNotFoundHandler((_, reply) => void sendProblem(reply, problem(404, 'there is nothing at this path')));
      readJsonOnly(scope);
      for (const route of routes) serve(scope, parts, route);
      for (const [url, allowed] of methodsByUrl(routes)) refuseOtherMethods(scope, url, allowed);
    },
    { prefix: ADMIN_PREFIX },
  );
  return routes;
}

/** As the public API reads JSON, but an empty body is none: clients that always name a type send those too. */
function readJsonOnly(scope: FastifyInstance): void {
  scope.removeAllContentTypeParsers();
  scope.addContentTypeParser<Buffer>('application/json', { parseAs: 'buffer' }, (_, body, done) => {
    try {
      if (!isUtf8(body)) throw new TypeError('not UTF-8');
      done(null, body.length === 0 ? undefined : parseJson(body.toString('utf8')));
    } catch {
      done(Object.assign(new Error('the body is not JSON in UTF-8'), { statusCode: 400 }), undefined);
    }
  });
}

function serve(scope: FastifyInstance, parts: AdminParts, route: Route): void {
  scope.route<{ Params: Record<string, string> }>({
    method: route.method,
    url: route.url,
    /** Who calls is asked before the body is read. */
    async onRequest(request, reply) {
      const caller = await admit(parts, route, request, reply);
      if ('title' in caller) return sendProblem(reply, caller);
    },
    async handler(request, reply) {
      // Another process may have made the account, or taken the key away, a moment ago.
      await parts.directory.refresh();
      const admitted = await admit(parts, route, request, reply);
      if ('title' in admitted) return sendProblem(reply, admitted);
      const caller =
        admitted.account === null
          ? { account: null, platform: [] }
          : { account: admitted.account.id, platform: admitted.platform };
      // PostgreSQL cannot hold NUL: nothing has such an id.
      if (Object.values(request.params).some((part) => part.includes('\0')))
        return sendProblem(reply, problem(404, 'there is nothing at this path'));
      const call: RawCall = { caller, params: request.params, query: request.query, body: request.body };
      const answer = await route.answer(call);
      // What was changed is in force here when the answer arrives.
      if (route.method !== 'GET') await parts.directory.refresh();
      if (route.method !== 'GET' && answer.status < 300) await noteChange(parts, request, admitted);
      return send(reply, answer);
    },
  });
}

async function admit(
  { authenticator }: AdminParts,
  route: Route,
  { headers, socket }: FastifyRequest,
  reply: FastifyReply,
): Promise<Caller | Problem> {
  const caller = await authenticator.authenticate({ headers, remoteAddress: socket.remoteAddress });
  if (isDenial(caller)) {
    withWait(reply, caller);
    return problem(caller.status, DENIALS[caller.status]);
  }
  if (caller.account === null) return caller;
  if (route.isAdminOnly) return problem(403, 'this needs a key of kind admin');
  if (!mayCall(caller, [PARLEY_SCOPE])) return problem(403, `this needs the scope ${PARLEY_SCOPE}`);
  return caller;
}

const DENIALS: Readonly<Record<Denial['status'], string>> = {
  401: 'Authorization must have valid credentials: App <key>, Basic, IBSSO or Bearer',
  403: 'these credentials are not for this API',
  429: 'too many wrong credentials came from here; try again later',
};

function send(reply: FastifyReply, answer: Reply | Problem): FastifyReply {
  if ('title' in answer) return sendProblem(reply, answer);
  reply.code(answer.status).header('cache-control', 'no-store');
  if (answer.csv !== undefined) return reply.type('text/csv; charset=utf-8').send(answer.csv);
  if (answer.lines !== undefined) return reply.type('application/x-ndjson').send(Readable.from(linesOf(answer.lines)));
  return answer.body === undefined ? reply.send() : reply.send(answer.body);
}

async function* linesOf(objects: AsyncIterable<object>): AsyncGenerator<string> {
  for await (const object of objects) yield `${JSON.stringify(object)}\n`;
}

function methodsByUrl(routes: readonly Route[]): Map<string, Set<string>> {
  const methods = new Map<string, Set<string>>();
  for (const { url, method } of routes) methods.set(url, (methods.get(url) ?? new Set()).add(method));
  return methods;
}

function refuseOtherMethods(scope: FastifyInstance, url: string, allowed: ReadonlySet<string>): void {
  const allow = [...allowed].join(', ');
  scope.route({
    method: METHODS.filter((method) => !allowed.has(method)),
    url,
    async onRequest(_, reply) {
      reply.header('allow', allow);
      return sendProblem(reply, problem(405, `this path takes ${allow}`));
    },
    handler: () => undefined,
  });
}

/** Errors of Fastify name their status; the database's are told apart by whether trying again can help; the rest are bugs. */
function problemOfError(error: FastifyError, { log }: AdminParts): Problem {
  if (error instanceof DatabaseError && (error.kind === 'unavailable' || error.kind === 'conflict'))
    return problem(503, 'the database is not available; try again');
  // What was checked before the write was taken by another request meanwhile.
  if (error instanceof DatabaseError && error.kind === 'data')
    return problem(409, 'another change came first; look again');
  const status = error.statusCode;
  if (status === 413) return problem(413, 'the body is too large');
  if (status === 415) return problem(415, 'the body must be application/json');
  if (status !== undefined && status >= 400 && status < 500) return problem(status, error.message);
  log.error({ event: 'admin.failed', err: error });
  return problem(500, 'an error of Parley; its log has more');
}
