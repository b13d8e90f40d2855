// Requests that register and change templates, read and checked (Infobip 9).
import { type Static, Type } from 'typebox';
import { isObject, objectAt } from '../json.js';
import { addViolation, type Violations } from '../readers.js';
import { compileValidator, type Validated } from '../validate.js';
import { checkOtpButtons } from './button-rules.js';
import { checkStructure } from './rules.js';
import {
  type AuthenticationStructure,
  authenticationStructure,
  type DefaultStructure,
  defaultStructure,
  isAuthentication,
  platform,
  validityPeriod,
} from './structure.js';
import { CATEGORIES, type Category, LANGUAGES } from './words.js';

const name = Type.String({ minLength: 1, maxLength: 512, pattern: '^[a-z0-9_]{1,512}$' });
const common = { name, language: Type.Enum(LANGUAGES), platform: Type.Optional(platform) };
const subCategory = Type.Optional(Type.Enum(['ORDER_STATUS']));
const validity = { validityPeriod: Type.Optional(validityPeriod) };

const marketing = Type.Object({ ...common, category: Type.Literal('MARKETING'), structure: defaultStructure });
const utility = Type.Object({
  ...common,
  category: Type.Literal('UTILITY'),
  structure: defaultStructure,
  subCategory,
});
const isAuth = Type.Literal('AUTHENTICATION');
const authentication = Type.Object({ ...common, category: isAuth, structure: authenticationStructure, ...validity });
/** In India authentication templates have the structure of utility ones (Infobip 9). */
const plainAuthentication = Type.Object({ ...common, category: isAuth, structure: defaultStructure, ...validity });
const categoryOnly = Type.Object({ ...common, category: Type.Enum([...CATEGORIES]), structure: Type.Object({}) });

/** Schema of `POST /whatsapp/2/senders/{sender}/templates`, for the API page. */
export const createTemplateSchema = Type.Union([marketing, utility, authentication]);

/** Schema of `PATCH /whatsapp/2/senders/{sender}/templates/{id}`, for the API page: every field optional. */
export const editTemplateSchema = Type.Object({
  category: Type.Optional(Type.Enum([...CATEGORIES])),
  structure: Type.Optional(defaultStructure),
  validityPeriod: Type.Optional(validityPeriod),
  platform: Type.Optional(platform),
  subCategory,
});

/** A template to be registered. */
export interface TemplateRequest {
  name: string;
  language: string;
  category: Category;
  structure: DefaultStructure | AuthenticationStructure;
  platform?: Static<typeof platform>;
  subCategory?: string;
  validityPeriod?: Static<typeof validityPeriod>;
}

/** What is to change of a template. */
export type TemplateEdit = Partial<Omit<TemplateRequest, 'name' | 'language'>>;

const readMarketing = compileValidator(marketing);
const readUtility = compileValidator(utility);
const readAuthentication = compileValidator(authentication);
const readPlain = compileValidator(plainAuthentication);
const readCategory = compileValidator(categoryOnly);

const editFields = Type.Omit(editTemplateSchema, ['structure']);
const readEditFields = compileValidator(editFields);
const readDefaultStructure = compileValidator(Type.Object({ structure: defaultStructure }));
const readAuthStructure = compileValidator(Type.Object({ structure: authenticationStructure }));

/**
 * Reads the body of a registration: every wrong field at once. `files` are the media headers whose file came with the request.
 * `allowCategoryChange` of older clients and `structure.type` are ignored.
 */
export function readTemplateRequest(body: unknown, files: ReadonlySet<string> = new Set()): Validated<TemplateRequest> {
  const read: Validated<TemplateRequest> = readerFor(body)(body);
  return read.ok ? checked(read.value, read.value.category, files) : read;
}

