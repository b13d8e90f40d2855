// What the texts of a template must be: lengths, placeholders, examples (Meta 4.3).
import type { Refusal } from '../graph/errors.js';
import type { Component } from './component.js';
import { parametersOf, placeholdersIn, wordsBeside } from './placeholders.js';
import type { Content } from './record.js';
import { refuseParameter, refuseTemplate, type TemplateSubcode, tooLong } from './refusals.js';

type Format = Content['parameterFormat'];

const HEADER_CHARACTERS_MAX = 60;
const FOOTER_CHARACTERS_MAX = 60;
/** Longest body, also once its placeholders are filled in. */
export const BODY_CHARACTERS_MAX = 1024;
/** Longest body beside a limited-time offer. */
export const OFFER_BODY_CHARACTERS_MAX = 600;
/** Longest body of a card, and beside a product. */
export const CARD_BODY_CHARACTERS_MAX = 160;
export { HEADER_CHARACTERS_MAX };

/** Refuses a header that is not what its format says. */
export function checkHeader({ format, text, example }: Component, parameters: Format): Refusal | null {
  if (format === undefined) return refuseTemplate(2388047, 'The header needs a format.');
  if (format !== 'TEXT') {
    if (text !== undefined) return refuseTemplate(2388047, `A header of format ${format} has no text.`);
    return checkHandle(format, example);
  }
  if (text === undefined || text.trim() === '') return refuseTemplate(2388047, 'The header needs a text.');
  if (text.length > HEADER_CHARACTERS_MAX) return tooLong('header', HEADER_CHARACTERS_MAX);
  if (/[\n\r*_~`]/.test(text.replace(/\{\{[^{}]*\}\}/g, '')))
    return refuseTemplate(2388047, 'The header has no line breaks, emphasis or asterisks.');
  const names = parametersOf(text);
  if (placeholdersIn(text).length > 1) return refuseTemplate(2388047, 'The header has at most one parameter.');
  const given =
    parameters === 'NAMED' ? example?.header_text_named_params?.map((each) => each.param_name) : example?.header_text;
  return checkNames(names, parameters, 2388047) ?? checkExamples({ names, given, parameters, subcode: 2388047 });
}

function checkHandle(format: string, example: Component['example']): Refusal | null {
  const needsFile = ['IMAGE', 'VIDEO', 'GIF', 'DOCUMENT'].includes(format);
  if (!needsFile) return example === undefined ? null : refuseTemplate(2388047, `A ${format} header has no example.`);
  return example?.header_handle?.length === 1
    ? null
    : refuseTemplate(2388047, `A header of format ${format} needs one example in header_handle.`);
}

/** Refuses a body that is empty, too long, or whose placeholders are not as Meta wants them. */
export function checkBody(
  { text, example }: Pick<Component, 'text' | 'example'>,
  parameters: Format,
  charactersMax: number,
): Refusal | null {
  if (text === undefined || text.trim() === '') return refuseTemplate(2388072, 'The body needs a text.');
  if (text.length > charactersMax) return tooLong('body', charactersMax);
  const names = parametersOf(text);
  const given =
    parameters === 'NAMED' ? example?.body_text_named_params?.map((each) => each.param_name) : example?.body_text?.[0];
  return (
    checkNames(names, parameters, 2388072) ??
    checkPlaces(text) ??
    (wordsBeside(text) < names.length
      ? refuseTemplate(2388293, 'The body has too many parameters for its length.')
      : null) ??
    checkExamples({ names, given, parameters, subcode: 2388072 })
  );
}

/** Refuses a footer that is too long or has a placeholder. */
export function checkFooter({ text }: Component): Refusal | null {
  if (text === undefined || text.trim() === '') return refuseTemplate(2388073, 'The footer needs a text.');
  if (text.length > FOOTER_CHARACTERS_MAX) return tooLong('footer', FOOTER_CHARACTERS_MAX);
  return placeholdersIn(text).length === 0 ? null : refuseTemplate(2388073, 'The footer has no parameters.');
}

function checkPlaces(text: string): Refusal | null {
  if (/^\s*\{\{|\}\}\s*$/.test(text))
    return refuseTemplate(2388299, 'The body must not begin or end with a parameter.');
  return /\}\}\s*\{\{/.test(text) ? refuseTemplate(2388072, 'Two parameters must have words between them.') : null;
}

function checkNames(names: readonly string[], parameters: Format, subcode: TemplateSubcode): Refusal | null {
  if (parameters === 'NAMED') {
    const bad = names.find((name) => !/^[a-z][a-z0-9_]*$/.test(name));
    return bad === undefined
      ? null
      : refuseTemplate(subcode, `{{${bad}}} is not a parameter name of small letters, digits and underscores.`);
  }
  const isInOrder = names.every((name, index) => name === String(index + 1));
  return isInOrder ? null : refuseTemplate(subcode, 'Parameters must be numbered {{1}}, {{2}} and so on without gaps.');
}

function checkExamples({
  names,
  given,
  parameters,
  subcode,
}: {
  names: readonly string[];
  given: readonly string[] | undefined;
  parameters: Format;
  subcode: TemplateSubcode;
}): Refusal | null {
  if (names.length === 0 && given === undefined) return null;
  if (names.length !== (given?.length ?? 0))
    return refuseTemplate(subcode, `There are ${names.length} parameters and ${given?.length ?? 0} examples.`);
  if (parameters !== 'NAMED') return null;
  const missing = names.find((name) => given?.includes(name) !== true);
  return missing === undefined ? null : refuseParameter(`There is no example for {{${missing}}}.`);
}
