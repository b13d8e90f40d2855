// Parsing JSON that strangers wrote: nesting is bounded, so that nothing that walks the value later runs out of stack.

/** Arrays and objects inside each other. Bodies of Meta and Infobip stay below 20; `JSON.stringify` fails at some thousands. */
const DEPTH_MAX = 200;

/** As `JSON.parse`. Throws SyntaxError also when the value nests deeper than 200. */
export function parseJson(text: string): unknown {
  const value: unknown = JSON.parse(text);
  // Each level takes two characters: most bodies are too short to nest too deep and are not walked.
  if (text.length > 2 * DEPTH_MAX && !nestsWithin(value, DEPTH_MAX)) throw new SyntaxError('JSON nests too deep');
  return value;
}

function nestsWithin(value: unknown, depthMax: number): boolean {
  if (typeof value !== 'object' || value === null) return true;
  if (depthMax === 0) return false;
  for (const inner of Object.values(value)) if (!nestsWithin(inner, depthMax - 1)) return false;
  return true;
}
