// Quick replies of templates (Meta 2.2, Infobip 4.3).
import { objectAt, textAt } from '../json.js';
import type { EventType } from './envelope.js';

/** The user pressed a quick reply button of a template. */
export const buttonEvent: EventType = {
  wireType: 'button',
  type: 'BUTTON',
  fromWire(message) {
    const button = objectAt(message, 'button');
    const text = textAt(button, 'text');
    return text === undefined ? undefined : { text, payload: textAt(button, 'payload') ?? '' };
  },
  toReport: (content) => content,
  example: { type: 'button', button: { text: 'Stop', payload: 'stop77' } },
};
