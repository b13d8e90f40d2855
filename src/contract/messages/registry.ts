// All message types. A new type is one file and one line here; route, validation, API page, mapping, CLI and the generic tests follow.

import { audioMessage } from './audio.js';
import { contactMessage } from './contact.js';
import { documentMessage } from './document.js';
import type { MessageType } from './envelope.js';
import { imageMessage } from './image.js';
import { interactiveButtonsMessage } from './interactive-buttons.js';
import { interactiveCallPermissionRequestMessage } from './interactive-call-permission-request.js';
import { interactiveFlowMessage } from './interactive-flow.js';
import { interactiveInThreadAuthenticationRequestMessage } from './interactive-in-thread-authentication-request.js';
import { interactiveListMessage } from './interactive-list.js';
import { interactiveLocationRequestMessage } from './interactive-location-request.js';
import { interactiveMediaCarouselMessage } from './interactive-media-carousel.js';
import { interactiveMultiProductMessage } from './interactive-multi-product.js';
import { interactiveOrderDetailsMessage } from './interactive-order-details.js';
import { interactiveOrderStatusMessage } from './interactive-order-status.js';
import { interactiveProductMessage } from './interactive-product.js';
import { interactiveRequestContactInfoMessage } from './interactive-request-contact-info.js';
import { interactiveUrlButtonMessage } from './interactive-url-button.js';
import { interactiveVoiceButtonMessage } from './interactive-voice-button.js';
import { locationMessage } from './location.js';
import { stickerMessage } from './sticker.js';
import { templateMessage } from './template.js';
import { textMessage } from './text.js';
import { videoMessage } from './video.js';

/** Every outbound message type. */
export const messageTypes: readonly MessageType[] = [
  textMessage,
  imageMessage,
  videoMessage,
  audioMessage,
  documentMessage,
  stickerMessage,
  locationMessage,
  contactMessage,
  interactiveButtonsMessage,
  interactiveListMessage,
  interactiveProductMessage,
  interactiveMultiProductMessage,
  interactiveUrlButtonMessage,
  interactiveLocationRequestMessage,
  interactiveRequestContactInfoMessage,
  interactiveFlowMessage,
  interactiveMediaCarouselMessage,
  interactiveVoiceButtonMessage,
  interactiveCallPermissionRequestMessage,
  interactiveInThreadAuthenticationRequestMessage,
  interactiveOrderDetailsMessage,
  interactiveOrderStatusMessage,
];

// Templates have an endpoint of their own, which takes a list.
const byType = new Map([...messageTypes, templateMessage].map((entry) => [entry.type, entry]));
const byPath = new Map(messageTypes.map((entry) => [entry.path, entry]));

/** The type whose endpoint is `/whatsapp/1/message/<path>`. */
export function messageTypeByPath(path: string): MessageType | undefined {
  return byPath.get(path);
}

/** The type of Infobip's name `type` (`TEXT`), as stored with a message. */
export function messageTypeByName(type: string): MessageType | undefined {
  return byType.get(type);
}
