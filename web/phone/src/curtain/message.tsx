// A message from behind: the request that made it, what happened to it, and its webhooks.
import { useEffect, useState } from 'preact/hooks';
import { moveOn, webhooksOf } from '../api/actions.js';
import { graphCurlOf } from '../api/client.js';
import { Empty } from '../parts/parts.js';
import { listAt } from '../pure/json.js';
import { exactTime } from '../pure/times.js';
import { furthest, type Message, readWebhook, type Webhook } from '../state/model.js';
import { page } from '../state/phones.js';
import { sandbox } from '../state/sandbox.js';
import { useStore } from '../state/store.js';
import { attempt } from '../state/toasts.js';
import { texts } from '../texts.js';
import { Code, Curl, CurlLine, pointedAt, pretty, Section } from './parts.js';
import { WebhookCard } from './webhooks.js';

const MOVES = ['sent', 'delivered', 'read'] as const;

/** The message that was asked for. */
export function MessageTab() {
  const wamid = useStore(page, (state) => state.inspected);
  const message = useMessage(wamid);
  if (message === undefined)
    return <Empty icon="message" title={texts.drawer.noMessage} hint={texts.drawer.noMessageHint} />;
  return (
    <>
      <Origin message={message} />
      <Timeline message={message} />
      {message.direction === 'out' && message.type !== 'sms' ? <Moves message={message} /> : null}
      <Webhooks message={message} />
    </>
  );
}

/** The message, from a loaded thread while it is in one: so that it follows what happens. */
function useMessage(wamid: string | null): Message | undefined {
  return useStore(sandbox, (state) => {
    for (const { messages } of state.threads.values()) {
      const found = messages.find(({ id }) => id === wamid);
      if (found !== undefined) return found;
    }
    return [...state.chats.values()].find(({ last }) => last?.id === wamid)?.last ?? undefined;
  });
}

function Origin({ message }: { message: Message }) {
  if (message.direction === 'in') {
    return (
      <Section title={texts.drawer.fragment}>
        <Code text={pretty(message.payload)} label={texts.drawer.fragment} />
        <Curl method="POST" path={`/users/${message.user}/messages`} body={message.payload} />
      </Section>
    );
  }
  const path = `/v${message.graphMajor || 25}.0/${message.phoneNumberId}/messages`;
  return (
    <Section title={texts.drawer.request}>
      <p class="request-line">
        <span class="badge">POST</span> <code>{path}</code>
      </p>
      <Code text={pretty(message.payload)} label={texts.drawer.request} />
      <p class="hint mono">{message.id}</p>
      {message.type === 'sms' ? null : <CurlLine curl={graphCurlOf(path, message.payload)} />}
    </Section>
  );
}

function Timeline({ message }: { message: Message }) {
  const steps = [{ status: 'accepted', at: message.acceptedAt }, ...message.statuses];
  return (
    <Section title={texts.drawer.timeline}>
      <ol class="timeline">
        {steps.map(({ status, at }) => (
          <li key={status} class={`step-${status}`}>
            <strong>{status}</strong>
            <time>{exactTime(at)}</time>
          </li>
        ))}
      </ol>
      {message.failure === null ? null : (
        <p class="failure-line">
          <b>{message.failure.code}</b> {message.failure.details || message.failure.title}
        </p>
      )}
    </Section>
  );
}

function Moves({ message }: { message: Message }) {
  const [code, setCode] = useState('131026');
  const state = furthest(message);
  const has = (status: string) => message.statuses.some((each) => each.status === status);
  const [pointed, setPointed] = useState<string>('delivered');
  const bodyOf = (status: string) => (status === 'failed' ? { status, code: Number(code) } : { status });
  const move = (body: Record<string, unknown>) => () => void attempt(() => moveOn(message.id, body));
  return (
    <Section title={texts.drawer.moveOn}>
      <div class="button-row">
        {MOVES.map((status) => (
          <button
            key={status}
            type="button"
            class="secondary"
            disabled={state === 'failed' || has(status)}
            {...pointedAt(() => setPointed(status))}
            onClick={move(bodyOf(status))}
          >
            {status}
          </button>
        ))}
      </div>
      <form
        class="button-row"
        onSubmit={(event) => {
          event.preventDefault();
          move(bodyOf('failed'))();
        }}
      >
        <input
          inputMode="numeric"
          pattern="\d+"
          aria-label={texts.drawer.failWith}
          value={code}
          onFocus={() => setPointed('failed')}
          onInput={(event) => setCode(event.currentTarget.value)}
        />
        <button
          type="submit"
          class="secondary danger"
          disabled={state === 'failed' || has('delivered') || !/^\d+$/.test(code)}
          {...pointedAt(() => setPointed('failed'))}
        >
          {texts.drawer.fail}
        </button>
      </form>
      <Curl method="POST" path={`/messages/${encodeURIComponent(message.id)}/status`} body={bodyOf(pointed)} />
    </Section>
  );
}

/** The webhooks of the message: loaded once, and again with each that the stream tells of. */
function Webhooks({ message }: { message: Message }) {
  const [found, setFound] = useState<readonly Webhook[]>([]);
  const changes = useStore(sandbox, (state) => state.webhooks.filter(({ body }) => body.includes(message.id)).length);
  useEffect(() => {
    let isGone = false;
    void webhooksOf(message.id).then(
      (answer) => isGone || setFound(listAt(answer, 'webhooks').map(readWebhook)),
      () => {},
    );
    return () => {
      isGone = true;
    };
  }, [message.id, changes]);
  const live = useStore(sandbox, (state) => state.webhooks);
  const shown = found.map((webhook) => live.find(({ id }) => id === webhook.id) ?? webhook);
  return (
    <Section title={texts.drawer.webhooksOut}>
      {shown.length === 0 ? (
        <p class="hint">{texts.drawer.noWebhooks}</p>
      ) : (
        shown.map((webhook) => <WebhookCard key={webhook.id} webhook={webhook} />)
      )}
    </Section>
  );
}
