// Short links: written with the message that they are in, read by the redirect server by their ids.
import type { Runner } from './accounts.js';
import type { Database } from './database.js';

/** A link to be. */
export interface NewLink {
  /** 12 characters (src/links/link-id.ts). */
  id: string;
  account: number;
  /** null: the host of the public URL. */
  domain: number | null;
  /** Where it leads; was checked. */
  target: string;
  /** Whether clicks on it are recorded. */
  isTracked: boolean;
  /** Where clicks are told: `endpoint` of the origin of `trackingUrl`. Null both: as subscriptions say. */
  endpoint: number | null;
  trackingUrl: string | null;
  /** The message that it stands in: its day (yyyymmdd) and UUID, and its place among the links there, from 0. */
  day: number;
  message: string;
  place: number;
  /** As `messages` has them. */
  messageId: string | null;
  sender: string | null;
  recipient: string;
  /** The name of its template; null when it has none. */
  template: string | null;
  envelope: string | null;
  createdAt: number;
  expiresAt: number;
}

const ADD = {
  name: 'links_add',
  text: `INSERT INTO links (id, account, domain, target, is_tracked, endpoint, tracking_url, day, message, place, message_id, sender, recipient,
      template, envelope, created_at, expires_at)
    SELECT * FROM unnest($1::text[], $2::integer[], $3::integer[], $4::text[], $5::boolean[], $6::integer[], $7::text[], $8::integer[], $9::uuid[],
      $10::smallint[], $11::text[], $12::text[], $13::text[], $14::text[], $15::text[], $16::bigint[], $17::bigint[]) AS l (id)
    ORDER BY l.id ON CONFLICT DO NOTHING RETURNING id`,
};
const OTHERS = {
  name: 'links_others',
  text: `SELECT l.id FROM unnest($1::text[], $2::uuid[], $3::smallint[]) AS i (id, message, place) JOIN links l ON l.id = i.id
    WHERE l.message <> i.message OR l.place <> i.place`,
};
const UNCOUNTED = {
  name: 'links_uncounted',
  text: `SELECT DISTINCT l.account, l.day FROM links l WHERE l.expires_at < $1 AND NOT EXISTS (
      SELECT FROM link_days d WHERE d.account = l.account AND d.day = l.day AND d.through = 'ffffffff-ffff-ffff-ffff-ffffffffffff')`,
};
const ACCOUNTS_OF_DAY = {
  name: 'links_accounts_of_day',
  text: 'SELECT a.id FROM accounts a WHERE EXISTS (SELECT FROM links l WHERE l.account = a.id AND l.day = $1) ORDER BY a.id',
};
const COUNT_DAY = { name: 'links_count_day', text: 'SELECT count_link_day($1, $2, $3) AS "isDone"' };
const FORGET = { name: 'links_forget', text: 'SELECT forget_links($1, $2) AS count' };
const FORGET_COUNTS = {
  name: 'link_counts_forget',
  text: `WITH days AS (DELETE FROM link_days WHERE day < $1)
    DELETE FROM link_counts WHERE ctid = ANY (ARRAY(SELECT ctid FROM link_counts WHERE day < $1 LIMIT $2)) RETURNING 1`,
};

/**
 * Stores links, all or none; those that are there already stay as they are. Returns the ids that are taken by the links of other messages,
 * which are to be added again with the next turn (src/links/link-id.ts).
 */
export async function addLinks(db: Runner, links: readonly NewLink[]): Promise<string[]> {
  const ids = links.map((link) => link.id);
  const added = await db.run<{ id: string }>(ADD, [
    ids,
    links.map((link) => link.account),
    links.map((link) => link.domain),
    links.map((link) => link.target),
    links.map((link) => link.isTracked),
    links.map((link) => link.endpoint),
    links.map((link) => link.trackingUrl),
    links.map((link) => link.day),
    links.map((link) => link.message),
    links.map((link) => link.place),
    links.map((link) => link.messageId),
    links.map((link) => link.sender),
    links.map((link) => link.recipient),
    links.map((link) => link.template),
    links.map((link) => link.envelope),
    links.map((link) => link.createdAt),
    links.map((link) => link.expiresAt),
  ]);
  if (added.length === links.length) return [];
  const others = await db.run<{ id: string }>(OTHERS, [
    ids,
    links.map((link) => link.message),
    links.map((link) => link.place),
  ]);
  return others.map(({ id }) => id);
}

const MESSAGE_IDS = {
  name: 'links_message_ids',
  text: `SELECT m.id, m.message_id AS "messageId" FROM unnest($1::integer[], $2::uuid[]) AS l (day, id),
    LATERAL (SELECT * FROM messages m WHERE m.day = l.day AND m.id = l.id OFFSET 0) m WHERE m.message_id IS NOT NULL`,
};

/** The messageIds that callers gave to the messages of links, by their UUID. */
export async function readMessageIds(
  db: Runner,
  links: readonly Pick<NewLink, 'day' | 'message'>[],
): Promise<Map<string, string>> {
  const days = links.map((link) => link.day);
  const rows = await db.run<{ id: string; messageId: string }>(MESSAGE_IDS, [days, links.map((link) => link.message)]);
  return new Map(rows.map(({ id, messageId }) => [id, messageId]));
}

const BATCH_LINKS = 2_000;

/** Counts, in small steps, what became of an account's messages with links of a day, before that is forgotten. Once done it does nothing. */
export async function countLinkDay(database: Database, account: number, day: number): Promise<void> {
  for (;;) {
    const [row] = await database.run<{ isDone: boolean }>(COUNT_DAY, [account, day, BATCH_LINKS]);
    if (row?.isDone !== false) return;
  }
}

/** The same for all accounts. */
export async function countLinkDays(database: Database, day: number): Promise<void> {
  for (const { id } of await database.run<{ id: number }>(ACCOUNTS_OF_DAY, [day]))
    await countLinkDay(database, id, day);
}

/** Deletes, in small batches, links that expired before `before` (ms), and the numbers of days before `countsBefore`. */
export async function forgetLinks(database: Database, before: number, countsBefore: number): Promise<void> {
  const uncounted = await database.run<{ account: number; day: number }>(UNCOUNTED, [before]);
  for (const { account, day } of uncounted) await countLinkDay(database, account, day);
  for (;;) {
    const [row] = await database.run<{ count: number }>(FORGET, [before, BATCH_LINKS]);
    if ((row?.count ?? 0) < BATCH_LINKS) break;
  }
  for (;;) {
    const rows = await database.run(FORGET_COUNTS, [countsBefore, BATCH_LINKS]);
    if (rows.length < BATCH_LINKS) return;
  }
}
