// Templates registered, edited and deleted at Meta, with what Parley itself must see to: locked names, limits of edits, what Meta forgets.
import type { JsonObject } from '../contract/json.js';
import type { StructureExtras } from '../contract/templates/from-wire.js';
import {
  readTemplateEdit,
  type TemplateEdit,
  type TemplateRequest,
  validitySeconds,
} from '../contract/templates/requests.js';
import { destinationsOf, earlierOf } from '../contract/templates/short-urls.js';
import { readExtras } from '../contract/templates/show.js';
import {
  type AuthenticationStructure,
  type DefaultStructure,
  isAuthentication,
} from '../contract/templates/structure.js';
import { componentsToWire, mediaExamples } from '../contract/templates/to-wire.js';
import { isEditable, isSendable } from '../contract/templates/words.js';
import type { Clock } from '../lib/clock.js';
import type { PlatformDirectory } from '../pipeline/platform-directory.js';
import type { Report } from '../pipeline/report.js';
import { momentOf, templateReport } from '../pipeline/template-report.js';
import type { TemplateSync } from '../pipeline/template-sync.js';
import type { Database } from '../store/database.js';
import type { DirectorySender } from '../store/directory.js';
import { lockedUntil, lockName } from '../store/template-locks.js';
import {
  annotateTemplate,
  deleteTemplates,
  findTemplate,
  findTemplatesNamed,
  listTemplates,
  putTemplates,
  type Shelf,
  type TemplateRow,
} from '../store/templates.js';
import { type ExampleParts, uploadExamples } from './template-examples.js';
import { askMeta, readNode, registerAtMeta } from './template-graph.js';
import { isTemplateRefusal, type TemplateRefusal, wrongField } from './template-refusal.js';

/** What these operations need. */
export interface TemplateParts extends ExampleParts {
  database: Database;
  clock: Clock;
  sync: Pick<TemplateSync, 'ensure'>;
  /** Applications and entities, made on first use. */
  platforms: PlatformDirectory;
  /** Told of the reports that follow. */
  onReports(reports: Report[]): void;
  /** The clear access token of a sender; undefined when no key of ours opens it. */
  tokenOf(sender: DirectorySender): string | undefined;
}

/** Files that came with a request, by slot. */
export type TemplateFiles = ReadonlyMap<string, Buffer>;

const DAY_MS = 86_400_000;
/** The name of a deleted template that was approved stays locked so long (Infobip 9). */
const LOCK_MS = 30 * DAY_MS;
/** Edits of an approved template (Infobip 9). */
const EDITS_WINDOW_MS = 30 * DAY_MS;
const EDITS_MAX = 10;

/** The templates that a sender can send. Throws DatabaseError. */
export async function readTemplates(parts: TemplateParts, sender: DirectorySender): Promise<TemplateRow[]> {
  const shelf = shelfOf(sender);
  await parts.sync.ensure(shelf);
  return listTemplates(parts.database, shelf);
}

/** One of them by its id. */
export async function readTemplate(
  parts: TemplateParts,
  sender: DirectorySender,
  id: string,
): Promise<TemplateRow | TemplateRefusal> {
  const shelf = shelfOf(sender);
  await parts.sync.ensure(shelf);
  return (await findTemplate(parts.database, shelf, id)) ?? { refusal: 'notFound' };
}

/** How a registration is meant. */
export interface RegisterOptions {
  files?: TemplateFiles;
  /** Examples that are not there are made (v1). */
  standIn?: boolean;
}

/** Registers a template for the sender's WABA; the row as Meta has it now. */
export async function registerTemplate(
  parts: TemplateParts,
  sender: DirectorySender,
  request: TemplateRequest,
  { files = new Map(), standIn = false }: RegisterOptions = {},
): Promise<TemplateRow | TemplateRefusal> {
  const { database, graph } = parts;
  const token = parts.tokenOf(sender);
  if (token === undefined) return unreadable();
  const shelf = shelfOf(sender);
  await parts.sync.ensure(shelf);
  const taken = await takenName(parts, shelf, request);
  if (taken !== undefined) return taken;
  const handles = await uploadExamples(parts, token, mediaExamples(request.structure), files, standIn);
  if (isTemplateRefusal(handles)) return handles;
  const { name, language, category } = request;
  const components = componentsToWire(request.structure, handles);
  const asked = parts.clock.now();
  const node = await registerAtMeta(graph, token, sender.wabaId, {
    name,
    language,
    category,
    components,
    ...termsOf(request),
  });
  if (isTemplateRefusal(node)) return node;
  const now = parts.clock.now();
  await parts.platforms.ensure(sender.account, request.platform ?? {});
  await database.transaction(async (tx) => {
    await putTemplates(tx, shelf, momentOf(parts.clock), { since: asked, tells: false }, [node]);
    const notes = { platform: platformOf(request.platform) ?? { applicationId: null, entityId: null }, isNew: true };
    await annotateTemplate(tx, shelf, node.id, now, { ...notes, extras: extrasOf(request.structure) });
  });
  return existing(parts, shelf, node.id);
}

