// What Meta tells beside statuses and messages: each change is one row, and those that somebody may subscribe to are notices too.
import { createHash } from 'node:crypto';
import { SYSTEM_FIELD, systemFromWire } from '../contract/events/system.js';
import { noticeToReport } from '../contract/notices/notice.js';
import { noticesFromWire } from '../contract/notices/registry.js';
import { addDays, dayOf } from '../lib/day.js';
import type { WireInbound, WireOther } from '../meta/webhook.js';
import { appendChanges, type MetaChange, type NewNotice, type NoticeReport } from '../store/changes.js';
import { cleanText, DAYS_BACK_MAX, trustedDay } from './meta-facts.js';
import { pairable, quotedId } from './quotes.js';
import type { ReceiveParts } from './receive-parts.js';
import type { Report } from './report.js';

/** A change on its way to disk. `day`: that of what it says, yyyymmdd. */
export interface ChangeItem {
  day: number;
  change: MetaChange;
}

const FIELD_LENGTH_MAX = 100;

/** A system message is one change; its wamid makes it another than any before. */
export function toSystemItem(parts: ReceiveParts, { message, wamid, phoneNumberId, at }: WireInbound): ChangeItem {
  const value = systemFromWire(message, { wamid, phoneNumberId, at });
  return toChangeItem(parts, { kind: 'other', field: SYSTEM_FIELD, wabaId: undefined, at, value, phoneNumberId });
}

/** A change is known again by the hash of all it says. */
export function toChangeItem(
  { clock }: ReceiveParts,
  { field, wabaId, at, value, phoneNumberId }: WireOther,
): ChangeItem {
  const text = JSON.stringify(value);
  const hash = createHash('sha256')
    .update(`${wabaId ?? ''}\n${at ?? ''}\n${field}\n${text}`)
    .digest();
  const notices = noticesFromWire(field, value, at ?? clock.now());
  const change: MetaChange = {
    hash,
    wabaId: cleanText(wabaId) ?? null,
    field: (cleanText(field) ?? '').slice(0, FIELD_LENGTH_MAX),
    value: text,
    phoneNumberId: phoneNumberId ?? null,
    notices: notices.map(toNewNotice),
  };
  // A repeat must fall on the same day as the first: some changes have no time, but what they say has.
  const happenedAt = at ?? notices[0]?.at;
  return { day: happenedAt === undefined ? dayOf(clock.now()) : trustedDay(happenedAt, clock.now()), change };
}

function toNewNotice({ kind, number, quoted, body }: ReturnType<typeof noticesFromWire>[number]): NewNotice {
  return { kind, number: number ?? null, quoted: quotedId(quoted) ?? null, body: JSON.stringify(body) };
}

/** Writes a group; a repeat does nothing. */
export async function writeChanges(parts: ReceiveParts, items: readonly ChangeItem[]): Promise<true[]> {
  const { database, clock, onReports } = parts;
  const days = new Map<number, Map<string, MetaChange>>();
  for (const { day, change } of items) {
    const changes = days.get(day) ?? new Map<string, MetaChange>();
    days.set(day, changes.set(change.hash.toString('base64'), change));
  }
  const now = clock.now();
  for (const [day, changes] of days) {
    const past = { pairable: pairable(now), knownDay: addDays(dayOf(now), -DAYS_BACK_MAX) };
    const reports = await appendChanges(database, now, dayOf(now), day, [...changes.values()], past);
    onReports(reports.map((report) => noticeReport(report, now)));
  }
  return items.map(() => true);
}

function noticeReport(report: NoticeReport, now: number): Report {
  const { endpoint, seq, day, url, kind, eventId } = report;
  return { endpoint, seq, day, url, kind, at: now, ref: eventId, body: noticeToReport(report) };
}
