// Inputs of flows in which somebody chooses: checkboxes, radio buttons, chips, a dropdown; and lists that lead on.
import { flagOf, numberOf, resolve, wordsOf } from '../flow/binding.js';
import { type Component, objectOf } from '../flow/document.js';
import { textOf } from '../flow/expression.js';
import { pictureUrl } from '../flow/pictures.js';
import { Icon } from '../parts/icons.js';
import { at, listAt, textAt } from '../pure/json.js';
import { texts } from '../texts.js';
import { Below, Group, labelOf } from './field.js';
import type { Part } from './part.js';

/** The options, bindings in them replaced, but not in their actions: those wait until they are done. */
function optionsOf({ component, scope }: Part, property = 'data-source'): Component[] {
  const source = component[property];
  if (!Array.isArray(source)) return listAt(resolve(source, scope)).map(objectOf);
  return source.map((option) => ({ ...objectOf(resolve(option, scope)), ...actionsOf(option) }));
}

function actionsOf(option: unknown): Component {
  return Object.fromEntries(Object.entries(objectOf(option)).filter(([key]) => key.endsWith('-action')));
}

function isOff({ component, scope }: Part, option: Component): boolean {
  return !flagOf(component, 'enabled', scope, true) || option.enabled === false;
}

/** Tells of a choice: the option's own action, and the component's. */
function tell(part: Part, option: Component | undefined, isOn: boolean): void {
  const name = isOn ? 'on-select-action' : 'on-unselect-action';
  const actions = [option?.[name], part.component[name] ?? (isOn ? undefined : part.component['on-select-action'])];
  for (const action of actions) if (action !== undefined) part.act(action);
}

function chosenIn(value: unknown): string[] {
  return Array.isArray(value) ? value.map(textOf) : [];
}

/** CheckboxGroup. */
export function CheckboxGroup(part: Part) {
  return (
    <Group part={part}>
      {optionsOf(part).map((option) => (
        <OptionRow key={textAt(option, 'id')} part={part} option={option} isMany />
      ))}
    </Group>
  );
}

/** RadioButtonsGroup. */
export function RadioButtonsGroup(part: Part) {
  return (
    <Group part={part}>
      {optionsOf(part).map((option) => (
        <OptionRow key={textAt(option, 'id')} part={part} option={option} isMany={false} />
      ))}
    </Group>
  );
}

function OptionRow({ part, option, isMany }: { part: Part; option: Component; isMany: boolean }) {
  const id = textAt(option, 'id');
  const chosen = chosenIn(part.value);
  const isOn = isMany ? chosen.includes(id) : part.value === id;
  const isFull = isMany && !isOn && chosen.length >= (numberOf(part.component, 'max-selected-items', part.scope) ?? 99);
  const choose = (on: boolean) => {
    part.change(isMany ? toggled(chosen, id, on) : id);
    tell(part, option, on);
  };
  const common = {
    id: `${part.id}-o-${id}`,
    checked: isOn,
    disabled: isFull || isOff(part, option),
    'aria-invalid': part.error !== '',
  } as const;
  return (
    <label for={common.id} class={`flow-option${common.disabled ? ' flow-off' : ''}`}>
      <OptionPicture option={option} size={textOf(part.component['media-size'])} />
      <span class="flow-option-text">
        <span>{textAt(option, 'title')}</span>
        {textAt(option, 'description') === '' ? null : <small>{textAt(option, 'description')}</small>}
      </span>
      {textAt(option, 'metadata') === '' ? null : <small>{textAt(option, 'metadata')}</small>}
      {isMany ? (
        <input {...common} type="checkbox" onChange={(event) => choose(event.currentTarget.checked)} />
      ) : (
        <input {...common} type="radio" name={part.id} onChange={() => choose(true)} />
      )}
    </label>
  );
}