/** Why a name cannot be registered in this language. */
async function takenName(
  { database, clock }: TemplateParts,
  shelf: Shelf,
  { name, language }: TemplateRequest,
): Promise<TemplateRefusal | undefined> {
  const until = await lockedUntil(database, shelf, name, clock.now());
  if (until !== undefined)
    return wrongField(
      'name',
      `is locked until ${new Date(until).toISOString()}: an approved template of this name was deleted`,
    );
  const known = await findTemplatesNamed(database, shelf, name);
  return known.some((row) => row.language === language)
    ? wrongField('name', `template with this name and language exists already`)
    : undefined;
}

/** Changes a template; at Meta when more than its platform changes. `body` is the request's. */
export async function editTemplate(
  parts: TemplateParts,
  sender: DirectorySender,
  id: string,
  body: unknown,
  files: TemplateFiles = new Map(),
): Promise<TemplateRow | TemplateRefusal> {
  const shelf = shelfOf(sender);
  const row = await readTemplate(parts, sender, id);
  if (isTemplateRefusal(row)) return row;
  const category =
    (['MARKETING', 'UTILITY', 'AUTHENTICATION'] as const).find((known) => known === row.category) ?? 'MARKETING';
  const subCategory = row.subCategory === 'ORDER_STATUS' ? row.subCategory : undefined;
  const read = readTemplateEdit(body, { category, subCategory }, new Set(files.keys()));
  if (!read.ok) return { refusal: 'invalid', violations: read.violations };
  const edit = read.value;
  // A sub category stays what it is: Meta takes none in an edit (Meta 4.1).
  const isAtMeta = Object.keys(edit).some((key) => key !== 'platform' && key !== 'subCategory');
  const refused = isAtMeta
    ? (forbiddenEdit(row, edit, parts.clock.now()) ?? (await editAtMeta(parts, sender, row, edit, files)))
    : undefined;
  if (refused !== undefined) return refused;
  const now = parts.clock.now();
  const counts = isAtMeta && isSendable(row.status);
  await annotateTemplate(parts.database, shelf, id, now, {
    platform: platformOf(edit.platform),
    extras: edit.structure === undefined ? undefined : extrasOf(edit.structure, readExtras(row.extras)),
    edit: counts ? { window: EDITS_WINDOW_MS } : undefined,
  });
  return existing(parts, shelf, id);
}

function forbiddenEdit(
  { status, category, edits }: TemplateRow,
  edit: TemplateEdit,
  now: number,
): TemplateRefusal | undefined {
  if (!isEditable(status)) return wrongField('status', `a template that is ${status} cannot be edited`);
  if (!isSendable(status)) return undefined;
  if (edit.category !== undefined && edit.category !== category)
    return wrongField('category', 'cannot be changed while the template is approved');
  if (edits.some((at) => at > now - DAY_MS))
    return wrongField('status', 'an approved template can be edited once in 24 hours');
  return edits.filter((at) => at > now - EDITS_WINDOW_MS).length >= EDITS_MAX
    ? wrongField('status', `an approved template can be edited ${EDITS_MAX} times in 30 days`)
    : undefined;
}

