// Why an operation on templates was refused, as values: wrong fields, Meta's own refusal, or Meta away.
import type { Violations } from '../contract/readers.js';

/** `invalid`: fields or a sentence say what is wrong. `tooMany`: Meta's limits of calls. `upstream`: Meta cannot be asked now. */
export type TemplateRefusal =
  | { refusal: 'notFound' }
  | { refusal: 'invalid'; violations?: Violations; detail?: string }
  | { refusal: 'tooMany'; detail: string }
  | { refusal: 'upstream'; detail: string };

/** One wrong field. */
export function wrongField(path: string, phrase: string): TemplateRefusal {
  return { refusal: 'invalid', violations: { [path]: [phrase] } };
}

/** Whether an operation was refused. */
export function isTemplateRefusal(answer: object): answer is TemplateRefusal {
  return 'refusal' in answer;
}
