// A flow that somebody has open: where they are, what they answered, and what an action does to it. Pure.
import { textAt } from '../pure/json.js';
import { resolve, type Scope } from './binding.js';
import { type Component, type FlowDocument, objectOf, type Screen } from './document.js';
import { textOf } from './expression.js';
import { firstAnswers, formOf, isInput, type Shown, saidError, shownIn } from './fields.js';
import { problemOf } from './validation.js';

/** A screen on the way to the present one. */
export interface Visit {
  screen: string;
  data: Component;
  answers: Component;
  /** Whether wrong answers are marked: after the first try to go on. */
  isChecked: boolean;
  /** Inputs that were changed since the endpoint last spoke: what it said of them no longer holds. */
  changed: readonly string[];
}

/** The whole of it. Times back lead through `visits`; what earlier screens held stays known. */
export interface Run {
  document: FlowDocument;
  visits: readonly Visit[];
  left: ReadonlyMap<string, { data: Component; form: Component }>;
}

/** What has to be done outside. */
export type Effect =
  | { kind: 'exchange'; action: 'INIT' | 'BACK' | 'data_exchange'; screen?: string; data?: Record<string, unknown> }
  | { kind: 'complete'; payload: Record<string, unknown> }
  | { kind: 'open'; url: string }
  | { kind: 'close' };

/** A run after something, and what it asks for. */
export interface Moved {
  run: Run;
  effect?: Effect;
}

/** An input and what is wrong with its answer. */
export interface Problem {
  name: string;
  text: string;
}

/** A flow at its first screen. */
export function begin(document: FlowDocument, screen: string, data: Component): Run {
  return enter({ document, visits: [], left: new Map() }, screen, data);
}

/** The present screen; undefined only for a screen that the flow does not have. */
export function presentScreen(run: Run): Screen | undefined {
  return run.document.screens.get(presentVisit(run).screen);
}

/** The present visit. */
export function presentVisit({ visits }: Run): Visit {
  return visits.at(-1) ?? { screen: '', data: {}, answers: {}, isChecked: false, changed: [] };
}

/** What bindings on the present screen can name. */
export function scopeOf(run: Run): Scope {
  const { data, answers } = presentVisit(run);
  const children = presentScreen(run)?.children ?? [];
  return { data, form: formOf(children, answers), screens: run.left };
}

/** What is shown on the present screen. */
export function shownOn(run: Run): Shown[] {
  return shownIn(presentScreen(run)?.children ?? [], scopeOf(run));
}

/** Answers an input. */
export function answer(run: Run, name: string, value: unknown): Run {
  const visit = presentVisit(run);
  return replace(run, {
    ...visit,
    answers: { ...visit.answers, [name]: value },
    changed: visit.changed.includes(name) ? visit.changed : [...visit.changed, name],
  });
}

/** What is wrong on the present screen, in its order. */
export function problemsOn(run: Run): Problem[] {
  const scope = scopeOf(run);
  return shownOn(run)
    .filter(({ component }) => isInput(component))
    .map(({ component }) => {
      const name = textOf(component.name);
      return { name, text: problemOf(component, scope.form[name], scope) };
    })
    .filter(({ text }) => text !== '');
}

/** What to show beside an input: what the endpoint said of it until it is changed, what is wrong once that was looked at. */
export function errorBeside(run: Run, shown: Shown): string {
  const visit = presentVisit(run);
  const name = textOf(shown.component.name);
  const scope = scopeOf(run);
  const said = visit.changed.includes(name) ? '' : saidError(shown, scope);
  return said !== '' || !visit.isChecked ? said : problemOf(shown.component, scope.form[name], scope);
}

/** Does what an action says. The footer's waits until everything is right. */
export function press(run: Run, action: unknown, isFooter = false): Moved {
  if (isFooter && problemsOn(run).length > 0) return { run: replace(run, { ...presentVisit(run), isChecked: true }) };
  const payload = payloadOf(run, action);
  const { screen } = presentVisit(run);
  switch (textAt(action, 'name')) {
    case 'navigate': {
      const next = textAt(action, 'next', 'name');
      return run.document.screens.has(next) ? { run: enter(run, next, payload) } : { run };
    }
    case 'complete':
      return { run, effect: { kind: 'complete', payload } };
    case 'data_exchange':
      return { run, effect: { kind: 'exchange', action: 'data_exchange', screen, data: payload } };
    case 'update_data':
      return { run: withData(run, payload) };
    case 'open_url':
      return { run, effect: { kind: 'open', url: textOf(resolve(objectOf(action).url, scopeOf(run))) } };
    default:
      return { run };
  }
}

/** Goes where the endpoint leads: it may stay, go back to a screen on the way, or go on. */
export function arrive(run: Run, screen: string, data: Component): Run {
  if (presentVisit(run).screen === screen) return withData(run, data);
  const earlier = run.visits.findLastIndex((visit) => visit.screen === screen);
  if (earlier < 0) return enter(run, screen, data);
  return withData({ ...run, visits: run.visits.slice(0, earlier + 1), left: remembered(run) }, data);
}

/** One screen back; out of the flow from the first one. A screen that refreshes on back asks the endpoint where to go. */
export function goBack(run: Run): Moved {
  if (run.visits.length <= 1) return { run, effect: { kind: 'close' } };
  const screen = presentScreen(run);
  const asks = screen?.refreshesOnBack === true && run.document.hasEndpoint;
  if (asks) return { run, effect: { kind: 'exchange', action: 'BACK', screen: screen.id } };
  return { run: { ...run, visits: run.visits.slice(0, -1), left: remembered(run) } };
}

function payloadOf(run: Run, action: unknown): Record<string, unknown> {
  const scope = scopeOf(run);
  const children = presentScreen(run)?.children ?? [];
  const form = formOf(children, presentVisit(run).answers, shownOn(run));
  return { ...objectOf(resolve(objectOf(action).payload, { ...scope, form })) };
}

function enter(run: Run, screen: string, data: Component): Run {
  const left = remembered(run);
  const children = run.document.screens.get(screen)?.children ?? [];
  const answers = firstAnswers(children, { data, form: {}, screens: left });
  const visit: Visit = { screen, data, answers, isChecked: false, changed: [] };
  return { ...run, left, visits: [...run.visits, visit] };
}

/** New data on the present screen; inputs whose first value it changes get that. */
function withData(run: Run, data: Component): Run {
  const visit = presentVisit(run);
  const children = presentScreen(run)?.children ?? [];
  const merged = { ...visit.data, ...data };
  const before = firstAnswers(children, { ...scopeOf(run), data: visit.data });
  const after = Object.entries(firstAnswers(children, { ...scopeOf(run), data: merged }));
  const fresh = after.filter(([name, value]) => JSON.stringify(value) !== JSON.stringify(before[name]));
  const answers = { ...visit.answers, ...Object.fromEntries(fresh) };
  return replace(run, { ...visit, data: merged, answers, changed: [] });
}

/** What screens held, with the present one. */
function remembered(run: Run): Run['left'] {
  const { screen, data } = presentVisit(run);
  return screen === '' ? run.left : new Map(run.left).set(screen, { data, form: scopeOf(run).form });
}

function replace(run: Run, visit: Visit): Run {
  return { ...run, visits: [...run.visits.slice(0, -1), visit] };
}
