// Asks the user to authenticate inside the chat (Infobip 2.2). Meta documents no message of this kind,
// so it has no wire form: it is accepted, refused with a status at once, and reported (docs/decisions/0017-message-types.md).
import { defineMessage, noContent } from './envelope.js';

/** `POST /whatsapp/1/message/interactive/in-thread-authentication-request`. */
export const interactiveInThreadAuthenticationRequestMessage = defineMessage({
  path: 'interactive/in-thread-authentication-request',
  summary: 'Ask for authentication in the chat (always refused: Meta offers no such message)',
  lacks: ['content'],
  content: noContent,
  example: { from: '441134960000', to: '441134960001', messageId: 'authentication-77' },
});
