// The slow way to a report's text: from the rows it points at. Used when a report did not come from memory.

import { noticeToReport } from '../contract/notices/notice.js';
import { templateEventToReport } from '../contract/templates/event.js';
import { readNotices } from '../store/changes.js';
import { readClicks } from '../store/clicks.js';
import type { Database } from '../store/database.js';
import { isSingle, ReportKind, type ReportRow, readInboundFacts, readMessageFacts } from '../store/reports.js';
import { readTemplateEvents } from '../store/template-reports.js';
import {
  clickBody,
  inboundBody,
  type MediaUrl,
  messageReport,
  type Report,
  type ReportText,
  testBody,
} from './report.js';

/** Makes reports of report rows. */
export interface ReportReader {
  /** The reports of `rows`, in their order. A row whose facts are gone, or that has nowhere to go, has an empty body. */
  bodies(rows: readonly ReportRow[]): Promise<Report[]>;
}

/** Creates a reader. */
export function createReportReader(database: Database, mediaUrl: MediaUrl): ReportReader {
  return {
    async bodies(rows) {
      const texts: Texts = new Map();
      for (const { kind, ref, attempt, eventKind, at } of rows) {
        if (kind === ReportKind.test)
          texts.set(keyOf(ref, attempt, eventKind), { url: undefined, body: testBody(ref, at) });
      }
      for (const day of new Set(rows.map((row) => row.refDay))) {
        const ofDay = rows.filter((row) => row.refDay === day);
        await readMessages(database, day, ofDay, texts);
        await readInbound({ database, mediaUrl }, day, ofDay, texts);
        await readTemplates(database, day, ofDay, texts);
        await readTold(database, day, ofDay, texts);
        await readClicked(database, day, ofDay, texts);
      }
      return rows.flatMap((row) => {
        const text = texts.get(keyOf(row.ref, row.attempt, row.eventKind));
        const url = row.url ?? text?.url;
        const { endpoint, seq, day, kind, at, ref } = row;
        return [{ endpoint, seq, day, kind, at, ref, url: url ?? '', body: text?.body ?? '{}', trace: text?.trace }];
      });
    },
  };
}

type Texts = Map<string, ReportText>;

function keyOf(ref: string, attempt: number, kind: number): string {
  return `${ref}:${attempt}:${kind}`;
}

async function readMessages(database: Database, day: number, rows: readonly ReportRow[], texts: Texts): Promise<void> {
  const wanted = rows.filter((row) => row.kind === ReportKind.delivery || row.kind === ReportKind.seen);
  if (wanted.length === 0) return;
  for (const facts of await readMessageFacts(database, day, wanted)) {
    texts.set(keyOf(facts.message, facts.attempt, facts.kind), messageReport(facts));
  }
}

async function readInbound(
  { database, mediaUrl }: { database: Database; mediaUrl: MediaUrl },
  day: number,
  rows: readonly ReportRow[],
  texts: Texts,
): Promise<void> {
  const wanted = rows.filter((row) => row.kind === ReportKind.inbound);
  if (wanted.length === 0) return;
  const facts = await readInboundFacts(
    database,
    day,
    wanted.map((row) => row.ref),
  );
  for (const fact of facts) texts.set(keyOf(fact.id, 0, 0), { url: undefined, body: inboundBody(fact, mediaUrl) });
}

async function readTemplates(database: Database, day: number, rows: readonly ReportRow[], texts: Texts): Promise<void> {
  const ids = rows.filter((row) => row.kind === ReportKind.template).map((row) => row.ref);
  if (ids.length === 0) return;
  for (const event of await readTemplateEvents(database, day, ids)) {
    texts.set(keyOf(event.id, 0, 0), { url: undefined, body: JSON.stringify(templateEventToReport(event)) });
  }
}

async function readClicked(database: Database, day: number, rows: readonly ReportRow[], texts: Texts): Promise<void> {
  const ids = rows.filter(({ kind }) => kind === ReportKind.click).map((row) => row.ref);
  if (ids.length === 0) return;
  for (const facts of await readClicks(database, day, ids))
    texts.set(keyOf(facts.id, 0, 0), { url: undefined, body: clickBody(facts) });
}

async function readTold(database: Database, day: number, rows: readonly ReportRow[], texts: Texts): Promise<void> {
  const ids = rows
    .filter(({ kind }) => isSingle(kind) && kind !== ReportKind.template && kind !== ReportKind.click)
    .map((row) => row.ref);
  if (ids.length === 0) return;
  for (const facts of await readNotices(database, day, ids))
    texts.set(keyOf(facts.eventId, 0, 0), { url: undefined, body: noticeToReport(facts) });
}
