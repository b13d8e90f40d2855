// ACCOUNT_REGISTRATION, ACCOUNT_UPDATE_NOTIFICATION and BILLING: what becomes of a WABA and its numbers (Meta 2.5). Infobip publishes no
// body of them (Infobip 4.4): theirs have the form of its other events, with Meta's own JSON beside.
import { formatDate } from '../dates.js';
import { textAt } from '../json.js';
import type { EventName } from '../routes.js';
import type { NoticeFacts, NoticeType } from './notice.js';

const REGISTERED = new Set([
  'PARTNER_ADDED',
  'PARTNER_APP_INSTALLED',
  'ACCOUNT_RECONNECTED',
  'VERIFIED_ACCOUNT',
  'ONBOARDING',
]);
const PRICED = new Set([
  'VOLUME_BASED_PRICING_TIER_UPDATE',
  'AUTH_INTL_PRICE_ELIGIBILITY_UPDATE',
  'AUTH_INTL_PRICE_ELIGIBILITY',
]);

function eventOf({ field, value }: NoticeFacts): EventName {
  const word = textAt(value, 'event') ?? '';
  if (field === 'payment_configuration_update' || PRICED.has(word)) return 'BILLING';
  return REGISTERED.has(word) ? 'ACCOUNT_REGISTRATION' : 'ACCOUNT_UPDATE_NOTIFICATION';
}

function noticeType(event: EventName, fields: readonly string[], example: NoticeType['example']): NoticeType {
  return {
    event,
    fields,
    fromWire(facts) {
      if (eventOf(facts) !== event) return [];
      const { field, value, at } = facts;
      const content = { type: field, event: textAt(value, 'event') ?? textAt(value, 'decision') };
      const number = (textAt(value, 'display_phone_number') ?? textAt(value, 'phone_number'))?.replace(/\D/g, '');
      return [{ body: { eventType: event, content, createdAt: formatDate(at), meta: value }, number }];
    },
    example,
  };
}

/** A WABA or a number can be used from now on. */
export const accountRegistrationNotice = noticeType(
  'ACCOUNT_REGISTRATION',
  ['account_update', 'phone_number_quality_update'],
  { field: 'account_update', value: { event: 'PARTNER_ADDED', waba_info: { waba_id: '1020304050' } } },
);

/** Anything else that Meta says of them. */
export const accountUpdateNotice = noticeType(
  'ACCOUNT_UPDATE_NOTIFICATION',
  [
    'account_alerts',
    'account_review_update',
    'account_settings_update',
    'account_update',
    'business_capability_update',
    'business_username_update',
    'phone_number_name_update',
    'phone_number_quality_update',
    'security',
  ],
  { field: 'phone_number_name_update', value: { display_phone_number: '441134960000', decision: 'APPROVED' } },
);

/** What Meta charges, and how it is paid. */
export const billingNotice = noticeType('BILLING', ['account_update', 'payment_configuration_update'], {
  field: 'account_update',
  value: { event: 'VOLUME_BASED_PRICING_TIER_UPDATE', volume_tier_info: { tier: '0:1000' } },
});
