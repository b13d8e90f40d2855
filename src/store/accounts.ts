// Accounts: the tenants. `id` is ours and short, `accountId` is what people see and is never reused.
import type { Database, Value } from './database.js';

/** Any way to run a statement: the pool or a transaction. */
export type Runner = Pick<Database, 'run'>;

/** What happens to a message whose outcome at Meta stays unknown (P8). */
type UnknownPolicy = 'resend' | 'fail';

/** Who fetches the files of messages: Meta, or Parley, which uploads them. */
type MediaWay = 'link' | 'upload';

/** An account. `createdAt` is epoch ms. */
export interface AccountRow {
  id: number;
  accountId: string;
  name: string;
  unknownPolicy: UnknownPolicy;
  unknownWaitSeconds: number;
  /** Whether it may mark messages of users as read. */
  readMarks: boolean;
  media: MediaWay;
  /** Its own rates by name of the limit, like `100/h`. */
  rateLimits: RateTexts;
  /** Days that its short links work. */
  linkDays: number;
  /** Days that clicks on them are kept, at least 8: reports of them may wait for 3. */
  clickDays: number;
  /** Whether clicks are kept with the hashed address. */
  clickAddresses: boolean;
  /** Days that its messages and what hangs on them are kept, at least 8; the platform's count when they are fewer. */
  retentionDays: number;
  createdAt: number;
}

/** Rates by name of the limit, in the form of `parseRate`. */
export type RateTexts = Readonly<Record<string, string | undefined>>;

const COLUMNS = `id, account_id AS "accountId", name, unknown_policy AS "unknownPolicy", unknown_wait_seconds AS "unknownWaitSeconds",
  read_marks AS "readMarks", media, rate_limits AS "rateLimits", link_days AS "linkDays", click_days AS "clickDays",
  click_addresses AS "clickAddresses", retention_days AS "retentionDays", created_at AS "createdAt"`;

const INSERT = {
  name: 'account_insert',
  text: `INSERT INTO accounts (account_id, name, unknown_policy, unknown_wait_seconds, read_marks, media, rate_limits, link_days, click_days,
      click_addresses, retention_days, created_at)
    VALUES ($1, $2, coalesce($3, 'resend'), coalesce($4, 30), coalesce($5, false), coalesce($6, 'link'), coalesce($7::jsonb, '{}'),
      coalesce($8, 90), coalesce($9, 30), coalesce($10, true), coalesce($11, 3650), $12) ON CONFLICT (account_id) DO NOTHING RETURNING ${COLUMNS}`,
};
const FIND = { name: 'account_find', text: `SELECT ${COLUMNS} FROM accounts WHERE account_id = $1` };
const PAGE = {
  name: 'account_page',
  text: `SELECT ${COLUMNS} FROM accounts ORDER BY id LIMIT $1 OFFSET $2`,
};
const COUNT = { name: 'account_count', text: 'SELECT count(*) AS total FROM accounts' };
const CHANGE = {
  name: 'account_change',
  text: `UPDATE accounts SET name = coalesce($2, name), unknown_policy = coalesce($3, unknown_policy),
    unknown_wait_seconds = coalesce($4, unknown_wait_seconds), read_marks = coalesce($5, read_marks), media = coalesce($6, media),
    rate_limits = coalesce($7::jsonb, rate_limits), link_days = coalesce($8, link_days), click_days = coalesce($9, click_days),
    click_addresses = coalesce($10, click_addresses), retention_days = coalesce($11, retention_days)
    WHERE id = $1 RETURNING ${COLUMNS}`,
};

/** A page of a list and how many there are in all. */
export interface Page<Row> {
  rows: Row[];
  total: number;
}

/** Which rows of a list: `offset` of them are passed over. */
export interface Slice {
  limit: number;
  offset: number;
}

/** What can be said about an account; what is absent keeps its value or its default. */
export interface AccountSettings {
  name?: string | undefined;
  unknownPolicy?: UnknownPolicy | undefined;
  unknownWaitSeconds?: number | undefined;
  readMarks?: boolean | undefined;
  media?: MediaWay | undefined;
  /** Replaces all that were there. */
  rateLimits?: RateTexts | undefined;
  linkDays?: number | undefined;
  clickDays?: number | undefined;
  clickAddresses?: boolean | undefined;
  retentionDays?: number | undefined;
}

/** Adds an account; undefined when its accountId is taken. */
export async function insertAccount(
  db: Runner,
  accountId: string,
  settings: AccountSettings & { name: string },
  now: number,
): Promise<AccountRow | undefined> {
  const values = [accountId, ...columnsOf(settings), now];
  const [row] = await db.run<AccountRow>(INSERT, values);
  return row;
}

/** The account with this accountId. */
export async function findAccount(db: Runner, accountId: string): Promise<AccountRow | undefined> {
  const [row] = await db.run<AccountRow>(FIND, [accountId]);
  return row;
}

/** Accounts, oldest first. */
export async function pageAccounts(db: Runner, { limit, offset }: Slice): Promise<Page<AccountRow>> {
  const [count] = await db.run<{ total: number }>(COUNT, []);
  return { rows: await db.run<AccountRow>(PAGE, [limit, offset]), total: count?.total ?? 0 };
}

/** Changes what is given; undefined when there is no such account. */
export async function changeAccount(
  db: Runner,
  id: number,
  settings: AccountSettings,
): Promise<AccountRow | undefined> {
  const [row] = await db.run<AccountRow>(CHANGE, [id, ...columnsOf(settings)]);
  return row;
}

/** In the order of INSERT and CHANGE; null keeps the value or takes the default. */
function columnsOf(settings: AccountSettings): Value[] {
  const { rateLimits } = settings;
  return [
    settings.name ?? null,
    settings.unknownPolicy ?? null,
    settings.unknownWaitSeconds ?? null,
    settings.readMarks ?? null,
    settings.media ?? null,
    rateLimits === undefined ? null : JSON.stringify(rateLimits),
    settings.linkDays ?? null,
    settings.clickDays ?? null,
    settings.clickAddresses ?? null,
    settings.retentionDays ?? null,
  ];
}
