// MARKETING_SUBSCRIPTION_UPDATE: a user stops or resumes marketing messages (Infobip 4.4, Meta 2.6).
import { formatDate } from '../dates.js';
import { integerAt, itemsAt, objectAt, textAt } from '../json.js';
import type { Notice, NoticeType } from './notice.js';

/** Infobip knows two words; who signs up wants them too. */
const WORDS = new Map([
  ['stop', 'stop'],
  ['resume', 'resume'],
  ['signup', 'resume'],
]);
const SECONDS_MAX = 253_402_300_799;

/** One notice a preference. */
export const marketingSubscriptionUpdateNotice: NoticeType = {
  event: 'MARKETING_SUBSCRIPTION_UPDATE',
  fields: ['user_preferences'],
  fromWire({ value, at: arrived }) {
    const sender = textAt(objectAt(value, 'metadata'), 'display_phone_number');
    return itemsAt(value, 'user_preferences').flatMap((item): Notice[] => {
      const notificationMessagesStatus = WORDS.get(textAt(item, 'value') ?? '');
      const from = textAt(item, 'wa_id') ?? textAt(item, 'user_id');
      if (notificationMessagesStatus === undefined || from === undefined) return [];
      const seconds = integerAt(item, 'timestamp');
      const at = seconds === undefined || seconds < 0 || seconds > SECONDS_MAX ? arrived : seconds * 1000;
      const content = { sender, from, notificationMessagesStatus, description: textAt(item, 'detail') };
      return [{ body: { content, createdAt: formatDate(at), meta: item }, at }];
    });
  },
  example: {
    field: 'user_preferences',
    value: {
      messaging_product: 'whatsapp',
      metadata: { display_phone_number: '441134960000', phone_number_id: '1060000000' },
      user_preferences: [
        {
          wa_id: '441134960001',
          detail: 'User requested to stop marketing messages',
          category: 'marketing_messages',
          value: 'stop',
          timestamp: 1767225600,
        },
      ],
    },
  },
};
