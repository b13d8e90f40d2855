// Inbound contact cards (Meta 1.4 and 2.2, Infobip 4.3).
import { isObject, itemsAt, type JsonObject, objectAt, textAt } from '../json.js';
import type { EventType } from './envelope.js';

/** Cards the user shared. The fields are those of outbound cards; types of places are whatever the phone says. */
export const contactEvent: EventType = {
  wireType: 'contacts',
  type: 'CONTACT',
  fromWire(message) {
    const cards = itemsAt(message, 'contacts');
    return cards.length === 0 || !cards.every(isObject) ? undefined : { contacts: cards.map(cardFromWire) };
  },
  toReport: (content) => content,
  example: {
    type: 'contacts',
    contacts: [
      {
        name: { formatted_name: 'Iva K', first_name: 'Iva', last_name: 'K' },
        phones: [{ phone: '+441134960002', wa_id: '441134960002', type: 'CELL' }],
      },
    ],
  },
};

function cardFromWire(card: JsonObject): JsonObject {
  const name = objectAt(card, 'name');
  const org = objectAt(card, 'org');
  return {
    addresses: listAt(card, 'addresses', ({ country_code: countryCode, ...address }) => ({ ...address, countryCode })),
    birthday: textAt(card, 'birthday'),
    emails: listAt(card, 'emails', (email) => email),
    name: name && {
      firstName: textAt(name, 'first_name'),
      lastName: textAt(name, 'last_name'),
      middleName: textAt(name, 'middle_name'),
      nameSuffix: textAt(name, 'suffix'),
      namePrefix: textAt(name, 'prefix'),
      formattedName: textAt(name, 'formatted_name'),
    },
    org: org && {
      company: textAt(org, 'company'),
      department: textAt(org, 'department'),
      title: textAt(org, 'title'),
    },
    phones: listAt(card, 'phones', ({ wa_id: waId, user_id: userId, ...phone }) => ({ ...phone, waId, userId })),
    urls: listAt(card, 'urls', (url) => url),
  };
}

function listAt(card: JsonObject, key: string, read: (item: JsonObject) => JsonObject): JsonObject[] | undefined {
  const items = itemsAt(card, key).filter(isObject);
  return items.length === 0 ? undefined : items.map(read);
}
