// Subscriptions of accounts, and the routes that events are matched by.
import type { KeyPlatform } from '../contract/key-platform.js';
import type { Route } from '../contract/routes.js';
import type { Page, Runner, Slice } from './accounts.js';
import type { Value } from './database.js';
import { type EndpointHealth, HEALTH } from './endpoints.js';
import { rangeValues } from './key-range.js';

/** A subscription as it is shown. `events` and `criteria` are JSON. */
export interface SubscriptionRow extends EndpointHealth {
  id: number;
  subscriptionId: string;
  name: string | null;
  events: string;
  criteria: string;
  resources: string[];
  users: string[];
  profileId: string;
  authId: string | null;
  /** Where its profile posts to. */
  endpoint: number | null;
}

/** A subscription to be stored. */
export interface NewSubscription extends Pick<SubscriptionRow, 'name' | 'events' | 'criteria' | 'resources' | 'users'> {
  account: number;
  channel: string;
  subscriptionId: string;
  /** Internal id of the profile. */
  profile: number;
}

/** What a list asks for; all of it must hold. Empty: any. */
export interface SubscriptionFilter extends Slice {
  account: number;
  channel: string;
  applicationIds: readonly string[];
  entityIds: readonly string[];
  callsConfigurationIds: readonly string[];
  resources: readonly string[];
  users: readonly string[];
  /** What the key is bound to. */
  platform: readonly KeyPlatform[];
}

const SELECT = `SELECT s.id, s.subscription_id AS "subscriptionId", s.name, s.events, s.criteria, s.resources, s.users,
    p.profile_id AS "profileId", x.auth_id AS "authId", p.endpoint, ${HEALTH}
  FROM subscriptions s JOIN profiles p ON p.id = s.profile LEFT JOIN endpoint_heads h ON h.endpoint = p.endpoint LEFT JOIN securities x ON x.id = p.security`;
const FIND = {
  name: 'subscription_find',
  text: `${SELECT} WHERE s.account = $1 AND s.channel = $2 AND s.subscription_id = $3 AND within_platforms(s.criteria, $4, $5)`,
};
const named = (parameter: number, key: string): string =>
  `($${parameter}::text[] = '{}' OR EXISTS (SELECT FROM json_array_elements(s.criteria::json) c WHERE c ->> '${key}' = ANY ($${parameter})))`;
const WHERE = `s.account = $1 AND s.channel = $2 AND ${named(3, 'applicationId')} AND ${named(4, 'entityId')}
  AND ${named(5, 'callsConfigurationId')} AND ($6::text[] = '{}' OR s.resources && $6) AND ($7::text[] = '{}' OR s.users && $7)
  AND within_platforms(s.criteria, $8, $9)`;
const PAGE = {
  name: 'subscription_page',
  text: `${SELECT} WHERE ${WHERE} ORDER BY s.id DESC LIMIT $10 OFFSET $11`,
};
const COUNT = { name: 'subscription_count', text: `SELECT count(*) AS total FROM subscriptions s WHERE ${WHERE}` };
const SIZE = {
  name: 'subscription_size',
  text: `SELECT (SELECT count(*) FROM subscriptions WHERE account = $1) AS subscriptions,
    (SELECT count(*) FROM routes WHERE account = $1) AS routes`,
};
const INSERT = {
  name: 'subscription_insert',
  text: `INSERT INTO subscriptions (account, channel, subscription_id, name, events, criteria, resources, users, profile, created_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT DO NOTHING RETURNING id`,
};
const UPDATE = {
  name: 'subscription_update',
  text: `UPDATE subscriptions SET name = $4, events = $5, criteria = $6, resources = $7, users = $8, profile = $9
    WHERE account = $1 AND channel = $2 AND subscription_id = $3 RETURNING id`,
};
const DELETE = { name: 'subscription_delete', text: 'DELETE FROM subscriptions WHERE id = $1 RETURNING id' };
const CLEAR_ROUTES = { name: 'subscription_clear_routes', text: 'DELETE FROM routes WHERE subscription = $1' };
const ADD_ROUTES = {
  name: 'subscription_add_routes',
  text: `INSERT INTO routes (account, subscription, application_id, entity_id, sender, rank, events)
    SELECT $1, $2, r.* FROM unnest($3::text[], $4::text[], $5::text[], $6::smallint[], $7::integer[])
      AS r (application_id, entity_id, sender, rank, events)`,
};

/** An account's subscription by the client's id, as far as a key bound to `platform` may see it. */
export async function findSubscription(
  db: Runner,
  account: number,
  channel: string,
  subscriptionId: string,
  platform: readonly KeyPlatform[] = [],
): Promise<SubscriptionRow | undefined> {
  const [row] = await db.run<SubscriptionRow>(FIND, [account, channel, subscriptionId, ...rangeValues(platform)]);
  return row;
}

/** An account's subscriptions of a channel, newest first. */
export async function pageSubscriptions(db: Runner, filter: SubscriptionFilter): Promise<Page<SubscriptionRow>> {
  const {
    account,
    channel,
    applicationIds,
    entityIds,
    callsConfigurationIds,
    resources,
    users,
    platform,
    limit,
    offset,
  } = filter;
  const named: Value[] = [applicationIds, entityIds, callsConfigurationIds, resources, users];
  const values: Value[] = [account, channel, ...named, ...rangeValues(platform)];
  const [count] = await db.run<{ total: number }>(COUNT, values);
  const rows = await db.run<SubscriptionRow>(PAGE, [...values, limit, offset]);
  return { rows, total: count?.total ?? 0 };
}

/** How many subscriptions and routes an account has. */
export async function subscriptionSize(
  db: Runner,
  account: number,
): Promise<{ subscriptions: number; routes: number }> {
  const [row] = await db.run<{ subscriptions: number; routes: number }>(SIZE, [account]);
  return row ?? { subscriptions: 0, routes: 0 };
}

/** Adds one; undefined when the id is taken in its channel. */
export async function insertSubscription(
  db: Runner,
  subscription: NewSubscription,
  now: number,
): Promise<number | undefined> {
  const [row] = await db.run<{ id: number }>(INSERT, [...valuesOf(subscription), now]);
  return row?.id;
}

/** Replaces one; undefined when there is none. */
export async function updateSubscription(db: Runner, subscription: NewSubscription): Promise<number | undefined> {
  const [row] = await db.run<{ id: number }>(UPDATE, valuesOf(subscription));
  return row?.id;
}

function valuesOf({ account, channel, subscriptionId, name, ...rest }: NewSubscription): Value[] {
  const { events, criteria, resources, users, profile } = rest;
  return [account, channel, subscriptionId, name, events, criteria, resources, users, profile];
}

/** Removes one with its routes. */
export async function deleteSubscription(db: Runner, id: number): Promise<void> {
  await db.run(DELETE, [id]);
}

/** Makes `routes` all that a subscription has. */
export async function replaceRoutes(db: Runner, account: number, id: number, routes: readonly Route[]): Promise<void> {
  await db.run(CLEAR_ROUTES, [id]);
  await db.run(ADD_ROUTES, [
    account,
    id,
    routes.map((route) => route.applicationId),
    routes.map((route) => route.entityId),
    routes.map((route) => route.sender),
    routes.map((route) => route.rank),
    routes.map((route) => route.events),
  ]);
}
