// A JSON parser that remembers where each value and each key stands in the text. Linear time; nesting and size are bounded.

/** Arrays and objects inside each other. Flow JSON itself needs about 20. */
const DEPTH_MAX = 100;

/** Values in one document. 10 MiB of Flow JSON are mostly base64 images, and have far fewer. */
const VALUES_MAX = 250_000;

/** Objects with more members than this are looked up in a map, so that no object makes lookups slow. */
const UNINDEXED_MAX = 16;

/** From `start` up to, not including, `end`: offsets in UTF-16 units. */
export interface Span {
  start: number;
  end: number;
}

/** One member of an object. Of members with the same key the last counts, as `JSON.parse` has it. */
export interface Member {
  key: string;
  keySpan: Span;
  value: SourceNode;
}

/** A value and where it stands. */
export type SourceNode =
  | (Span & { kind: 'object'; members: readonly Member[]; index: ReadonlyMap<string, Member> | undefined })
  | (Span & { kind: 'array'; items: readonly SourceNode[] })
  | (Span & { kind: 'string'; text: string })
  | (Span & { kind: 'number'; number: number })
  | (Span & { kind: 'boolean'; is: boolean })
  | (Span & { kind: 'null' });

/** An object with its position. */
export type ObjectNode = Extract<SourceNode, { kind: 'object' }>;

/** Why a text is no JSON, and at which offset. */
export interface SourceProblem {
  message: string;
  at: number;
}

class Unreadable extends Error {
  readonly at: number;
  constructor(message: string, at: number) {
    super(message);
    this.at = at;
  }
}

interface Cursor {
  text: string;
  at: number;
  values: number;
}

/** Parses one JSON document, or says what is wrong and where. Nesting deeper than 100 or more than 250,000 values are refused. */
export function parseSource(text: string): { root: SourceNode } | { problem: SourceProblem } {
  const cursor: Cursor = { text, at: text.startsWith('\ufeff') ? 1 : 0, values: 0 };
  try {
    skipSpace(cursor);
    const root = readValue(cursor, 0);
    skipSpace(cursor);
    if (cursor.at < text.length) throw new Unreadable('Unexpected text after the end of the JSON', cursor.at);
    return { root };
  } catch (error) {
    if (error instanceof Unreadable) return { problem: { message: error.message, at: error.at } };
    throw error;
  }
}

/** The member of that key, or undefined; the last one if there are several. */
export function memberOf(node: ObjectNode, key: string): Member | undefined {
  return node.index === undefined ? node.members.findLast((member) => member.key === key) : node.index.get(key);
}

/** The value under `key` of an object; undefined when `node` is no object or has no such key. */
export function valueAt(node: SourceNode | undefined, key: string): SourceNode | undefined {
  return node?.kind === 'object' ? memberOf(node, key)?.value : undefined;
}

/** The text of a string; undefined for everything else. */
export function textOf(node: SourceNode | undefined): string | undefined {
  return node?.kind === 'string' ? node.text : undefined;
}

/** Whether the value is the boolean `true`. */
export function isTrue(node: SourceNode | undefined): boolean {
  return node?.kind === 'boolean' && node.is;
}

function readValue(cursor: Cursor, depth: number): SourceNode {
  if (depth > DEPTH_MAX) throw new Unreadable(`JSON nests deeper than ${DEPTH_MAX}`, cursor.at);
  cursor.values += 1;
  if (cursor.values > VALUES_MAX) throw new Unreadable(`JSON has more than ${VALUES_MAX} values`, cursor.at);
  const start = cursor.at;
  switch (cursor.text[start]) {
    case '{':
      return readObject(cursor, depth);
    case '[':
      return readArray(cursor, depth);
    case '"':
      return { kind: 'string', text: readString(cursor), start, end: cursor.at };
    case 't':
      return { kind: 'boolean', is: true, ...readWord(cursor, 'true') };
    case 'f':
      return { kind: 'boolean', is: false, ...readWord(cursor, 'false') };
    case 'n':
      return { kind: 'null', ...readWord(cursor, 'null') };
    default:
      return readNumber(cursor);
  }
}

function readObject(cursor: Cursor, depth: number): SourceNode {
  const start = cursor.at;
  const members: Member[] = [];
  cursor.at += 1;
  skipSpace(cursor);
  while (cursor.text[cursor.at] !== '}') {
    if (members.length > 0) readComma(cursor, '}');
    members.push(readMember(cursor, depth));
    skipSpace(cursor);
  }
  cursor.at += 1;
  const index = members.length > UNINDEXED_MAX ? new Map(members.map((member) => [member.key, member])) : undefined;
  return { kind: 'object', members, index, start, end: cursor.at };
}

