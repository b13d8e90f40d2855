// A list to choose from (Infobip 2.2, Meta 1.5 `list`).
import { Type } from 'typebox';
import { optionalText, requiredTextUpTo } from '../fields.js';
import { addViolation } from '../readers.js';
import { defineMessage } from './envelope.js';
import { bodyField, footerField, textHeader, toInteractive } from './interactive.js';
import { checkSectionTitles } from './sections.js';

/** Rows of all sections together (Infobip 2.2, Meta 1.5). */
const ROWS_MAX = 10;

const section = Type.Object({
  title: optionalText(24),
  rows: Type.Array(
    Type.Object({ id: requiredTextUpTo(200), title: requiredTextUpTo(24), description: optionalText(72) }),
    { minItems: 1 },
  ),
});

/** `POST /whatsapp/1/message/interactive/list`. */
export const interactiveListMessage = defineMessage({
  path: 'interactive/list',
  summary: 'Send a list to choose from',
  content: Type.Object({
    body: bodyField,
    action: Type.Object({
      title: requiredTextUpTo(20),
      sections: Type.Array(section, { minItems: 1, maxItems: 10 }),
    }),
    header: Type.Optional(textHeader),
    footer: Type.Optional(footerField),
  }),
  crossCheck({ action: { sections } }, _, violations) {
    checkSectionTitles(sections, violations);
    const rows = sections.reduce((sum, { rows }) => sum + rows.length, 0);
    if (rows <= ROWS_MAX) return;
    addViolation(violations, 'content.action.sections', `must not have more than ${ROWS_MAX} rows in all`);
  },
  toWire: ({ action: { title, sections }, ...parts }) => toInteractive('list', parts, { button: title, sections }),
  example: {
    from: '441134960000',
    to: '441134960001',
    content: {
      header: { type: 'TEXT', text: 'Slots' },
      body: { text: 'Pick one' },
      action: {
        title: 'Slots',
        sections: [
          { title: 'Monday', rows: [{ id: 'm9', title: '09:00', description: 'free' }] },
          { title: 'Tuesday', rows: [{ id: 't9', title: '09:00' }] },
        ],
      },
      footer: { text: 'Depot' },
    },
  },
});
