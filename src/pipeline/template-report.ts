// A report of what became of a template, as deliver gets it from the process that wrote it.
import { templateEventToReport } from '../contract/templates/event.js';
import type { Clock } from '../lib/clock.js';
import { dayOf } from '../lib/day.js';
import { ReportKind } from '../store/reports.js';
import type { TemplateReport } from '../store/template-reports.js';
import type { Moment } from '../store/templates.js';
import type { Report } from './report.js';

/** Now, and its day. */
export function momentOf(clock: Clock): Moment {
  const now = clock.now();
  return { now, today: dayOf(now) };
}

/** A report of what became of a template, as it waits for its POST. */
export function templateReport({ id, endpoint, seq, reportDay, url, event }: TemplateReport, at: number): Report {
  const body = JSON.stringify(templateEventToReport(event));
  return { endpoint, seq, day: reportDay, kind: ReportKind.template, at, ref: id, url, body };
}
