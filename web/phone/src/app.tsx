// The page: a bar, the phones, and the drawer behind the curtain.
import { useEffect, useState } from 'preact/hooks';
import { keepToken, world } from './api/client.js';
import { Curtain } from './curtain/curtain.js';
import { useNow } from './parts/hooks.js';
import { Icon } from './parts/icons.js';
import { Field, IconButton } from './parts/parts.js';
import { Phone } from './phone/phone.js';
import { exactTime } from './pure/times.js';
import { addPhone, page } from './state/phones.js';
import { sandbox } from './state/sandbox.js';
import { useStore } from './state/store.js';
import { toasts } from './state/toasts.js';
import { texts } from './texts.js';

const THEMES = ['auto', 'light', 'dark'] as const;
const THEME_ICONS = { auto: 'half', light: 'sun', dark: 'moon' } as const;
const PHONES_MAX = 4;
/** Who the first phone is, when the sandbox knows nobody: the demo's user. */
const FIRST_USER = '441134960001';

/** The whole page. */
export function App() {
  const phones = useStore(page, (state) => state.phones);
  const isOpen = useStore(page, (state) => state.curtain);
  const theme = useStore(page, (state) => state.theme);
  const connection = useStore(sandbox, (state) => state.connection);
  useFirstPhone();
  useEffect(() => {
    document.documentElement.dataset.theme = theme;
  }, [theme]);
  return (
    <div class={`page${isOpen ? ' page-curtain' : ''}`}>
      <Bar />
      <main class="stage">
        {connection === 'refused' ? (
          <TokenForm />
        ) : (
          phones.map((phone) => <Phone key={phone.id} phone={phone} isAlone={phones.length === 1} />)
        )}
      </main>
      {isOpen ? <Curtain /> : null}
      <Toasts />
    </div>
  );
}

/** The first phone is somebody that was in touch with a business. */
function useFirstPhone(): void {
  const isReady = useStore(sandbox, (state) => state.connection === 'live');
  useEffect(() => {
    if (!isReady || page.get().phones.length > 0) return;
    const { pairs, users } = sandbox.get();
    addPhone([...pairs.values()][0]?.user ?? users.keys().next().value ?? FIRST_USER);
  }, [isReady]);
}

function Bar() {
  const connection = useStore(sandbox, (state) => state.connection);
  const { theme, curtain, phones } = useStore(page, (state) => state);
  const nextTheme = THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length] ?? 'auto';
  return (
    <header class="bar">
      <span class="brand">
        <span class="brand-mark" aria-hidden="true">
          <i />
          <i />
          <i />
        </span>
        <h1>
          {texts.product} <small>{world === '' ? texts.tagline : world}</small>
        </h1>
      </span>
      <span class={`connection connection-${connection}`} role="status">
        {texts.connection[connection]}
      </span>
      <SandboxClock />
      <span class="bar-space" />
      <IconButton
        icon="plus"
        label={texts.addPhone}
        class="bar-add"
        disabled={phones.length >= PHONES_MAX}
        onClick={() => addPhone(nextUser())}
      />
      <IconButton icon={THEME_ICONS[theme]} label={texts.theme[theme]} onClick={() => page.set({ theme: nextTheme })} />
      <button
        type="button"
        class="curtain-button"
        aria-label={texts.curtain}
        aria-expanded={curtain}
        onClick={() => page.set({ curtain: !curtain })}
      >
        <Icon name="curtain" size={18} />
        <span>{texts.curtain}</span>
      </button>
    </header>
  );
}

/** Somebody who is on no phone yet. */
function nextUser(): string {
  const taken = new Set(page.get().phones.map(({ user }) => user));
  const known = [...sandbox.get().users.keys()].find((number) => !taken.has(number));
  if (known !== undefined) return known;
  let number = Number(FIRST_USER);
  while (taken.has(String(number))) number += 1;
  return String(number);
}

function SandboxClock() {
  const now = useNow();
  return <time class="bar-clock">{exactTime(now)}</time>;
}

function TokenForm() {
  const [text, setText] = useState('');
  return (
    <form
      class="token-form"
      onSubmit={(event) => {
        event.preventDefault();
        keepToken(text.trim());
      }}
    >
      <h2>{texts.token.title}</h2>
      <p class="hint">{texts.token.hint}</p>
      <Field
        label={texts.token.label}
        type="password"
        autocomplete="off"
        value={text}
        onInput={(event) => setText(event.currentTarget.value)}
      />
      <button type="submit" class="primary" disabled={text.trim() === ''}>
        {texts.token.go}
      </button>
    </form>
  );
}

function Toasts() {
  const list = useStore(toasts, (state) => state.list);
  return (
    <div class="toasts" aria-live="polite">
      {list.map(({ id, text, kind }) => (
        <p key={id} class={`toast toast-${kind}`}>
          {text}
        </p>
      ))}
    </div>
  );
}
