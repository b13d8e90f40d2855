// BUSINESS_APP_*: what happens in the WhatsApp Business app of a number that is used there too (Meta 2.9). Infobip publishes no body of
// them; one has been seen for echoes, and is followed for all (Infobip 4.4).
import { formatDate } from '../dates.js';
import { integerAt, isObject, itemsAt, type JsonObject, objectAt, textAt } from '../json.js';
import type { EventName } from '../routes.js';
import type { NoticeType } from './notice.js';

const SECONDS_MAX = 253_402_300_799;

function timeAt(value: unknown, fallback: number): number {
  const seconds = integerAt(value, 'timestamp');
  return seconds === undefined || seconds < 0 || seconds > SECONDS_MAX ? fallback : seconds * 1000;
}

function resultsOf(event: EventName, results: readonly JsonObject[], at: number): { body: JsonObject; at: number }[] {
  return results.length === 0 ? [] : [{ body: { eventType: event, results }, at }];
}

/** What the business wrote there; each with Meta's own JSON of the message. */
export const businessAppMessageEchoNotice: NoticeType = {
  event: 'BUSINESS_APP_MESSAGE_ECHO',
  fields: ['smb_message_echoes'],
  fromWire({ value, at }) {
    const echoes = itemsAt(value, 'message_echoes').filter(isObject);
    const results = echoes.map((echo) => ({
      direction: 'OUT',
      from: textAt(echo, 'from'),
      to: textAt(echo, 'to') ?? textAt(echo, 'to_user_id'),
      integrationType: 'WHATSAPP',
      receivedAt: formatDate(timeAt(echo, at)),
      messageId: textAt(echo, 'id'),
      message: { type: textAt(echo, 'type')?.toUpperCase(), text: textAt(objectAt(echo, 'text'), 'body') },
      meta: echo,
    }));
    return resultsOf('BUSINESS_APP_MESSAGE_ECHO', results, timeAt(echoes[0], at));
  },
  example: {
    field: 'smb_message_echoes',
    value: {
      metadata: { display_phone_number: '441134960000', phone_number_id: '1060000000' },
      message_echoes: [
        {
          from: '441134960000',
          to: '441134960001',
          id: 'wamid.E',
          timestamp: '1767225600',
          type: 'text',
          text: { body: 'Hi' },
        },
      ],
    },
  },
};

/** Contacts that were added or removed there. */
export const businessAppContactSyncNotice: NoticeType = {
  event: 'BUSINESS_APP_CONTACT_SYNC',
  fields: ['smb_app_state_sync'],
  fromWire({ value, at }) {
    const items = itemsAt(value, 'state_sync').filter(isObject);
    const results = items.map((item) => {
      const contact = objectAt(item, 'contact');
      return {
        action: textAt(item, 'action')?.toUpperCase(),
        contact: {
          name: textAt(contact, 'full_name'),
          firstName: textAt(contact, 'first_name'),
          phoneNumber: textAt(contact, 'phone_number'),
        },
        receivedAt: formatDate(timeAt(objectAt(item, 'metadata'), at)),
        meta: item,
      };
    });
    return resultsOf('BUSINESS_APP_CONTACT_SYNC', results, timeAt(objectAt(items[0], 'metadata'), at));
  },
  example: {
    field: 'smb_app_state_sync',
    value: {
      metadata: { display_phone_number: '441134960000', phone_number_id: '1060000000' },
      state_sync: [
        {
          type: 'contact',
          contact: { full_name: 'Ann Lee', first_name: 'Ann', phone_number: '441134960001' },
          action: 'add',
          metadata: { timestamp: '1767225600' },
        },
      ],
    },
  },
};

/** What was said there before; in chunks, as Meta sends it. */
export const businessAppMessageHistoryNotice: NoticeType = {
  event: 'BUSINESS_APP_MESSAGE_HISTORY',
  fields: ['history'],
  fromWire({ value, at }) {
    const results = itemsAt(value, 'history')
      .filter(isObject)
      .map((chunk) => ({ metadata: chunk.metadata, threads: chunk.threads, errors: chunk.errors }));
    return resultsOf('BUSINESS_APP_MESSAGE_HISTORY', results, at);
  },
  example: {
    field: 'history',
    value: {
      metadata: { display_phone_number: '441134960000', phone_number_id: '1060000000' },
      history: [
        { metadata: { phase: 0, chunk_order: 1, progress: 50 }, threads: [{ id: '441134960001', messages: [] }] },
      ],
    },
  },
};
