// What interactive messages have in common: header, body, footer, action (Meta 1.5).
import Type, { type Static, type TSchema } from 'typebox';
import type { Refusal } from '../errors.js';
import { invalidValue, missingParameter, unexpectedKey } from '../schema.js';
import { checkFile, DocumentObject, FileObject, isWebAddress, referenceTo } from './media.js';
import type { MediaReference, OutboundType } from './type.js';

const closed = { additionalProperties: false };
const SHORT_TEXT_CHARACTERS_MAX = 60;
const BODY_CHARACTERS_MAX = 1024;
const URL_CHARACTERS_MAX = 2000;

/** Longest label of a button. */
export const LABEL_CHARACTERS_MAX = 20;
/** Longest title of a section. */
const SECTION_TITLE_CHARACTERS_MAX = 24;
/** Most sections of a list or a product list. */
export const SECTIONS_MAX = 10;

/** A text of 1 to `max` characters. */
export function textUpTo(max: number) {
  return Type.String({ minLength: 1, maxLength: max });
}

/** A section's title, which several sections must have. */
export const SectionTitle = Type.Optional(Type.String({ maxLength: SECTION_TITLE_CHARACTERS_MAX }));

/** What a link button opens. */
export const UrlParameters = Type.Object(
  { display_text: textUpTo(LABEL_CHARACTERS_MAX), url: textUpTo(URL_CHARACTERS_MAX) },
  closed,
);

/** Refuses a link button whose `url` is no http(s) URL. */
export function checkUrlParameters({ url }: Static<typeof UrlParameters>, path: string): Refusal | null {
  return isWebAddress(url) ? null : invalidValue(`${path}['url']`, 'is not a valid http or https URL');
}

/** Refuses a missing title where there is more than one section, naming the first section without. */
export function checkTitles(sections: readonly { title?: string }[], path: string): Refusal | null {
  if (sections.length === 1) return null;
  const bare = sections.findIndex(({ title }) => title === undefined || title === '');
  return bare < 0 ? null : missingParameter(`${path}[${bare}]['title']`);
}

/** Refuses values that are not distinct. */
export function checkDistinct(values: readonly string[], path: string, what: string): Refusal | null {
  return new Set(values).size === values.length ? null : invalidValue(path, `must have distinct ${what}`);
}

type HeaderKind = 'text' | 'image' | 'video' | 'document';
/** Headers with media or text. */
export const ANY_HEADER: readonly HeaderKind[] = ['text', 'image', 'video', 'document'];

const HEADER_PARTS: Readonly<Record<HeaderKind, TSchema>> = {
  text: Type.Optional(textUpTo(SHORT_TEXT_CHARACTERS_MAX)),
  image: Type.Optional(FileObject),
  video: Type.Optional(FileObject),
  document: Type.Optional(DocumentObject),
};

/** A header of one of `kinds`. */
export function headerSchema(kinds: readonly HeaderKind[]) {
  const parts = Object.fromEntries(kinds.map((kind) => [kind, HEADER_PARTS[kind]]));
  return Type.Object({ type: Type.Enum([...kinds]), ...parts }, closed);
}

/** A header that fits its schema. */
export interface Header {
  type: HeaderKind;
  text?: string;
  image?: Static<typeof FileObject>;
  video?: Static<typeof FileObject>;
  document?: Static<typeof DocumentObject>;
}

/** Refuses a header that has not exactly the part that its `type` names, or a bad file in it. */
export function checkHeader(header: Header, path: string): Refusal | null {
  const { type } = header;
  if (header[type] === undefined) return missingParameter(`${path}['${type}']`);
  const extra = ANY_HEADER.find((kind) => kind !== type && header[kind] !== undefined);
  if (extra !== undefined) return unexpectedKey(extra, path);
  const file = type === 'text' ? undefined : header[type];
  return file === undefined ? null : checkFile(file, `${path}['${type}']`);
}

/** The file of a checked header, as a list of none or one. */
export function mediaOfHeader(header: Header | undefined, path: string): MediaReference[] {
  if (header === undefined || header.type === 'text') return [];
  const file = header[header.type];
  return file === undefined ? [] : [referenceTo(file, header.type, `${path}['${header.type}']`)];
}

/** What tells one interactive type from another. */
interface InteractiveRules {
  type: string;
  header?: readonly HeaderKind[];
  isHeaderRequired?: boolean;
  /** `required` unless told otherwise. */
  body?: 'required' | 'optional';
  bodyCharactersMax?: number;
  hasFooter?: boolean;
  action: TSchema;
  check?(action: unknown, now: number): Refusal | null;
  media?(action: unknown): MediaReference[];
}

interface Interactive {
  header?: Header;
  action: unknown;
}

/** An interactive type by its rules; paths in refusals begin with `interactive`. */
export function interactiveType(rules: InteractiveRules): OutboundType {
  const { type, header: kinds = [], bodyCharactersMax = BODY_CHARACTERS_MAX, hasFooter = true } = rules;
  const body = Type.Object({ text: textUpTo(bodyCharactersMax) }, closed);
  const header = headerSchema(kinds);
  const footer = Type.Object({ text: textUpTo(SHORT_TEXT_CHARACTERS_MAX) }, closed);
  const properties: Record<string, TSchema> = {
    type: Type.Literal(type),
    ...(kinds.length === 0 ? {} : { header: rules.isHeaderRequired === true ? header : Type.Optional(header) }),
    body: rules.body === 'optional' ? Type.Optional(body) : body,
    ...(hasFooter ? { footer: Type.Optional(footer) } : {}),
    action: rules.action,
  };
  const headerPath = "interactive['header']";
  return {
    name: 'interactive',
    variant: type,
    schema: Type.Object(properties, closed),
    check: (value: Interactive, now) =>
      (value.header === undefined ? null : checkHeader(value.header, headerPath)) ??
      rules.check?.(value.action, now) ??
      null,
    media: (value: Interactive) => [...mediaOfHeader(value.header, headerPath), ...(rules.media?.(value.action) ?? [])],
  };
}
