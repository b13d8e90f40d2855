// Rows of a list (Meta 2.2, Infobip 4.3).
import { textAt } from '../json.js';
import type { EventType } from './envelope.js';
import { replyOf } from './interactive.js';

/** The user chose a row of a list. */
export const interactiveListReplyEvent: EventType = {
  wireType: 'interactive',
  type: 'INTERACTIVE_LIST_REPLY',
  fromWire(message) {
    const reply = replyOf(message, 'list_reply');
    const id = textAt(reply, 'id');
    if (id === undefined) return undefined;
    return { id, title: textAt(reply, 'title') ?? '', description: textAt(reply, 'description') };
  },
  toReport: (content) => content,
  example: {
    type: 'interactive',
    interactive: { type: 'list_reply', list_reply: { id: 'r1', title: 'Tomorrow', description: '9 to 12' } },
  },
};