function readMember(cursor: Cursor, depth: number): Member {
  const start = cursor.at;
  if (cursor.text[start] !== '"') throw unexpected(cursor, 'a property name in double quotes');
  const key = readString(cursor);
  const keySpan = { start, end: cursor.at };
  skipSpace(cursor);
  if (cursor.text[cursor.at] !== ':') throw unexpected(cursor, "':'");
  cursor.at += 1;
  skipSpace(cursor);
  return { key, keySpan, value: readValue(cursor, depth + 1) };
}

function readArray(cursor: Cursor, depth: number): SourceNode {
  const start = cursor.at;
  const items: SourceNode[] = [];
  cursor.at += 1;
  skipSpace(cursor);
  while (cursor.text[cursor.at] !== ']') {
    if (items.length > 0) readComma(cursor, ']');
    items.push(readValue(cursor, depth + 1));
    skipSpace(cursor);
  }
  cursor.at += 1;
  return { kind: 'array', items, start, end: cursor.at };
}

/** A comma, with something other than the closing bracket behind it. */
function readComma(cursor: Cursor, closing: string): void {
  if (cursor.text[cursor.at] !== ',') throw unexpected(cursor, `',' or '${closing}'`);
  const comma = cursor.at;
  cursor.at += 1;
  skipSpace(cursor);
  if (cursor.text[cursor.at] === closing) throw new Unreadable(`Unexpected ',' before '${closing}'`, comma);
}

// Sticky patterns find the end of a token in one pass of the engine, without a slice for each character.
const SPACE = /[ \t\n\r]*/y;
const PLAIN = /[ !#-[\]-\uffff]*/y;
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const ESCAPES: Readonly<Record<string, string>> = {
  '"': '"',
  '\\': '\\',
  '/': '/',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
};

function skipSpace(cursor: Cursor): void {
  cursor.at = endOf(SPACE, cursor);
}

function endOf(pattern: RegExp, cursor: Cursor): number {
  pattern.lastIndex = cursor.at;
  return pattern.test(cursor.text) ? pattern.lastIndex : cursor.at;
}

function readString(cursor: Cursor): string {
  const parts: string[] = [];
  cursor.at += 1;
  for (;;) {
    const end = endOf(PLAIN, cursor);
    parts.push(cursor.text.slice(cursor.at, end));
    cursor.at = end;
    const character = cursor.text[end];
    if (character === '"') break;
    if (character !== '\\') throw unexpected(cursor, 'the end of the string');
    parts.push(readEscape(cursor));
  }
  cursor.at += 1;
  return parts.length === 1 ? (parts[0] ?? '') : parts.join('');
}

function readEscape(cursor: Cursor): string {
  const letter = cursor.text[cursor.at + 1] ?? '';
  if (letter === 'u') {
    const digits = cursor.text.slice(cursor.at + 2, cursor.at + 6);
    if (!/^[0-9a-fA-F]{4}$/.test(digits)) throw new Unreadable('Invalid \\u escape in a string', cursor.at);
    cursor.at += 6;
    return String.fromCharCode(Number.parseInt(digits, 16));
  }
  const meant = Object.hasOwn(ESCAPES, letter) ? ESCAPES[letter] : undefined;
  if (meant === undefined) throw new Unreadable('Invalid escape in a string', cursor.at);
  cursor.at += 2;
  return meant;
}

function readNumber(cursor: Cursor): SourceNode {
  const start = cursor.at;
  const end = endOf(NUMBER, cursor);
  if (end === start) throw unexpected(cursor, 'a value');
  cursor.at = end;
  return { kind: 'number', number: Number(cursor.text.slice(start, end)), start, end };
}

function readWord(cursor: Cursor, word: string): Span {
  const start = cursor.at;
  if (!cursor.text.startsWith(word, start)) throw unexpected(cursor, 'a value');
  cursor.at += word.length;
  return { start, end: cursor.at };
}

function unexpected(cursor: Cursor, wanted: string): Unreadable {
  const found = cursor.text[cursor.at];
  const said = found === undefined ? 'the end of the text' : JSON.stringify(found);
  return new Unreadable(`Expected ${wanted}, but found ${said}`, cursor.at);
}
