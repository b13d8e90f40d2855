// A template as reads show it (Infobip 9): both versions of the API, and examples for the API page. Pure.
import { formatDate } from '../dates.js';
import { isObject, itemsAt, type JsonObject, objectAt, textAt } from '../json.js';
import { type StructureExtras, structureFromWire } from './from-wire.js';
import { validityFromSeconds } from './requests.js';
import { languageFromWire } from './words.js';

/** What is known of a template. Times are epoch ms; `components` and `extras` are JSON of ours and Meta's. */
export interface TemplateFacts {
  id: string;
  wabaId: string;
  name: string;
  language: string;
  status: string;
  category: string;
  quality: string;
  components: string;
  subCategory: string | null;
  validitySeconds: number | null;
  libraryName: string | null;
  applicationId: string | null;
  entityId: string | null;
  extras: string | null;
  createdAt: number;
  updatedAt: number;
}

/** TemplateApiResponse. `category` and `structure` are always there: typed clients dispatch on them (Infobip 13). */
export function templateAnswer(facts: TemplateFacts): JsonObject {
  const { id, name, status, category, quality, subCategory, validitySeconds, libraryName, applicationId, entityId } =
    facts;
  const hasPlatform = applicationId !== null || entityId !== null;
  return {
    id,
    ...businessAccount(facts.wabaId),
    name,
    language: languageFromWire(facts.language),
    status,
    category,
    structure: structureFromWire(componentsOf(facts), readExtras(facts.extras)),
    quality,
    ...(hasPlatform
      ? { platform: { ...unlessNull('applicationId', applicationId), ...unlessNull('entityId', entityId) } }
      : {}),
    createdAt: formatDate(facts.createdAt),
    lastUpdatedAt: formatDate(facts.updatedAt),
    ...unlessNull('libraryTemplateName', libraryName),
    // Infobip knows this one only.
    ...(subCategory === 'ORDER_STATUS' && category === 'UTILITY' ? { subCategory } : {}),
    ...(validitySeconds !== null && category === 'AUTHENTICATION'
      ? { validityPeriod: validityFromSeconds(validitySeconds) }
      : {}),
  };
}

/** Meta's components of a row, as JSON values. */
function componentsOf({ components }: { components: string }): readonly unknown[] {
  // Parse boundary: written by JSON.stringify of an array.
  const value: unknown = JSON.parse(components);
  return Array.isArray(value) ? value : [];
}

/** What was kept of a template's registration. */
export function readExtras(extras: string | null): StructureExtras {
  // Parse boundary: only the registration of templates writes it.
  return extras === null ? {} : (JSON.parse(extras) as StructureExtras);
}

/** An integer for clients; a WABA id that JavaScript cannot hold exactly is left out rather than told wrong. */
function businessAccount(wabaId: string): JsonObject {
  const id = Number(wabaId);
  return Number.isSafeInteger(id) ? { businessAccountId: id } : {};
}

function unlessNull(key: string, value: string | null): JsonObject {
  return value === null ? {} : { [key]: value };
}

/** V1TemplateApiResponse: texts in place of objects, three kinds of button; anything else makes it UNSUPPORTED. */
export function v1TemplateAnswer(facts: TemplateFacts): JsonObject {
  const { id, name, status, category } = facts;
  const structure = structureFromWire(componentsOf(facts), readExtras(facts.extras));
  return {
    id,
    ...businessAccount(facts.wabaId),
    name,
    language: languageFromWire(facts.language),
    status,
    category,
    structure: v1Structure(structure),
  };
}

const V1_BUTTONS: ReadonlySet<string> = new Set(['PHONE_NUMBER', 'URL', 'QUICK_REPLY']);

function v1Structure(structure: JsonObject): JsonObject {
  const { header, body, footer, type, ...rest } = structure;
  const all = itemsAt(structure, 'buttons').filter(isObject);
  const buttons = all.filter((button) => V1_BUTTONS.has(textAt(button, 'type') ?? '')).slice(0, 3);
  const { buttons: _, ...unknown } = rest;
  const isLost =
    buttons.length < all.length || Object.keys(unknown).length > 0 || objectAt(structure, 'header')?.format === 'GIF';
  const hasHeader = header !== undefined && objectAt(structure, 'header')?.format !== 'GIF';
  return {
    ...(hasHeader ? { header } : {}),
    body: textAt(body, 'text') ?? '',
    ...(footer === undefined ? {} : { footer: textAt(footer, 'text') ?? '' }),
    ...(buttons.length === 0 ? {} : { buttons: buttons.map(({ destinationUrl: __, ...button }) => button) }),
    type: isLost ? 'UNSUPPORTED' : type,
  };
}
