// Looking into JSON that others wrote, without trusting its shape.

/** A JSON object of unknown shape. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** Whether `value` is a JSON object: neither null nor an array. */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The object at `key`, or undefined when something else or nothing is there. */
export function objectAt(value: unknown, key: string): JsonObject | undefined {
  const found = isObject(value) ? value[key] : undefined;
  return isObject(found) ? found : undefined;
}

/** The items of the array at `key`; none when something else is there. */
export function itemsAt(value: unknown, key: string): readonly unknown[] {
  const found = isObject(value) ? value[key] : undefined;
  return Array.isArray(found) ? found : [];
}

/** The text at `key`; a number counts as its text (Meta writes some ids both ways). Empty texts are undefined. */
export function textAt(value: unknown, key: string): string | undefined {
  const found = isObject(value) ? value[key] : undefined;
  if (typeof found === 'number') return String(found);
  return typeof found === 'string' && found !== '' ? found : undefined;
}

/** The code at `key`: an integer of 32 bits, as Meta's error codes are and the database keeps them. */
export function codeAt(value: unknown, key: string): number | undefined {
  const code = integerAt(value, key);
  return code === undefined || (code | 0) !== code ? undefined : code;
}

/** The integer at `key`, digits in a text included. */
export function integerAt(value: unknown, key: string): number | undefined {
  const found = isObject(value) ? value[key] : undefined;
  const number = typeof found === 'string' && /^-?\d{1,15}$/.test(found) ? Number(found) : found;
  return typeof number === 'number' && Number.isSafeInteger(number) ? number : undefined;
}

/** The number at `key`, decimal digits in a text included. */
export function numberAt(value: unknown, key: string): number | undefined {
  const found = isObject(value) ? value[key] : undefined;
  const number = typeof found === 'string' && /^-?\d{1,15}(\.\d{1,15})?$/.test(found) ? Number(found) : found;
  return typeof number === 'number' && Number.isFinite(number) ? number : undefined;
}

/** Deeper JSON than this inside a text is not read: whoever writes it out again would run out of stack. */
const PARSED_DEPTH_MAX = 100;

/** The object that `text` is JSON of; undefined when it is something else or nests too deep. */
export function parsedObject(text: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) && nestsWithin(value, PARSED_DEPTH_MAX) ? value : undefined;
  } catch {
    return undefined;
  }
}

function nestsWithin(value: unknown, depthMax: number): boolean {
  if (typeof value !== 'object' || value === null) return true;
  return depthMax > 0 && Object.values(value).every((inner) => nestsWithin(inner, depthMax - 1));
}
