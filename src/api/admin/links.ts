// /links: short links of messages with their clicks, and what became of messages with links, counted by template, bulk and day.

import { type Static, Type } from 'typebox';
import type { KeyPlatform } from '../../contract/key-platform.js';
import { withNull } from '../../contract/openapi-schemas.js';
import { isUuid } from '../../lib/id.js';
import { isRefusal, type Refusal, refuse } from '../../manage/refusal.js';
import { readEnvelope } from '../../pipeline/envelope.js';
import {
  type ClickView,
  countLinks,
  deleteLink,
  findLink,
  type Grouping,
  type LinkNumbers,
  type LinkView,
  listClicks,
  listLinks,
} from '../../store/link-numbers.js';
import { findMessageIds } from '../../store/message-life.js';
import { accountIdField, instant, instantOf, text } from './fields.js';
import type { AdminParts, Caller } from './parts.js';
import type { Problem } from './problem.js';
import {
  accountFor,
  accountIdOf,
  defineRoute,
  isDone,
  type Reply,
  type Route,
  shows,
  timeOf,
  wrongFields,
} from './route.js';

const DAY_MS = 86_400_000;
const SIZE = 20;
const RANGE_DAYS_MAX = 92;
const RANGE_DAYS = 30;
const CLICKS_SHOWN = 100;
const GROUPS_MAX = 10_000;
const CURSOR = /^(\d{1,15})-([0-9a-z]{12})$/;
const COUNTS = ['messages', 'sent', 'delivered', 'seen', 'clicked', 'unique'] as const;

const rangeFields = { ...accountIdField, from: Type.Optional(instant), to: Type.Optional(instant) };
const listQuery = Type.Object({
  ...rangeFields,
  messageId: Type.Optional(text(200)),
  bulkId: Type.Optional(text(100)),
  recipient: Type.Optional(text(150)),
  size: Type.Optional(
    Type.String({ pattern: '^([1-9][0-9]{0,2}|1000)$', says: 'must be a whole number from 1 to 1000' }),
  ),
  after: Type.Optional(Type.String({ pattern: CURSOR.source, says: 'must be the next of a page before' })),
});
const numbersQuery = Type.Object({
  ...rangeFields,
  by: Type.Optional(
    Type.String({
      pattern: '^(template|bulk|day)(,(template|bulk|day)){0,2}$',
      says: 'must be some of template, bulk and day, with commas',
    }),
  ),
  format: Type.Optional(Type.Enum(['json', 'csv'], { says: 'must be json or csv' })),
});

const LINK = {
  id: 'k3j9x0a1b2c3',
  accountId: 'demo',
  url: 'https://go.example/k3j9x0a1b2c3',
  destinationUrl: 'https://shop.example/t/77',
  isTracked: true,
  messageId: 'order-77',
  bulkId: 'spring',
  sender: '441134960000',
  recipient: '441134960001',
  createdAt: '2026-01-31T12:00:00.000Z',
  expiresAt: '2026-05-01T12:00:00.000Z',
  deletedAt: '2026-02-01T12:00:00.000Z',
  firstClickAt: '2026-01-31T12:05:00.000Z',
  clicks: 2,
};
const PLAIN = withNull(LINK, 'accountId', 'bulkId', 'sender', 'deletedAt', 'firstClickAt');
const CLICK = {
  id: '0190d8a2-6c1f-7d35-9f00-5a1b2c3d4e5f',
  at: '2026-01-31T12:05:00.000Z',
  isFirst: true,
  bot: 'bot',
  deviceType: 'Phone',
  os: 'Android',
  deviceName: 'Pixel',
  browser: 'Chrome',
  country: 'Croatia',
  city: 'Zagreb',
};
const UNKNOWN = withNull(CLICK, 'bot', 'deviceType', 'os', 'deviceName', 'browser', 'country', 'city');
const page = (...results: object[]): object => ({
  results,
  paging: { size: SIZE, next: '1769860800000-k3j9x0a1b2c3' },
});
const COUNTED = { messages: 3, sent: 3, delivered: 2, seen: 1, clicked: 2, unique: 1 };
const GROUPS = [
  { ...COUNTED, template: 'order_out', bulkId: 'spring', day: '2026-01-31' },
  { ...COUNTED, template: null, bulkId: null, day: null },
  COUNTED,
];
const NUMBERS = { from: LINK.createdAt, to: LINK.expiresAt, results: GROUPS };

