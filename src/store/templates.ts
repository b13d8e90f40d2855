// Templates as accounts know them: rows by account, WABA, name and language, and names that are locked.
import type { KeyPlatform } from '../contract/key-platform.js';
import type { TemplateEvent, TemplateNews } from '../contract/templates/event.js';
import type { Page, Runner, Slice } from './accounts.js';
import { rangeValues } from './key-range.js';

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

const COLUMNS = `account, waba_id AS "wabaId", name, language, template_id AS id, status, category, quality, components, approved,
  sub_category AS "subCategory", validity_seconds AS "validitySeconds", library_name AS "libraryName", rejected_reason AS "rejectedReason",
  application_id AS "applicationId", entity_id AS "entityId", extras, edits, created_at AS "createdAt", updated_at AS "updatedAt"`;
const LIST = {
  name: 'template_list',
  text: `SELECT ${COLUMNS} FROM templates WHERE account = $1 AND waba_id = $2 AND status <> 'DELETED' ORDER BY name, language`,
};
const BY_ID = {
  name: 'template_by_id',
  text: `SELECT ${COLUMNS} FROM templates WHERE account = $1 AND waba_id = $2 AND template_id = $3 AND status <> 'DELETED'`,
};
const BY_NAME = {
  name: 'template_by_name',
  text: `SELECT ${COLUMNS} FROM templates WHERE account = $1 AND waba_id = $2 AND name = $3 AND status <> 'DELETED' ORDER BY language`,
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
const LOCK = {
  name: 'template_lock',
  text: `INSERT INTO template_locks AS l (account, waba_id, name, until) VALUES ($1, $2, $3, $4)
    ON CONFLICT (account, waba_id, name) DO UPDATE SET until = greatest(l.until, excluded.until)`,
};
const LOCKED = {
  name: 'template_locked',
  text: 'SELECT until FROM template_locks WHERE account = $1 AND waba_id = $2 AND name = $3 AND until > $4',
};
const UNLOCK_OLD = { name: 'template_unlock_old', text: 'DELETE FROM template_locks WHERE until <= $1' };

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
function fromRow(row: TemplateRow): TemplateRow {
  return { ...row, edits: row.edits.map(Number) };
}

/** What became of a template, and one report of it. Times are epoch ms. */
export interface TemplateReport {
  /** Of the event, the same in each report of it. */
  id: string;
  endpoint: number;
  seq: number;
  reportDay: number;
  url: string;
  event: TemplateEvent;
}

interface ReportRow {
  id: string;
  endpoint: number;
  seq: number;
  report_day: number;
  url: string;
  template_id: string;
  name: string;
  language: string;
  kind: number;
  at: number;
  previous: string;
  current: string;
  reason: string | null;
  application_id: string | null;
  entity_id: string | null;
}

function fromReportRow(row: ReportRow): TemplateReport {
  const {
    id,
    endpoint,
    seq,
    report_day: reportDay,
    url,
    template_id: templateId,
    name,
    language,
    kind,
    at,
    ...rest
  } = row;
  const { previous, current, reason, application_id: applicationId, entity_id: entityId } = rest;
  const event = { id, templateId, name, language, kind, at, previous, current, reason, applicationId, entityId };
  return { id, endpoint, seq, reportDay, url, event };
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
  const rows = await db.run<ReportRow>(PUT, [
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
  const rows = await db.run<ReportRow>(CHANGE, [...values, status ?? null, category ?? null, quality ?? null, reason]);
  return rows.map(fromReportRow);
}

/** Marks a template as deleted in all its languages. Returns the reports. */
export async function deleteTemplates(
  db: Runner,
  { account, wabaId }: Shelf,
  { now, today }: Moment,
  name: string,
): Promise<TemplateReport[]> {
  return (await db.run<ReportRow>(DELETE, [now, today, account, wabaId, name, 0])).map(fromReportRow);
}

/** Marks as deleted what Meta did not have when it was asked for everything since `before`, and forgets what was marked before. */
export async function deleteUnseen(
  db: Runner,
  { account, wabaId }: Shelf,
  { now, today }: Moment,
  before: number,
): Promise<TemplateReport[]> {
  return (await db.run<ReportRow>(DELETE, [now, today, account, wabaId, null, before])).map(fromReportRow);
}

const EVENTS = {
  name: 'template_events',
  text: `SELECT id, template_id AS "templateId", name, language, kind, at, previous, current, reason, application_id AS "applicationId",
      entity_id AS "entityId" FROM template_events WHERE day = $1 AND id = ANY ($2::uuid[])`,
};

/** Events of one day by their ids. */
export function readTemplateEvents(db: Runner, day: number, ids: readonly string[]): Promise<TemplateEvent[]> {
  return db.run<TemplateEvent>(EVENTS, [day, ids]);
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

/** Keeps a name from being given again before `until`. */
export async function lockName(db: Runner, { account, wabaId }: Shelf, name: string, until: number): Promise<void> {
  await db.run(LOCK, [account, wabaId, name, until]);
}

/** Until when a name is locked; undefined: it is free. Locks that ended are forgotten. */
export async function lockedUntil(db: Runner, shelf: Shelf, name: string, now: number): Promise<number | undefined> {
  await db.run(UNLOCK_OLD, [now]);
  const [row] = await db.run<{ until: number }>(LOCKED, [shelf.account, shelf.wabaId, name, now]);
  return row?.until;
}

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
    text: `SELECT ${COLUMNS} FROM templates WHERE ${WHERE} ORDER BY ${order}, waba_id, template_id LIMIT $11 OFFSET $12`,
  };
  const [count] = await db.run<{ total: number }>(COUNT, values);
  const rows = await db.run<TemplateRow>(page, [...values, limit, offset]);
  return { rows: rows.map(fromRow), total: count?.total ?? 0 };
}

const TO_SEND = {
  name: 'template_to_send',
  text: `SELECT status, category, approved, extras FROM templates
    WHERE account = $1 AND waba_id = $2 AND name = $3 AND language = $4 AND status <> 'DELETED'`,
};
const VERSION = { name: 'template_version', text: 'SELECT version FROM template_version' };

/** What sending needs to know of a template. */
export type TemplateToSend = Pick<TemplateRow, 'status' | 'category' | 'approved' | 'extras'>;

/** The template that a message names; undefined when there is none. */
export async function findTemplateToSend(
  db: Runner,
  { account, wabaId }: Shelf,
  name: string,
  language: string,
): Promise<TemplateToSend | undefined> {
  const [row] = await db.run<TemplateToSend>(TO_SEND, [account, wabaId, name, language]);
  return row;
}

/** Counts up with every change of templates. */
export async function readTemplateVersion(db: Runner): Promise<number> {
  const [row] = await db.run<{ version: number }>(VERSION, []);
  return row?.version ?? 0;
}
