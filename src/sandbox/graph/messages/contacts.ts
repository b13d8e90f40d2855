// Outbound type `contacts` (Meta 1.4).
import Type, { type Static } from 'typebox';
import { invalidValue } from '../schema.js';
import type { OutboundType } from './type.js';

const closed = { additionalProperties: false };
/** The higher of two documented limits (Meta 10, row 4). */
const CONTACTS_MAX = 257;
const ENTRIES_MAX = 100;
const PART_CHARACTERS_MAX = 1024;

const Part = Type.Optional(Type.String({ maxLength: PART_CHARACTERS_MAX }));
const listOf = (names: readonly string[]) =>
  Type.Optional(
    Type.Array(Type.Object(Object.fromEntries(names.map((name) => [name, Part])), closed), { maxItems: ENTRIES_MAX }),
  );

const Contacts = Type.Array(
  Type.Object(
    {
      name: Type.Object(
        {
          formatted_name: Type.String({ minLength: 1, maxLength: PART_CHARACTERS_MAX }),
          first_name: Part,
          last_name: Part,
          middle_name: Part,
          prefix: Part,
          suffix: Part,
        },
        closed,
      ),
      addresses: listOf(['street', 'city', 'state', 'zip', 'country', 'country_code', 'type']),
      birthday: Type.Optional(Type.String({ pattern: '^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$' })),
      emails: listOf(['email', 'type']),
      org: Type.Optional(Type.Object({ company: Part, department: Part, title: Part }, closed)),
      phones: listOf(['phone', 'type', 'wa_id']),
      urls: listOf(['url', 'type']),
    },
    closed,
  ),
  { minItems: 1, maxItems: CONTACTS_MAX },
);

/** 1 to 257 contacts, each with a formatted name and at least one other part of it. */
export const contacts: OutboundType = {
  name: 'contacts',
  schema: Contacts,
  check(list: Static<typeof Contacts>) {
    const bare = list.findIndex(({ name }) => {
      const { formatted_name: _, ...parts } = name;
      return Object.values(parts).every((part) => part === undefined || part === '');
    });
    if (bare < 0) return null;
    return invalidValue(`contacts[${bare}]['name']`, 'needs at least one part beside formatted_name');
  },
};
