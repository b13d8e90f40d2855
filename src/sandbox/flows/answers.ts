// Whether the answers of a script are such as the flow's screens can give (Meta 5; Flow JSON reference, Components).
import { field, listOf, readDocument } from './document.js';
import type { Flow } from './record.js';

const NESTING_MAX = 12;
const REFERENCE = /^\$\{(?:screen\.([^.}]+)\.)?form\.([^.}]+)\}$/;
const TOKEN = 'flow_token';

/** What is wrong with the answers, and with which of them; null when some `complete` action of the flow could have carried them. A flow with an endpoint may end with whatever that says, and one with errors in its JSON is not looked at. */
export function problemWith(flow: Flow, answers: Record<string, unknown>): { field: string; message: string } | null {
  const { screens, dataApiVersion } = readDocument(flow);
  if (flow.errors.length > 0 || dataApiVersion !== undefined) return null;
  const forms = new Map([...screens].map(([id, screen]) => [id, inputsIn(field(screen, 'layout'))]));
  const endings = [...screens].flatMap(([id, screen]) => completions(screen).map((payload) => ({ id, payload })));
  const problems = endings.map(({ id, payload }) => mismatch(id, payload, answers, forms));
  return problems.includes(null) ? null : (problems[0] ?? { field: 'answers', message: 'the flow has no end' });
}

type Inputs = ReadonlyMap<string, unknown>;

/** Components that take answers, by name. */
function inputsIn(value: unknown, depth = 0): Map<string, unknown> {
  const found = new Map<string, unknown>();
  if (depth > NESTING_MAX) return found;
  const name = field(value, 'name');
  if (typeof name === 'string' && typeof field(value, 'type') === 'string') found.set(name, value);
  for (const inner of innerOf(value)) for (const [key, input] of inputsIn(inner, depth + 1)) found.set(key, input);
  return found;
}

/** Payloads of `complete` actions anywhere inside. */
function completions(value: unknown, depth = 0): Record<string, unknown>[] {
  if (depth > NESTING_MAX) return [];
  const payload = field(value, 'name') === 'complete' ? (field(value, 'payload') ?? {}) : undefined;
  const own = typeof payload === 'object' && payload !== null ? [{ ...payload }] : [];
  return [...own, ...innerOf(value).flatMap((inner) => completions(inner, depth + 1))];
}

function innerOf(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value;
  return typeof value === 'object' && value !== null ? Object.values(value) : [];
}

function mismatch(
  screen: string,
  payload: Record<string, unknown>,
  answers: Record<string, unknown>,
  forms: ReadonlyMap<string, Inputs>,
): { field: string; message: string } | null {
  for (const [key, answer] of Object.entries(answers)) {
    if (key === TOKEN) continue;
    if (!Object.hasOwn(payload, key)) return { field: `answers.${key}`, message: 'the flow does not answer this' };
    const template = payload[key];
    const [, other, name] = REFERENCE.exec(typeof template === 'string' ? template : '') ?? [];
    const input = name === undefined ? undefined : forms.get(other ?? screen)?.get(name);
    const wanted = input === undefined ? null : misfit(input, answer);
    if (wanted !== null) return { field: `answers.${key}`, message: wanted };
  }
  return null;
}

/** What a component's answer must be, when this is something else. */
function misfit(input: unknown, answer: unknown): string | null {
  const type = String(field(input, 'type'));
  switch (type) {
    case 'TextInput':
      return typeof answer === 'string' || typeof answer === 'number' ? null : 'must be text';
    case 'TextArea':
    case 'DatePicker':
      return typeof answer === 'string' ? null : 'must be text';
    case 'OptIn':
      return typeof answer === 'boolean' ? null : 'must be true or false';
    case 'RadioButtonsGroup':
    case 'Dropdown':
      return typeof answer === 'string' ? unknownOption(input, [answer]) : 'must be the id of an option';
    case 'CheckboxGroup':
    case 'ChipsSelector':
      return Array.isArray(answer) ? unknownOption(input, answer) : 'must be a list of ids';
    case 'PhotoPicker':
    case 'DocumentPicker':
      return Array.isArray(answer) ? null : 'must be a list of files';
    default:
      return null;
  }
}

/** Options that the JSON does not write out are not known. An empty text is nothing chosen. */
function unknownOption(input: unknown, chosen: readonly unknown[]): string | null {
  const source = field(input, 'data-source');
  if (!Array.isArray(source)) return null;
  const ids = listOf(source).map((option) => field(option, 'id'));
  const wrong = chosen.find((id) => id !== '' && !ids.includes(id));
  return wrong === undefined ? null : `must be of [${ids.join(', ')}]`;
}
