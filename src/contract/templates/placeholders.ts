// Placeholders of template texts: `{{1}}`, `{{2}}` .. in order (Infobip 9, Meta 4.3).
import { addViolation, type Violations } from '../readers.js';

const BRACES = /\{\{([^{}]*)\}\}/g;
const NUMBER = /^[1-9]\d{0,2}$/;

/** How many placeholders a text has. */
export function countPlaceholders(text: string): number {
  return [...text.matchAll(BRACES)].length;
}

/** Whether placeholders of a text have names in place of numbers, which Infobip's API cannot fill. */
export function hasNamedPlaceholders(text: string): boolean {
  return [...text.matchAll(BRACES)].some(([, name = '']) => !NUMBER.test(name));
}

/** Refuses placeholders that are not `{{1}}`, `{{2}}` .. as they come, and more than `max`. */
export function checkNumbering(text: string, path: string, violations: Violations, max = 100): void {
  const names = [...text.matchAll(BRACES)].map(([, name = '']) => name);
  if (names.some((name, i) => name !== String(i + 1)))
    addViolation(violations, path, 'placeholders must be {{1}}, {{2}} and so on in order');
  if (names.length > max) {
    const phrase = max === 0 ? 'must not have a placeholder' : `must have at most ${max} placeholder`;
    addViolation(violations, path, max > 1 ? `${phrase}s` : phrase);
  }
  if (text.replace(BRACES, '').match(/\{\{|\}\}/) !== null)
    addViolation(violations, path, 'has braces that are no placeholder');
}

/** Refuses a placeholder at the start or end of a text, and two with nothing but white space between them (Meta 2388299). */
export function checkPositions(text: string, path: string, violations: Violations): void {
  const trimmed = text.trim();
  if (/^\{\{[^{}]*\}\}/.test(trimmed) || /\{\{[^{}]*\}\}$/.test(trimmed))
    addViolation(violations, path, 'must not start or end with a placeholder');
  if (/\}\}\s*\{\{/.test(text)) addViolation(violations, path, 'must not have two placeholders next to each other');
}

/** Refuses another number of examples than a text has placeholders; `examples` stands at `path`. */
export function checkExamples(
  text: string,
  examples: readonly string[] | undefined,
  path: string,
  violations: Violations,
): void {
  const count = countPlaceholders(text);
  const given = examples?.length ?? 0;
  if (given === count) return;
  addViolation(violations, path, `must have as many examples as there are placeholders: ${count}, not ${given}`);
}