/** The endpoints of links. */
export function linkRoutes(parts: AdminParts): Route[] {
  const { database, clock } = parts;
  return [
    defineRoute({
      method: 'GET',
      url: '/links',
      summary: 'List short links of messages, newest first; those of the last 30 days unless from says otherwise',
      query: listQuery,
      answers: shows(200, 'One page', page(LINK), page(PLAIN), { results: [], paging: { size: SIZE, next: null } }),
      handle: async ({ caller, query }) => list(parts, caller, query),
    }),
    defineRoute({
      method: 'GET',
      url: '/links/numbers',
      summary:
        'Count messages with links by template, bulk and day (by): sent, delivered, seen, clicked, unique; as JSON or CSV',
      query: numbersQuery,
      answers: shows(200, 'The numbers; with `format=csv` as CSV', NUMBERS),
      handle: async ({ caller, query }) => numbers(parts, caller, query),
    }),
    defineRoute({
      method: 'GET',
      url: '/links/:id',
      summary: `Show one short link with its last ${CLICKS_SHOWN} clicks, those of machines too`,
      answers: shows(200, 'The link', { ...LINK, lastClicks: [CLICK, UNKNOWN] }, { ...PLAIN, lastClicks: [] }),
      async handle({ caller, param }) {
        const link = await findLink(database, caller, param('id'));
        if (link === undefined) return refuse('notFound', 'no such link');
        const clicks = await listClicks(database, link.id, CLICKS_SHOWN);
        return { status: 200, body: { ...show(parts, link), lastClicks: clicks.map(showClick) } };
      },
    }),
    defineRoute({
      method: 'DELETE',
      url: '/links/:id',
      summary: 'Have a short link lead nowhere any more, within 10 seconds',
      answers: isDone,
      async handle({ caller, param }) {
        const isDone = await deleteLink(database, caller, param('id'), clock.now());
        return isDone ? { status: 204 } : refuse('notFound', 'no such link');
      },
    }),
  ];
}

async function list(
  parts: AdminParts,
  caller: Caller,
  query: Static<typeof listQuery>,
): Promise<Reply | Refusal | Problem> {
  const range = rangeOf(parts, caller, query);
  if (isRefusal(range) || 'title' in range) return range;
  const { messageId, bulkId, recipient, after } = query;
  const message = messageId === undefined ? null : await messageOf(parts, range.account, messageId);
  const size = Number(query.size ?? SIZE);
  const [, createdAt, id = ''] = CURSOR.exec(after ?? '') ?? [];
  const filter = {
    ...range,
    message,
    bulkId: bulkId ?? null,
    recipient: recipient ?? null,
    after: createdAt === undefined ? null : { createdAt: Number(createdAt), id },
  };
  const rows = message === undefined ? [] : await listLinks(parts.database, { ...filter, message }, size + 1);
  const shown = rows.slice(0, size);
  const last = rows.length > size ? shown[size - 1] : undefined;
  const next = last === undefined ? null : `${last.createdAt}-${last.id}`;
  return { status: 200, body: { results: shown.map((row) => show(parts, row)), paging: { size, next } } };
}

/** The UUID of a message; undefined when there is none of that name. */
async function messageOf({ database }: AdminParts, account: number, messageId: string): Promise<string | undefined> {
  const [named] = await findMessageIds(database, account, messageId);
  return named ?? (isUuid(messageId) ? messageId : undefined);
}

