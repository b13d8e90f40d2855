// Reply buttons (Meta 2.2, Infobip 4.3).
import { textAt } from '../json.js';
import type { EventType } from './envelope.js';
import { replyOf } from './interactive.js';

/** The user pressed a reply button. */
export const interactiveButtonReplyEvent: EventType = {
  wireType: 'interactive',
  type: 'INTERACTIVE_BUTTON_REPLY',
  fromWire(message) {
    const reply = replyOf(message, 'button_reply');
    const id = textAt(reply, 'id');
    return id === undefined ? undefined : { id, title: textAt(reply, 'title') ?? '' };
  },
  toReport: (content) => content,
  example: {
    type: 'interactive',
    interactive: { type: 'button_reply', button_reply: { id: 'yes', title: 'Yes' } },
  },
};
