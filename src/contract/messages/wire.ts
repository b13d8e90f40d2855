// The whole body of a send to Meta around a type's own part, and what a destination is (Meta 1.1, 2.9).
import type { WireContent } from './envelope.js';

/** A recipient: a phone number in digits, or a business-scoped user id. */
export type Destination = { kind: 'phone'; digits: string } | { kind: 'user'; id: string };

const BSUID = /^[A-Z]{2}\.(ENT\.)?[0-9A-Za-z]{1,128}$/;
const PHONE = /^\+?([0-9]{5,15})$/;

/** What `to` of a request means; undefined when it is neither a number (5 to 15 digits, a leading + allowed) nor a BSUID (Meta 2.9). */
export function destinationOf(to: string): Destination | undefined {
  const digits = PHONE.exec(to)?.[1];
  if (digits !== undefined) return { kind: 'phone', digits };
  return BSUID.test(to) ? { kind: 'user', id: to } : undefined;
}

/** What `toMetaBody` needs. `to` is digits or a BSUID; `replyTo` the wamid quoted. */
export interface MetaSend {
  to: string;
  replyTo?: string | undefined;
  /** Only to the user with this identity (Meta 1.1). */
  identityHash?: string | undefined;
  /** Comes back in every status of the message; at most 512 characters (Meta 1.1). */
  bizOpaque: string;
  wire: WireContent;
}

/** The JSON body of `POST /{phone-number-id}/messages` (Meta 1.1). A BSUID goes to `recipient`, a number to `to`. */
export function toMetaBody({ to, replyTo, identityHash, bizOpaque, wire }: MetaSend): string {
  const address = BSUID.test(to) ? 'recipient' : 'to';
  return JSON.stringify({
    messaging_product: 'whatsapp',
    recipient_type: 'individual',
    [address]: to,
    ...wire,
    ...(replyTo === undefined ? undefined : { context: { message_id: replyTo } }),
    ...(identityHash === undefined ? undefined : { recipient_identity_key_hash: identityHash }),
    biz_opaque_callback_data: bizOpaque,
  });
}
