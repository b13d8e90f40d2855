// PostgreSQL's text form of arrays. The hot statements carry hundreds of values in arrays; pg's own encoder took a third of the
// driver's CPU, since it looks at every element from all sides.

/** An element of an array parameter. */
export type Element = string | number | boolean | null | Buffer;

const SPECIAL = /["\\]/;
const SPECIALS = /["\\]/g;

/** `{...}` for a one-dimensional array. Throws RangeError on a number that is not finite. */
export function arrayText(elements: readonly Element[]): string {
  if (elements.length === 0) return '{}';
  let text = '{';
  for (let i = 0; i < elements.length; i += 1) {
    if (i > 0) text += ',';
    text += elementText(elements[i] ?? null);
  }
  return `${text}}`;
}

function elementText(element: Element): string {
  switch (typeof element) {
    case 'string':
      return SPECIAL.test(element) ? `"${element.replace(SPECIALS, '\\$&')}"` : `"${element}"`;
    case 'number':
      if (!Number.isFinite(element)) throw new RangeError(`not a number for SQL: ${element}`);
      return String(element);
    case 'boolean':
      return element ? 't' : 'f';
    default:
      return element === null ? 'NULL' : `"\\\\x${element.toString('hex')}"`;
  }
}
