// What Meta's webhooks say of templates, applied to what accounts know of them, and told to customers. Repeating it changes nothing.
import { type TemplateNews, templateNewsFromWire } from '../contract/templates/event.js';
import type { Clock } from '../lib/clock.js';
import type { WireOther } from '../meta/webhook.js';
import type { Database } from '../store/database.js';
import { readersOfWaba, wantFirstSyncs } from '../store/template-syncs.js';
import { changeTemplate, findTemplate } from '../store/templates.js';
import type { Report } from './report.js';
import { momentOf, templateReport } from './template-report.js';
import type { TemplateSync } from './template-sync.js';

/** What it works with. */
export interface TemplateChangeParts {
  database: Database;
  clock: Clock;
  sync: Pick<TemplateSync, 'want'>;
  onReports(reports: Report[]): void;
}

/** Applies a change when it is about a template; undefined when it is not. Rejects with DatabaseError: Meta sends it again. */
export function observeTemplate(parts: TemplateChangeParts, wire: WireOther): Promise<true> | undefined {
  const { wabaId } = wire;
  const news = templateNewsFromWire(wire.field, wire.value);
  return news === undefined || wabaId === undefined ? undefined : apply(parts, wabaId, wire.at, news);
}

async function apply(
  { database, clock, sync, onReports }: TemplateChangeParts,
  wabaId: string,
  at: number | undefined,
  { id, name, language, status, category, quality, reason, isStale }: TemplateNews,
): Promise<true> {
  await wantFirstSyncs(database, wabaId, clock.now());
  for (const account of await readersOfWaba(database, wabaId)) {
    const shelf = { account, wabaId };
    const change = { id, name, language, at: at ?? clock.now(), status, category, quality, reason };
    const reports = await changeTemplate(database, shelf, momentOf(clock), change);
    onReports(reports.map((report) => templateReport(report, clock.now())));
    // Of a template that Meta names first we know no content.
    if (isStale || (await findTemplate(database, shelf, id))?.components === '[]') await sync.want(shelf);
  }
  return true;
}
