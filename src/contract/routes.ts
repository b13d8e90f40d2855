// Which subscription gets an event: what each event is called, and which of several matches is chosen. Pure.
import type { SubscriptionCriterion } from './subscriptions/subscription.js';

/** Infobip's names of the events of WHATSAPP (Infobip 5), by kind of report; ENDPOINT_DISABLED is ours. */
export const EVENT_KINDS = {
  DELIVERY: 1,
  SEEN: 2,
  INBOUND_MESSAGE: 3,
  CLICK: 4,
  TEMPLATE_UPDATE: 5,
  ACCOUNT_REGISTRATION: 6,
  PAYMENT_STATUS: 7,
  IDENTITY_CHANGE: 8,
  MARKETING_SUBSCRIPTION_UPDATE: 9,
  ACCOUNT_UPDATE_NOTIFICATION: 10,
  BILLING: 11,
  BUSINESS_APP_CONTACT_SYNC: 12,
  BUSINESS_APP_MESSAGE_ECHO: 13,
  BUSINESS_APP_MESSAGE_HISTORY: 14,
  ENDPOINT_DISABLED: 15,
} as const;

/** An event's name. */
export type EventName = keyof typeof EVENT_KINDS;

/** Whether a text names an event of WHATSAPP. */
export function isEventName(text: string): text is EventName {
  return Object.hasOwn(EVENT_KINDS, text);
}

/** What a subscription says about who is told. Empty lists mean any. */
export interface Matching {
  events: readonly string[];
  criteria: readonly SubscriptionCriterion[];
  /** Senders. */
  resources: readonly string[];
  /** Names of users of the account. */
  users: readonly string[];
}

/** One way to match: empty texts mean any. */
export interface Route {
  applicationId: string;
  entityId: string;
  sender: string;
  /** How specific it is: of several matches the highest gets the event. */
  rank: number;
  /** One bit for each kind of report. */
  events: number;
}

/** What a match is worth that names this. Powers of two: naming a sender outweighs all the rest together, and so on. */
const WORTH = { sender: 8, entity: 4, application: 2, user: 1 } as const;

/**
 * All ways in which a subscription matches. The most specific match gets an event, and the newest subscription of several that are
 * equally specific. A criterion that names a configuration for calls matches nothing here.
 */
export function routesOf({ events, criteria, resources, users }: Matching): Route[] {
  const bits = events.filter(isEventName).reduce((mask, name) => mask | (1 << EVENT_KINDS[name]), 0);
  const pairs = criteria.length === 0 ? [{}] : criteria.filter(({ callsConfigurationId }) => !callsConfigurationId);
  const senders = resources.length === 0 ? [''] : [...new Set(resources)];
  const routes = new Map<string, Route>();
  if (bits === 0) return [];
  for (const { applicationId = '', entityId = '' } of pairs) {
    for (const sender of senders) {
      const rank =
        worth(sender, WORTH.sender) +
        worth(entityId, WORTH.entity) +
        worth(applicationId, WORTH.application) +
        (users.length > 0 ? WORTH.user : 0);
      const key = JSON.stringify([applicationId, entityId, sender]);
      routes.set(key, { applicationId, entityId, sender, rank, events: bits });
    }
  }
  return [...routes.values()];
}

function worth(named: string, points: number): number {
  return named === '' ? 0 : points;
}
