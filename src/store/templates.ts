// Templates as accounts know them: rows by account, WABA, name and language.
import type { TemplateNews } from '../contract/templates/event.js';
import type { Runner } from './accounts.js';
import { fromReportRow, type TemplateReport, type TemplateReportRow } from './template-reports.js';

/** A template. Times are epoch ms; `components`, `approved` and `extras` are JSON; words are Infobip's, `language` is Meta's. */
export interface TemplateRow {
  account: number;
  wabaId: string;
  name: string;
  language: string;
  /** Meta's id, which is also the customer's. */
  id: string;
  status: string;
  category: string;
  quality: string;
  components: string;
  /** The components that messages are made of; null while none can be. */
  approved: string | null;
  subCategory: string | null;
  validitySeconds: number | null;
  libraryName: string | null;
  rejectedReason: string | null;
  applicationId: string | null;
  entityId: string | null;
  extras: string | null;
  edits: number[];
  createdAt: number;
  updatedAt: number;
}

/** A template as Meta has it. */
export type MetaTemplate = Pick<
  TemplateRow,
  | 'name'
  | 'language'
  | 'id'
  | 'status'
  | 'category'
  | 'quality'
  | 'components'
  | 'subCategory'
  | 'validitySeconds'
  | 'libraryName'
  | 'rejectedReason'
>;

/** The templates of one WABA as one account knows them. */
export interface Shelf {
  account: number;
  wabaId: string;
}

/** Columns of a `TemplateRow`. */
export const TEMPLATE_COLUMNS = `account, waba_id AS "wabaId", name, language, template_id AS id, status, category, quality, components, approved,
  sub_category AS "subCategory", validity_seconds AS "validitySeconds", library_name AS "libraryName", rejected_reason AS "rejectedReason",
  application_id AS "applicationId", entity_id AS "entityId", extras, edits, created_at AS "createdAt", updated_at AS "updatedAt"`;
const LIST = {
  name: 'template_list',
  text: `SELECT ${TEMPLATE_COLUMNS} FROM templates WHERE account = $1 AND waba_id = $2 AND status <> 'DELETED' ORDER BY name, language`,
};
const BY_ID = {
  name: 'template_by_id',
  text: `SELECT ${TEMPLATE_COLUMNS} FROM templates WHERE account = $1 AND waba_id = $2 AND template_id = $3 AND status <> 'DELETED'`,
};
const BY_NAME = {
  name: 'template_by_name',
  text: `SELECT ${TEMPLATE_COLUMNS} FROM templates WHERE account = $1 AND waba_id = $2 AND name = $3 AND status <> 'DELETED' ORDER BY language`,
};
const PUT = {
  name: 'template_put',
  text: 'SELECT * FROM put_templates($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,$15,$16,$17)',
};
const ANNOTATE = {
  name: 'template_annotate',
  text: `UPDATE templates SET application_id = CASE WHEN $4 THEN $5 ELSE application_id END, entity_id = CASE WHEN $4 THEN $6 ELSE entity_id END,
      extras = CASE WHEN $7 THEN $8 ELSE extras END, updated_at = $9, created_at = CASE WHEN $10 THEN $9 ELSE created_at END,
      edits = CASE WHEN $11::bigint IS NULL THEN edits ELSE array_append(ARRAY(SELECT e FROM unnest(edits) e WHERE e > $11 - $12), $11) END
    WHERE account = $1 AND waba_id = $2 AND template_id = $3`,
};
const DELETE = { name: 'template_delete', text: 'SELECT * FROM delete_templates($1,$2,$3,$4,$5,$6)' };
const CHANGE = {
  name: 'template_change',
  text: 'SELECT * FROM change_template($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12)',
};
/** All templates of a WABA. */
export function listTemplates(db: Runner, { account, wabaId }: Shelf): Promise<TemplateRow[]> {
  return db.run<TemplateRow>(LIST, [account, wabaId]).then((rows) => rows.map(fromRow));
}

/** The template with Meta's id `id`. */
export async function findTemplate(db: Runner, shelf: Shelf, id: string): Promise<TemplateRow | undefined> {
  const [row] = await db.run<TemplateRow>(BY_ID, [shelf.account, shelf.wabaId, id]);
  return row === undefined ? undefined : fromRow(row);
}

