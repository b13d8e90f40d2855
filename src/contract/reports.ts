// What a customer's endpoint gets: delivery reports, seen reports, and the envelopes of all kinds (Infobip 4.1 to 4.3).
// The superset that Infobip 4.1 advises is sent: clients ignore fields they do not know.
import { formatDate } from './dates.js';
import { ErrorId, errorObject } from './errors.js';
import { statusObject } from './statuses.js';

/** Price is required by typed clients; we do not bill, so it is always nothing. */
export const NO_PRICE = Object.freeze({ pricePerMessage: 0, currency: 'EUR' });

/** Facts that both reports need. Times are epoch ms; absent texts are undefined. */
export interface ReportFacts {
  /** Stable through every retry, split and replay. */
  eventId: string;
  messageId: string;
  /** The recipient, as the request named it. */
  to: string;
  /** The sender. */
  from: string;
  /** When we accepted the message. */
  sentAt: number;
  callbackData?: string | undefined;
  applicationId?: string | undefined;
  entityId?: string | undefined;
}

/** Facts of a delivery report. */
export interface DeliveryFacts extends ReportFacts {
  doneAt: number;
  bulkId?: string | undefined;
  statusId: number;
  /** `ErrorId.none` when delivered. */
  errorId?: number;
  /** Meta's own code, shown as `error.metaCode`. */
  metaCode?: number | undefined;
  /** By which way it went, when not WhatsApp. */
  channel?: 'SMS';
  /** Short messages that carried it. */
  messageCount?: number;
}

/** Facts of a seen report. */
export interface SeenFacts extends ReportFacts {
  seenAt: number;
}

/** A result of a delivery report (Infobip 4.1). `bulkId` is "" for singles; mccMnc is not known for WhatsApp and left out. */
export function deliveryResult(facts: DeliveryFacts): object {
  const { applicationId, entityId, metaCode } = facts;
  const error = errorObject(facts.errorId ?? ErrorId.none);
  return {
    bulkId: facts.bulkId ?? '',
    messageId: facts.messageId,
    to: facts.to,
    from: facts.from,
    sender: facts.from,
    sentAt: formatDate(facts.sentAt),
    doneAt: formatDate(facts.doneAt),
    messageCount: facts.messageCount ?? 1,
    price: NO_PRICE,
    status: statusObject(facts.statusId),
    error: metaCode === undefined ? error : { ...error, metaCode },
    callbackData: facts.callbackData,
    platform: applicationId === undefined && entityId === undefined ? undefined : { applicationId, entityId },
    applicationId,
    entityId,
    channel: facts.channel ?? 'WHATSAPP',
    eventId: facts.eventId,
  };
}

/** A result of a seen report (Infobip 4.2): from is the end user and to the sender, the reverse of the send. */
export function seenResult(facts: SeenFacts): object {
  const { applicationId, entityId } = facts;
  return {
    messageId: facts.messageId,
    from: facts.to,
    to: facts.from,
    sentAt: formatDate(facts.sentAt),
    seenAt: formatDate(facts.seenAt),
    callbackData: facts.callbackData,
    applicationId,
    entityId,
    channel: 'WHATSAPP',
    eventId: facts.eventId,
  };
}

/** JSON of a body with delivery or seen results, each given as the JSON text of its snapshot. */
export function reportEnvelope(results: readonly string[]): string {
  return `{"results":[${results.join(',')}]}`;
}

/** JSON of a body with inbound messages, each as JSON text; `pendingMessageCount` is how many more wait (Infobip 4.3). */
export function inboundEnvelope(results: readonly string[], pendingMessageCount: number): string {
  return `{"results":[${results.join(',')}],"messageCount":${results.length},"pendingMessageCount":${pendingMessageCount}}`;
}
