// Interactive messages that ask for something: location, permission to call, contact data, an address (Meta 1.5).
import Type from 'typebox';
import { ANY_HEADER, interactiveType, textUpTo } from './interactive.js';
import type { OutboundType } from './type.js';

const closed = { additionalProperties: false };
const FIELD_CHARACTERS_MAX = 512;
const ADDRESSES_MAX = 100;

/** `parameters` is not Meta's, but @kapso/whatsapp-cloud-api always sends it: taken and ignored. */
const named = (name: string) =>
  Type.Object({ name: Type.Literal(name), parameters: Type.Optional(Type.Object({})) }, closed);

const Field = Type.Optional(Type.String({ maxLength: FIELD_CHARACTERS_MAX }));
const Address = Type.Object(
  {
    name: Field,
    phone_number: Field,
    in_pin_code: Type.Optional(Type.String({ pattern: '^[0-9]{6}$' })),
    house_number: Field,
    floor_number: Field,
    tower_number: Field,
    building_name: Field,
    address: Field,
    landmark_area: Field,
    city: Field,
    state: Field,
  },
  closed,
);
const AddressRequest = Type.Object(
  {
    name: Type.Literal('address_message'),
    parameters: Type.Object(
      {
        country: Type.Literal('IN'),
        values: Type.Optional(Address),
        saved_addresses: Type.Optional(
          Type.Array(Type.Object({ id: textUpTo(FIELD_CHARACTERS_MAX), value: Address }, closed), {
            minItems: 1,
            maxItems: ADDRESSES_MAX,
          }),
        ),
        validation_errors: Type.Optional(
          Type.Object(Object.fromEntries(Object.keys(Address.properties).map((field) => [field, Field])), closed),
        ),
      },
      closed,
    ),
  },
  closed,
);

/** The four types. */
export const REQUEST_TYPES: readonly OutboundType[] = [
  interactiveType({ type: 'location_request_message', action: named('send_location') }),
  interactiveType({
    type: 'call_permission_request',
    body: 'optional',
    hasFooter: false,
    action: named('call_permission_request'),
  }),
  interactiveType({
    type: 'request_contact_info',
    action: Type.Object({ name: Type.Literal('request_contact_info') }, closed),
  }),
  interactiveType({ type: 'address_message', header: ANY_HEADER, action: AddressRequest }),
];
