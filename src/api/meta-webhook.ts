// Where Meta reaches us: the handshake and the webhooks, signed over the raw bytes (Meta 2.1).
import type { FastifyInstance } from 'fastify';
import { equalBytes, sha256 } from '../lib/secrets.js';
import type { Receive } from '../pipeline/receive.js';

/** What the webhook route works with. */
export interface MetaWebhookParts {
  receive: Receive;
  verifyToken: string | undefined;
}

/** Meta sends at most 3 MB; a little more does no harm. */
const BODY_BYTES_MAX = 4 * 1024 * 1024;
const CHALLENGE = /^[\x21-\x7e]{1,256}$/;

/** Serves GET and POST /meta/webhook. */
export function registerMetaWebhook(app: FastifyInstance, { receive, verifyToken }: MetaWebhookParts): void {
  app.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    // Whatever it says it is: nothing is parsed before the signature over the bytes is right (P10).
    scope.addContentTypeParser<Buffer>('*', { parseAs: 'buffer', bodyLimit: BODY_BYTES_MAX }, (_, body, done) =>
      done(null, body),
    );
    scope.get<{ Querystring: Record<string, unknown> }>('/meta/webhook', (request, reply) => {
      const challenge = request.query['hub.challenge'];
      const isRight =
        request.query['hub.mode'] === 'subscribe' && isToken(request.query['hub.verify_token'], verifyToken);
      if (!isRight || typeof challenge !== 'string' || !CHALLENGE.test(challenge)) return reply.code(403).send();
      return reply.type('text/plain').send(challenge);
    });
    scope.post<{ Body: unknown }>('/meta/webhook', { bodyLimit: BODY_BYTES_MAX }, async (request, reply) => {
      const signature = request.headers['x-hub-signature-256'];
      const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
      const outcome = await receive.receive(body, typeof signature === 'string' ? signature : undefined);
      switch (outcome) {
        case 'committed':
          return reply.send();
        case 'refused':
          return reply.code(401).send();
        case 'malformed':
          return reply.code(400).send();
        case 'busy':
          return reply.code(503).header('retry-after', 1).send();
      }
    });
  });
}

function isToken(given: unknown, expected: string | undefined): boolean {
  return typeof given === 'string' && expected !== undefined && equalBytes(sha256(given), sha256(expected));
}
