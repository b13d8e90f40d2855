// Short links as people look at them: lists, one with its clicks, and what became of messages with links, counted.
import type { Runner } from './accounts.js';

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
  /** Clicks of persons that are still kept. */
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

/** Which links: of one account, made in [from, to), newest first, behind `after`. Absent filters are null. */
export interface LinkFilter {
  account: number;
  from: number;
  to: number;
  message: string | null;
  bulkId: string | null;
  recipient: string | null;
  after: Pick<LinkView, 'createdAt' | 'id'> | null;
}

const COLUMNS = `l.id, l.account, d.host, l.target, l.is_tracked AS "isTracked", l.message, l.message_id AS "messageId", l.place, l.sender, l.recipient,
  l.envelope, l.created_at AS "createdAt", l.expires_at AS "expiresAt", l.deleted_at AS "deletedAt", l.clicked_at AS "clickedAt",
  CASE WHEN l.clicked_at IS NULL THEN 0 ELSE (SELECT count(*) FROM clicks c WHERE c.link = l.id AND c.bot IS NULL) END AS clicks`;
const LIST = {
  name: 'link_list',
  text: `SELECT ${COLUMNS} FROM links l LEFT JOIN domains d ON d.id = l.domain
    WHERE l.account = $1 AND l.created_at >= $2 AND l.created_at < $3 AND ($4::uuid IS NULL OR l.message = $4)
      AND ($5::text IS NULL OR l.envelope::json ->> 'bulkId' = $5) AND ($6::text IS NULL OR l.recipient = $6)
      AND ($7::bigint IS NULL OR (l.created_at, l.id) < ($7, $8::text))
    ORDER BY l.created_at DESC, l.id DESC LIMIT $9`,
};
const ONE = {
  name: 'link_one',
  text: `SELECT ${COLUMNS} FROM links l LEFT JOIN domains d ON d.id = l.domain WHERE l.id = $1 AND ($2::integer IS NULL OR l.account = $2)`,
};
const CLICKS = {
  name: 'link_clicks',
  text: `SELECT id, at, is_first AS "isFirst", bot, device_type AS "deviceType", os, device_name AS "deviceName", browser, country, city
    FROM clicks WHERE link = $1 ORDER BY at DESC, id DESC LIMIT $2`,
};
const DELETE = {
  name: 'link_delete',
  text: `UPDATE links SET deleted_at = coalesce(deleted_at, $3) WHERE id = $1 AND ($2::integer IS NULL OR account = $2) RETURNING id`,
};

/** Up to `limit` links, newest first. */
export function listLinks(db: Runner, filter: LinkFilter, limit: number): Promise<LinkView[]> {
  const { account, from, to, message, bulkId, recipient, after } = filter;
  const last = [after?.createdAt ?? null, after?.id ?? null];
  return db.run<LinkView>(LIST, [account, from, to, message, bulkId, recipient, ...last, limit]);
}

/** One link; `account` null: of any. */
export async function findLink(db: Runner, account: number | null, id: string): Promise<LinkView | undefined> {
  const [row] = await db.run<LinkView>(ONE, [id, account]);
  return row;
}

/** The last clicks on a link, newest first, machines' too. */
export function listClicks(db: Runner, link: string, limit: number): Promise<ClickView[]> {
  return db.run<ClickView>(CLICKS, [link, limit]);
}

/** Has a link lead nowhere any more; false when there is none. */
export async function deleteLink(db: Runner, account: number | null, id: string, now: number): Promise<boolean> {
  return (await db.run(DELETE, [id, account, now])).length === 1;
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
  /** Clicks of persons that are still kept. */
  clicked: number;
  /** Messages of which a person clicked a link. */
  unique: number;
}

// Every message with links is looked up by its key; so what is counted is bounded by the time range, not by the account's other traffic.
const NUMBERS = {
  name: 'link_numbers',
  text: `SELECT n.template, n.bulk AS "bulkId", n.day, count(*) AS messages, count(*) FILTER (WHERE n.sent) AS sent,
      count(*) FILTER (WHERE n.delivered) AS delivered, count(*) FILTER (WHERE n.seen) AS seen, coalesce(sum(n.clicks), 0)::bigint AS clicked,
      count(*) FILTER (WHERE n.is_clicked) AS "unique"
    FROM (
      SELECT m.template, CASE WHEN $5 THEN l.envelope::json ->> 'bulkId' END AS bulk, CASE WHEN $6 THEN l.day END AS day, l.clicks, l.is_clicked, e.*
      FROM (
        SELECT l.message, l.day, min(l.envelope) AS envelope, bool_or(l.clicked_at IS NOT NULL) AS is_clicked, sum(c.clicks) AS clicks
        FROM links l
        LEFT JOIN LATERAL (SELECT count(*) AS clicks FROM clicks c WHERE c.link = l.id AND c.bot IS NULL) c ON l.clicked_at IS NOT NULL
        WHERE l.account = $1 AND l.created_at >= $2 AND l.created_at < $3 GROUP BY l.message, l.day
      ) l
      LEFT JOIN LATERAL (
        SELECT m.content::json ->> 'templateName' AS template FROM messages m WHERE m.day = l.day AND m.id = l.message AND m.type = 'TEMPLATE' OFFSET 0
      ) m ON $4
      LEFT JOIN LATERAL (
        SELECT bool_or(e.kind IN (1, 2, 5, 6, 7)) AS sent, bool_or(e.kind IN (5, 6, 7)) AS delivered, bool_or(e.kind IN (6, 7)) AS seen
        FROM events e WHERE e.day = l.day AND e.message = l.message
      ) e ON true
    ) n
    GROUP BY n.template, n.bulk, n.day ORDER BY n.day DESC, n.template, n.bulk LIMIT $7`,
};

/** Counts of messages with links that were made in [from, to), by `grouping`; up to `limit` groups. */
export function countLinks(
  db: Runner,
  { account, from, to }: Pick<LinkFilter, 'account' | 'from' | 'to'>,
  { template, bulk, day }: Grouping,
  limit: number,
): Promise<LinkNumbers[]> {
  return db.run<LinkNumbers>(NUMBERS, [account, from, to, template, bulk, day, limit]);
}
