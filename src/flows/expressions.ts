// Reads expressions and says of which type they are, without running them (Flow JSON reference, If and Nested expressions).
import { type ExpressionProblem, type Token, tokensOf } from './expression-tokens.js';
import type { KnownType } from './references.js';

/** Parentheses and signs inside each other; nobody writes more. */
const NESTING_MAX = 50;

/** The type of a whole expression and the bindings in it, or the first thing that is wrong. */
export type Reading = { type: KnownType; references: readonly Token[] } | { problem: ExpressionProblem };

interface Operand {
  type: KnownType;
  isLiteral: boolean;
  text: string;
}

interface Reader {
  tokens: readonly Token[];
  next: number;
  nesting: number;
  references: Token[];
  typeOf: (reference: string) => KnownType;
}

class Misread extends Error {
  readonly at: number;
  constructor(message: string, at: number) {
    super(message);
    this.at = at;
  }
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

/** Reads what stands between backticks: operands next to each other are joined to a string. */
export function readExpression(text: string, typeOf: Reader['typeOf']): Reading {
  return read(text, typeOf, (reader) => {
    let whole = readLevel(reader, 0);
    while (reader.next < reader.tokens.length) {
      if (reader.tokens[reader.next]?.is === 'close') throw unopened(reader);
      readLevel(reader, 0);
      whole = { type: 'string', isLiteral: false, text: whole.text };
    }
    return whole;
  });
}

/** Reads the condition of an If: boolean, and with a binding in every comparison. */
export function readCondition(text: string, typeOf: Reader['typeOf']): Reading {
  return read(text, typeOf, (reader) => {
    if (reader.tokens.length === 0)
      throw new Misread("Expected property 'condition' to contain at least one operand.", 0);
    const whole = readLevel(reader, 0);
    const left = reader.tokens[reader.next];
    if (left?.is === 'close') throw unopened(reader);
    if (left !== undefined) throw new Misread(`Missing operator between '${whole.text}' and '${left.text}'.`, left.at);
    if (whole.isLiteral) {
      throw new Misread('The only operand is a literal value. Expected single operand to be a boolean.', 0);
    }
    if (!fits(whole.type, 'boolean')) throw new Misread('Expected single operand to be a boolean.', 0);
    return whole;
  });
}

function read(text: string, typeOf: Reader['typeOf'], readWhole: (reader: Reader) => Operand): Reading {
  const found = tokensOf(text);
  if ('problem' in found) return found;
  const reader: Reader = { tokens: found.tokens, next: 0, nesting: 0, references: [], typeOf };
  try {
    return { type: readWhole(reader).type, references: reader.references };
  } catch (error) {
    if (error instanceof Misread) return { problem: { message: error.message, at: error.at } };
    throw error;
  }
}

function readLevel(reader: Reader, level: number): Operand {
  const operators = LEVELS[level];
  if (operators === undefined) return readUnary(reader);
  let left = readLevel(reader, level + 1);
  for (;;) {
    const operator = reader.tokens[reader.next];
    if (operator?.is !== 'operator' || !operators.includes(operator.text)) return left;
    reader.next += 1;
    left = joined(left, operator, readLevel(reader, level + 1));
  }
}

function joined(left: Operand, operator: Token, right: Operand): Operand {
  const arithmetic = ['+', '-', '*', '/', '%'].includes(operator.text);
  if (!arithmetic && left.isLiteral && right.isLiteral) {
    throw misplaced(operator, 'An operator cannot have literals on both sides. Found invalid syntax');
  }
  const wanted = wantedBy(operator.text);
  if (wanted === undefined) {
    if (!fits(left.type, right.type) && !fits(right.type, left.type)) {
      const said = `Type mismatch in an equality operation between '${left.text}' and '${right.text}'`;
      throw misplaced(operator, said);
    }
  } else {
    for (const side of [left, right]) {
      if (!fits(side.type, wanted)) {
        throw misplaced(operator, `Operator '${operator.text}' takes a ${wanted}, but '${side.text}' is none: found`);
      }
    }
  }
  const isLiteral = arithmetic && left.isLiteral && right.isLiteral;
  return { type: arithmetic ? 'number' : 'boolean', isLiteral, text: left.text };
}

function wantedBy(operator: string): KnownType | undefined {
  if (operator === '==' || operator === '!=') return undefined;
  return operator === '&&' || operator === '||' ? 'boolean' : 'number';
}

function readUnary(reader: Reader): Operand {
  const token = reader.tokens[reader.next];
  if (token?.is !== 'operator') return readOperand(reader);
  if (token.text !== '!' && token.text !== '-') {
    throw new Misread(`Wrong positioning of operator '${token.text}' at column ${token.at + 1}.`, token.at);
  }
  reader.next += 1;
  const operand = nested(reader, token, () => readUnary(reader));
  const wanted = token.text === '!' ? 'boolean' : 'number';
  if (!fits(operand.type, wanted)) {
    const said =
      token.text === '-'
        ? 'A numerical value is expected to follow the negative sign.'
        : `Expected a boolean after '!' at column ${token.at + 1}.`;
    throw new Misread(said, token.at);
  }
  return { ...operand, type: wanted };
}

function readOperand(reader: Reader): Operand {
  const token = reader.tokens[reader.next];
  if (token === undefined) throw unfinished(reader);
  reader.next += 1;
  switch (token.is) {
    case 'open':
      return readParentheses(reader, token);
    case 'close':
      throw new Misread(`Missing opening parenthesis for the closing parenthesis at column ${token.at + 1}.`, token.at);
    case 'reference':
      reader.references.push(token);
      return { type: reader.typeOf(token.text), isLiteral: false, text: token.text };
    case 'operator':
      throw misplaced(token, `Wrong positioning of operator '${token.text}'`);
    default:
      return { type: token.is, isLiteral: true, text: token.text };
  }
}

function readParentheses(reader: Reader, open: Token): Operand {
  if (reader.tokens[reader.next]?.is === 'close') throw misplaced(open, 'Found invalid empty parentheses');
  const inner = nested(reader, open, () => readLevel(reader, 0));
  const close = reader.tokens[reader.next];
  if (close === undefined) throw new Misread('Missing closing parenthesis.', open.at);
  if (close.is !== 'close')
    throw new Misread(`Missing operator between '${inner.text}' and '${close.text}'.`, close.at);
  reader.next += 1;
  return inner;
}

function nested(reader: Reader, token: Token, readInner: () => Operand): Operand {
  reader.nesting += 1;
  if (reader.nesting > NESTING_MAX) throw misplaced(token, `Expression nests deeper than ${NESTING_MAX}`);
  const inner = readInner();
  reader.nesting -= 1;
  return inner;
}

/** `any` fits everything. */
function fits(type: KnownType, wanted: KnownType): boolean {
  return type === wanted || type === 'any' || wanted === 'any';
}

function misplaced(token: Token, said: string): Misread {
  return new Misread(`${said} at column ${token.at + 1}.`, token.at);
}

function unopened(reader: Reader): Misread {
  const at = reader.tokens[reader.next]?.at ?? 0;
  return new Misread(`Missing opening parenthesis for the closing parenthesis at column ${at + 1}.`, at);
}

function unfinished(reader: Reader): Misread {
  const last = reader.tokens.at(-1);
  return new Misread(`Missing operand after last operator '${last?.text ?? ''}'.`, last?.at ?? 0);
}
