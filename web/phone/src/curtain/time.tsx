// Time: the sandbox's clock, the customer service window, and how messages get on.
import { useState } from 'preact/hooks';
import { call } from '../api/client.js';
import { useNow } from '../parts/hooks.js';
import { Choice, Field } from '../parts/parts.js';
import { exactTime, span } from '../pure/times.js';
import { chatKey, type Progress } from '../state/model.js';
import { page } from '../state/phones.js';
import { sandbox } from '../state/sandbox.js';
import { useStore } from '../state/store.js';
import { attempt } from '../state/toasts.js';
import { texts } from '../texts.js';
import { Curl, pointedAt, Section } from './parts.js';

const HOUR = 3600;
const STEPS = [
  ['+1 h', HOUR],
  ['+24 h', 24 * HOUR],
  ['+30 d', 720 * HOUR],
] as const;
/** Less than this is the way of the answer. */
const IN_STEP_MS = 2000;
const DELAYS = ['sentMs', 'deliveredMs', 'readMs'] as const;
const FULL_WINDOW_MS = 24 * HOUR * 1000;

/** Clock, window and progress. */
export function TimeTab() {
  return (
    <>
      <Clock />
      <Window />
      <ProgressForm />
    </>
  );
}

function Clock() {
  const now = useNow();
  const offsetMs = useStore(sandbox, (state) => state.offsetMs);
  const [pointed, setPointed] = useState<number>(HOUR);
  return (
    <Section title={texts.drawer.clock} hint={texts.drawer.clockHint}>
      <p class="big-clock">
        <time>{exactTime(now)}</time>
        <small>
          {new Date(now).toDateString()},{' '}
          {offsetMs < IN_STEP_MS ? texts.drawer.inStep : texts.drawer.ahead(span(offsetMs))}
        </small>
      </p>
      <div class="button-row">
        {STEPS.map(([text, advanceSeconds]) => (
          <button
            key={text}
            type="button"
            class="secondary"
            {...pointedAt(() => setPointed(advanceSeconds))}
            onClick={() => void attempt(() => call('POST', '/clock', { advanceSeconds }))}
          >
            {text}
          </button>
        ))}
      </div>
      <Curl method="POST" path="/clock" body={{ advanceSeconds: pointed }} />
    </Section>
  );
}

/** The window of the chat that the active phone has open, or of each of its chats. */
function Window() {
  const mode = useStore(sandbox, (state) => state.window);
  const businesses = useStore(sandbox, (state) => state.businesses);
  const user = useStore(page, (state) => state.phones.find(({ id }) => id === state.active)?.user ?? '');
  const change = (next: 'enforced' | 'open') => void attempt(() => call('PUT', '/window', { mode: next }));
  return (
    <Section title={texts.drawer.window}>
      <Choice
        label={texts.drawer.window}
        value={mode === 'open' ? 'open' : 'enforced'}
        options={[
          ['enforced', texts.drawer.enforced],
          ['open', texts.drawer.alwaysOpen],
        ]}
        change={change}
      />
      {mode === 'open' ? (
        <p class="hint">{texts.drawer.windowAlways}</p>
      ) : (
        <ul class="windows">
          {businesses.map(({ phoneNumberId, name }) => (
            <WindowLine key={phoneNumberId} name={name} chat={chatKey(phoneNumberId, user)} />
          ))}
        </ul>
      )}
      <Curl method="PUT" path="/window" body={{ mode: mode === 'open' ? 'enforced' : 'open' }} />
    </Section>
  );
}

function WindowLine({ name, chat }: { name: string; chat: string }) {
  const closesAt = useStore(sandbox, (state) => state.pairs.get(chat)?.windowClosesAt);
  const left = (closesAt ?? 0) - useNow();
  const text =
    closesAt === undefined
      ? texts.drawer.windowNone
      : left > 0
        ? `${texts.drawer.windowOpen} ${span(left)}`
        : texts.drawer.windowClosed;
  return (
    <li>
      <strong>{name}</strong>
      <small>{text}</small>
      <meter min={0} max={FULL_WINDOW_MS} value={Math.max(0, left)} aria-label={`${name}: ${text}`} />
    </li>
  );
}

function ProgressForm() {
  const progress = useStore(sandbox, (state) => state.progress);
  return <ProgressFields key={JSON.stringify(progress)} progress={progress} />;
}

function ProgressFields({ progress }: { progress: Progress }) {
  const [mode, setMode] = useState(progress.mode);
  const [delays, setDelays] = useState(() =>
    Object.fromEntries(DELAYS.map((name) => [name, progress[name] === null ? '' : String(progress[name])])),
  );
  const wanted = mode === 'timed' ? Object.fromEntries(DELAYS.map((name) => [name, numberOf(delays[name])])) : {};
  const never = mode === 'immediate' && delays.readMs === '' ? { readMs: null } : {};
  const body = { mode, ...wanted, ...never };
  return (
    <Section title={texts.drawer.progress} hint={texts.drawer.progressHint}>
      <Choice
        label={texts.drawer.progress}
        value={mode}
        options={[
          ['immediate', texts.drawer.modes.immediate],
          ['timed', texts.drawer.modes.timed],
          ['manual', texts.drawer.modes.manual],
        ]}
        change={setMode}
      />
      {mode === 'timed' ? (
        <div class="field-three">
          {DELAYS.map((name) => (
            <Field
              key={name}
              label={texts.drawer.after[name]}
              inputMode="numeric"
              placeholder={texts.drawer.never}
              value={delays[name] ?? ''}
              onInput={(event) => setDelays({ ...delays, [name]: event.currentTarget.value.replace(/\D/g, '') })}
            />
          ))}
        </div>
      ) : null}
      <button type="button" class="secondary" onClick={() => void attempt(() => call('PUT', '/progress', body))}>
        {texts.drawer.apply}
      </button>
      <Curl method="PUT" path="/progress" body={body} />
    </Section>
  );
}

function numberOf(text: string | undefined): number | null {
  return text === undefined || text === '' ? null : Number(text);
}
