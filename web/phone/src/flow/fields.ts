// The components of a screen that are shown now, and the inputs among them with their first and empty values.
import { flagOf, holds, resolve, type Scope, wordsOf } from './binding.js';
import { type Component, objectOf } from './document.js';
import { textOf } from './expression.js';

/** A component that is shown, and the Form around it. `key` is the same as long as it stays in its place. */
export interface Shown {
  key: string;
  component: Component;
  form: Component | undefined;
}

const NESTING_MAX = 12;

/** Values of inputs that nobody touched, by type of component; other components take no answer. */
const EMPTY: Readonly<Record<string, unknown>> = {
  TextInput: '',
  TextArea: '',
  DatePicker: '',
  CalendarPicker: '',
  RadioButtonsGroup: '',
  Dropdown: '',
  CheckboxGroup: [],
  ChipsSelector: [],
  PhotoPicker: [],
  DocumentPicker: [],
  OptIn: false,
};

/** What is shown, in its order: Form, If and Switch give way to what is inside them. */
export function shownIn(children: readonly Component[], scope: Scope): Shown[] {
  return flatten(children, scope, { path: '', form: undefined, depth: 0 }).filter(({ component }) =>
    flagOf(component, 'visible', scope, true),
  );
}

interface Where {
  path: string;
  form: Component | undefined;
  depth: number;
}

function flatten(children: readonly Component[], scope: Scope, where: Where): Shown[] {
  if (where.depth > NESTING_MAX) return [];
  return children.flatMap((component, index) => {
    const key = `${where.path}/${index}`;
    const inside = (list: unknown, step: string, form = where.form) =>
      flatten(listOf(list), scope, { path: `${key}${step}`, form, depth: where.depth + 1 });
    switch (component.type) {
      case 'Form':
        return inside(component.children, '', component);
      case 'If':
        return holds(component.condition, scope) ? inside(component.then, 't') : inside(component.else, 'e');
      case 'Switch': {
        const cases = objectOf(component.cases);
        const value = wordsOf(component, 'value', scope);
        const chosen = Object.hasOwn(cases, value) ? value : 'default';
        return inside(cases[chosen], chosen);
      }
      default:
        return [{ key, component, form: where.form }];
    }
  });
}

/** Every input of a screen, shown or not. */
function inputsIn(children: readonly Component[], form?: Component, depth = 0): Omit<Shown, 'key'>[] {
  if (depth > NESTING_MAX) return [];
  return children.flatMap((component) => {
    const branches = [component.then, component.else, ...Object.values(objectOf(component.cases))];
    const within = component.type === 'Form' ? component : form;
    const inner = [component.children, ...branches].flatMap((list) => inputsIn(listOf(list), within, depth + 1));
    return isInput(component) ? [{ component, form }, ...inner] : inner;
  });
}

/** Whether the component takes an answer. */
export function isInput(component: Component): boolean {
  return typeof component.name === 'string' && Object.hasOwn(EMPTY, String(component.type));
}

/** The answer of an input that nobody touched. */
function emptyOf({ type }: Component): unknown {
  return EMPTY[String(type)];
}

/** The first values that the JSON gives to inputs, of their Form or their own; by name. */
export function firstAnswers(children: readonly Component[], scope: Scope): Record<string, unknown> {
  const found: Record<string, unknown> = {};
  for (const { component, form } of inputsIn(children)) {
    const name = textOf(component.name);
    const values = objectOf(resolve(form?.['init-values'], scope));
    const value = values[name] ?? resolve(component['init-value'], scope);
    if (value !== undefined) found[name] = value;
  }
  return found;
}

/** The answers of all inputs, empty ones included; only of those in `only`, when given. */
export function formOf(children: readonly Component[], answers: Component, only?: readonly Shown[]): Component {
  const inputs = only === undefined ? inputsIn(children) : only.filter(({ component }) => isInput(component));
  return Object.fromEntries(
    inputs.map(({ component }) => {
      const name = textOf(component.name);
      return [name, answers[name] ?? emptyOf(component)];
    }),
  );
}

/** What the endpoint says is wrong with an input, of its Form or its own; empty when nothing is. */
export function saidError({ component, form }: Omit<Shown, 'key'>, scope: Scope): string {
  const messages = objectOf(resolve(form?.['error-messages'], scope));
  const own = resolve(component['error-message'], scope);
  return textOf(messages[textOf(component.name)]) || (typeof own === 'string' ? own : '');
}

function listOf(value: unknown): readonly Component[] {
  return Array.isArray(value) ? value.map(objectOf) : [];
}
