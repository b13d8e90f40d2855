// What a wrong request body is answered: the first thing wrong with it, as Meta's codes sort it.
import type { TLocalizedValidationError } from 'typebox/error';
import type { Refusal } from './errors.js';

/** The part of a compiled validator that is needed here. */
interface Checker {
  Check(value: unknown): boolean;
  Errors(value: unknown): TLocalizedValidationError[];
}

/**
 * Null when the body fits. Otherwise 131008 for a missing parameter, 100 for a wrong JSON type or a name that Meta does not know,
 * 131009 for a value out of its limits (Meta 7.2).
 */
export function checkBody(checker: Checker, body: unknown): Refusal | null {
  if (checker.Check(body)) return null;
  const errors = checker.Errors(body);
  const missing = errors.find((error) => error.keyword === 'required');
  const unknown = errors.find((error) => error.keyword === 'additionalProperties');
  const wrongType = errors.find((error) => error.keyword === 'type');
  if (missing?.keyword === 'required') {
    return missingParameter(paramName(missing.instancePath, missing.params.requiredProperties[0]));
  }
  if (unknown?.keyword === 'additionalProperties') {
    const key = String(unknown.params.additionalProperties[0]);
    const parent = paramName(unknown.instancePath);
    return {
      code: 100,
      message: parent === '' ? '(#100) Invalid parameter' : `(#100) Unexpected key "${key}" on param "${parent}".`,
      details: `Unexpected key "${key}"${parent === '' ? '' : ` on param "${parent}"`}.`,
    };
  }
  if (wrongType?.keyword === 'type') {
    const name = paramName(wrongType.instancePath) || 'the request body';
    return {
      code: 100,
      message: `(#100) Param ${name} must be ${withArticle(String(wrongType.params.type))}.`,
      details: `${name} ${wrongType.message}`,
    };
  }
  const first = errors[0];
  return invalidValue(paramName(first?.instancePath ?? ''), first?.message ?? 'is not valid');
}

/** 131008 for the parameter of that name. */
export function missingParameter(name: string): Refusal {
  return { code: 131008, details: `The parameter ${name} is required.` };
}

/** 131009 for the parameter of that name. */
export function invalidValue(name: string, problem: string): Refusal {
  return { code: 131009, details: `The parameter ${name} ${problem}.` };
}

/** `/text/body` as Graph writes it: `text['body']`. */
function paramName(instancePath: string, last?: string): string {
  const [first, ...rest] = [...instancePath.split('/').slice(1), ...(last === undefined ? [] : [last])];
  return first === undefined ? '' : `${first}${rest.map((part) => `['${part}']`).join('')}`;
}

function withArticle(type: string): string {
  return /^[aeio]/.test(type) ? `an ${type}` : `a ${type}`;
}
