// Runs expressions: conditions of If, and what stands between backticks (Flow JSON reference, If and Nested expressions).
import { type Token, tokensOf } from '../../../../src/flows/expression-tokens.js';

/** Finds what a binding such as `${data.x}` names. */
export type LookUp = (reference: string) => unknown;

interface Reader {
  tokens: readonly Token[];
  next: number;
  lookUp: LookUp;
}

/** Operators by how strongly they bind, weakest first. */
const LEVELS: readonly (readonly string[])[] = [
  ['||'],
  ['&&'],
  ['==', '!='],
  ['<', '<=', '>', '>='],
  ['+', '-'],
  ['*', '/', '%'],
];

/** The value of an expression; operands next to each other are joined to a text. What cannot be read is undefined. */
export function evaluate(text: string, lookUp: LookUp): unknown {
  const found = tokensOf(text);
  if ('problem' in found) return undefined;
  const reader: Reader = { tokens: found.tokens, next: 0, lookUp };
  const values: unknown[] = [];
  while (reader.next < reader.tokens.length) {
    const before = reader.next;
    values.push(level(reader, 0));
    if (reader.next === before) return undefined;
  }
  return values.length === 1 ? values[0] : values.map(textOf).join('');
}

/** A value as it stands in a text. */
export function textOf(value: unknown): string {
  if (value === undefined || value === null) return '';
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

function level(reader: Reader, index: number): unknown {
  const operators = LEVELS[index];
  if (operators === undefined) return unary(reader);
  let left = level(reader, index + 1);
  for (;;) {
    const operator = reader.tokens[reader.next];
    if (operator?.is !== 'operator' || !operators.includes(operator.text)) return left;
    reader.next += 1;
    left = applied(operator.text, left, level(reader, index + 1));
  }
}

function unary(reader: Reader): unknown {
  const token = reader.tokens[reader.next];
  if (token?.is !== 'operator') return operand(reader);
  reader.next += 1;
  const value = unary(reader);
  return token.text === '!' ? value !== true : -Number(value);
}

function operand(reader: Reader): unknown {
  const token = reader.tokens[reader.next];
  if (token === undefined) return undefined;
  reader.next += 1;
  switch (token.is) {
    case 'open': {
      const inner = level(reader, 0);
      if (reader.tokens[reader.next]?.is === 'close') reader.next += 1;
      return inner;
    }
    case 'reference':
      return reader.lookUp(token.text);
    case 'string':
      return token.text.slice(1, -1).replace(/\\(.)/g, '$1');
    case 'number':
      return Number(token.text);
    case 'boolean':
      return token.text === 'true';
    default:
      return undefined;
  }
}

function applied(operator: string, left: unknown, right: unknown): unknown {
  const [a, b] = [Number(left), Number(right)];
  switch (operator) {
    case '||':
      return left === true || right === true;
    case '&&':
      return left === true && right === true;
    case '==':
      return isSame(left, right);
    case '!=':
      return !isSame(left, right);
    case '<':
      return a < b;
    case '<=':
      return a <= b;
    case '>':
      return a > b;
    case '>=':
      return a >= b;
    case '+':
      return a + b;
    case '-':
      return a - b;
    case '*':
      return a * b;
    case '/':
      return a / b;
    default:
      return a % b;
  }
}

/** What inputs give is text: a number is the same as its digits. */
function isSame(left: unknown, right: unknown): boolean {
  if (typeof left === 'number' && typeof right === 'string') return right !== '' && left === Number(right);
  if (typeof left === 'string' && typeof right === 'number') return isSame(right, left);
  return left === right || textOf(left) === textOf(right);
}
