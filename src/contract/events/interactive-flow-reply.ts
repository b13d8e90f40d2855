// Answers of Flows and address forms (Meta 2.2, Infobip 4.3).
import { parsedObject, textAt } from '../json.js';
import type { EventType } from './envelope.js';
import { replyOf } from './interactive.js';

/** The user completed a form. `response` is missing when Meta's JSON cannot be read; its text is kept then. */
export const interactiveFlowReplyEvent: EventType = {
  wireType: 'interactive',
  type: 'INTERACTIVE_FLOW_REPLY',
  fromWire(message) {
    const reply = replyOf(message, 'nfm_reply');
    if (reply === undefined) return undefined;
    const json = textAt(reply, 'response_json');
    const response = json === undefined ? undefined : parsedObject(json);
    return { text: textAt(reply, 'body') ?? '', response, unread: response === undefined ? json : undefined };
  },
  toReport: ({ text, response }) => ({ text, response }),
  example: {
    type: 'interactive',
    interactive: {
      type: 'nfm_reply',
      nfm_reply: { name: 'flow', body: 'Sent', response_json: '{"flow_token":"t-1","size":"L"}' },
    },
  },
};
