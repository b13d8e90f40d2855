// A flow in a phone of its own: run with the examples of its data model, its end shown instead of sent.
import { useEffect, useMemo, useState } from 'preact/hooks';
import { exampleData, readFlow } from '../flow/document.js';
import { textAt } from '../pure/json.js';
import { texts } from '../texts.js';
import { FlowScreen } from './flow-screen.js';
import { type FlowSource, type Opening, readOpening, readOutcome } from './source.js';

const TIMEOUT_MS = 130_000;

/** The page. The link may say `flow_action=data_exchange`, `flow_token` and `screen`. */
export function Preview() {
  const [opening, setOpening] = useState<Opening>();
  const [isGone, setGone] = useState(false);
  const [response, setResponse] = useState<unknown>();
  const [round, setRound] = useState(0);
  const source = useMemo(() => previewSource(), []);
  useEffect(() => {
    load().then(
      (found) => (found === undefined ? setGone(true) : setOpening(found)),
      () => setGone(true),
    );
  }, [round]);
  const again = () => {
    setResponse(undefined);
    setOpening(undefined);
    setRound(round + 1);
  };
  return (
    <div class="page">
      <header class="bar">
        <span class="brand">
          <span class="brand-mark" aria-hidden="true">
            <i />
            <i />
            <i />
          </span>
          <h1>
            {texts.product} <small>{texts.tagline}</small>
          </h1>
        </span>
      </header>
      <main class="stage">
        <div class="phone-column">
          <section class="phone" aria-label={opening?.name ?? texts.flow.loading}>
            <div class="status-bar" aria-hidden="true" />
            <div class="phone-screen">
              {isGone ? <p class="flow-waiting">{texts.flow.gone}</p> : null}
              {opening === undefined || response !== undefined ? null : (
                <FlowScreen
                  key={round}
                  opening={opening}
                  source={source}
                  businessName={texts.product}
                  note={texts.flow.preview}
                  close={again}
                  finish={setResponse}
                />
              )}
              {response === undefined ? null : <End response={response} again={again} />}
            </div>
          </section>
        </div>
      </main>
    </div>
  );
}

function End({ response, again }: { response: unknown; again(): void }) {
  return (
    <div class="flow-trouble flow-end">
      <h2>{texts.flow.done}</h2>
      <p class="hint">{texts.flow.doneHint}</p>
      <pre class="mono">{JSON.stringify(response, null, 2)}</pre>
      <button type="button" class="primary" onClick={again}>
        {texts.flow.again}
      </button>
    </div>
  );
}

async function load(): Promise<Opening | undefined> {
  const found = readOpening(await ask('GET', '/flow'));
  if (found === undefined) return undefined;
  document.title = found.name;
  const given = new URLSearchParams(location.search);
  const flow = readFlow(found.json);
  const screen = flow?.screens.get(given.get('screen') ?? flow.entries[0] ?? '');
  const asks = given.get('flow_action') === 'data_exchange';
  return {
    ...found,
    action: asks ? 'data_exchange' : 'navigate',
    screen: screen?.id ?? '',
    data: screen === undefined ? {} : exampleData(screen),
  };
}

function previewSource(): FlowSource {
  const flowToken = new URLSearchParams(location.search).get('flow_token');
  return {
    exchange: async (step) =>
      readOutcome(await ask('POST', '/exchange', { ...step, ...(flowToken === null ? {} : { flowToken }) })),
    complete: async () => {},
    // Files stay in the browser: there is no chat that they could belong to.
    upload: async (file) => ({ id: file.name, file_name: file.name, mime_type: file.type, sha256: '' }),
  };
}

async function ask(method: 'GET' | 'POST', tail: string, body?: unknown): Promise<unknown> {
  const key = new URLSearchParams(location.search).get('key') ?? '';
  const response = await fetch(`${location.pathname}${tail}?key=${encodeURIComponent(key)}`, {
    method,
    ...(body === undefined ? {} : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  const answer: unknown = await response.json();
  if (!response.ok) throw new Error(textAt(answer, 'error', 'message') || `HTTP ${response.status}`);
  return answer;
}
