// The webhooks that were sent or wait, with every attempt.
import type { FastifyInstance } from 'fastify';
import type { Webhook } from '../records.js';
import { renderBody } from '../updates.js';
import { pageAfter } from '../world.js';
import { allowQuery, ControlError, isoTime, textParam, wholeNumber } from './answer.js';
import type { ControlParts } from './parts.js';

const PAGE_DEFAULT = 100;
const PAGE_MAX = 1000;

/** Registers `GET /webhooks` and `POST /webhooks/{id}/redeliver`. */
export function registerWebhooks(app: FastifyInstance, { world, callbacks }: ControlParts): void {
  app.get('/webhooks', (request) => {
    allowQuery(request.query, ['after', 'limit']);
    const { page, next } = pageAfter(world.webhooks, world.settings().nextWebhookSeq, {
      after: wholeNumber(request.query, 'after', { byDefault: 0, min: 0, max: Number.MAX_SAFE_INTEGER }),
      limit: wholeNumber(request.query, 'limit', { byDefault: PAGE_DEFAULT, min: 1, max: PAGE_MAX }),
      keep: () => true,
    });
    return { webhooks: page.map(view), next: next === null ? null : String(next) };
  });
  app.post('/webhooks/:id/redeliver', async (request) => {
    const webhook = world.webhooks.get(textParam(request.params, 'id') ?? '');
    if (webhook === undefined) throw new ControlError(404, 'no such webhook', 'id');
    await callbacks.redeliver(webhook);
    return view(webhook);
  });
}

function view(webhook: Webhook): Record<string, unknown> {
  return {
    id: String(webhook.seq),
    url: webhook.url,
    body: webhook.body ?? renderBody(webhook.updates),
    attempts: webhook.attempts.map((attempt) => ({ ...attempt, at: isoTime(attempt.at) })),
  };
}
