// Interactive type `flow` (Meta 1.5).
import Type, { type Static } from 'typebox';
import { admitFlow } from '../flow-send.js';
import { invalidValue, missingParameter, tooMany } from '../schema.js';
import { ANY_HEADER, interactiveType, textUpTo } from './interactive.js';
import type { OutboundType } from './type.js';

const closed = { additionalProperties: false };
const CTA_CHARACTERS_MAX = 30;
const NAME_CHARACTERS_MAX = 512;
const TOKEN_CHARACTERS_MAX = 4096;
const EMOJI = /\p{Extended_Pictographic}/u;
const PATH = "interactive['action']['parameters']";

const Name = Type.Optional(textUpTo(NAME_CHARACTERS_MAX));
const Action = Type.Object(
  {
    name: Type.Literal('flow'),
    parameters: Type.Object(
      {
        flow_message_version: Type.Literal('3'),
        flow_id: Name,
        flow_name: Name,
        flow_cta: textUpTo(CTA_CHARACTERS_MAX),
        mode: Type.Optional(Type.Enum(['published', 'draft'])),
        flow_token: Type.Optional(Type.String({ maxLength: TOKEN_CHARACTERS_MAX })),
        flow_action: Type.Optional(Type.Enum(['navigate', 'data_exchange'])),
        flow_action_payload: Type.Optional(
          Type.Object({ screen: Name, data: Type.Optional(Type.Object({}, { minProperties: 1 })) }, closed),
        ),
      },
      closed,
    ),
  },
  closed,
);

const base = interactiveType({
  type: 'flow',
  header: ANY_HEADER,
  action: Action,
  check({ parameters }: Static<typeof Action>) {
    const { flow_id: id, flow_name: name } = parameters;
    if (id === undefined && name === undefined) return missingParameter(`${PATH}['flow_id'] or ${PATH}['flow_name']`);
    if (id !== undefined && name !== undefined) return tooMany(`${PATH}['flow_id']`, `${PATH}['flow_name']`);
    if (EMOJI.test(parameters.flow_cta)) return invalidValue(`${PATH}['flow_cta']`, 'must not contain emoji');
    if (parameters.flow_action === 'data_exchange' && parameters.flow_action_payload !== undefined)
      return invalidValue(`${PATH}['flow_action_payload']`, 'is only allowed with flow_action navigate');
    return null;
  },
});

/** Opens a flow. */
export const flow: OutboundType = {
  ...base,
  admit(world, number, value: { action: Static<typeof Action> }) {
    const { flow_id: flowId, flow_name: flowName, mode = 'published' } = value.action.parameters;
    return admitFlow(world, number.wabaId, { flowId, flowName, mode });
  },
};
