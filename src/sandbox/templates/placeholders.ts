// `{{1}}` and `{{name}}` in a template's texts.

const PLACEHOLDER = /\{\{([^{}]*)\}\}/g;

/** What stands between the braces, in order, repetitions included. */
export function placeholdersIn(text: string): string[] {
  return [...text.matchAll(PLACEHOLDER)].map((match) => (match[1] ?? '').trim());
}

/** The different names or numbers, in order of their first place; numbers by value. */
export function parametersOf(text: string): string[] {
  const names = [...new Set(placeholdersIn(text))];
  return names.every((name) => /^\d+$/.test(name)) ? names.sort((a, b) => Number(a) - Number(b)) : names;
}

/** The text with each placeholder replaced; one without a value stays. */
export function fillIn(text: string, values: ReadonlyMap<string, string>): string {
  return text.replace(PLACEHOLDER, (whole, name: string) => values.get(name.trim()) ?? whole);
}

/** Words beside the placeholders. */
export function wordsBeside(text: string): number {
  return text
    .replace(PLACEHOLDER, ' ')
    .split(/\s+/)
    .filter((word) => /[\p{L}\p{N}\p{Extended_Pictographic}]/u.test(word)).length;
}
