// An inbound message around its content: from Meta's webhook fragment to what is stored, and on to Infobip's result (Infobip 4.3).
import { formatDate } from '../dates.js';
import { integerAt, isObject, itemsAt, type JsonObject, objectAt, textAt } from '../json.js';
import { NO_PRICE } from '../reports.js';

/** Longest `ts` we take as a date: the last ms of the year 9999. */
export const TIME_MS_MAX = 253_402_300_799_999;

/** What one file of this folder says about a kind of inbound message. */
export interface EventType {
  /** Meta's `type` of the fragment (Meta 2.2). */
  readonly wireType: string;
  /** Infobip's `message.type` (Infobip 4.3). */
  readonly type: string;
  /** The message comes with a file, whose reference is in its content. */
  readonly isMedia?: true;
  /** The content that is stored, from Meta's fragment; undefined when its shape is not what Meta documents. Members may be undefined. */
  fromWire(message: JsonObject): JsonObject | undefined;
  /** The wamid of the message it is about, where Meta names that outside `context`. */
  quoted?(message: JsonObject): string | undefined;
  /** Infobip's fields of `message` beside type, context and referral, from stored content. */
  toReport(content: JsonObject): JsonObject;
  /** A fragment as Meta sends it, without from, id and timestamp. */
  readonly example: JsonObject;
}

/** Who wrote, as far as Meta says; users may hide their number behind a user id (Meta 2.9). */
export interface InboundContact {
  name?: string;
  phoneNumber?: string;
  userId?: string;
  parentUserId?: string;
  username?: string;
}

/** The message quoted or referred to. `id` is Meta's wamid of it. Infobip has no field for the two flags. */
export interface InboundContext {
  from?: string;
  id?: string;
  groupId?: string;
  referredProduct?: { catalogId: string; productRetailerId: string };
  forwarded?: true;
  /** Through more than five chats. */
  frequentlyForwarded?: true;
}

/** The user's identity as Meta last saw it, when the number watches for changes. */
export interface InboundIdentity {
  acknowledged: boolean;
  hash: string;
  /** In Infobip's form. */
  createdAt: string;
}

/** An inbound message as stored: plain JSON. */
export interface InboundEvent {
  wamid: string;
  phoneNumberId: string;
  /** The number of ours that was written to, digits, if the webhook named it. */
  displayPhoneNumber?: string;
  /** Digits, or a business-scoped user id. */
  from: string;
  /** Meta's time of the message, epoch ms. */
  at: number;
  /** Infobip's type; `UNSUPPORTED` when no registered type could read it. */
  type: string;
  content: JsonObject;
  contact: InboundContact;
  context?: InboundContext;
  referral?: JsonObject;
  identity?: InboundIdentity;
  /** Meta's fragment as it came, kept when it is UNSUPPORTED. */
  raw?: JsonObject;
}

/** Infobip's type for what it cannot express. */
export const UNSUPPORTED = 'UNSUPPORTED';

/** What comes with a message in Meta's webhook. */
export interface InboundFragment {
  message: JsonObject;
  contact?: JsonObject | undefined;
  phoneNumberId: string;
  displayPhoneNumber?: string | undefined;
}

