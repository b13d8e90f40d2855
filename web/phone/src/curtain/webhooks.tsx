// The webhooks that went out or wait, each attempt with its answer.
import { call } from '../api/client.js';
import { Empty } from '../parts/parts.js';
import { at, textAt } from '../pure/json.js';
import { formatNumber } from '../pure/numbers.js';
import { exactTime } from '../pure/times.js';
import type { Webhook } from '../state/model.js';
import { sandbox } from '../state/sandbox.js';
import { useStore } from '../state/store.js';
import { attempt } from '../state/toasts.js';
import { texts } from '../texts.js';
import { Code, Curl, prettyText } from './parts.js';

const SHOWN_MAX = 100;

/** The newest webhooks of the whole sandbox. */
export function WebhooksTab() {
  const webhooks = useStore(sandbox, (state) => state.webhooks);
  if (webhooks.length === 0)
    return <Empty icon="webhook" title={texts.drawer.noWebhooks} hint={texts.drawer.noWebhooksHint} />;
  return (
    <>
      {webhooks.slice(0, SHOWN_MAX).map((webhook) => (
        <WebhookCard key={webhook.id} webhook={webhook} />
      ))}
    </>
  );
}

/** One webhook: what it tells, its attempts, its body, and sending it again. */
export function WebhookCard({ webhook }: { webhook: Webhook }) {
  const path = `/webhooks/${webhook.id}/redeliver`;
  const last = webhook.attempts.at(-1);
  const isGood = last?.httpStatus === 200;
  return (
    <details class="webhook">
      <summary>
        <span class={`badge ${isGood ? 'good' : last === undefined ? '' : 'bad'}`}>
          {last === undefined ? texts.drawer.waiting : (last.httpStatus ?? texts.drawer.noAnswer)}
        </span>
        <span class="webhook-what">
          {whatOf(webhook.body)}
          <Who body={webhook.body} />
        </span>
        <small>{last === undefined ? '' : exactTime(last.at)}</small>
      </summary>
      <p class="hint mono">{webhook.url}</p>
      <ol class="attempts">
        {webhook.attempts.map((each, index) => (
          <li key={index}>
            <time>{exactTime(each.at)}</time>
            <span class={`badge ${each.httpStatus === 200 ? 'good' : 'bad'}`}>
              {each.httpStatus ?? texts.drawer.noAnswer}
            </span>
            <span>{Math.round(each.durationMs)} ms</span>
            <small>{each.error}</small>
          </li>
        ))}
      </ol>
      {webhook.dueAt === undefined ? null : (
        <p class="hint">
          {texts.drawer.nextTry} {exactTime(webhook.dueAt)}
        </p>
      )}
      <Code text={prettyText(webhook.body)} label={texts.drawer.webhooksOut} />
      <button type="button" class="secondary" onClick={() => void attempt(() => call('POST', path))}>
        {texts.drawer.redeliver}
      </button>
      <Curl method="POST" path={path} />
    </details>
  );
}

/** What a webhook tells, in a few words. */
function whatOf(body: string): string {
  const value = parseValue(body);
  const status = at(value, 'statuses', 0);
  const message = at(value, 'messages', 0);
  if (status !== undefined) return `status ${textAt(status, 'type') || textAt(status, 'status')}`;
  return message === undefined ? textAt(parseChange(body), 'field') : `message ${textAt(message, 'type')}`;
}

/** The user whom a webhook is about. */
function Who({ body }: { body: string }) {
  const value = parseValue(body);
  const number = textAt(value, 'statuses', 0, 'recipient_id') || textAt(value, 'messages', 0, 'from');
  return number === '' ? null : <small>{formatNumber(number)}</small>;
}

function parseChange(body: string): unknown {
  try {
    return at(JSON.parse(body), 'entry', 0, 'changes', 0);
  } catch {
    return undefined;
  }
}

function parseValue(body: string): unknown {
  return at(parseChange(body), 'value');
}
