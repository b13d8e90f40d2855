// Whether the business may call (Meta 2.2, Infobip 4.3).
import { formatDate } from '../dates.js';
import { integerAt, textAt } from '../json.js';
import { type EventType, TIME_MS_MAX } from './envelope.js';
import { replyOf } from './interactive.js';

const RESPONSES = new Map([
  ['accept', 'ACCEPT'],
  ['reject', 'REJECT'],
]);

/** The user allowed or refused calls. A permission for good has no end. */
export const interactiveCallPermissionReplyEvent: EventType = {
  wireType: 'interactive',
  type: 'INTERACTIVE_CALL_PERMISSION_REPLY',
  fromWire(message) {
    const reply = replyOf(message, 'call_permission_reply');
    const response = RESPONSES.get(textAt(reply, 'response') ?? '');
    if (response === undefined) return undefined;
    const seconds = integerAt(reply, 'expiration_timestamp');
    const isDate = seconds !== undefined && seconds >= 0 && seconds * 1000 <= TIME_MS_MAX;
    return { response, expirationTimestamp: isDate ? formatDate(seconds * 1000) : undefined };
  },
  toReport: (callPermissionReply) => ({ callPermissionReply }),
  example: {
    type: 'interactive',
    interactive: {
      type: 'call_permission_reply',
      call_permission_reply: { response: 'accept', expiration_timestamp: 1760604800, response_source: 'user_action' },
    },
  },
};