/** Fields without those that are undefined. */
function present<T extends object>(fields: { [K in keyof T]: T[K] | undefined }): T;
function present(fields: object): object {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

/** Reads the parts that all types share. Undefined when the fragment lacks what makes it a message: id, author, time. */
export function readInbound(
  fragment: InboundFragment,
  types: ReadonlyMap<string, readonly EventType[]>,
): InboundEvent | undefined {
  const { message } = fragment;
  const wamid = textAt(message, 'id');
  const contact = contactOf(message, fragment.contact);
  const from = contact.phoneNumber ?? contact.userId;
  const seconds = integerAt(message, 'timestamp');
  if (wamid === undefined || from === undefined || seconds === undefined) return undefined;
  const read = readContent(message, types.get(textAt(message, 'type') ?? '') ?? []);
  return present<InboundEvent>({
    wamid,
    phoneNumberId: fragment.phoneNumberId,
    displayPhoneNumber: fragment.displayPhoneNumber,
    from,
    at: Math.min(Math.max(0, seconds * 1000), TIME_MS_MAX),
    type: read?.type.type ?? UNSUPPORTED,
    content: read === undefined ? {} : present<JsonObject>(read.content),
    contact,
    context: contextOf(message, read?.type.quoted?.(message)),
    referral: referralOf(message),
    identity: identityOf(message),
    raw: read === undefined ? message : undefined,
  });
}

function readContent(
  message: JsonObject,
  candidates: readonly EventType[],
): { type: EventType; content: JsonObject } | undefined {
  for (const type of candidates) {
    const content = type.fromWire(message);
    if (content !== undefined) return { type, content };
  }
  return undefined;
}

function contactOf(message: JsonObject, contact: JsonObject | undefined): InboundContact {
  const profile = objectAt(contact, 'profile');
  return present<InboundContact>({
    name: textAt(profile, 'name'),
    phoneNumber: textAt(message, 'from') ?? textAt(contact, 'wa_id'),
    userId: textAt(message, 'from_user_id') ?? textAt(contact, 'user_id'),
    parentUserId: textAt(message, 'from_parent_user_id') ?? textAt(contact, 'parent_user_id'),
    username: textAt(profile, 'username'),
  });
}

function contextOf(message: JsonObject, quoted: string | undefined): InboundContext | undefined {
  const context = objectAt(message, 'context');
  const product = objectAt(context, 'referred_product');
  const catalogId = textAt(product, 'catalog_id');
  const productRetailerId = textAt(product, 'product_retailer_id');
  const read = present<InboundContext>({
    from: textAt(context, 'from'),
    id: textAt(context, 'id') ?? quoted,
    groupId: textAt(message, 'group_id'),
    referredProduct:
      catalogId === undefined || productRetailerId === undefined ? undefined : { catalogId, productRetailerId },
    forwarded: context?.forwarded === true ? true : undefined,
    frequentlyForwarded: context?.frequently_forwarded === true ? true : undefined,
  });
  return Object.keys(read).length === 0 ? undefined : read;
}

function identityOf(message: JsonObject): InboundIdentity | undefined {
  const identity = objectAt(message, 'identity');
  const hash = textAt(identity, 'hash');
  const seconds = integerAt(identity, 'created_timestamp');
  if (hash === undefined || seconds === undefined || seconds < 0 || seconds * 1000 > TIME_MS_MAX) return undefined;
  return { acknowledged: identity?.acknowledged === true, hash, createdAt: formatDate(seconds * 1000) };
}

const SOURCE_TYPES = new Map([
  ['ad', 'AD'],
  ['post', 'POST'],
]);

function referralOf(message: JsonObject): JsonObject | undefined {
  const referral = objectAt(message, 'referral');
  const sourceUrl = textAt(referral, 'source_url');
  if (sourceUrl === undefined) return undefined;
  const image = textAt(referral, 'image_url');
  const video = textAt(referral, 'video_url');
  const media = image === undefined ? video && { type: 'VIDEO', url: video } : { type: 'IMAGE', url: image };
  return present<JsonObject>({
    sourceType: SOURCE_TYPES.get(textAt(referral, 'source_type') ?? '') ?? 'UNKNOWN',
    sourceId: textAt(referral, 'source_id'),
    sourceUrl,
    headline: textAt(referral, 'headline'),
    body: textAt(referral, 'body'),
    referralMedia: media,
    ctwaClickId: textAt(referral, 'ctwa_clid'),
  });
}

/** What is known when an inbound message is reported. */
export interface InboundFacts {
  eventId: string;
  /** Our sender that was written to. */
  to: string;
  applicationId?: string | undefined;
  entityId?: string | undefined;
  /** The first word, when the number has a configuration for it. */
  keyword?: string | undefined;
  /** Our outbound message that was quoted, when it was found. */
  paired?: { messageId: string; callbackData?: string | undefined } | undefined;
  /** Of a message with a file: where the customer gets it, or what was found in it. */
  media?: { url: string } | { malware: string } | undefined;
}

const INFECTED = 'INFECTED_CONTENT';

/** Infobip's result object (Infobip 4.3), from a stored event and the type's own fields. */
export function inboundReport(event: InboundEvent, fields: JsonObject, facts: InboundFacts): object {
  const { paired } = facts;
  return {
    from: event.from,
    to: facts.to,
    integrationType: 'WHATSAPP',
    receivedAt: formatDate(event.at),
    messageId: event.wamid,
    pairedMessageId: paired?.messageId,
    callbackData: paired?.callbackData,
    keyword: facts.keyword,
    applicationId: facts.applicationId,
    entityId: facts.entityId,
    message: messageOf(event, fields, facts),
    price: NO_PRICE,
    contact: event.contact,
    identity: event.identity,
    channel: 'WHATSAPP',
    eventId: facts.eventId,
  };
}

function messageOf({ type, context, referral }: InboundEvent, fields: JsonObject, facts: InboundFacts): JsonObject {
  const { paired, media } = facts;
  const shared = {
    context: context === undefined || paired === undefined ? context : { ...context, id: paired.messageId },
    referral: type === UNSUPPORTED ? undefined : referral,
  };
  if (media === undefined) return { type, ...fields, ...shared };
  if ('malware' in media) return { type: INFECTED, malware: media.malware, ...shared };
  return { type, url: media.url, ...fields, ...shared };
}

/** The contact in `contacts[]` that belongs to `message`: by number or user id, else the only one. */
export function contactFor(message: JsonObject, value: JsonObject): JsonObject | undefined {
  const contacts = itemsAt(value, 'contacts').filter(isObject);
  const from = textAt(message, 'from');
  const userId = textAt(message, 'from_user_id');
  const own = contacts.find((contact) => {
    const waId = textAt(contact, 'wa_id');
    return waId === undefined ? userId !== undefined && textAt(contact, 'user_id') === userId : waId === from;
  });
  return own ?? (contacts.length === 1 && itemsAt(value, 'messages').length === 1 ? contacts[0] : undefined);
}
