// A template as Graph tells of it: the item of a list, and the node (Meta 4.1). Pure.
import { integerAt, itemsAt, type JsonObject, objectAt, textAt } from '../json.js';
import {
  type Category,
  categoryFromWire,
  type Quality,
  qualityFromWire,
  statusFromWire,
  type TemplateStatus,
} from './words.js';

/** Fields that Graph is asked for. */
export const NODE_FIELDS =
  'id,name,language,status,category,components,sub_category,rejected_reason,quality_score,message_send_ttl_seconds,library_template_name';

/** What a node says, in Infobip's words; `components` is Meta's JSON. */
export interface TemplateNode {
  id: string;
  name: string;
  language: string;
  status: TemplateStatus;
  category: Category;
  quality: Quality;
  components: string;
  subCategory: string | null;
  validitySeconds: number | null;
  libraryName: string | null;
  rejectedReason: string | null;
}

const ID = /^\d{1,32}$/;

/** Reads a node; undefined when it is no template. A pause does not say which one it is: `before` is the status known so far. */
export function nodeFromWire(
  item: unknown,
  before?: (node: { name: string; language: string }) => string | undefined,
): TemplateNode | undefined {
  const id = textAt(item, 'id');
  const name = textAt(item, 'name');
  const language = textAt(item, 'language');
  if (id === undefined || !ID.test(id) || name === undefined || language === undefined) return undefined;
  const status = textAt(item, 'status');
  return {
    id,
    name,
    language,
    status: statusFromWire(status, { before: before?.({ name, language }) }) ?? 'PENDING',
    category: categoryFromWire(textAt(item, 'category')),
    quality: qualityFromWire(textAt(objectAt(item, 'quality_score'), 'score')),
    components: JSON.stringify(
      itemsAt(item, 'components').filter((part): part is JsonObject => typeof part === 'object'),
    ),
    subCategory: textAt(item, 'sub_category') ?? null,
    validitySeconds: integerAt(item, 'message_send_ttl_seconds') ?? null,
    libraryName: textAt(item, 'library_template_name') ?? null,
    rejectedReason: textAt(item, 'rejected_reason') ?? null,
  };
}
