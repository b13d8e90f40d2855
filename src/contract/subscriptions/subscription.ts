// Subscriptions: which events, of which applications, entities, senders and users, go to which profile (Infobip 5).
import { type Static, Type } from 'typebox';
import { addViolation, type Violations } from '../readers.js';
import { isEventName } from '../routes.js';
import { compileValidator } from '../validate.js';
import { clientId, shortText, TEXT_LENGTH_MAX } from './fields.js';
import { checkProfile, isNewProfile, profileSchema } from './profile.js';

/** Channels that the API knows; Parley has events for WHATSAPP only. */
const CHANNELS: readonly string[] = [
  'AGENT_OS',
  'APPLE_MESSAGES_FOR_BUSINESS',
  'BLOCKLIST',
  'CUSTOMER_ENGAGEMENT',
  'EMAIL',
  'FACEBOOK',
  'KAKAO_ALIM',
  'KAKAO_BRAND_MESSAGE',
  'LINE',
  'MMS',
  'MOBILE_IDENTITY',
  'MOBILE_PUSH',
  'NUMBER_LOOKUP',
  'OPEN_CHANNEL',
  'RCS',
  'REGISTRATION',
  'SMS',
  'VIBER',
  'VOICE_VIDEO',
  'WEB_PUSH',
  'WHATSAPP',
  'ZALO',
];
/** The one whose events Parley makes. */
export const WHATSAPP = 'WHATSAPP';

const ITEMS_MAX = 255;
const criterion = Type.Object({ applicationId: shortText, entityId: shortText, callsConfigurationId: shortText });
const texts = Type.Optional(Type.Array(Type.String({ maxLength: TEXT_LENGTH_MAX }), { maxItems: ITEMS_MAX }));
const fields = {
  name: Type.Optional(Type.String({ maxLength: TEXT_LENGTH_MAX })),
  criteria: Type.Optional(Type.Array(criterion, { maxItems: ITEMS_MAX })),
  resources: texts,
  users: texts,
};
const names = Type.Array(Type.String({ maxLength: TEXT_LENGTH_MAX }), { maxItems: ITEMS_MAX });
const idOnlyProfile = Type.Object({ profileId: clientId });

/** Body of POST /subscription/{channel}. */
export const subscriptionSchema = Type.Object({
  subscriptionId: clientId,
  events: names,
  profile: profileSchema,
  ...fields,
});

/** Body of PUT /subscription/{channel}/{subscriptionId}. */
export const noIdSubscriptionSchema = Type.Object({ events: names, profile: idOnlyProfile, ...fields });

/** A criterion: an application, an entity or both; a configuration for calls says nothing about WhatsApp. */
export type SubscriptionCriterion = Static<typeof criterion>;
/** A subscription as a request gives it. */
export type SubscriptionRequest = Static<typeof subscriptionSchema>;
/** What replaces a subscription. */
export type NoIdSubscriptionRequest = Static<typeof noIdSubscriptionSchema>;

/** Reads POST /subscription/{channel}. */
export const validateSubscription = compileValidator(subscriptionSchema, {
  crossCheck({ profile }, violations: Violations) {
    if (isNewProfile(profile)) checkProfile(profile, 'profile.', violations);
  },
});

/** Reads PUT /subscription/{channel}/{subscriptionId}. */
export const validateNoIdSubscription = compileValidator(noIdSubscriptionSchema);

/** Events unknown to a channel are ignored (Infobip 5); of other channels all are kept as they are. */
export function eventsOf(channel: string, events: readonly string[]): string[] {
  const distinct = [...new Set(events)];
  return channel === WHATSAPP ? distinct.filter(isEventName) : distinct;
}

/** Adds what is wrong with a channel. */
export function checkChannel(channel: string, violations: Violations): void {
  if (!CHANNELS.includes(channel)) addViolation(violations, 'channel', `must be one of ${CHANNELS.join(', ')}`);
}
