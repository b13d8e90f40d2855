// Asks the user for permission to be called (Infobip 2.2, Meta 1.5 `call_permission_request`).
import { defineMessage, noContent } from './envelope.js';
import { toInteractive } from './interactive.js';

/** `POST /whatsapp/1/message/interactive/call-permission-request`. WhatsApp writes its text. */
export const interactiveCallPermissionRequestMessage = defineMessage({
  path: 'interactive/call-permission-request',
  summary: 'Ask for permission to call',
  lacks: ['content'],
  content: noContent,
  toWire: () => toInteractive('call_permission_request', {}, { name: 'call_permission_request' }),
  example: { from: '441134960000', to: '441134960001', messageId: 'permission-77' },
});
