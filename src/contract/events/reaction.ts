// Reactions (Meta 2.2, Infobip 4.3). A removal has no emoji, in older payloads an empty one.
import { objectAt, textAt } from '../json.js';
import type { EventType } from './envelope.js';

/** The user put an emoji on a message or took it off; `context.id` is that message. */
export const reactionEvent: EventType = {
  wireType: 'reaction',
  type: 'REACTION',
  fromWire(message) {
    const reaction = objectAt(message, 'reaction');
    if (textAt(reaction, 'message_id') === undefined) return undefined;
    const emoji = textAt(reaction, 'emoji');
    return emoji === undefined ? { action: 'REMOVED' } : { emoji, action: 'ADDED' };
  },
  quoted: (message) => textAt(objectAt(message, 'reaction'), 'message_id'),
  toReport: (content) => content,
  example: { type: 'reaction', reaction: { message_id: 'wamid.A', emoji: '👍' } },
};
