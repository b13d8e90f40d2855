// From a stored message to the body that is posted to Meta. Pure.

import type { WireContent } from '../contract/messages/envelope.js';
import { messageTypeByName } from '../contract/messages/registry.js';
import { destinationOf, toMetaBody } from '../contract/messages/wire.js';
import { formatAddress } from '../meta/address.js';
import type { LaneMessage } from '../store/lanes.js';
import { readEnvelope } from './envelope.js';

/** What a request may get besides its content. */
export interface SendExtras {
  /** The confirmed identity of the recipient. */
  identityHash?: string;
  /** The content in Meta's form, when it was made already. */
  wire?: WireContent;
  /** Of the POST, when it is part of a trace: statuses bring it back. */
  traceparent?: string | undefined;
}

/** JSON of `POST /{phone-number-id}/messages` for try number `attempt`. Throws TypeError on content that its type does not know. */
export function metaRequest(message: LaneMessage, attempt: number, extras: SendExtras = {}): string {
  const destination = destinationOf(message.recipient);
  return toMetaBody({
    to: destination?.kind === 'phone' ? destination.digits : message.recipient,
    replyTo: readEnvelope(message.envelope).replyTo,
    identityHash: extras.identityHash,
    bizOpaque: formatAddress({
      day: String(message.day),
      id: message.id,
      attempt,
      traceparent: extras.traceparent,
    }),
    wire: extras.wire ?? wireOf(message),
  });
}

/** Meta's form of the content. Throws TypeError on content that its type does not know. */
export function wireOf({ type: name, content, acceptedAt }: LaneMessage): WireContent {
  const type = messageTypeByName(name);
  if (type === undefined) throw new TypeError(`unknown message type ${name}`);
  return type.toWire(JSON.parse(content), { acceptedAt });
}
