// GET and POST /{phone-number-id}/settings: what is switched on for a number (Meta 6).
import Type from 'typebox';
import { checkerOf } from '../checker.js';
import type { BusinessNumber } from '../records.js';
import type { World } from '../world.js';
import { type GraphAnswer, type GraphCall, notFound, ownNumber, refuse } from './call.js';
import { checkBody, missingParameter, tooMany } from './schema.js';

const closed = { additionalProperties: false };
const Settings = checkerOf(
  Type.Object(
    {
      user_identity_change: Type.Optional(Type.Object({ enable_identity_key_check: Type.Boolean() }, closed)),
      calling: Type.Optional(Type.Object({})),
      payload_encryption: Type.Optional(Type.Object({})),
      storage_configuration: Type.Optional(Type.Object({})),
    },
    closed,
  ),
);

/** Answers a read of all groups, or a change of one. Only `user_identity_change` can be changed here; any other is 100. */
export function numberSettings(world: World, call: GraphCall): GraphAnswer {
  const number = ownNumber(world, call);
  if (number === undefined) return notFound(call);
  return call.method === 'GET' ? { body: settingsNode(number) } : changeSettings(world, call, number);
}

function settingsNode({ identityCheck = false }: BusinessNumber): Record<string, unknown> {
  return {
    calling: { status: 'DISABLED' },
    user_identity_change: { enable_identity_key_check: identityCheck },
    payload_encryption: { status: 'disabled' },
    storage_configuration: { status: 'IN_COUNTRY_STORAGE_DISABLED' },
  };
}

function changeSettings(world: World, { body }: GraphCall, number: BusinessNumber): GraphAnswer {
  if (!Settings.Check(body)) return refuse(checkBody(Settings, body) ?? { code: 100 });
  const [first, second] = Object.keys(body);
  if (first !== undefined && second !== undefined) return refuse(tooMany(first, second));
  const { user_identity_change: change } = body;
  if (change === undefined) {
    return refuse(
      first === undefined
        ? missingParameter('user_identity_change')
        : { code: 100, details: `The sandbox does not serve ${first}.` },
    );
  }
  world.numbers.put(number.phoneNumberId, { ...number, identityCheck: change.enable_identity_key_check });
  return { body: { success: true } };
}
