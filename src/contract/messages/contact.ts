// Contact cards (Infobip 2.2, Meta 1.4).
import { type Static, Type } from 'typebox';
import { optionalText, requiredText } from '../fields.js';
import { addViolation } from '../readers.js';
import { defineMessage } from './envelope.js';

const place = Type.Optional(Type.Enum(['HOME', 'WORK']));

const contact = Type.Object({
  name: Type.Object({
    firstName: requiredText,
    lastName: optionalText(),
    middleName: optionalText(),
    nameSuffix: optionalText(),
    namePrefix: optionalText(),
    formattedName: requiredText,
  }),
  addresses: Type.Optional(
    Type.Array(
      Type.Object({
        street: optionalText(),
        city: optionalText(),
        state: optionalText(),
        zip: optionalText(),
        country: optionalText(),
        countryCode: optionalText(),
        type: place,
      }),
    ),
  ),
  birthday: Type.Optional(Type.String({ pattern: '^\\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\\d|3[01])$' })),
  emails: Type.Optional(Type.Array(Type.Object({ email: optionalText(), type: place }))),
  org: Type.Optional(Type.Object({ company: optionalText(), department: optionalText(), title: optionalText() })),
  phones: Type.Optional(
    Type.Array(
      Type.Object({
        phone: optionalText(),
        type: Type.Optional(Type.Enum(['CELL', 'MAIN', 'IPHONE', 'HOME', 'WORK'])),
        waId: optionalText(),
      }),
    ),
  ),
  urls: Type.Optional(Type.Array(Type.Object({ url: optionalText(), type: place }))),
});

/** `POST /whatsapp/1/message/contact`. How many contacts one message may hold is Meta's to say. */
export const contactMessage = defineMessage({
  path: 'contact',
  summary: 'Send contact cards',
  lacks: ['urlOptions'],
  content: Type.Object({ contacts: Type.Array(contact, { minItems: 1 }) }),
  crossCheck({ contacts }, _, violations) {
    for (const [i, { birthday }] of contacts.entries()) {
      if (birthday === undefined || isDate(birthday)) continue;
      addViolation(violations, `content.contacts[${i}].birthday`, 'must be a date as YYYY-MM-DD');
    }
  },
  toWire: ({ contacts }) => ({ type: 'contacts', contacts: contacts.map(contactToWire) }),
  example: {
    from: '441134960000',
    to: '441134960001',
    content: {
      contacts: [
        {
          name: { firstName: 'Iva', lastName: 'K', formattedName: 'Iva K' },
          birthday: '1988-02-29',
          emails: [{ email: 'iva@shop.example', type: 'WORK' }],
          org: { company: 'Shop', title: 'Buyer' },
          phones: [{ phone: '+441134960002', type: 'CELL', waId: '441134960002' }],
        },
      ],
    },
  },
});

/** The pattern lets 30 February through. */
function isDate(text: string): boolean {
  const date = new Date(`${text}T00:00:00Z`);
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(text);
}

function contactToWire({ name, addresses, birthday, emails, org, phones, urls }: Static<typeof contact>): object {
  return {
    name: {
      formatted_name: name.formattedName,
      first_name: name.firstName,
      last_name: name.lastName,
      middle_name: name.middleName,
      prefix: name.namePrefix,
      suffix: name.nameSuffix,
    },
    addresses: addresses?.map(({ countryCode, ...address }) => ({ ...address, country_code: countryCode })),
    birthday,
    emails,
    org,
    phones: phones?.map(({ waId, ...phone }) => ({ ...phone, wa_id: waId })),
    urls,
  };
}
