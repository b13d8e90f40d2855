// /subscriptions/1/subscription/{channel}: which events go to which profile (Infobip 5).
import { Type } from 'typebox';
import { without } from '../contract/openapi-schemas.js';
import type { Violations } from '../contract/readers.js';
import {
  checkChannel,
  noIdSubscriptionSchema,
  subscriptionSchema,
  validateNoIdSubscription,
  validateSubscription,
} from '../contract/subscriptions/subscription.js';
import type { ProfileParts } from '../manage/profiles.js';
import { isRefusal, refuse } from '../manage/refusal.js';
import { createSubscription, removeSubscription, replaceSubscription } from '../manage/subscriptions.js';
import { findSubscription, pageSubscriptions, type SubscriptionRow } from '../store/subscriptions.js';
import {
  type AccountCall,
  type AccountRoute,
  defineAccountRoute,
  hasViolations,
  pageAnswer,
  pageOf,
  readSlice,
  readTexts,
} from './account-route.js';
import { deliveryOf, pagingQuery, profileIdsOf, troubledDelivery } from './profiles.js';

const TAG = 'Subscriptions';
const PATH = '/subscriptions/1/subscription/:channel';
const SIZE_MAX = 100;
const TEXT_LENGTH_MAX = 255;
const CALLS_ID_LENGTH_MAX = 128;

const many = Type.Optional(Type.Array(Type.String({ maxLength: TEXT_LENGTH_MAX })));
const filters = Type.Object({
  ...pagingQuery.properties,
  applicationId: many,
  entityId: many,
  callsConfigurationId: Type.Optional(Type.Array(Type.String({ maxLength: CALLS_ID_LENGTH_MAX }))),
  resource: many,
  user: many,
});
const ids = { subscriptionId: 'wa-main', profile: { profileId: 'p-main', security: { authId: 'h-1' } } };
/** Of a profile without security. */
const bare = { subscriptionId: 'wa-main', profile: { profileId: 'p-main' } };
const example = {
  ...ids,
  name: 'All',
  events: ['DELIVERY', 'SEEN', 'INBOUND_MESSAGE'],
  criteria: [{ applicationId: 'crm' }],
  resources: ['441134960000'],
  users: [],
  delivery: { state: 'UP' },
};

/** With what that one has not, and without what need not be there. */
const others = [
  { ...example, delivery: troubledDelivery },
  {
    ...without(example, 'name', 'delivery'),

    ...bare,
    criteria: [{ entityId: 'north' }, { callsConfigurationId: 'c-1' }],
    users: ['ann'],
  },
];

/** The endpoints of subscriptions. */
export function subscriptionRoutes(parts: ProfileParts): AccountRoute[] {
  return [...listRoutes(parts), ...oneRoutes(parts)];
}

function listRoutes(parts: ProfileParts): AccountRoute[] {
  return [
    defineAccountRoute({
      method: 'GET',
      url: PATH,
      tag: TAG,
      summary: 'List subscriptions of a channel, newest first; all conditions must hold',
      query: filters,
      answer: pageAnswer(example, ...others),
      async handle({ account, platform, param, query }) {
        const violations: Violations = {};
        checkChannel(param('channel'), violations);
        const filter = { account, platform, channel: param('channel'), ...readFilter(query, violations) };
        if (hasViolations(violations)) return { violations };
        return { status: 200, body: pageOf(await pageSubscriptions(parts.database, filter), filter, show) };
      },
    }),
    defineAccountRoute({
      method: 'POST',
      url: PATH,
      tag: TAG,
      summary: 'Make a subscription, with the profile and the security that it describes',
      body: {
        schema: subscriptionSchema,
        example: {
          subscriptionId: 'wa-main',
          events: ['DELIVERY'],
          profile: { profileId: 'p-wa', webhook: { notifyUrl: 'https://hooks.example/wa' } },
        },
        validate: validateSubscription,
      },
      answer: { status: 201, description: 'Made; Location names it', example: ids, also: [bare] },
      errors: [409],
      async handle({ owner, param, body }) {
        const channel = param('channel');
        const violations: Violations = {};
        checkChannel(channel, violations);
        if (hasViolations(violations)) return { violations };
        const row = await createSubscription(parts, owner, channel, body);
        if (isRefusal(row)) return row;
        return {
          status: 201,
          body: idsOf(row),
          location: `${PATH.replace(':channel', channel)}/${row.subscriptionId}`,
        };
      },
    }),
  ];
}

function oneRoutes(parts: ProfileParts): AccountRoute[] {
  const url = `${PATH}/:subscriptionId`;
  return [
    defineAccountRoute({
      method: 'GET',
      url,
      tag: TAG,
      summary: 'Read a subscription',
      answer: {
        status: 200,
        description: 'The subscription',
        example,
        also: others,
      },
      async handle({ account, platform, param }) {
        const id = param('subscriptionId');
        const row = await findSubscription(parts.database, account, param('channel'), id, platform);
        return row === undefined ? refuse('notFound', 'no such subscription') : { status: 200, body: show(row) };
      },
    }),
    defineAccountRoute({
      method: 'PUT',
      url,
      tag: TAG,
      summary: 'Replace a subscription',
      body: {
        schema: noIdSubscriptionSchema,
        example: { name: 'All', events: ['DELIVERY'], profile: { profileId: 'p-main' } },
        validate: validateNoIdSubscription,
      },
      answer: { status: 200, description: 'Replaced', example: ids, also: [bare] },
      async handle({ owner, param, body }) {
        const row = await replaceSubscription(parts, owner, param('channel'), param('subscriptionId'), body);
        return isRefusal(row) ? row : { status: 200, body: idsOf(row) };
      },
    }),
    defineAccountRoute({
      method: 'DELETE',
      url,
      tag: TAG,
      summary: 'Delete a subscription; its profile stays',
      answer: { status: 200, description: 'Deleted', example: ids, also: [bare] },
      async handle({ owner, param }) {
        const row = await removeSubscription(parts, owner, param('channel'), param('subscriptionId'));
        return isRefusal(row) ? row : { status: 200, body: idsOf(row) };
      },
    }),
  ];
}

function readFilter(query: AccountCall<unknown>['query'], violations: Violations) {
  const texts = (name: string, lengthMax = TEXT_LENGTH_MAX) => readTexts(query, name, lengthMax, violations);
  return {
    applicationIds: texts('applicationId'),
    entityIds: texts('entityId'),
    callsConfigurationIds: texts('callsConfigurationId', CALLS_ID_LENGTH_MAX),
    resources: texts('resource'),
    users: texts('user'),
    ...readSlice(query, SIZE_MAX, violations),
  };
}

function idsOf({ subscriptionId, ...profile }: SubscriptionRow): object {
  return { subscriptionId, profile: profileIdsOf(profile) };
}

function show(row: SubscriptionRow): object {
  const { name, events, criteria, resources, users } = row;
  return {
    ...idsOf(row),
    name: name ?? undefined,
    events: JSON.parse(events),
    criteria: JSON.parse(criteria),
    resources,
    users,
    delivery: deliveryOf(row),
  };
}
