// Small parts that many screens use: avatars, buttons with an icon, bottom sheets, empty states, switches.
import type { ButtonHTMLAttributes, ComponentChildren, PartialInputHTMLAttributes } from 'preact';
import { useEffect, useId, useRef } from 'preact/hooks';
import { hueOf } from '../pure/numbers.js';
import { texts } from '../texts.js';
import { Icon, type IconName } from './icons.js';

/** A coloured disc with the initials of a name. */
export function Avatar({
  name,
  seed,
  size = 44,
  isBusiness = false,
}: {
  name: string;
  seed: string;
  size?: number;
  isBusiness?: boolean;
}) {
  const words = name.split(/\s+/).filter((word) => /[\p{L}\p{N}]/u.test(word));
  const letters = [words[0], words.length > 1 ? words.at(-1) : undefined].map((word) => [...(word ?? '')][0] ?? '');
  const style = `width:${size}px;height:${size}px;font-size:${size * 0.38}px;--hue:${hueOf(seed)}`;
  return (
    <span class={`avatar${isBusiness ? ' avatar-business' : ''}`} style={style} aria-hidden="true">
      {letters.join('').toUpperCase() || '?'}
    </span>
  );
}

/** A button that is an icon; `label` is its name. */
export function IconButton({
  icon,
  label,
  size,
  ...rest
}: { icon: IconName; label: string; size?: number } & ButtonHTMLAttributes<HTMLButtonElement>) {
  return (
    <button type="button" {...rest} class={`icon-button ${rest.class ?? ''}`} aria-label={label} title={label}>
      <Icon name={icon} {...(size === undefined ? {} : { size })} />
    </button>
  );
}

/** A sheet that slides in from the foot of the phone it stands in; it has the focus until it is closed. */
export function Sheet({
  title,
  close,
  children,
  foot,
}: {
  title: string;
  close(): void;
  children: ComponentChildren;
  foot?: ComponentChildren;
}) {
  const box = useRef<HTMLDivElement>(null);
  const id = useId();
  useEffect(() => {
    const before = document.activeElement;
    const first = box.current?.querySelector<HTMLElement>('[data-autofocus]') ?? box.current;
    first?.focus({ preventScroll: true });
    return () => {
      if (before instanceof HTMLElement && before.isConnected) before.focus({ preventScroll: true });
    };
  }, []);
  return (
    <div class="sheet-layer">
      <button type="button" class="sheet-shade" aria-label={texts.close} tabIndex={-1} onClick={close} />
      <div
        class="sheet"
        role="dialog"
        aria-modal="true"
        aria-labelledby={id}
        tabIndex={-1}
        ref={box}
        onKeyDown={(event) => holdFocus(event, box.current, close)}
      >
        <header class="sheet-head">
          <h2 id={id}>{title}</h2>
          <IconButton icon="close" label={texts.close} onClick={close} />
        </header>
        <div class="sheet-body">{children}</div>
        {foot === undefined ? null : <footer class="sheet-foot">{foot}</footer>}
      </div>
    </div>
  );
}

/** The button at the foot of a sheet that sends what was put together. */
export function SendButton({ isReady, send }: { isReady: boolean; send(): void }) {
  return (
    <button type="button" class="primary" disabled={!isReady} onClick={send}>
      {texts.send}
    </button>
  );
}

/** Escape closes; Tab stays within. */
export function holdFocus(event: KeyboardEvent, box: HTMLElement | null, close: () => void): void {
  if (event.key === 'Escape') {
    event.stopPropagation();
    close();
  }
  if (event.key !== 'Tab' || box === null) return;
  const stops = [...box.querySelectorAll<HTMLElement>('button:not([tabindex="-1"]), input, textarea, select, a[href]')];
  const edge = event.shiftKey ? stops[0] : stops.at(-1);
  if (document.activeElement !== edge && document.activeElement !== box) return;
  event.preventDefault();
  (event.shiftKey ? stops.at(-1) : stops[0])?.focus();
}

/** What a screen says when there is nothing to show. */
export function Empty({ icon, title, hint }: { icon: IconName; title: string; hint: string }) {
  return (
    <div class="empty">
      <span class="empty-icon">
        <Icon name={icon} size={30} />
      </span>
      <strong>{title}</strong>
      <p>{hint}</p>
    </div>
  );
}

/** A switch with its name and what it means. */
export function Switch({
  label,
  hint,
  on,
  change,
}: {
  label: string;
  hint?: string;
  on: boolean;
  change(on: boolean): void;
}) {
  const id = useId();
  return (
    <div class="switch-row">
      <label for={id}>
        <span>{label}</span>
        {hint === undefined ? null : <small>{hint}</small>}
      </label>
      <input
        id={id}
        type="checkbox"
        role="switch"
        class="switch"
        checked={on}
        aria-checked={on}
        onChange={(event) => change(event.currentTarget.checked)}
      />
    </div>
  );
}

/** One of a few, side by side. */
export function Choice<T extends string>({
  label,
  value,
  options,
  change,
}: {
  label: string;
  value: T;
  options: readonly (readonly [value: T, text: string])[];
  change(value: T): void;
}) {
  const name = useId();
  return (
    <fieldset class="choice">
      <legend>{label}</legend>
      <div>
        {options.map(([option, text]) => (
          <label key={option} class={option === value ? 'chosen' : ''}>
            <input type="radio" name={name} checked={option === value} onChange={() => change(option)} />
            {text}
          </label>
        ))}
      </div>
    </fieldset>
  );
}

type FieldProps = Omit<PartialInputHTMLAttributes<HTMLInputElement>, 'role' | 'type'> & {
  label: string;
  type?: 'text' | 'password';
  /** What is wrong with what it holds; empty for nothing. */
  wrong?: string;
};

/** An input with its name above it, and what is wrong with it below. */
export function Field({ label, type = 'text', wrong = '', ...rest }: FieldProps) {
  const id = useId();
  const props = wrong === '' ? rest : { ...rest, 'aria-invalid': true, 'aria-describedby': `${id}-wrong` };
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {type === 'text' ? <input {...props} type="text" id={id} /> : <input {...props} type="password" id={id} />}
      {wrong === '' ? null : (
        <small class="field-wrong" id={`${id}-wrong`}>
          {wrong}
        </small>
      )}
    </div>
  );
}
