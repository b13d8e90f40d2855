// All inbound message types. A new one is one file and one line here. What no type can read becomes UNSUPPORTED, raw JSON kept.
import { audioEvent } from './audio.js';
import { buttonEvent } from './button.js';
import { contactEvent } from './contact.js';
import { documentEvent } from './document.js';
import {
  type EventType,
  type InboundEvent,
  type InboundFacts,
  type InboundFragment,
  inboundReport,
  readInbound,
} from './envelope.js';
import { imageEvent } from './image.js';
import { interactiveButtonReplyEvent } from './interactive-button-reply.js';
import { interactiveCallPermissionReplyEvent } from './interactive-call-permission-reply.js';
import { interactiveFlowReplyEvent } from './interactive-flow-reply.js';
import { interactiveListReplyEvent } from './interactive-list-reply.js';
import { interactivePaymentConfirmationEvent } from './interactive-payment-confirmation.js';
import { locationEvent } from './location.js';
import { type MediaReference, mediaReference } from './media.js';
import { orderEvent } from './order.js';
import { reactionEvent } from './reaction.js';
import { stickerEvent } from './sticker.js';
import { textEvent } from './text.js';
import { videoEvent } from './video.js';
import { voiceEvent } from './voice.js';

/** Every inbound type. Of those that share a wire type the first one that can read a fragment has it. */
export const eventTypes: readonly EventType[] = [
  textEvent,
  imageEvent,
  videoEvent,
  audioEvent,
  voiceEvent,
  documentEvent,
  stickerEvent,
  locationEvent,
  contactEvent,
  buttonEvent,
  interactiveButtonReplyEvent,
  interactiveListReplyEvent,
  interactiveFlowReplyEvent,
  interactivePaymentConfirmationEvent,
  interactiveCallPermissionReplyEvent,
  orderEvent,
  reactionEvent,
];

const byWireType = new Map<string, readonly EventType[]>();
for (const type of eventTypes) byWireType.set(type.wireType, [...(byWireType.get(type.wireType) ?? []), type]);
const byType = new Map(eventTypes.map((entry) => [entry.type, entry]));

/** The event to store for Meta's fragment; undefined when it is no message at all (no id, author or time). Never throws. */
export function inboundFromWire(fragment: InboundFragment): InboundEvent | undefined {
  return readInbound(fragment, byWireType);
}

/** Infobip's result object for a stored event (Infobip 4.3). An unknown stored type is reported as UNSUPPORTED would be. */
export function inboundToReport(event: InboundEvent, facts: InboundFacts): object {
  return inboundReport(event, byType.get(event.type)?.toReport(event.content) ?? {}, facts);
}

/** The file at Meta that a stored event is about, if its type has one. */
export function mediaOfInbound(event: InboundEvent): MediaReference | undefined {
  return byType.get(event.type)?.isMedia === true ? mediaReference(event.content) : undefined;
}
