// Inbound text (Meta 2.2, Infobip 4.3).
import { objectAt } from '../json.js';
import type { EventType } from './envelope.js';

/** A text the user wrote. An empty body is a text too. */
export const textEvent: EventType = {
  wireType: 'text',
  type: 'TEXT',
  fromWire(message) {
    const body = objectAt(message, 'text')?.body;
    return typeof body === 'string' ? { text: body } : undefined;
  },
  toReport: (content) => ({ text: content.text }),
  example: { type: 'text', text: { body: 'When will it arrive?' } },
};
