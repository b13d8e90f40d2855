// All message types. A new type is one file and one line here; route, validation, API page, mapping, CLI and the generic tests follow.
import type { MessageType } from './envelope.js';
import { textMessage } from './text.js';

/** Every outbound message type. */
export const messageTypes: readonly MessageType[] = [textMessage];

const byType = new Map(messageTypes.map((entry) => [entry.type, entry]));
const byPath = new Map(messageTypes.map((entry) => [entry.path, entry]));

/** The type whose endpoint is `/whatsapp/1/message/<path>`. */
export function messageTypeByPath(path: string): MessageType | undefined {
  return byPath.get(path);
}

/** The type of Infobip's name `type` (`TEXT`), as stored with a message. */
export function messageTypeByName(type: string): MessageType | undefined {
  return byType.get(type);
}
