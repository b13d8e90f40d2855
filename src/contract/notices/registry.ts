// All events beside messages, statuses and templates. A new one is one file and one line here.
import { isObject } from '../json.js';
import { EVENT_KINDS } from '../routes.js';
import { accountRegistrationNotice, accountUpdateNotice, billingNotice } from './account.js';
import {
  businessAppContactSyncNotice,
  businessAppMessageEchoNotice,
  businessAppMessageHistoryNotice,
} from './business-app.js';
import { identityChangeNotice } from './identity-change.js';
import { marketingSubscriptionUpdateNotice } from './marketing-subscription-update.js';
import type { Notice, NoticeType } from './notice.js';
import { paymentStatusNotice } from './payment-status.js';

/** Every one of them. */
export const noticeTypes: readonly NoticeType[] = [
  accountRegistrationNotice,
  accountUpdateNotice,
  billingNotice,
  businessAppContactSyncNotice,
  businessAppMessageEchoNotice,
  businessAppMessageHistoryNotice,
  identityChangeNotice,
  marketingSubscriptionUpdateNotice,
  paymentStatusNotice,
];

/** What is to be told of a change of Meta's webhook, each with its kind of report. */
export function noticesFromWire(field: string, value: unknown, at: number): (Notice & { kind: number })[] {
  if (!isObject(value)) return [];
  return noticeTypes
    .filter(({ fields }) => fields.includes(field))
    .flatMap(({ event, fromWire }) =>
      fromWire({ field, value, at }).map((notice) => ({ ...notice, kind: EVENT_KINDS[event] })),
    );
}
