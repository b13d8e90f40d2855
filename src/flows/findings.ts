// What a check finds, in the form in which Meta's API says it, and the place in the document that it is said of.
import { type Position, positionsIn } from './position.js';
import { memberOf, type SourceNode, type Span } from './source.js';

/** More errors than this are not listed: the first ones are mended first. */
const ERRORS_MAX = 200;

/** One thing that is wrong, as an item of `validation_errors` (*Meta 5.1*). */
export interface FlowError extends Position {
  /** The code, such as `INVALID_PROPERTY_KEY`. */
  error: string;
  error_type: 'FLOW_JSON_ERROR';
  message: string;
  pointers: (Position & { path: string })[];
}

/** A value with the way to it from the root. */
export interface Place<Node extends SourceNode = SourceNode> {
  node: Node;
  from: Place | undefined;
  /** The key or index under which the value stands in `from`. */
  step: string | number | undefined;
  /** Where that key stands. */
  keySpan: Span | undefined;
}

/** Collects errors; what is beyond the limit is dropped. */
export interface Findings {
  /** The value at `place` is wrong. */
  wrong(error: string, place: Place, message: string): void;
  /** The key at `place` is wrong: it should not be there. */
  wrongKey(error: string, place: Place, message: string): void;
  /** The text as a whole is wrong at `span`. */
  wrongText(error: string, span: Span, message: string): void;
  /** Whether no more errors are taken, so that looking on is in vain. */
  isFull(): boolean;
  /** Everything found, in the order of the text. */
  list(): FlowError[];
}

/** The place of the whole document. */
export function rootPlace(node: SourceNode): Place {
  return { node, from: undefined, step: undefined, keySpan: undefined };
}

/** The place of the member `key`, or undefined when the value has none. */
export function placeAt(place: Place | undefined, key: string): Place | undefined {
  if (place?.node.kind !== 'object') return undefined;
  const member = memberOf(place.node, key);
  return member && { node: member.value, from: place, step: key, keySpan: member.keySpan };
}

/** The places of an array's first `most` items; none when the value is no array. */
export function itemsIn(place: Place | undefined, most = Number.POSITIVE_INFINITY): Place[] {
  if (place?.node.kind !== 'array') return [];
  return place.node.items.slice(0, most).map((node, step) => ({ node, from: place, step, keySpan: undefined }));
}

/** The places of an object's first `most` members; none when the value is no object. */
export function membersIn(place: Place | undefined, most = Number.POSITIVE_INFINITY): (Place & { step: string })[] {
  if (place?.node.kind !== 'object') return [];
  return place.node.members
    .slice(0, most)
    .map(({ key, keySpan, value }) => ({ node: value, from: place, step: key, keySpan }));
}

/** The way to a place as Meta's pointers have it: `screens[0].layout.children[2]`; empty for the root. */
export function pathOf(place: Place): string {
  return stepsTo(place).reduce<string>((path, step) => {
    if (typeof step === 'number') return `${path}[${step}]`;
    return path === '' ? step : `${path}.${step}`;
  }, '');
}

/** The way to a place as Meta's messages have it: `$root/screens/0/layout`. */
export function rootedPathOf(place: Place): string {
  return ['$root', ...stepsTo(place)].join('/');
}

function stepsTo(place: Place): (string | number)[] {
  const steps: (string | number)[] = [];
  for (let at: Place | undefined = place; at !== undefined; at = at.from)
    if (at.step !== undefined) steps.push(at.step);
  return steps.reverse();
}

/** Findings about one text. */
export function findingsIn(text: string): Findings {
  const positionOf = positionsIn(text);
  const found: { start: number; error: FlowError }[] = [];
  const add = (error: string, message: string, span: Span, path: string): void => {
    if (found.length >= ERRORS_MAX) return;
    const position = positionOf(span);
    const pointers = [{ ...position, path }];
    found.push({ start: span.start, error: { error, error_type: 'FLOW_JSON_ERROR', message, ...position, pointers } });
  };
  return {
    wrong: (error, place, message) => add(error, message, place.node, pathOf(place)),
    wrongKey: (error, place, message) => add(error, message, place.keySpan ?? place.node, pathOf(place)),
    wrongText: (error, span, message) => add(error, message, span, ''),
    isFull: () => found.length >= ERRORS_MAX,
    list: () => found.toSorted((one, other) => one.start - other.start).map(({ error }) => error),
  };
}
