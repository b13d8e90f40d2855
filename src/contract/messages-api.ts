// What is pulled through the Messages API (Infobip 11): the facts of our reports in the shapes of that API. `eventId`, `contact`
// and, on inbound messages, `message` are there beside its own fields: content that it has no type for is not lost.
import { isObject, type JsonObject, numberAt, objectAt, textAt } from './json.js';

/** Channels that a pull may name; all but one never have anything here. */
export const CHANNELS = [
  'APPLE_MB',
  'INSTAGRAM_DM',
  'LINE_ON',
  'MESSENGER',
  'MMS',
  'RCS',
  'SMS',
  'VIBER_BM',
  'VIBER_BOT',
  'WHATSAPP',
] as const;

/** The one that is ours. */
export const CHANNEL = 'WHATSAPP';
/** The one that messages fall back to. */
export const SMS_CHANNEL = 'SMS';

/** MessagesApiDeliveryResult of the result of a delivery report. */
export function deliveryToPull(result: JsonObject): object {
  const { to, from, sentAt, doneAt, bulkId, messageId, messageCount, status, error, callbackData, eventId } = result;
  return {
    event: 'DELIVERY',
    channel: result.channel,
    sender: from,
    destination: to,
    sentAt,
    doneAt,
    bulkId,
    messageId,
    callbackData,
    messageCount,
    status,
    error,
    platform: platformOf(result),
    eventId,
  };
}

/** MessagesApiMoEvent of the result of an inbound message. */
export function inboundToPull(result: JsonObject): object {
  const { from, to, receivedAt, messageId, pairedMessageId, callbackData, contact, message, eventId } = result;
  return {
    event: 'MO',
    channel: CHANNEL,
    sender: from,
    destination: to,
    content: contentOf(objectAt(result, 'message')),
    receivedAt,
    messageId,
    pairedMessageId,
    callbackData,
    messageCount: 1,
    platform: platformOf(result),
    contact,
    message,
    eventId,
  };
}

function platformOf({ applicationId, entityId }: JsonObject): object | undefined {
  return applicationId === undefined && entityId === undefined ? undefined : { applicationId, entityId };
}

/** The items of `content`; none for what that API cannot express. */
function contentOf(message: JsonObject | undefined): object[] {
  const content = message === undefined ? undefined : toContent(message);
  return content === undefined ? [] : [content];
}

function toContent(message: JsonObject): object | undefined {
  const { text, url, caption, id, title, payload, emoji, action, latitude, longitude, response } = message;
  switch (textAt(message, 'type')) {
    case 'TEXT':
      return { type: 'TEXT', text, cleanText: text };
    case 'IMAGE':
    case 'STICKER':
      return { type: 'IMAGE', url, text: caption };
    case 'VIDEO':
      return { type: 'VIDEO', url, text: caption };
    case 'AUDIO':
    case 'VOICE':
      return { type: 'AUDIO', url, text: caption };
    case 'DOCUMENT':
      return { type: 'DOCUMENT', url, text: caption };
    case 'LOCATION':
      return { type: 'LOCATION', latitude, longitude, url };
    case 'BUTTON':
      return { type: 'BUTTON_REPLY', text, payload };
    case 'INTERACTIVE_BUTTON_REPLY':
      return { type: 'BUTTON_REPLY', text: title, id };
    case 'INTERACTIVE_LIST_REPLY':
      return { type: 'LIST_REPLY', text: title, id };
    case 'INTERACTIVE_FLOW_REPLY':
      return isObject(response) ? { type: 'FLOW_RESPONSE', response } : undefined;
    case 'INTERACTIVE_PAYMENT_CONFIRMATION':
      return toPayment(message);
    case 'REACTION':
      return { type: 'REACTION', emoji, action };
    default:
      return undefined;
  }
}

function toPayment({ referenceId, paymentId, status, currency, totalAmount, ...rest }: JsonObject): object {
  const value = numberAt(totalAmount, 'value');
  const total = { value: value === undefined ? undefined : value / (numberAt(totalAmount, 'offset') ?? 1), currency };
  const transaction = { id: rest.transactionId, type: rest.transactionType };
  return { type: 'PAYMENT_RESPONSE', referenceId, paymentId, status, total, transaction };
}
