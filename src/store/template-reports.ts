// What became of templates: events, and the reports of them.
import type { TemplateEvent } from '../contract/templates/event.js';
import type { Runner } from './accounts.js';

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

/** A report as the functions that write templates return it. */
export interface TemplateReportRow {
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

/** The report of a row. */
export function fromReportRow(row: TemplateReportRow): TemplateReport {
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

const EVENTS = {
  name: 'template_events',
  text: `SELECT id, template_id AS "templateId", name, language, kind, at, previous, current, reason, application_id AS "applicationId",
      entity_id AS "entityId" FROM template_events WHERE day = $1 AND id = ANY ($2::uuid[])`,
};

/** Events of one day by their ids. */
export function readTemplateEvents(db: Runner, day: number, ids: readonly string[]): Promise<TemplateEvent[]> {
  return db.run<TemplateEvent>(EVENTS, [day, ids]);
}
