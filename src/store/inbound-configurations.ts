// What is done with messages to numbers. Triggers copy it to the senders, where every message finds it.
import type { KeyOwner, KeyPlatform } from '../contract/key-platform.js';
import type { Runner } from './accounts.js';
import { rangeValues } from './key-range.js';

/** A configuration; `keyword` '' is for what has no configuration of its own. `key` is Infobip's configurationKey. */
export interface InboundConfigurationRow {
  key: string;
  number: string;
  keyword: string;
  username: string | null;
  applicationId: string | null;
  entityId: string | null;
  url: string | null;
  endpoint: number | null;
}

/** Which configurations are asked for, of one account. Null: any. */
export interface ConfigurationFilter {
  account: number;
  key: string | null;
  number: string | null;
  keyword: string | null;
  /** What the key is bound to; empty: nothing. */
  platform: readonly KeyPlatform[];
}

/** The condition that a configuration is within the range of a key. */
const within = (first: number): string => `($${first}::text[] = '{}' OR EXISTS (
    SELECT FROM unnest($${first}::text[], $${first + 1}::text[]) AS w (application, entity)
    WHERE w.application = c.application_id AND (w.entity = '' OR w.entity = c.entity_id)))`;
const FIND = {
  name: 'inbound_configurations',
  text: `SELECT c.key, s.sender AS number, c.keyword, c.username, c.application_id AS "applicationId", c.entity_id AS "entityId", c.url, c.endpoint
    FROM inbound_configurations c JOIN senders s ON s.id = c.lane AND s.deleted_at IS NULL
    WHERE c.account = $1 AND ($2::text IS NULL OR c.key = $2) AND ($3::text IS NULL OR s.sender = $3) AND ($4::text IS NULL OR c.keyword = $4)
      AND ${within(5)} ORDER BY s.sender, c.keyword LIMIT $7`,
};
const PUT = {
  name: 'inbound_configuration_put',
  text: `INSERT INTO inbound_configurations (key, account, lane, keyword, username, application_id, entity_id, url, endpoint, created_at)
    SELECT $1, s.account, s.id, $3, $4, $5, $6, $7, $8, $9 FROM senders s WHERE s.id = $2
    ON CONFLICT (lane, keyword) DO UPDATE SET username = excluded.username, application_id = excluded.application_id,
      entity_id = excluded.entity_id, url = excluded.url, endpoint = excluded.endpoint`,
};
const FORWARD = {
  name: 'inbound_configuration_forward',
  text: `INSERT INTO inbound_configurations (key, account, lane, keyword, url, endpoint, created_at)
    SELECT $1, s.account, s.id, '', $3, $4, $5 FROM senders s WHERE s.id = $2
    ON CONFLICT (lane, keyword) DO UPDATE SET url = excluded.url, endpoint = excluded.endpoint`,
};
const COUNT = {
  name: 'inbound_configuration_count',
  text: 'SELECT count(*) AS total FROM inbound_configurations WHERE lane = $1',
};
const DELETE = {
  name: 'inbound_configuration_delete',
  text: `DELETE FROM inbound_configurations c WHERE c.account = $1 AND c.key = $2 AND ${within(3)} RETURNING key`,
};

/** Configurations of live senders of an account, by number and keyword, at most `limit`. */
export async function findConfigurations(
  db: Runner,
  { account, key, number, keyword, platform }: ConfigurationFilter,
  limit: number,
): Promise<InboundConfigurationRow[]> {
  return db.run<InboundConfigurationRow>(FIND, [account, key, number, keyword, ...rangeValues(platform), limit]);
}

/** Makes or replaces the configuration of a sender and keyword; one that is there keeps its key. */
export async function putConfiguration(
  db: Runner,
  lane: number,
  row: Omit<InboundConfigurationRow, 'number'>,
  now: number,
): Promise<void> {
  const { key, keyword, username, applicationId, entityId, url, endpoint } = row;
  await db.run(PUT, [key, lane, keyword, username, applicationId, entityId, url, endpoint, now]);
}

/** Sets where messages to a sender without another configuration go; null: by subscriptions. `key` is for one that is made. */
export async function putForward(
  db: Runner,
  lane: number,
  key: string,
  forward: { url: string; endpoint: number } | null,
  now: number,
): Promise<void> {
  await db.run(FORWARD, [key, lane, forward?.url ?? null, forward?.endpoint ?? null, now]);
}

/** How many configurations a sender has. */
export async function countConfigurations(db: Runner, lane: number): Promise<number> {
  const [row] = await db.run<{ total: number }>(COUNT, [lane]);
  return row?.total ?? 0;
}

/** Removes an account's configuration; false when there is none within the range of the key. */
export async function deleteConfiguration(db: Runner, { account, platform }: KeyOwner, key: string): Promise<boolean> {
  return (await db.run(DELETE, [account, key, ...rangeValues(platform)])).length === 1;
}
