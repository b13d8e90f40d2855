// Starts a Flow (Infobip 8, Meta 1.5 `flow`).
import { Type } from 'typebox';
import { requiredText, requiredTextUpTo } from '../fields.js';
import { addViolation } from '../readers.js';
import { defineMessage } from './envelope.js';
import { bodyField, footerField, textHeader, toInteractive } from './interactive.js';

/** The version of Flow messages that Meta takes; used when the request names none. */
const FLOW_MESSAGE_VERSION = 3;

const action = Type.Object({
  mode: Type.Optional(Type.Enum(['DRAFT', 'PUBLISHED'])),
  flowMessageVersion: Type.Optional(Type.Integer({ minimum: -(2 ** 31), maximum: 2 ** 31 - 1 })),
  flowToken: requiredText,
  flowId: requiredText,
  callToActionButton: requiredTextUpTo(20),
  flowAction: Type.Optional(Type.Enum(['NAVIGATE', 'DATA_EXCHANGE'])),
  flowActionPayload: Type.Optional(
    Type.Object({
      screen: requiredText,
      data: Type.Optional(Type.Record(Type.String(), Type.Unknown(), { minProperties: 1 })),
    }),
  ),
});

/** `POST /whatsapp/1/message/interactive/flow`. A payload belongs to NAVIGATE, which is the default. */
export const interactiveFlowMessage = defineMessage({
  path: 'interactive/flow',
  summary: 'Start a Flow',
  content: Type.Object({
    body: bodyField,
    action,
    header: Type.Optional(textHeader),
    footer: Type.Optional(footerField),
  }),
  crossCheck({ action: { flowAction, flowActionPayload } }, _, violations) {
    if (flowAction !== 'DATA_EXCHANGE' || flowActionPayload === undefined) return;
    addViolation(violations, 'content.action.flowActionPayload', 'must be absent when flowAction is DATA_EXCHANGE');
  },
  toWire: ({ action: { mode, flowMessageVersion, flowAction, ...flow }, ...parts }) =>
    toInteractive('flow', parts, {
      name: 'flow',
      parameters: {
        flow_message_version: String(flowMessageVersion ?? FLOW_MESSAGE_VERSION),
        flow_id: flow.flowId,
        flow_cta: flow.callToActionButton,
        flow_token: flow.flowToken,
        mode: mode?.toLowerCase(),
        flow_action: flowAction?.toLowerCase(),
        flow_action_payload: flow.flowActionPayload,
      },
    }),
  example: {
    from: '441134960000',
    to: '441134960001',
    content: {
      header: { type: 'TEXT', text: 'Booking' },
      body: { text: 'Book a slot' },
      action: {
        mode: 'PUBLISHED',
        flowMessageVersion: 3,
        flowToken: 'u1',
        flowId: '8801',
        callToActionButton: 'Start',
        flowAction: 'NAVIGATE',
        flowActionPayload: { screen: 'ONE', data: { slots: ['m9', 't9'] } },
      },
      footer: { text: 'Depot' },
    },
  },
});
