// `fields=` of a Graph read: which parts of a node are answered.
import { type GraphAnswer, refuse } from './call.js';

const FIELDS_MAX = 100;

/** Names asked for, without what follows a `.` or `{`; `id` is always among them. Undefined text means none asked for. */
export function parseFields(text: string | undefined): string[] | undefined {
  if (text === undefined || text.trim() === '') return undefined;
  const names: string[] = [];
  let depth = 0;
  let name = '';
  for (const character of `${text},`) {
    if (character === '{' || character === '(') depth += 1;
    if (character === '}' || character === ')') depth -= 1;
    if (character === ',' && depth === 0) {
      names.push(name.trim().replace(/[.{(].*$/s, ''));
      name = '';
    } else name += character;
  }
  return [...new Set([...names.filter((each) => each !== '').slice(0, FIELDS_MAX), 'id'])];
}

/** The node with only the fields asked for (`byDefault` when none were); a field that it does not have is refused with 100. */
export function pickFields(
  node: Readonly<Record<string, unknown>>,
  { fields, byDefault, nodeType }: { fields: string | undefined; byDefault: readonly string[]; nodeType: string },
): GraphAnswer {
  const names = parseFields(fields) ?? byDefault;
  const unknown = names.find((name) => !Object.hasOwn(node, name));
  if (unknown !== undefined) {
    return refuse({
      code: 100,
      message: `(#100) Tried accessing nonexisting field (${unknown}) on node type (${nodeType})`,
    });
  }
  return { body: Object.fromEntries(names.map((name) => [name, node[name]])) };
}
