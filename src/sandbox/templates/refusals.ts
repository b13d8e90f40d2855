// How Meta refuses a template: code 100 with a subcode and two texts for people (Meta 4.3).
import type { Refusal } from '../graph/errors.js';

/** Titles of the subcodes, for `error_user_title`. */
const TITLES = {
  2388019: 'Message Template Limit Exceeded',
  2388023: 'Message Template Language is Being Deleted',
  2388024: 'Content in This Language Already Exists',
  2388040: 'Character Limit Exceeded',
  2388047: 'Message Header Format is Incorrect',
  2388072: 'Message Body Format is Incorrect',
  2388073: 'Message Footer Format is Incorrect',
  2388293: 'Parameters Words Ratio Exceeds Limit',
  2388299: 'Leading or Trailing Parameters Are Not Allowed',
} as const;

/** A subcode that says what is wrong with a template. */
export type TemplateSubcode = keyof typeof TITLES;

/** What is wrong, with Meta's subcode for it; `message` is for people. */
export function refuseTemplate(subcode: TemplateSubcode, message: string): Refusal {
  return { code: 100, subcode, message: 'Invalid parameter', userTitle: TITLES[subcode], userMessage: message };
}

/** What is wrong, where no subcode is known to mean it. */
export function refuseParameter(message: string, title = 'Invalid Parameter'): Refusal {
  return { code: 100, message: `(#100) ${message}`, details: message, userTitle: title, userMessage: message };
}

/** A text that has more characters than `max`. */
export function tooLong(what: string, max: number): Refusal {
  return refuseTemplate(2388040, `The ${what} has more than ${max} characters.`);
}
