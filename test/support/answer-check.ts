// Holds every answer of the gateway that a test gets against /openapi.json: its status and its body must be what the document says.
import { Compile } from 'typebox/compile';
import { isObject, objectAt } from '../../src/contract/json.js';

/** One answer as it came. */
export interface SeenAnswer {
  method: string;
  /** With its query, if any. */
  path: string;
  status: number;
  contentType: string;
  /** Parsed JSON, or text. */
  body: unknown;
}

/** Says what is wrong with an answer; undefined: nothing, or nobody described the operation. */
export type AnswerCheck = (answer: SeenAnswer) => string | undefined;

/** A call and its answer, as tests make and read them. */
interface Called {
  method?: string;
  json?: unknown;
  body?: unknown;
}

/** Throws when an answer is not as the document says. */
export function assertDescribed(
  check: AnswerCheck,
  path: string,
  { method, json, body }: Called,
  reply: { status: number; headers: Headers; body: unknown },
): void {
  const wrong = check({
    method: method ?? (json === undefined && body === undefined ? 'GET' : 'POST'),
    path,
    status: reply.status,
    contentType: reply.headers.get('content-type') ?? '',
    body: reply.body,
  });
  if (wrong !== undefined) throw new Error(wrong);
}

interface Described {
  form: RegExp;
  parameters: number;
  label: string;
  responses: Readonly<Record<string, unknown>>;
}

/**
 * Reads the document once. Schemas are compiled when they are first asked for. With `isClosed` a field that the document does not know is wrong
 * too. Throws when it describes nothing.
 */
export function createAnswerCheck(document: unknown, isClosed = false): AnswerCheck {
  const operations = operationsOf(document);
  if (operations.size === 0) throw new Error('the document describes nothing');
  const validators = new Map<string, ((body: unknown) => string | undefined) | undefined>();
  return ({ method, path, status, contentType, body }) => {
    const [bare = ''] = path.split('?');
    const operation = operations.get(method.toUpperCase())?.find(({ form }) => form.test(bare));
    if (operation === undefined) return undefined;
    const key = String(status) in operation.responses ? String(status) : `${String(status)[0]}XX`;
    const response = operation.responses[key];
    if (response === undefined) return `${operation.label}: ${status} is not in /openapi.json`;
    // A range is described no closer. Errors are XML for those who ask for it; the document shows JSON. HEAD has no body.
    if (!/\bjson\b/.test(contentType) || method === 'HEAD' || key.endsWith('XX')) return undefined;
    const id = `${operation.label} ${key}`;
    if (!validators.has(id)) validators.set(id, validatorOf(document, response, contentType, isClosed));
    const wrong = validators.get(id)?.(body);
    return wrong === undefined ? undefined : `${id}: the body is not as /openapi.json says: ${wrong}`;
  };
}

function operationsOf(document: unknown): Map<string, Described[]> {
  const byMethod = new Map<string, Described[]>();
  for (const [path, methods] of Object.entries(objectAt(document, 'paths') ?? {})) {
    for (const [name, operation] of Object.entries(isObject(methods) ? methods : {})) {
      const method = name.toUpperCase();
      const form = new RegExp(`^${path.replaceAll('.', '\\.').replace(/\{\w+\}/g, '[^/]+')}$`);
      const parameters = path.split('{').length;
      const responses = objectAt(operation, 'responses') ?? {};
      const described = { form, parameters, label: `${method} ${path}`, responses };
      byMethod.set(
        method,
        [...(byMethod.get(method) ?? []), described].sort((a, b) => a.parameters - b.parameters),
      );
    }
  }
  return byMethod;
}

function validatorOf(
  document: unknown,
  response: unknown,
  contentType: string,
  isClosed: boolean,
): ((body: unknown) => string | undefined) | undefined {
  const content = objectAt(resolved(document, response), 'content') ?? {};
  const [mediaType = ''] = contentType.split(';');
  const schema = objectAt(content[mediaType], 'schema');
  if (schema === undefined) return (body) => (body === '' ? undefined : 'a body where none is described');
  const validator = Compile(isClosed ? strict(schema) : { ...schema });
  return (body) => {
    if (validator.Check(body)) return undefined;
    const [first] = validator.Errors(body);
    return `${first?.instancePath} ${first?.message} ${JSON.stringify(first?.params)}: ${JSON.stringify(body)?.slice(0, 2_000)}`;
  };
}

/** The document allows fields it does not know, as JSON Schema does; an answer of ours has none. */
function strict(value: unknown): Record<string, unknown> {
  const copy = closed(value);
  if (!isObject(copy)) throw new TypeError('a schema is an object');
  return { ...copy };
}

function closed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(closed);
  if (!isObject(value)) return value;
  const copy = Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, closed(inner)]));
  // Of what an example shows empty anything may be in it.
  const isShape = isObject(value.properties) && Object.keys(value.properties).length > 0 && 'type' in value;
  return isShape && value.additionalProperties === undefined ? { ...copy, additionalProperties: false } : copy;
}

function resolved(document: unknown, response: unknown): unknown {
  const reference = isObject(response) ? response.$ref : undefined;
  if (typeof reference !== 'string') return response;
  return reference
    .slice(2)
    .split('/')
    .reduce<unknown>((at, key) => (isObject(at) ? at[key] : undefined), document);
}
