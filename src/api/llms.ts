// GET /llms.txt: the API in a page for language models (llmstxt.org), made of the same operations as /openapi.json.
import type { FastifyInstance } from 'fastify';
import type { Operation } from '../contract/openapi.js';

const HEAD = `# Parley

> A self-hosted WhatsApp Business platform. It takes requests in the form of Infobip's WhatsApp API, sends them through Meta's Cloud API, and posts delivery reports, seen reports and inbound messages to your endpoints. Its sandbox stands in for Meta, so that everything runs offline.

- The whole API as OpenAPI 3.1, with schemas, examples, errors, scopes, rate limits and webhooks: [/openapi.json](/openapi.json). To read and try: [/docs](/docs).
- Credentials: \`Authorization: App <API key>\`. Basic, \`IBSSO <session token>\` and \`Bearer <OAuth token>\` do too.
- A send that is answered with 200 is on disk. What becomes of it is told by a delivery report to \`notifyUrl\`, to a subscription, or by \`GET /messages-api/1/reports\`.
- Errors: \`{"requestError":{"serviceException":{"messageId","text","validationErrors"}}}\`, or \`{"errorCode","description","action","violations","resources"}\` on newer endpoints, or RFC 9457 problems under \`/parley/1\`.
- Free-form messages reach users who wrote within 24 hours; any other time send a template.
- A send may carry an \`Idempotency-Key\` header; the same key and body within 48 hours give the same answer. Reports carry an \`eventId\` that stays the same through retries and replays.
- \`429\` and \`503\` carry \`Retry-After\`.
`;

/** The page. Throws TypeError when there is nothing to tell of. */
function llmsText(operations: readonly Operation[]): string {
  if (operations.length === 0) throw new TypeError('no operations');
  const tags = [...new Set(operations.map(({ tag }) => tag))];
  const sections = tags.map((tag) => {
    const own = operations.filter((operation) => operation.tag === tag);
    const lines = own.map(({ method, path, summary }) => `- \`${method} ${path}\`: ${summary}`);
    return `\n## ${tag}\n\n${lines.join('\n')}\n`;
  });
  return HEAD + sections.join('');
}

/** Serves it, without a key. */
export function registerLlms(app: FastifyInstance, operations: readonly Operation[]): void {
  const text = llmsText(operations);
  app.get('/llms.txt', (_, reply) => reply.type('text/plain; charset=utf-8').send(text));
}
