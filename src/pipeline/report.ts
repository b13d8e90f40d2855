// From facts to what a customer reads: the JSON of one result, made once and kept as text while it waits. Pure.

import { clickReport } from '../contract/click.js';
import { formatDate } from '../contract/dates.js';
import { eventIdOf } from '../contract/event-ids.js';
import type { InboundEvent } from '../contract/events/envelope.js';
import { inboundToReport, mediaOfInbound } from '../contract/events/registry.js';
import { deliveryResult, seenResult } from '../contract/reports.js';
import { EventKind, isOfSms, StatusId } from '../contract/statuses.js';
import { countParts } from '../sms/text.js';
import type { ClickFacts } from '../store/clicks.js';
import { MediaReported } from '../store/media.js';
import type { InboundReportFacts, MessageReportFacts } from '../store/reports.js';
import { readEnvelope } from './envelope.js';

/** A report that waits for its POST. `body` is the JSON of one result. */
export interface Report {
  endpoint: number;
  seq: number;
  day: number;
  kind: number;
  /** When it was appended, epoch ms. */
  at: number;
  /** The message or inbound message that it tells of. */
  ref: string;
  url: string;
  body: string;
  /** The traceparent of its message's request, if that has one. */
  trace?: string | undefined;
}

/** The text of a report, and where what it tells of itself wants it to go. Undefined url: nowhere. */
export type ReportText = Pick<Report, 'body' | 'trace'> & { url: string | undefined };

/** The result of a delivery or seen report. */
export function messageReport(facts: MessageReportFacts): ReportText {
  const { bulkId, callbackData, applicationId, entityId, notifyUrl, smsFailover, trace } = readEnvelope(facts.envelope);
  const sms = isOfSms(facts.kind) ? smsFailover : undefined;
  const shared = {
    eventId: eventIdOf({ ref: facts.message, attempt: facts.attempt, eventKind: facts.kind }),
    messageId: facts.messageId ?? facts.message,
    to: facts.recipient,
    from: sms?.from ?? facts.sender,
    sentAt: facts.acceptedAt,
    callbackData,
    applicationId,
    entityId,
  };
  // Meta's times are whole seconds: an event is never shown before the message it belongs to.
  const at = Math.max(facts.at, facts.acceptedAt);
  const result =
    facts.kind === EventKind.read
      ? seenResult({ ...shared, seenAt: at })
      : deliveryResult({
          ...shared,
          doneAt: at,
          bulkId,
          statusId: facts.statusId ?? StatusId.deliveredToHandset,
          errorId: facts.errorId ?? 0,
          metaCode: facts.metaCode ?? undefined,
          ...(sms === undefined ? {} : { channel: 'SMS', messageCount: countParts(sms.text) }),
        });
  return { url: notifyUrl, body: JSON.stringify(result), trace };
}

/** The body of a CLICK report. */
export function clickBody(facts: ClickFacts): string {
  const { bulkId, callbackData, applicationId, entityId } = readEnvelope(facts.envelope);
  return JSON.stringify(
    clickReport({
      eventId: facts.id,
      at: facts.at,
      isFirst: facts.isFirst,
      recipient: facts.recipient,
      url: facts.target,
      messageId: facts.messageId ?? facts.message,
      bulkId,
      callbackData,
      applicationId,
      entityId,
      deviceType: facts.deviceType ?? undefined,
      os: facts.os ?? undefined,
      deviceName: facts.deviceName ?? undefined,
      countryName: facts.country ?? undefined,
      city: facts.city ?? undefined,
    }),
  );
}

/** The result of a test report, appended at `at`. */
export function testBody(eventId: string, at: number): string {
  return JSON.stringify({
    eventId,
    type: 'TEST',
    sentAt: formatDate(at),
    text: 'A test of Parley: reports arrive here.',
  });
}

/** Where a customer gets the file of message `id` of `sender`. */
export type MediaUrl = (sender: string, id: string) => string;

/** The result of an inbound message. */
export function inboundBody(facts: InboundReportFacts, mediaUrl: MediaUrl): string {
  const { id, raw, sender, pairedId, pairedEnvelope, applicationId, entityId, keyword, reported, malware } = facts;
  // Parse boundary: only receive writes this column.
  const event = JSON.parse(raw) as InboundEvent;
  const { callbackData } = readEnvelope(pairedEnvelope);
  const file = reported === MediaReported.infected ? { malware: malware ?? '' } : { url: mediaUrl(sender, id) };
  const result = inboundToReport(event, {
    eventId: id,
    to: sender,
    applicationId: applicationId ?? undefined,
    entityId: entityId ?? undefined,
    keyword: keyword ?? undefined,
    paired: pairedId === null ? undefined : { messageId: pairedId, callbackData },
    media: mediaOfInbound(event) === undefined ? undefined : file,
  });
  return JSON.stringify(result);
}
