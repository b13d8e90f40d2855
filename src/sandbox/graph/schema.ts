// What a wrong request body is answered: the first thing wrong with it, as Meta's codes sort it.
import type { Checker } from '../checker.js';
import type { Refusal } from './errors.js';

/**
 * Null when the body fits. Otherwise 131008 for a missing parameter, 100 for a wrong JSON type or a name that Meta does not know,
 * 131009 for a value out of its limits (Meta 7.2).
 */
export function checkBody(checker: Checker<unknown>, body: unknown): Refusal | null {
  if (checker.Check(body)) return null;
  const errors = checker.Errors(body);
  const missing = errors.find((error) => error.keyword === 'required');
  const unknown = errors.find((error) => error.keyword === 'additionalProperties');
  const typeError = errors.find((error) => error.keyword === 'type');
  if (missing?.keyword === 'required') {
    return missingParameter(paramName(missing.instancePath, missing.params.requiredProperties[0]));
  }
  if (unknown?.keyword === 'additionalProperties') {
    return unexpectedKey(String(unknown.params.additionalProperties[0]), paramName(unknown.instancePath));
  }
  if (typeError?.keyword === 'type') {
    return wrongType(
      paramName(typeError.instancePath) || 'the request body',
      withArticle(String(typeError.params.type)),
    );
  }
  const first = errors[0];
  return invalidValue(paramName(first?.instancePath ?? ''), first?.message ?? 'is not valid');
}

/** 131008 for the parameter of that name. */
export function missingParameter(name: string): Refusal {
  return { code: 131008, details: `The parameter ${name} is required.` };
}

/** 100 for a key that the object at `parent` (empty at the top) does not have. */
export function unexpectedKey(key: string, parent: string): Refusal {
  const problem = parent === '' ? `Unexpected key "${key}"` : `Unexpected key "${key}" on param "${parent}"`;
  return {
    code: 100,
    message: parent === '' ? '(#100) Invalid parameter' : `(#100) ${problem}.`,
    details: `${problem}.`,
  };
}

/** 131009 for the parameter of that name. */
export function invalidValue(name: string, problem: string): Refusal {
  return { code: 131009, details: `The parameter ${name} ${problem}.` };
}

/** A value of the wrong JSON type: 100. `wanted` is with its article. */
export function wrongType(name: string, wanted: string): Refusal {
  return { code: 100, message: `(#100) Param ${name} must be ${wanted}.`, details: `${name} must be ${wanted}.` };
}

/** Two parameters of which only one may be given: 131009. */
export function tooMany(first: string, second: string): Refusal {
  return { code: 131009, details: `Only one of the parameters ${first} and ${second} may be given.` };
}

/** `/text/body` as Graph writes it: `text['body']`; an index without quotes. */
function paramName(instancePath: string, last?: string): string {
  const [first, ...rest] = [...instancePath.split('/').slice(1), ...(last === undefined ? [] : [last])];
  return first === undefined
    ? ''
    : `${first}${rest.map((part) => (/^\d+$/.test(part) ? `[${part}]` : `['${part}']`)).join('')}`;
}

function withArticle(type: string): string {
  return /^[aeio]/.test(type) ? `an ${type}` : `a ${type}`;
}
