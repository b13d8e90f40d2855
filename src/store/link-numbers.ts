// Short links as people look at them: lists, one with its clicks, and what became of messages with links, counted.
import type { KeyPlatform } from '../contract/key-platform.js';
import { addDays, dayOf, startOfDay } from '../lib/day.js';
import type { Runner } from './accounts.js';
import { rangeValues } from './key-range.js';

/** A link with the message that it stands in. Times are epoch ms. */
export interface LinkView {
  id: string;
  account: number;
  /** Its domain; null: the public URL's. */
  host: string | null;
  target: string;
  isTracked: boolean;
  message: string;
  messageId: string | null;
  place: number;
  sender: string | null;
  recipient: string;
  envelope: string | null;
  createdAt: number;
  expiresAt: number;
  deletedAt: number | null;
  /** The first click of a person. */
  clickedAt: number | null;
  /** Clicks of persons. */
  clicks: number;
}

/** A click as it was recorded. */
export interface ClickView {
  id: string;
  at: number;
  isFirst: boolean;
  bot: string | null;
  deviceType: string | null;
  os: string | null;
  deviceName: string | null;
  browser: string | null;
  country: string | null;
  city: string | null;
}

/** Which links: of one account, as far as a key bound to `platform` may see them, made in [from, to), newest first, behind `after`. Absent filters are null. */
export interface LinkFilter {
  account: number;
  platform: readonly KeyPlatform[];
  from: number;
  to: number;
  message: string | null;
  bulkId: string | null;
  recipient: string | null;
  after: Pick<LinkView, 'createdAt' | 'id'> | null;
}

/** Whether applications and entities in the parameters `first` and the next have what a message names; both empty: yes. */
function within(first: number, application: string, entity: string): string {
  return `($${first}::text[] = '{}' OR EXISTS (SELECT FROM unnest($${first}::text[], $${first + 1}::text[]) AS w (application, entity)
    WHERE w.application = ${application} AND (w.entity = '' OR w.entity = ${entity})))`;
}

const NAMED = [`l.envelope::json ->> 'applicationId'`, `l.envelope::json ->> 'entityId'`] as const;
const SELECT = `SELECT l.id, l.account, d.host, l.target, l.is_tracked AS "isTracked", l.message, l.message_id AS "messageId", l.place, l.sender,
    l.recipient, l.envelope, l.created_at AS "createdAt", l.expires_at AS "expiresAt", l.deleted_at AS "deletedAt", k.first_at AS "clickedAt",
    coalesce(k.clicks, 0) AS clicks
  FROM links l LEFT JOIN domains d ON d.id = l.domain
  LEFT JOIN LATERAL (SELECT * FROM link_clicks k WHERE k.link = l.id OFFSET 0) k ON true`;
const LIST = {
  name: 'link_list',
  text: `${SELECT}
    WHERE l.account = $1 AND l.created_at >= $2 AND l.created_at < $3 AND ($4::uuid IS NULL OR l.message = $4)
      AND ($5::text IS NULL OR l.envelope::json ->> 'bulkId' = $5) AND ($6::text IS NULL OR l.recipient = $6)
      AND ($7::bigint IS NULL OR (l.created_at, l.id) < ($7, $8::text)) AND ${within(10, ...NAMED)}
    ORDER BY l.created_at DESC, l.id DESC LIMIT $9`,
};
const ONE = {
  name: 'link_one',
  text: `${SELECT} WHERE l.id = $1 AND ($2::integer IS NULL OR l.account = $2) AND ${within(3, ...NAMED)}`,
};
const CLICKS = {
  name: 'link_clicks',
  text: `SELECT c.id, c.at, coalesce(k.first = c.id, false) AS "isFirst", c.bot, c.device_type AS "deviceType", c.os, c.device_name AS "deviceName",
      c.browser, c.country, c.city
    FROM clicks c LEFT JOIN link_clicks k ON k.link = c.link WHERE c.link = $1 ORDER BY c.at DESC, c.id DESC LIMIT $2`,
};
const DELETE = {
  name: 'link_delete',
  text: `UPDATE links l SET deleted_at = coalesce(deleted_at, $5) WHERE l.id = $1 AND ($2::integer IS NULL OR l.account = $2)
      AND ${within(3, ...NAMED)} RETURNING id`,
};

/** Up to `limit` links, newest first. */
export function listLinks(db: Runner, filter: LinkFilter, limit: number): Promise<LinkView[]> {
  const { account, platform, from, to, message, bulkId, recipient, after } = filter;
  const last = [after?.createdAt ?? null, after?.id ?? null];
  return db.run<LinkView>(LIST, [
    ...[account, from, to, message, bulkId, recipient, ...last, limit],
    ...rangeValues(platform),
  ]);
}

/** Who looks at a link: `account` null: of any. */
export interface LinkOwner {
  account: number | null;
  platform: readonly KeyPlatform[];
}

/** One link, if its owner may see it. */
export async function findLink(
  db: Runner,
  { account, platform }: LinkOwner,
  id: string,
): Promise<LinkView | undefined> {
  const [row] = await db.run<LinkView>(ONE, [id, account, ...rangeValues(platform)]);
  return row;
}

