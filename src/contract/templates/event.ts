// TEMPLATE_UPDATE: what Meta's webhooks say of templates, and what customers are told of it (Infobip 4.4, Meta 2.4). Pure.
import { formatDate } from '../dates.js';
import { isObject, type JsonObject, objectAt, textAt } from '../json.js';
import {
  CATEGORIES,
  categoryFromWire,
  languageFromWire,
  qualityFromWire,
  reasonFromWire,
  statusFromWire,
} from './words.js';

/** Kinds of events, as stored. */
const TemplateEventKind = { status: 1, category: 2, quality: 3 } as const;

/** What an event is made of. `kind`: 1 status, 2 category, 3 quality. `at` is epoch ms. */
export interface TemplateEvent {
  id: string;
  templateId: string;
  name: string;
  language: string;
  kind: number;
  at: number;
  previous: string;
  current: string;
  reason: string | null;
  applicationId: string | null;
  entityId: string | null;
}

/** The body that a customer gets: an object by itself. Application and entity are texts, as everywhere but in Infobip's schema of it. */
export function templateEventToReport(event: TemplateEvent): JsonObject {
  const { id, templateId, name, language, at, applicationId, entityId } = event;
  return {
    messageTemplateId: templateId,
    messageTemplateName: name,
    messageTemplateLanguage: languageFromWire(language),
    timestamp: formatDate(at),
    change: changeOf(event),
    ...(entityId === null ? {} : { entityId }),
    ...(applicationId === null ? {} : { applicationId }),
    eventId: id,
  };
}

function changeOf({ kind, previous, current, reason }: TemplateEvent): JsonObject {
  switch (kind) {
    case TemplateEventKind.category:
      return { type: 'TEMPLATE_CATEGORY_UPDATE', previousCategory: previous, newCategory: current };
    case TemplateEventKind.quality:
      return { type: 'TEMPLATE_QUALITY_UPDATE', previousQualityScore: previous, newQualityScore: current };
    default:
      return { type: 'TEMPLATE_STATUS_UPDATE', newStatus: current, reason: reasonFromWire(reason ?? undefined) };
  }
}

/** What a webhook says of a template; undefined fields: nothing. `isStale`: our copy of its content is old. */
export interface TemplateNews {
  id: string;
  name: string;
  language: string;
  status: string | undefined;
  category: string | undefined;
  quality: string | undefined;
  reason: string;
  isStale: boolean;
}

const ID = /^\d{1,32}$/;
/** The fields of webhooks about templates. */
const FIELDS: ReadonlySet<string> = new Set([
  'message_template_status_update',
  'message_template_quality_update',
  'template_category_update',
  'message_template_components_update',
]);

/** Reads a change of a webhook; undefined when it is not about a template, or is not as Meta writes it. */
export function templateNewsFromWire(field: string, value: unknown): TemplateNews | undefined {
  const id = textAt(value, 'message_template_id');
  const name = textAt(value, 'message_template_name');
  const language = textAt(value, 'message_template_language');
  if (!FIELDS.has(field) || id === undefined || !ID.test(id)) return undefined;
  if (name === undefined || language === undefined || /\0/.test(name + language)) return undefined;
  const news = {
    id,
    name,
    language,
    status: undefined,
    category: undefined,
    quality: undefined,
    reason: 'NONE',
    isStale: false,
  };
  switch (field) {
    case 'message_template_status_update': {
      const status = statusFromWire(textAt(value, 'event'), { pause: textAt(objectAt(value, 'other_info'), 'title') });
      return { ...news, status, reason: reasonFromWire(textAt(value, 'reason')), isStale: status === undefined };
    }
    case 'message_template_quality_update':
      return { ...news, quality: qualityFromWire(textAt(value, 'new_quality_score')) };
    case 'template_category_update':
      return { ...news, category: newCategory(value) };
    default:
      return { ...news, isStale: true };
  }
}

/** A warning names the category that will come as `correct_category`; only what is done has a previous one. */
function newCategory(value: unknown): string | undefined {
  const category = textAt(value, 'new_category');
  const isDone = isObject(value) && value.previous_category !== undefined && value.previous_category !== null;
  return isDone && CATEGORIES.some((known) => known === category) ? categoryFromWire(category) : undefined;
}
