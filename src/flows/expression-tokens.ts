// The words of expressions: conditions of If, and what stands between backticks from version 6.0 on.

/** One word of an expression; `at` counts from 0. */
export type Token = { at: number; text: string } & (
  | { is: 'reference' }
  | { is: 'string' }
  | { is: 'number' }
  | { is: 'boolean' }
  | { is: 'operator' }
  | { is: 'open' }
  | { is: 'close' }
);

/** What is wrong with an expression, and where in it. */
export interface ExpressionProblem {
  message: string;
  at: number;
}

/** Characters of one expression. */
const LENGTH_MAX = 10_000;

const SPACE = /\s+/y;
const TOKENS: readonly [Token['is'], RegExp][] = [
  ['reference', /\$\{[^{}]*\}/y],
  ['string', /'(?:[^'\\]|\\.)*'/y],
  ['number', /\d+(?:\.\d+)?/y],
  ['boolean', /(?:true|false)\b/y],
  ['operator', /&&|\|\||[=!<>]=|[<>!+\-*/%]/y],
  ['open', /\(/y],
  ['close', /\)/y],
];

/** The words of `text`, or the first thing that is none. Linear: every pattern is anchored and none can go back far. */
export function tokensOf(text: string): { tokens: Token[] } | { problem: ExpressionProblem } {
  if (text.length > LENGTH_MAX) {
    return { problem: { message: `Expression is longer than ${LENGTH_MAX} characters.`, at: 0 } };
  }
  const tokens: Token[] = [];
  let at = 0;
  while (at < text.length) {
    SPACE.lastIndex = at;
    if (SPACE.test(text)) {
      at = SPACE.lastIndex;
      continue;
    }
    const token = tokenAt(text, at);
    if (token === undefined) return { problem: problemAt(text, at) };
    tokens.push(token);
    at += token.text.length;
  }
  return { tokens };
}

function tokenAt(text: string, at: number): Token | undefined {
  for (const [is, pattern] of TOKENS) {
    pattern.lastIndex = at;
    const [found] = pattern.exec(text) ?? [];
    if (found !== undefined) return { is, at, text: found };
  }
  return undefined;
}

function problemAt(text: string, at: number): ExpressionProblem {
  const character = text[at] ?? '';
  if (character === "'") return { message: 'Missing closing quote for string.', at };
  if (character === '$') return { message: `Invalid operand format found at column ${at + 1}.`, at };
  if (/[=&|]/.test(character)) return { message: `Invalid operator '${character}' found at column ${at + 1}.`, at };
  if (/[A-Za-z_]/.test(character)) {
    const [word] = /^[A-Za-z_]\w{0,60}/.exec(text.slice(at, at + 64)) ?? [character];
    return { message: `Invalid literal '${word}'.`, at };
  }
  return { message: `Unexpected character '${character}' found at column ${at + 1}.`, at };
}