async function editAtMeta(
  parts: TemplateParts,
  sender: DirectorySender,
  row: TemplateRow,
  edit: TemplateEdit,
  files: TemplateFiles,
): Promise<TemplateRefusal | undefined> {
  const { database, graph, clock } = parts;
  const token = parts.tokenOf(sender);
  if (token === undefined) return unreadable();
  const { structure, category } = edit;
  const handles =
    structure === undefined ? new Map() : await uploadExamples(parts, token, mediaExamples(structure), files, false);
  if (isTemplateRefusal(handles)) return handles;
  const asked = clock.now();
  const answer = await askMeta(
    graph.post(encodeURIComponent(row.id), token, {
      ...(category === undefined ? {} : { category }),
      ...(structure === undefined ? {} : { components: componentsToWire(structure, handles) }),
      ...validityOf(edit),
    }),
  );
  if (isTemplateRefusal(answer)) return answer;
  const node = await readNode(graph, token, row.id);
  if (node !== undefined)
    await putTemplates(database, shelfOf(sender), momentOf(clock), { since: asked, tells: false }, [node]);
  return undefined;
}

/** Deletes a template in all its languages, for the whole WABA. Messages that were accepted are still tried (Infobip 9). */
export async function deleteTemplate(
  parts: TemplateParts,
  sender: DirectorySender,
  name: string,
): Promise<TemplateRefusal | undefined> {
  const { database, graph, clock } = parts;
  const shelf = shelfOf(sender);
  await parts.sync.ensure(shelf);
  const rows = await findTemplatesNamed(database, shelf, name);
  if (rows.length === 0) return { refusal: 'notFound' };
  const token = parts.tokenOf(sender);
  if (token === undefined) return unreadable();
  const path = `${encodeURIComponent(sender.wabaId)}/message_templates?name=${encodeURIComponent(name)}`;
  const answer = await askMeta(graph.delete(path, token));
  // What Meta does not have any more is deleted.
  if (isTemplateRefusal(answer) && answer.refusal !== 'notFound') return answer;
  const reports = await database.transaction(async (tx) => {
    if (rows.some(({ status, approved }) => isSendable(status) || approved !== null))
      await lockName(tx, shelf, name, clock.now() + LOCK_MS);
    return deleteTemplates(tx, shelf, momentOf(clock), name);
  });
  parts.onReports(reports.map((report) => templateReport(report, clock.now())));
  return undefined;
}

/** Whose templates a sender sends. */
function shelfOf({ account, wabaId }: DirectorySender): Shelf {
  return { account, wabaId };
}

async function existing({ database }: TemplateParts, shelf: Shelf, id: string): Promise<TemplateRow | TemplateRefusal> {
  return (await findTemplate(database, shelf, id)) ?? { refusal: 'notFound' };
}

function unreadable(): TemplateRefusal {
  return { refusal: 'upstream', detail: 'the access token of this sender cannot be opened with PARLEY_SECRET_KEY' };
}

function platformOf(
  platform: TemplateRequest['platform'],
): { applicationId: string | null; entityId: string | null } | undefined {
  if (platform === undefined) return undefined;
  return { applicationId: platform.applicationId ?? null, entityId: platform.entityId ?? null };
}

/** Meta's words for what stands beside the structure. Templates with an order button are of Meta's sub category for them. */
function termsOf(request: TemplateRequest): JsonObject {
  const sub = request.subCategory ?? (hasOrderButton(request.structure) ? 'ORDER_DETAILS' : undefined);
  return { ...(sub === undefined ? {} : { sub_category: sub }), ...validityOf(request) };
}

function validityOf({ validityPeriod }: TemplateEdit): JsonObject {
  return validityPeriod === undefined ? {} : { message_send_ttl_seconds: validitySeconds(validityPeriod) };
}

function hasOrderButton(structure: DefaultStructure | AuthenticationStructure): boolean {
  return !isAuthentication(structure) && (structure.buttons ?? []).some(({ type }) => type === 'ORDER_DETAILS');
}

/** JSON of what Meta does not keep. `before`: of the structure that it takes the place of. */
function extrasOf(structure: DefaultStructure | AuthenticationStructure, before: StructureExtras = {}): string {
  const domain = isAuthentication(structure) ? undefined : structure.shorteningOptions?.customDomain;
  const extras: StructureExtras = { earlier: earlierOf(domain, before) };
  if (isAuthentication(structure)) return JSON.stringify(extras);
  if (structure.shorteningOptions !== undefined) {
    extras.customDomain = structure.shorteningOptions.customDomain;
    extras.destinations = destinationsOf(structure);
  }
  for (const button of structure.buttons ?? []) if (button.type === 'ORDER_DETAILS') extras.variant = button.variant;
  return JSON.stringify(extras);
}
