// Up to three reply buttons (Infobip 2.2, Meta 1.5 `button`).
import { Type } from 'typebox';
import { requiredTextUpTo } from '../fields.js';
import { addViolation } from '../readers.js';
import { defineMessage } from './envelope.js';
import { anyHeader, bodyField, footerField, toInteractive } from './interactive.js';

const button = Type.Object({
  type: Type.Literal('REPLY'),
  id: requiredTextUpTo(256),
  title: requiredTextUpTo(20),
});

/** `POST /whatsapp/1/message/interactive/buttons`. Ids tell the answers apart, so they must differ. */
export const interactiveButtonsMessage = defineMessage({
  path: 'interactive/buttons',
  summary: 'Send reply buttons',
  content: Type.Object({
    body: bodyField,
    action: Type.Object({ buttons: Type.Array(button, { minItems: 1, maxItems: 3 }) }),
    header: Type.Optional(anyHeader),
    footer: Type.Optional(footerField),
  }),
  crossCheck({ action }, _, violations) {
    const ids = new Set<string>();
    for (const [i, { id }] of action.buttons.entries()) {
      if (ids.has(id)) addViolation(violations, `content.action.buttons[${i}].id`, 'must be unique among the buttons');
      ids.add(id);
    }
  },
  toWire: ({ action, ...parts }) =>
    toInteractive('button', parts, {
      buttons: action.buttons.map(({ id, title }) => ({ type: 'reply', reply: { id, title } })),
    }),
  example: {
    from: '441134960000',
    to: '441134960001',
    content: {
      header: { type: 'IMAGE', mediaUrl: 'https://cdn.example/slot.png' },
      body: { text: 'Keep your slot?' },
      action: {
        buttons: [
          { type: 'REPLY', id: 'y', title: 'Yes' },
          { type: 'REPLY', id: 'n', title: 'No' },
        ],
      },
      footer: { text: 'Depot' },
    },
  },
});
