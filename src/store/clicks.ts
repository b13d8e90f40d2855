// Clicks on short links: recorded in groups, with the reports that follow, in one commit.
import type { Database } from './database.js';

/** Somebody asks for a link. `id` is a new UUID, of the click if it is one; times are epoch ms. */
export interface NewClick {
  id: string;
  link: string;
  /** Whose links are served at the host that was asked; null: those without a domain. */
  domain: number | null;
  at: number;
  /** What machine it was; null: a person, as far as can be told. */
  bot: string | null;
  deviceType: string | null;
  os: string | null;
  deviceName: string | null;
  browser: string | null;
  country: string | null;
  city: string | null;
  /** Hashed, in hexadecimal digits; kept where the account of the link keeps any. */
  address: string | null;
}

/** What a CLICK report says (Infobip 7). */
export interface ClickFacts {
  id: string;
  at: number;
  isFirst: boolean;
  deviceType: string | null;
  os: string | null;
  deviceName: string | null;
  country: string | null;
  city: string | null;
  /** Where the link leads. */
  target: string;
  /** Of the message; `messageId` null: the UUID is the messageId. */
  message: string;
  messageId: string | null;
  recipient: string;
  envelope: string | null;
}

/** The report of a click, as it was appended. `url`: where it goes. */
export interface ClickReport {
  endpoint: number;
  seq: number;
  day: number;
  url: string;
  facts: ClickFacts;
}

/** What became of a request for a link. */
export interface Followed {
  /** unknown: there is no such link at this host. gone: it expired or was deleted. */
  outcome: 'found' | 'unknown' | 'gone';
  /** Where it leads; null unless it was found. */
  target: string | null;
  /** Until when a link works that is not tracked; null for all others. */
  expiresAt: number | null;
  report: ClickReport | undefined;
}

/** Of a request; or of a report, then `outcome` is null and what follows `expiresAt` is not. */
interface FollowedRow {
  outcome: Followed['outcome'] | null;
  target: string | null;
  expiresAt: number | null;
  id: string;
  endpoint: number;
  seq: number;
  day: number;
  url: string;
  isFirst: boolean;
  message: string;
  messageId: string | null;
  recipient: string;
  envelope: string | null;
}

const FOLLOW = {
  name: 'follow_links',
  text: `SELECT outcome, target, expires_at AS "expiresAt", id, endpoint, seq, day, url, is_first AS "isFirst", message, message_id AS "messageId",
      recipient, envelope
    FROM follow_links($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,$15)`,
};
const READ = {
  name: 'clicks_read',
  text: `SELECT c.id, c.at, coalesce(k.first = c.id, false) AS "isFirst", c.device_type AS "deviceType", c.os, c.device_name AS "deviceName",
      c.country, c.city, l.target, l.message, l.message_id AS "messageId", l.recipient, l.envelope
    FROM clicks c JOIN links l ON l.id = c.link LEFT JOIN link_clicks k ON k.link = c.link WHERE c.day = $1 AND c.id = ANY ($2::uuid[])`,
};

/**
 * Looks up the links that are asked for and records the clicks on those that are tracked under `today`, all or none. The same ids under the
 * same day again, which must be said, change nothing, and have no report. What became of each stands in their order.
 */
export async function followLinks(
  database: Database,
  now: number,
  today: number,
  clicks: readonly NewClick[],
  isRepeated: boolean,
): Promise<Followed[]> {
  const rows = await database.run<FollowedRow>(FOLLOW, [
    now,
    today,
    isRepeated,
    clicks.map((click) => click.id),
    clicks.map((click) => click.link),
    clicks.map((click) => click.domain),
    clicks.map((click) => click.at),
    clicks.map((click) => click.bot),
    clicks.map((click) => click.deviceType),
    clicks.map((click) => click.os),
    clicks.map((click) => click.deviceName),
    clicks.map((click) => click.browser),
    clicks.map((click) => click.country),
    clicks.map((click) => click.city),
    clicks.map((click) => click.address),
  ]);
  const reports = new Map(rows.slice(clicks.length).map((row) => [row.id, row]));
  return clicks.map((click, i) => toFollowed(click, rows[i], reports.get(click.id)));
}

function toFollowed(
  click: NewClick,
  { outcome, target, expiresAt }: Pick<FollowedRow, 'outcome' | 'target' | 'expiresAt'> = NOTHING,
  reported: FollowedRow | undefined,
): Followed {
  const followed = { outcome: outcome ?? 'unknown', target, expiresAt };
  if (reported === undefined) return { ...followed, report: undefined };
  const { endpoint, seq, day, url, isFirst, message, messageId, recipient, envelope } = reported;
  const { id, at, deviceType, os, deviceName, country, city } = click;
  const facts = { id, at, deviceType, os, deviceName, country, city, target: target ?? '' };
  return {
    ...followed,
    report: { endpoint, seq, day, url, facts: { ...facts, isFirst, message, messageId, recipient, envelope } },
  };
}

const NOTHING = { outcome: 'unknown', target: null, expiresAt: null } as const;

/** Recorded clicks of one day by id. */
export function readClicks(database: Database, day: number, ids: readonly string[]): Promise<ClickFacts[]> {
  return database.run<ClickFacts>(READ, [day, ids]);
}

const ADD_SALT = {
  name: 'click_salt_add',
  text: 'INSERT INTO click_salts (day, salt) VALUES ($1, $2) ON CONFLICT DO NOTHING',
};
const READ_SALT = { name: 'click_salt_read', text: 'SELECT salt FROM click_salts WHERE day = $1' };
const FORGET_SALTS = { name: 'click_salts_forget', text: 'DELETE FROM click_salts WHERE day < $1' };
const SHORT = {
  name: 'click_accounts_short',
  text: 'SELECT id, least(click_days, retention_days) AS days FROM accounts WHERE least(click_days, retention_days) < $1 ORDER BY id',
};
const FORGET = {
  name: 'clicks_forget',
  text: `DELETE FROM clicks c USING (SELECT day, id FROM clicks WHERE account = $1 AND at < $2 LIMIT $3) o WHERE c.day = o.day AND c.id = o.id RETURNING 1`,
};
const FORGET_ROWS = 2_000;
const DAY_MS = 86_400_000;

/** The salt of a day: `proposed`, unless another process was first. */
export async function saltOfDay(database: Database, day: number, proposed: Buffer): Promise<Buffer> {
  await database.run(ADD_SALT, [day, proposed]);
  const [row] = await database.run<{ salt: Buffer }>(READ_SALT, [day]);
  return row?.salt ?? proposed;
}

/** Deletes salts of days before `saltsBefore` and, in small batches, clicks that their accounts keep for less than `retentionDays`. */
export async function forgetClicks(
  database: Database,
  now: number,
  saltsBefore: number,
  retentionDays: number,
): Promise<void> {
  await database.run(FORGET_SALTS, [saltsBefore]);
  for (const { id, days } of await database.run<{ id: number; days: number }>(SHORT, [retentionDays])) {
    for (;;) {
      const rows = await database.run(FORGET, [id, now - days * DAY_MS, FORGET_ROWS]);
      if (rows.length < FORGET_ROWS) break;
    }
  }
}
