// The webhooks that were sent or wait, with every attempt.
import type { FastifyInstance } from 'fastify';
import { pageAfter, pageBefore } from '../paging.js';
import type { Webhook } from '../records.js';
import { renderBody } from '../updates.js';
import { allowQuery, ControlError, isoTime, newestFirst, textParam, wholeNumber } from './answer.js';
import type { ControlParts } from './parts.js';

const PAGE_DEFAULT = 100;
const PAGE_MAX = 1000;

/** Registers `GET /webhooks` and `POST /webhooks/{id}/redeliver`. */
export function registerWebhooks(app: FastifyInstance, { world, callbacks }: ControlParts): void {
  app.get('/webhooks', (request) => {
    allowQuery(request.query, ['after', 'limit', 'order', 'message']);
    const isNewestFirst = newestFirst(request.query);
    const wamid = textParam(request.query, 'message');
    const { page, next } = (isNewestFirst ? pageBefore : pageAfter)(world.webhooks, world.settings().nextWebhookSeq, {
      after: wholeNumber(request.query, 'after', {
        byDefault: isNewestFirst ? Number.MAX_SAFE_INTEGER : 0,
        min: 0,
        max: Number.MAX_SAFE_INTEGER,
      }),
      limit: wholeNumber(request.query, 'limit', { byDefault: PAGE_DEFAULT, min: 1, max: PAGE_MAX }),
      keep: (webhook) => wamid === undefined || isAbout(webhook, wamid),
    });
    return { webhooks: page.map(webhookView), next: next === null ? null : String(next) };
  });
  app.post('/webhooks/:id/redeliver', async (request) => {
    const webhook = world.webhooks.get(textParam(request.params, 'id') ?? '');
    if (webhook === undefined) throw new ControlError(404, 'no such webhook', 'id');
    await callbacks.redeliver(webhook);
    return webhookView(webhook);
  });
}

/** Whether a webhook tells of that message; its updates are gone when it is over, so that the text decides. */
function isAbout({ body, updates }: Webhook, wamid: string): boolean {
  return body === null ? updates.some(({ key }) => key === wamid) : body.includes(wamid);
}

/** A webhook as the control API shows it; `state` is waiting, done or dead. */
export function webhookView(webhook: Webhook): Record<string, unknown> {
  return {
    id: String(webhook.seq),
    url: webhook.url,
    state: webhook.state,
    dueAt: webhook.dueAt === null ? null : isoTime(webhook.dueAt),
    body: webhook.body ?? renderBody(webhook.updates),
    attempts: webhook.attempts.map((attempt) => ({ ...attempt, at: isoTime(attempt.at) })),
  };
}
