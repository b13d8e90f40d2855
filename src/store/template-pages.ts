// The templates of an account as lists show them: filtered, ordered, a page at a time.
import type { KeyPlatform } from '../contract/key-platform.js';
import type { Page, Runner, Slice } from './accounts.js';
import { rangeValues } from './key-range.js';
import { fromRow, TEMPLATE_COLUMNS, type TemplateRow } from './templates.js';

/** Which templates of an account are wanted, and in which order. Empty lists: any. */
export interface TemplateFilter {
  account: number;
  wabaIds: readonly string[];
  statuses: readonly string[];
  languages: readonly string[];
  categories: readonly string[];
  name: string | undefined;
  applicationId: string | undefined;
  entityId: string | undefined;
  /** What the key is bound to: beside its own there are those of no application. */
  platform: readonly KeyPlatform[];
  orderBy: keyof typeof ORDERS;
  isDescending: boolean;
}

/** What templates can be ordered by; ids are digits, so the longer one is the greater. */
const ORDERS = {
  templateId: 'length(template_id) DIR, template_id DIR',
  name: 'name DIR, language DIR',
  language: 'language DIR, name DIR',
  category: 'category DIR, name DIR, language DIR',
  status: 'status DIR, name DIR, language DIR',
} as const;

/** The keys of orders. */
export const TEMPLATE_ORDERS = ['templateId', 'name', 'language', 'category', 'status'] as const;

const WHERE = `account = $1 AND status <> 'DELETED' AND waba_id = ANY ($2::text[]) AND (cardinality($3::text[]) = 0 OR status = ANY ($3))
  AND (cardinality($4::text[]) = 0 OR language = ANY ($4)) AND (cardinality($5::text[]) = 0 OR category = ANY ($5))
  AND ($6::text IS NULL OR name = $6) AND ($7::text IS NULL OR application_id = $7) AND ($8::text IS NULL OR entity_id = $8)
  AND ($9::text[] = '{}' OR application_id IS NULL OR EXISTS (
    SELECT FROM unnest($9, $10::text[]) AS w (application, entity)
    WHERE w.application = application_id AND (w.entity = '' OR w.entity = entity_id)))`;
const COUNT = { name: 'template_count', text: `SELECT count(*) AS total FROM templates WHERE ${WHERE}` };

/** One page of an account's templates. */
export async function pageTemplates(
  db: Runner,
  filter: TemplateFilter,
  { limit, offset }: Slice,
): Promise<Page<TemplateRow>> {
  const values = [
    filter.account,
    filter.wabaIds,
    filter.statuses,
    filter.languages,
    filter.categories,
    filter.name ?? null,
    filter.applicationId ?? null,
    filter.entityId ?? null,
    ...rangeValues(filter.platform),
  ];
  const direction = filter.isDescending ? 'DESC' : 'ASC';
  const order = ORDERS[filter.orderBy].replaceAll('DIR', direction);
  const page = {
    name: `template_page_${filter.orderBy}_${direction}`.toLowerCase(),
    text: `SELECT ${TEMPLATE_COLUMNS} FROM templates WHERE ${WHERE} ORDER BY ${order}, waba_id, template_id LIMIT $11 OFFSET $12`,
  };
  const [count] = await db.run<{ total: number }>(COUNT, values);
  const rows = await db.run<TemplateRow>(page, [...values, limit, offset]);
  return { rows: rows.map(fromRow), total: count?.total ?? 0 };
}