async function numbers(
  parts: AdminParts,
  caller: Caller,
  query: Static<typeof numbersQuery>,
): Promise<Reply | Refusal | Problem> {
  const range = rangeOf(parts, caller, query);
  if (isRefusal(range) || 'title' in range) return range;
  const by = new Set((query.by ?? 'day').split(','));
  const grouping = { template: by.has('template'), bulk: by.has('bulk'), day: by.has('day') };
  const groups = await countLinks(parts.database, range, grouping, GROUPS_MAX + 1);
  if (groups.length > GROUPS_MAX)
    return wrongFields([{ field: 'by', message: `gives more than ${GROUPS_MAX} groups; ask for less at once` }]);
  const results = groups.map((group) => showNumbers(group, grouping));
  if (query.format === 'csv') return { status: 200, csv: csvOf(results, grouping) };
  return { status: 200, body: { from: timeOf(range.from), to: timeOf(range.to), results } };
}

function rangeOf(
  parts: AdminParts,
  caller: Caller,
  { accountId, from, to }: { accountId?: string; from?: string; to?: string },
): { account: number; platform: readonly KeyPlatform[]; from: number; to: number } | Refusal | Problem {
  const owner = accountFor(parts, caller, accountId);
  if (isRefusal(owner)) return owner;
  // What is made in this millisecond counts.
  const toAt = to === undefined ? parts.clock.now() + 1 : instantOf(to);
  const fromAt = from === undefined ? toAt - RANGE_DAYS * DAY_MS : instantOf(from);
  const noDate = 'is no date of the calendar';
  const errors = [
    ...(Number.isNaN(toAt) ? [{ field: 'to', message: noDate }] : []),
    ...(from !== undefined && Number.isNaN(fromAt) ? [{ field: 'from', message: noDate }] : []),
    ...(fromAt > toAt ? [{ field: 'to', message: 'must not be before from' }] : []),
    ...(toAt - fromAt > RANGE_DAYS_MAX * DAY_MS
      ? [{ field: 'from', message: `must be at most ${RANGE_DAYS_MAX} days before to` }]
      : []),
  ];
  return errors.length > 0
    ? wrongFields(errors)
    : { account: owner.account, platform: caller.platform, from: fromAt, to: toAt };
}

function show(parts: AdminParts, link: LinkView): object {
  const { bulkId } = readEnvelope(link.envelope);
  const origin = link.host === null ? new URL(parts.publicUrl()).origin : `https://${link.host}`;
  return {
    id: link.id,
    accountId: accountIdOf(parts, link.account),
    url: `${origin}/${link.id}`,
    destinationUrl: link.target,
    isTracked: link.isTracked,
    messageId: link.messageId ?? link.message,
    bulkId: bulkId ?? null,
    sender: link.sender,
    recipient: link.recipient,
    createdAt: timeOf(link.createdAt),
    expiresAt: timeOf(link.expiresAt),
    deletedAt: timeOf(link.deletedAt),
    firstClickAt: timeOf(link.clickedAt),
    clicks: link.clicks,
  };
}

function showClick({ at, ...click }: ClickView): object {
  return { ...click, at: timeOf(at) };
}

type Shown = Readonly<Record<string, string | number | null>>;

function keysOf({ template, bulk, day }: Grouping): string[] {
  return [...(template ? ['template'] : []), ...(bulk ? ['bulkId'] : []), ...(day ? ['day'] : [])];
}

function showNumbers({ day, ...group }: LinkNumbers, grouping: Grouping): Shown {
  const text = String(day);
  const all: Shown = {
    ...group,
    day: day === null ? null : `${text.slice(0, 4)}-${text.slice(4, 6)}-${text.slice(6)}`,
  };
  return Object.fromEntries([...keysOf(grouping), ...COUNTS].map((key) => [key, all[key] ?? null]));
}

/** As RFC 4180 has it: a line of names first, CRLF, quotes where they are needed. */
function csvOf(rows: readonly Shown[], grouping: Grouping): string {
  const columns = [...keysOf(grouping), ...COUNTS];
  const lines = [columns, ...rows.map((row) => columns.map((column) => String(row[column] ?? '')))];
  return lines.map((cells) => `${cells.map(csvCell).join(',')}\r\n`).join('');
}

function csvCell(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
