// Subscriptions: made, replaced and removed, with the routes that they mean.
import { bindCriteria, type KeyOwner } from '../contract/key-platform.js';
import { routesOf } from '../contract/routes.js';
import { isNewProfile } from '../contract/subscriptions/profile.js';
import {
  eventsOf,
  type NoIdSubscriptionRequest,
  type SubscriptionRequest,
  WHATSAPP,
} from '../contract/subscriptions/subscription.js';
import type { Runner } from '../store/accounts.js';
import { findProfile } from '../store/profiles.js';
import {
  deleteSubscription,
  findSubscription,
  insertSubscription,
  replaceRoutes,
  type SubscriptionRow,
  subscriptionSize,
  updateSubscription,
} from '../store/subscriptions.js';
import { addProfile, type ProfileParts } from './profiles.js';
import { giveUp, type Refusal, transactOrRefuse } from './refusal.js';

/** An account has no more than this of either: a look-up stays one of an index, and a request one statement. */
const SUBSCRIPTIONS_MAX = 10_000;
const ROUTES_MAX = 500_000;

/** Makes a subscription with the profile and the security that it describes. Refused when an id is taken, or names nothing. */
export function createSubscription(
  parts: ProfileParts,
  owner: KeyOwner,
  channel: string,
  asked: SubscriptionRequest,
): Promise<SubscriptionRow | Refusal> {
  const { account } = owner;
  const { subscriptionId, profile } = asked;
  return transactOrRefuse(parts.database, async (tx) => {
    const request = within(owner, asked);
    const profileKey = isNewProfile(profile)
      ? await addProfile(parts, tx, owner, profile, 'profile.')
      : await profileNamed(tx, owner, profile.profileId);
    const row = { account, channel, subscriptionId, profile: profileKey, ...columnsOf(channel, request) };
    const id = await insertSubscription(tx, row, parts.clock.now());
    if (id === undefined)
      giveUp('conflict', 'there is a subscription with this subscriptionId already', 'subscriptionId');
    await route(tx, account, channel, id, request);
    return existing(tx, owner, channel, subscriptionId);
  });
}

/** Replaces a subscription; its profile must be there. */
export function replaceSubscription(
  { database }: Pick<ProfileParts, 'database'>,
  owner: KeyOwner,
  channel: string,
  subscriptionId: string,
  asked: NoIdSubscriptionRequest,
): Promise<SubscriptionRow | Refusal> {
  const { account } = owner;
  return transactOrRefuse(database, async (tx) => {
    const request = within(owner, asked);
    const { id } = await existing(tx, owner, channel, subscriptionId);
    const profile = await profileNamed(tx, owner, request.profile.profileId);
    await updateSubscription(tx, { account, channel, subscriptionId, profile, ...columnsOf(channel, request) });
    await route(tx, account, channel, id, request);
    return existing(tx, owner, channel, subscriptionId);
  });
}

/** Removes a subscription; its profile stays. Returns what it was. */
export function removeSubscription(
  { database }: Pick<ProfileParts, 'database'>,
  owner: KeyOwner,
  channel: string,
  subscriptionId: string,
): Promise<SubscriptionRow | Refusal> {
  return transactOrRefuse(database, async (tx) => {
    const found = await existing(tx, owner, channel, subscriptionId);
    await deleteSubscription(tx, found.id);
    return found;
  });
}

/** With the criteria that count under the owner's key. */
function within<Request extends Pick<SubscriptionRequest, 'criteria'>>(
  { platform }: KeyOwner,
  asked: Request,
): Request {
  const criteria = bindCriteria(platform, asked.criteria ?? []) ?? giveUp('forbidden', 'names another application');
  return { ...asked, criteria };
}

type Described = Pick<SubscriptionRequest, 'name' | 'events' | 'criteria' | 'resources' | 'users'>;

function columnsOf(
  channel: string,
  { name, events, criteria = [], resources = [], users = [] }: Described,
): Pick<SubscriptionRow, 'name' | 'events' | 'criteria' | 'resources' | 'users'> {
  return {
    name: name ?? null,
    events: JSON.stringify(eventsOf(channel, events)),
    criteria: JSON.stringify(criteria),
    resources,
    users,
  };
}

async function route(
  tx: Runner,
  account: number,
  channel: string,
  id: number,
  { events, criteria = [], resources = [], users = [] }: Described,
): Promise<void> {
  // Parley has no events of other channels.
  const routes = channel === WHATSAPP ? routesOf({ events, criteria, resources, users }) : [];
  await replaceRoutes(tx, account, id, routes);
  const size = await subscriptionSize(tx, account);
  if (size.subscriptions > SUBSCRIPTIONS_MAX)
    giveUp('conflict', `an account has at most ${SUBSCRIPTIONS_MAX} subscriptions`);
  if (size.routes > ROUTES_MAX)
    giveUp('invalid', `criteria times resources of all subscriptions must not exceed ${ROUTES_MAX}`, 'criteria');
}

async function profileNamed(tx: Runner, { account, platform }: KeyOwner, profileId: string): Promise<number> {
  const found = await findProfile(tx, account, profileId, platform);
  return found?.id ?? giveUp('invalid', 'does not exist', 'profile.profileId');
}

async function existing(
  tx: Runner,
  { account, platform }: KeyOwner,
  channel: string,
  subscriptionId: string,
): Promise<SubscriptionRow> {
  const found = await findSubscription(tx, account, channel, subscriptionId, platform);
  return found ?? giveUp('notFound', 'no such subscription');
}