/** A template in all its languages. */
export function findTemplatesNamed(db: Runner, shelf: Shelf, name: string): Promise<TemplateRow[]> {
  return db.run<TemplateRow>(BY_NAME, [shelf.account, shelf.wabaId, name]).then((rows) => rows.map(fromRow));
}

/** pg gives the members of bigint[] as text. */
export function fromRow(row: TemplateRow): TemplateRow {
  return { ...row, edits: row.edits.map(Number) };
}

/** When something is written. */
export interface Moment {
  now: number;
  /** Its day, yyyymmdd. */
  today: number;
}

/**
 * Stores what Meta was asked for at `since`; what was told here later stays. `tells`: whether those whose state changed by it are told of.
 * Returns the reports.
 */
export async function putTemplates(
  db: Runner,
  { account, wabaId }: Shelf,
  { now, today }: Moment,
  { since, tells }: { since: number; tells: boolean },
  templates: readonly MetaTemplate[],
): Promise<TemplateReport[]> {
  const rows = await db.run<TemplateReportRow>(PUT, [
    now,
    today,
    since,
    account,
    wabaId,
    tells,
    templates.map((t) => t.name),
    templates.map((t) => t.language),
    templates.map((t) => t.id),
    templates.map((t) => t.status),
    templates.map((t) => t.category),
    templates.map((t) => t.quality),
    templates.map((t) => t.components),
    templates.map((t) => t.subCategory),
    templates.map((t) => t.validitySeconds),
    templates.map((t) => t.libraryName),
    templates.map((t) => t.rejectedReason),
  ]);
  return rows.map(fromReportRow);
}

/** What a webhook says of a template, and when Meta said it, epoch ms. */
export type TemplateChange = Omit<TemplateNews, 'isStale'> & { at: number };

/** Applies a webhook to the account's row; what was applied before, or is older, does nothing. Returns the reports. */
export async function changeTemplate(
  db: Runner,
  { account, wabaId }: Shelf,
  { now, today }: Moment,
  { id, name, language, at, status, category, quality, reason }: TemplateChange,
): Promise<TemplateReport[]> {
  const values = [now, today, account, wabaId, id, name, language, at];
  const rows = await db.run<TemplateReportRow>(CHANGE, [
    ...values,
    status ?? null,
    category ?? null,
    quality ?? null,
    reason,
  ]);
  return rows.map(fromReportRow);
}

/** Marks a template as deleted in all its languages. Returns the reports. */
export async function deleteTemplates(
  db: Runner,
  { account, wabaId }: Shelf,
  { now, today }: Moment,
  name: string,
): Promise<TemplateReport[]> {
  return (await db.run<TemplateReportRow>(DELETE, [now, today, account, wabaId, name, 0])).map(fromReportRow);
}

/** Marks as deleted what Meta did not have when it was asked for everything since `before`, and forgets what was marked before. */
export async function deleteUnseen(
  db: Runner,
  { account, wabaId }: Shelf,
  { now, today }: Moment,
  before: number,
): Promise<TemplateReport[]> {
  return (await db.run<TemplateReportRow>(DELETE, [now, today, account, wabaId, null, before])).map(fromReportRow);
}

/** What our side says of a template; undefined keeps what is there. */
export interface Annotation {
  platform?: { applicationId: string | null; entityId: string | null } | undefined;
  extras?: string | undefined;
  /** It was registered now. */
  isNew?: boolean;
  /** It was edited now; edits older than `window` ms before are forgotten. */
  edit?: { window: number } | undefined;
}

/** Notes what Meta does not keep. */
export async function annotateTemplate(
  db: Runner,
  { account, wabaId }: Shelf,
  id: string,
  now: number,
  { platform, extras, isNew = false, edit }: Annotation,
): Promise<void> {
  await db.run(ANNOTATE, [
    account,
    wabaId,
    id,
    platform !== undefined,
    platform?.applicationId ?? null,
    platform?.entityId ?? null,
    extras !== undefined,
    extras ?? null,
    now,
    isNew,
    edit === undefined ? null : now,
    edit?.window ?? 0,
  ]);
}
