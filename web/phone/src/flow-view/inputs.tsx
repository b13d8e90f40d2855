// Inputs of flows into which somebody writes, and the opt-in.
import { useState } from 'preact/hooks';
import { flagOf, wordsOf } from '../flow/binding.js';
import { textOf } from '../flow/expression.js';
import { areaLength, inputLength } from '../flow/validation.js';
import { texts } from '../texts.js';
import { Below, labelOf } from './field.js';
import type { Part } from './part.js';

const MODES = { number: 'decimal', email: 'email', phone: 'tel', passcode: 'numeric' } as const;

/** TextInput. */
export function TextInput(part: Part) {
  const { component, scope, id, value, error } = part;
  const [isShown, setShown] = useState(false);
  const kind = wordsOf(component, 'input-type', scope);
  const isSecret = kind === 'password' || kind === 'passcode';
  const mode = Object.entries(MODES).find(([name]) => name === kind)?.[1] ?? 'text';
  const common = {
    id,
    inputMode: mode,
    value: textOf(value),
    autocomplete: 'off',
    maxLength: inputLength(component, scope),
    'aria-invalid': error !== '',
    'aria-describedby': `${id}-below`,
    'aria-required': flagOf(component, 'required', scope),
    onInput: (event: { currentTarget: HTMLInputElement }) => part.change(event.currentTarget.value),
  } as const;
  return (
    <div class={`flow-field${error === '' ? '' : ' flow-wrong'}`}>
      <label for={id} class={component['label-variant'] === 'large' ? 'flow-label-large' : ''}>
        {labelOf(part)}
      </label>
      <div class="flow-box">
        {isSecret && !isShown ? <input {...common} type="password" /> : <input {...common} type="text" />}
        {isSecret ? (
          <button type="button" class="flow-link" aria-pressed={isShown} onClick={() => setShown(!isShown)}>
            {isShown ? texts.flow.hide : texts.flow.show}
          </button>
        ) : null}
      </div>
      <Below part={part} hint={wordsOf(component, 'helper-text', scope)} />
    </div>
  );
}

/** TextArea. */
export function TextArea(part: Part) {
  const { component, scope, id, value, error } = part;
  const text = textOf(value);
  const most = areaLength(component, scope);
  return (
    <div class={`flow-field${error === '' ? '' : ' flow-wrong'}`}>
      <label for={id} class={component['label-variant'] === 'large' ? 'flow-label-large' : ''}>
        {labelOf(part)}
      </label>
      <textarea
        id={id}
        rows={4}
        value={text}
        maxLength={most}
        disabled={!flagOf(component, 'enabled', scope, true)}
        aria-invalid={error !== ''}
        aria-describedby={`${id}-below`}
        aria-required={flagOf(component, 'required', scope)}
        onInput={(event) => part.change(event.currentTarget.value)}
      />
      <Below
        part={part}
        hint={wordsOf(component, 'helper-text', scope)}
        count={texts.flow.characters([...text].length, most)}
      />
    </div>
  );
}

/** OptIn: a box to tick, with a link to what is agreed to. */
export function OptIn(part: Part) {
  const { component, scope, id, value, error } = part;
  const action = component['on-click-action'];
  const label = wordsOf(component, 'label', scope);
  return (
    <div class={`flow-field${error === '' ? '' : ' flow-wrong'}`}>
      <div class="flow-optin">
        <input
          id={id}
          type="checkbox"
          checked={value === true}
          aria-invalid={error !== ''}
          aria-describedby={`${id}-below`}
          onChange={(event) => {
            const isOn = event.currentTarget.checked;
            part.change(isOn);
            part.act(component[isOn ? 'on-select-action' : 'on-unselect-action']);
          }}
        />
        <label for={id}>{flagOf(component, 'required', scope) ? label : `${label} (${texts.flow.optional})`}</label>
        {action === undefined ? null : (
          <button type="button" class="flow-link" aria-describedby={id} onClick={() => part.act(action)}>
            {texts.flow.readMore}
          </button>
        )}
      </div>
      <Below part={part} hint="" />
    </div>
  );
}
