// Parts of the drawer: sections, code with a button to copy it, calls as curl.
import type { ComponentChildren } from 'preact';
import { curlOf } from '../api/client.js';
import { copyText } from '../parts/hooks.js';
import { IconButton } from '../parts/parts.js';
import { texts } from '../texts.js';

/** A part of a tab with its heading. */
export function Section({ title, hint, children }: { title: string; hint?: string; children: ComponentChildren }) {
  return (
    <section class="drawer-section">
      <h3>{title}</h3>
      {hint === undefined ? null : <p class="hint">{hint}</p>}
      {children}
    </section>
  );
}

/** A text of many lines with a button that copies it. */
export function Code({ text, label }: { text: string; label: string }) {
  return (
    <div class="code">
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard. */}
      <pre tabIndex={0}>{text}</pre>
      <IconButton icon="copy" size={16} label={`${texts.copy}: ${label}`} onClick={() => void copyText(text)} />
    </div>
  );
}

/** The call that a button makes, as a line that can be copied; `file` names one that is the body. */
export function Curl({ method, path, body, file }: { method: string; path: string; body?: unknown; file?: string }) {
  return <CurlLine curl={curlOf(method, path, body, file)} />;
}

/** A curl command that can be copied. */
export function CurlLine({ curl }: { curl: string }) {
  return (
    <button type="button" class="curl" title={texts.drawer.copyCurl} onClick={() => void copyText(curl)}>
      <span class="hidden">{texts.drawer.copyThis}</span>
      <code>{curl}</code>
    </button>
  );
}

/** Handlers of a button among several, of which the one that is pointed at or has the focus shows its call. */
export function pointedAt(show: () => void): { onPointerEnter(): void; onFocus(): void } {
  return { onPointerEnter: show, onFocus: show };
}

/** JSON for people. */
export function pretty(value: unknown): string {
  return JSON.stringify(value, null, 2) ?? '';
}

/** JSON text for people; as it is when it is none. */
export function prettyText(text: string): string {
  try {
    return pretty(JSON.parse(text));
  } catch {
    return text;
  }
}
