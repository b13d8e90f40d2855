// Reading JSON of which nothing is known: what is absent or of another kind reads as empty.

/** A step into a value: a key or an index. */
export type Step = string | number;

/** What lies at the end of the path; undefined where the way ends. */
export function at(value: unknown, ...path: Step[]): unknown {
  let here = value;
  for (const step of path) {
    if (typeof here !== 'object' || here === null) return undefined;
    here = Reflect.get(here, step);
  }
  return here;
}

/** A text, or an empty one. Numbers read as their text. */
export function textAt(value: unknown, ...path: Step[]): string {
  const found = at(value, ...path);
  return typeof found === 'string' ? found : typeof found === 'number' ? String(found) : '';
}

/** A number, also when it is written as text; undefined when it is none. */
export function numberAt(value: unknown, ...path: Step[]): number | undefined {
  const found = at(value, ...path);
  const number = typeof found === 'string' && found.trim() !== '' ? Number(found) : found;
  return typeof number === 'number' && Number.isFinite(number) ? number : undefined;
}

/** An array, or an empty one. */
export function listAt(value: unknown, ...path: Step[]): readonly unknown[] {
  const found = at(value, ...path);
  return Array.isArray(found) ? found : [];
}

/** Whether there is `true`. */
export function flagAt(value: unknown, ...path: Step[]): boolean {
  return at(value, ...path) === true;
}

/** Epoch milliseconds of an ISO 8601 text; undefined when it is none. */
export function timeAt(value: unknown, ...path: Step[]): number | undefined {
  const ms = Date.parse(textAt(value, ...path));
  return Number.isNaN(ms) ? undefined : ms;
}