function readerFor(body: unknown): (body: unknown) => Validated<TemplateRequest> {
  const category = isObject(body) ? body.category : undefined;
  if (category === 'MARKETING') return readMarketing;
  if (category === 'UTILITY') return readUtility;
  if (category === 'AUTHENTICATION') return isPlain(body) ? readPlain : readAuthentication;
  return (value) => {
    const read = readCategory(value);
    // The category is none, so this is never ok; the type system cannot know.
    return read.ok ? { ok: false, violations: { category: ['must not be null'] } } : read;
  };
}

/** Authentication in the form of other templates: its body has a text of its own. */
function isPlain(body: unknown): boolean {
  return objectAt(objectAt(body, 'structure'), 'body')?.text !== undefined;
}

/** What the template was before an edit. */
export interface EditContext {
  category: Category;
  subCategory: string | undefined;
}

/** Reads the body of an edit. A template that has a subCategory must be given it again, and no other can be given one (Infobip 9, Meta 4.1). */
export function readTemplateEdit(
  body: unknown,
  before: EditContext,
  files: ReadonlySet<string> = new Set(),
): Validated<TemplateEdit> {
  const fields = readEditFields(body);
  const category = (fields.ok ? fields.value.category : undefined) ?? before.category;
  const structure = structureOf(body, category);
  if (!fields.ok || structure?.ok === false) {
    const violations: Violations = {};
    for (const read of [fields, structure])
      if (read?.ok === false)
        for (const [path, [first]] of Object.entries(read.violations)) addViolation(violations, path, first ?? '');
    return { ok: false, violations };
  }
  const edit: TemplateEdit = { ...fields.value, ...structure?.value };
  const needsSub = before.subCategory !== undefined && category === 'UTILITY' && edit.subCategory === undefined;
  if (needsSub) return { ok: false, violations: { subCategory: ['must be given for a template that has one'] } };
  if (edit.subCategory !== undefined && before.subCategory === undefined)
    return {
      ok: false,
      violations: { subCategory: ['cannot be given to a template that was registered without one'] },
    };
  return checked(edit, category, files);
}

function structureOf(
  body: unknown,
  category: Category,
): Validated<{ structure: DefaultStructure | AuthenticationStructure }> | undefined {
  if (!isObject(body) || body.structure === undefined || body.structure === null) return undefined;
  return category === 'AUTHENTICATION' && !isPlain(body) ? readAuthStructure(body) : readDefaultStructure(body);
}

function checked<T extends TemplateEdit>(request: T, category: Category, files: ReadonlySet<string>): Validated<T> {
  const violations: Violations = {};
  const { structure, validityPeriod: validity } = request;
  if (structure !== undefined) {
    if (isAuthentication(structure)) checkOtpButtons(structure.buttons, 'structure.buttons', violations);
    else checkStructure(structure, { category, path: 'structure', files }, violations);
  }
  if (validity !== undefined) {
    const seconds = validitySeconds(validity);
    if (category !== 'AUTHENTICATION')
      addViolation(violations, 'validityPeriod', 'is for AUTHENTICATION templates only');
    else if (validity.amount !== -1 && (seconds < VALIDITY_MIN || seconds > VALIDITY_MAX))
      addViolation(violations, 'validityPeriod.amount', 'must be from 30 seconds to 15 minutes, or -1');
  }
  return Object.keys(violations).length > 0 ? { ok: false, violations } : { ok: true, value: request };
}

/** Bounds of an authentication template's validity, seconds (Infobip 9, Meta 4.3). */
const VALIDITY_MIN = 30;
const VALIDITY_MAX = 900;

/** Seconds of a validity period; -1 stays. Without a unit it is minutes. */
export function validitySeconds({ amount, timeUnit }: Static<typeof validityPeriod>): number {
  return amount === -1 || timeUnit === 'SECONDS' ? amount : amount * 60;
}

/** The validity period of so many seconds, in minutes where it is whole ones. */
export function validityFromSeconds(seconds: number): Static<typeof validityPeriod> {
  return seconds === -1 || seconds % 60 !== 0
    ? { amount: seconds, timeUnit: 'SECONDS' }
    : { amount: seconds / 60, timeUnit: 'MINUTES' };
}