/** The last clicks on a link, newest first, machines' too. */
export function listClicks(db: Runner, link: string, limit: number): Promise<ClickView[]> {
  return db.run<ClickView>(CLICKS, [link, limit]);
}

/** Has a link lead nowhere any more; false when there is none. */
export async function deleteLink(
  db: Runner,
  { account, platform }: LinkOwner,
  id: string,
  now: number,
): Promise<boolean> {
  return (await db.run(DELETE, [id, account, ...rangeValues(platform), now])).length === 1;
}

/** What messages with links are counted by. */
export interface Grouping {
  template: boolean;
  bulk: boolean;
  day: boolean;
}

/** Counts of one group; what it is not grouped by is null, and so are the template and bulk of messages that have none. */
export interface LinkNumbers {
  template: string | null;
  bulkId: string | null;
  /** yyyymmdd, of acceptance (UTC). */
  day: number | null;
  /** Messages with links; those Meta took, delivered, seen. */
  messages: number;
  sent: number;
  delivered: number;
  seen: number;
  /** Clicks of persons. */
  clicked: number;
  /** Messages of which a person clicked a link. */
  unique: number;
}

// Every message with links is looked up by its key; so what is counted is bounded by the time range, not by the account's other traffic.
// Of a day whose events are forgotten (link_days) there are counts; the clicks on its links are still counted from the links, while there are.
const NUMBERS = {
  name: 'link_numbers',
  text: `SELECT template, bulk AS "bulkId", day, sum(messages)::bigint AS messages, sum(sent)::bigint AS sent, sum(delivered)::bigint AS delivered,
      sum(seen)::bigint AS seen, sum(clicked)::bigint AS clicked, sum("unique")::bigint AS "unique"
    FROM (
      SELECT CASE WHEN $4 THEN nullif(n.template, '') END AS template, CASE WHEN $5 THEN nullif(n.bulk, '') END AS bulk,
        CASE WHEN $6 THEN n.day END AS day, n.messages, n.sent, n.delivered, n.seen, n.clicked, n."unique"
      FROM (
        SELECT l.template, l.bulk, l.application, l.entity, l.day, (NOT l.is_counted)::integer AS messages, coalesce(e.sent, false)::integer AS sent,
          coalesce(e.delivered, false)::integer AS delivered, coalesce(e.seen, false)::integer AS seen, l.clicks AS clicked,
          (l.clicks > 0)::integer AS "unique"
        FROM (
          SELECT l.message, l.day, coalesce(min(l.template), '') AS template, coalesce(min(l.envelope)::json ->> 'bulkId', '') AS bulk,
            coalesce(min(l.envelope)::json ->> 'applicationId', '') AS application, coalesce(min(l.envelope)::json ->> 'entityId', '') AS entity,
            coalesce(sum(k.clicks), 0)::bigint AS clicks, coalesce(bool_or(l.message <= d.through), false) AS is_counted
          FROM links l LEFT JOIN link_days d ON d.account = l.account AND d.day = l.day
          LEFT JOIN LATERAL (SELECT k.clicks FROM link_clicks k WHERE k.link = l.id OFFSET 0) k ON true
          WHERE l.account = $1 AND l.created_at >= $7 AND l.created_at < $8 AND CASE WHEN coalesce(l.message <= d.through, false)
            THEN l.day BETWEEN $9 AND $10 ELSE l.created_at >= $2 AND l.created_at < $3 END
          GROUP BY l.message, l.day
        ) l
        LEFT JOIN LATERAL (
          SELECT bool_or(e.kind IN (1, 2, 5, 6, 7)) AS sent, bool_or(e.kind IN (5, 6, 7)) AS delivered, bool_or(e.kind IN (6, 7)) AS seen
          FROM events e WHERE e.day = l.day AND e.message = l.message
        ) e ON NOT l.is_counted
        UNION ALL
        SELECT c.template, c.bulk, c.application, c.entity, c.day, c.messages, c.sent, c.delivered, c.seen, c.clicked, c."unique"
        FROM link_counts c WHERE c.account = $1 AND c.day BETWEEN $9 AND $10
      ) n
      WHERE ${within(12, 'n.application', 'n.entity')}
    ) g
    GROUP BY template, bulk, day ORDER BY day DESC, template, bulk LIMIT $11`,
};

/** A message that was not posted two days after it was accepted never is (ageing), so its links are no younger; one day for clocks. */
const LINKS_LATE_DAYS = 3;

/**
 * Counts of messages with links that were made in [from, to), by `grouping`; up to `limit` groups. Of days whose events are forgotten nobody
 * knows the hour any more: such a day counts whole when the range touches it.
 */
export function countLinks(
  db: Runner,
  { account, platform, from, to }: Pick<LinkFilter, 'account' | 'platform' | 'from' | 'to'>,
  { template, bulk, day }: Grouping,
  limit: number,
): Promise<LinkNumbers[]> {
  const [first, last] = [dayOf(from), dayOf(Math.max(from, to - 1))];
  const made = [startOfDay(first), startOfDay(addDays(last, 1 + LINKS_LATE_DAYS))];
  return db.run<LinkNumbers>(NUMBERS, [
    ...[account, from, to, template, bulk, day, ...made, first, last, limit],
    ...rangeValues(platform),
  ]);
}
