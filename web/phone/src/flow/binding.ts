// Bindings of Flow JSON: `${data.x}`, `${form.x}`, `${screen.S.form.x}`, and expressions between backticks.
import { at } from '../pure/json.js';
import type { Component } from './document.js';
import { evaluate, textOf } from './expression.js';

/** What bindings can name: of this screen, and of others that were visited. */
export interface Scope {
  data: Component;
  form: Component;
  screens: ReadonlyMap<string, { data: Component; form: Component }>;
}

const REFERENCE = /^\$\{([^${}]*)\}$/;
const EXPRESSION = /^`([\s\S]*)`$/;

/** The value with every binding inside it replaced. What a binding leads to is not looked at again. */
export function resolve(value: unknown, scope: Scope): unknown {
  if (typeof value === 'string') return resolveText(value, scope);
  if (Array.isArray(value)) return value.map((item) => resolve(item, scope));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, inner]) => {
      const found = resolve(inner, scope);
      return found === undefined ? [] : [[key, found]];
    }),
  );
}

function resolveText(text: string, scope: Scope): unknown {
  if (REFERENCE.test(text)) return lookUp(text, scope);
  const [, expression] = EXPRESSION.exec(text) ?? [];
  return expression === undefined ? text : evaluate(expression, (reference) => lookUp(reference, scope));
}

/** A property as text. */
export function wordsOf(component: Component, property: string, scope: Scope): string {
  const value = resolve(component[property], scope);
  return Array.isArray(value) ? value.map(textOf).join('\n') : textOf(value);
}

/** A property that is true or false; `byDefault` when it is absent. */
export function flagOf(component: Component, property: string, scope: Scope, byDefault = false): boolean {
  const value = resolve(component[property], scope);
  return typeof value === 'boolean' ? value : byDefault;
}

/** A property that is a number, or digits; undefined when it is neither. */
export function numberOf(component: Component, property: string, scope: Scope): number | undefined {
  const value = resolve(component[property], scope);
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  return typeof number === 'number' && Number.isFinite(number) ? number : undefined;
}

/** Whether a condition of If holds. */
export function holds(condition: unknown, scope: Scope): boolean {
  const text = textOf(condition);
  return evaluate(EXPRESSION.exec(text)?.[1] ?? text, (reference) => lookUp(reference, scope)) === true;
}

function lookUp(reference: string, scope: Scope): unknown {
  const [first = '', ...rest] = (REFERENCE.exec(reference)?.[1] ?? '').trim().split('.');
  if (first === 'data') return at(scope.data, ...rest);
  if (first === 'form') return at(scope.form, ...rest);
  const [screen = '', store, ...steps] = rest;
  const visited = scope.screens.get(screen);
  if (first !== 'screen' || visited === undefined) return undefined;
  return at(store === 'form' ? visited.form : visited.data, ...steps);
}
