// Where Meta reaches us: the handshake and the webhooks, signed over the raw bytes (Meta 2.1).
import type { FastifyInstance } from 'fastify';
import type { DirectAnswer, DirectRoutes } from '../http/direct.js';
import type { Log } from '../lib/log.js';
import { equalBytes, sha256 } from '../lib/secrets.js';
import type { Receive, ReceiveOutcome } from '../pipeline/receive.js';
import { directFailure } from './errors.js';

/** What the webhook route works with. */
export interface MetaWebhookParts {
  receive: Receive;
  verifyToken: string | undefined;
  log: Log;
}

/** Meta sends at most 3 MB; a little more does no harm. */
const BODY_BYTES_MAX = 4 * 1024 * 1024;
const PATH = '/meta/webhook';
const CHALLENGE = /^[\x21-\x7e]{1,256}$/;

/** Serves the handshake, GET /meta/webhook, on `app`, and adds the route of the webhooks themselves, POST. */
export function registerMetaWebhook(app: FastifyInstance, direct: DirectRoutes, parts: MetaWebhookParts): void {
  const { receive, verifyToken, log } = parts;
  app.get<{ Querystring: Record<string, unknown> }>(PATH, (request, reply) => {
    const challenge = request.query['hub.challenge'];
    const isRight =
      request.query['hub.mode'] === 'subscribe' && isToken(request.query['hub.verify_token'], verifyToken);
    if (!isRight || typeof challenge !== 'string' || !CHALLENGE.test(challenge)) return reply.code(403).send();
    return reply.type('text/plain').send(challenge);
  });
  direct.add({
    path: PATH,
    bodyBytesMax: BODY_BYTES_MAX,
    // Whatever it says it is: nothing is parsed before the signature over the bytes is right (P10).
    begin({ headers }) {
      const signature = headers['x-hub-signature-256'];
      return async (body) =>
        ANSWERS[await receive.receive(body, typeof signature === 'string' ? signature : undefined)];
    },
    failed: (error) => directFailure(error, log),
    tooLarge: () => ({ status: 413 }),
  });
}

const ANSWERS: Readonly<Record<ReceiveOutcome, DirectAnswer>> = {
  committed: { status: 200 },
  refused: { status: 401 },
  malformed: { status: 400 },
  busy: { status: 503, retryAfterSeconds: 1 },
};

function isToken(given: unknown, expected: string | undefined): boolean {
  return typeof given === 'string' && expected !== undefined && equalBytes(sha256(given), sha256(expected));
}