function OptionPicture({ option, size }: { option: Component; size: string }) {
  const url = pictureUrl(textAt(option, 'image'));
  const color = textAt(option, 'color').replace(/^#?/, '#');
  if (url !== '') return <img class={`flow-thumb flow-thumb-${size}`} src={url} alt={textAt(option, 'alt-text')} />;
  return /^#[0-9a-f]{6}$/i.test(color) ? <i class="flow-swatch" style={`background:${color}`} /> : null;
}

function toggled(chosen: readonly string[], id: string, isOn: boolean): string[] {
  return isOn ? [...chosen.filter((each) => each !== id), id] : chosen.filter((each) => each !== id);
}

/** ChipsSelector. */
export function ChipsSelector(part: Part) {
  const chosen = chosenIn(part.value);
  return (
    <Group part={part}>
      <div class="flow-chips">
        {optionsOf(part).map((option) => {
          const id = textAt(option, 'id');
          const isOn = chosen.includes(id);
          const isFull = !isOn && chosen.length >= (numberOf(part.component, 'max-selected-items', part.scope) ?? 99);
          return (
            <button
              key={id}
              type="button"
              class="flow-chip"
              aria-pressed={isOn}
              disabled={isFull || isOff(part, option)}
              onClick={() => {
                part.change(toggled(chosen, id, !isOn));
                tell(part, option, !isOn);
              }}
            >
              {textAt(option, 'title')}
            </button>
          );
        })}
      </div>
    </Group>
  );
}

/** Dropdown. */
export function Dropdown(part: Part) {
  const { component, scope, id, value, error } = part;
  const options = optionsOf(part);
  return (
    <div class={`flow-field${error === '' ? '' : ' flow-wrong'}`}>
      <label for={id}>{labelOf(part)}</label>
      <select
        id={id}
        value={textOf(value)}
        disabled={!flagOf(component, 'enabled', scope, true)}
        aria-invalid={error !== ''}
        aria-describedby={`${id}-below`}
        aria-required={flagOf(component, 'required', scope)}
        onChange={(event) => {
          const chosen = event.currentTarget.value;
          const before = options.find((option) => textAt(option, 'id') === textOf(value));
          part.change(chosen);
          if (before !== undefined) part.act(before['on-unselect-action']);
          const now = options.find((option) => textAt(option, 'id') === chosen);
          tell(part, now, now !== undefined);
        }}
      >
        <option value="">{texts.flow.choose}</option>
        {options.map((option) => (
          <option key={textAt(option, 'id')} value={textAt(option, 'id')} disabled={option.enabled === false}>
            {textAt(option, 'title')}
          </option>
        ))}
      </select>
      <Below part={part} hint="" />
    </div>
  );
}

/** NavigationList: each row leads on. */
export function NavigationList(part: Part) {
  const { component, scope } = part;
  const label = wordsOf(component, 'label', scope);
  const description = wordsOf(component, 'description', scope);
  const isLarge = component['media-size'] === 'large';
  return (
    <nav class="flow-nav" aria-label={label === '' ? wordsOf(component, 'name', scope) : label}>
      {label === '' ? null : <h4 class="flow-subheading">{label}</h4>}
      {description === '' ? null : <p class="flow-hint">{description}</p>}
      {optionsOf(part, 'list-items').map((item) => (
        <button
          key={textAt(item, 'id')}
          type="button"
          class="flow-nav-row"
          onClick={() => part.act(item['on-click-action'] ?? component['on-click-action'])}
        >
          <OptionPicture option={objectOf(at(item, 'start'))} size={isLarge ? 'large' : 'regular'} />
          <Captions value={at(item, 'main-content')} item={item} />
          <Captions value={at(item, 'end')} />
          <Icon name="chevron" size={16} />
        </button>
      ))}
    </nav>
  );
}

function Captions({ value, item }: { value: unknown; item?: Component }) {
  if (value === undefined) return null;
  const tags = listAt(item, 'tags').map(textOf);
  const badge = textAt(item, 'badge');
  return (
    <span class={item === undefined ? 'flow-nav-end' : 'flow-nav-main'}>
      {badge === '' ? null : <b class="badge good">{badge}</b>}
      <strong>{textAt(value, 'title')}</strong>
      {['description', 'metadata'].map((name) =>
        textAt(value, name) === '' ? null : <small key={name}>{textAt(value, name)}</small>,
      )}
      {tags.length === 0 ? null : <small>{tags.join(' · ')}</small>}
    </span>
  );
}
