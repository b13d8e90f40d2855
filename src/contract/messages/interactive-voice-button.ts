// A button that calls the business (Infobip 2.2, Meta 1.5 `voice_call`).
import { Type } from 'typebox';
import { optionalText, requiredTextUpTo } from '../fields.js';
import { defineMessage } from './envelope.js';
import { looseBodyField, toInteractive } from './interactive.js';

/** `POST /whatsapp/1/message/interactive/voice-button`. `callValidityPeriod` is in minutes; Meta's default is Infobip's, 7 days. */
export const interactiveVoiceButtonMessage = defineMessage({
  path: 'interactive/voice-button',
  summary: 'Send a button that calls you',
  lacks: ['context'],
  content: Type.Object({
    body: looseBodyField,
    action: Type.Optional(
      Type.Object({
        buttonDisplayText: optionalText(20),
        callValidityPeriod: Type.Optional(Type.Integer({ minimum: 1, maximum: 43_200, default: 10_080 })),
        callContextPayload: Type.Optional(requiredTextUpTo(512)),
      }),
    ),
  }),
  toWire: ({ action, ...parts }) =>
    toInteractive('voice_call', parts, {
      name: 'voice_call',
      parameters: action && {
        display_text: action.buttonDisplayText,
        ttl_minutes: action.callValidityPeriod,
        payload: action.callContextPayload,
      },
    }),
  example: {
    from: '441134960000',
    to: '441134960001',
    content: {
      body: { text: 'Questions?' },
      action: { buttonDisplayText: 'Call us', callValidityPeriod: 120, callContextPayload: 'order-77' },
    },
  },
});
