// What inputs of flows have in common: a label, a hint, and what is wrong.
import type { ComponentChildren } from 'preact';
import { flagOf, wordsOf } from '../flow/binding.js';
import { texts } from '../texts.js';
import type { Part } from './part.js';

/** A label's text; optional inputs say so, as WhatsApp's do. */
export function labelOf({ component, scope }: Part): string {
  const label = wordsOf(component, 'label', scope);
  const isRequired = flagOf(component, 'required', scope);
  return isRequired || label === '' ? label : `${label} (${texts.flow.optional})`;
}

/** The hint under an input, or what is wrong with it. */
export function Below({ part, hint, count = '' }: { part: Part; hint: string; count?: string }) {
  const { id, error } = part;
  return (
    <div class="flow-below">
      <span
        id={`${id}-below`}
        class={error === '' ? 'flow-hint' : 'flow-error'}
        role={error === '' ? undefined : 'alert'}
      >
        {error === '' ? hint : error}
      </span>
      {count === '' ? null : <span class="flow-hint">{count}</span>}
    </div>
  );
}

/** A group of inputs with one name. */
export function Group({ part, children }: { part: Part; children: ComponentChildren }) {
  const { component, scope, id, error } = part;
  const description = wordsOf(component, 'description', scope);
  return (
    <fieldset class={`flow-group${error === '' ? '' : ' flow-wrong'}`} aria-describedby={`${id}-below`}>
      <legend>{labelOf(part) || wordsOf(component, 'name', scope)}</legend>
      {description === '' ? null : <p class="flow-hint">{description}</p>}
      {children}
      <Below part={part} hint="" />
    </fieldset>
  );
}
