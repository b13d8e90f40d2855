// What customers' endpoints are sent, for the `webhooks` of the API page: every shape is made by the code that makes the real one.
import { clickReport } from './click.js';
import { ErrorId } from './errors.js';
import { UNSUPPORTED } from './events/envelope.js';
import { eventTypes, inboundFromWire, inboundToReport, mediaOfInbound } from './events/registry.js';
import type { JsonObject } from './json.js';
import { noticeToReport } from './notices/notice.js';
import { noticesFromWire, noticeTypes } from './notices/registry.js';
import { schemaOf } from './openapi-schemas.js';
import { deliveryResult, inboundEnvelope, reportEnvelope, seenResult } from './reports.js';
import { StatusId } from './statuses.js';
import { templateEventToReport } from './templates/event.js';

const AT = Date.UTC(2026, 0, 31, 12);
const EVENT_ID = '0190d8a2-6c1f-7d35-9f00-5a1b2c3d4e5f';
const SENDER = '441134960000';
const USER = '441134960001';
const REPORT = { eventId: EVENT_ID, messageId: 'order-77', to: USER, from: SENDER, sentAt: AT };
const PLATFORM = { applicationId: 'crm', entityId: 'north' };
const NAMED = { ...REPORT, ...PLATFORM, callbackData: 'order=77' };

/** tell_disabled in the migrations makes the real ones. */
const DISABLED = {
  eventType: 'ENDPOINT_DISABLED',
  content: {
    endpointId: '7',
    origin: 'https://hooks.example',
    profileId: 'p-main',
    reason: 'HTTP 410',
    downSince: '2026-01-31T12:00:00.000+0000',
    disabledAt: '2026-01-31T12:00:00.000+0000',
  },
  createdAt: '2026-01-31T12:00:00.000+0000',
  eventId: EVENT_ID,
};

const HEADERS = {
  'webhook-id': 'The same on every retry of this POST',
  'webhook-timestamp': 'When it was posted, in seconds',
  'webhook-signature': 'For accounts with a signing secret: `v1,` and the base64 of an HMAC-SHA256 (Standard Webhooks)',
};

/** A kind of POST: bodies as they are really sent, the first of which is shown. */
interface Shape {
  summary: string;
  bodies: readonly unknown[];
}

/** The `webhooks` of the document: one for each kind of report and each type of inbound message. */
export function webhooksOfDocument(): object {
  const shapes: Readonly<Record<string, Shape>> = {
    deliveryReport: {
      summary: 'What became of a message: delivered, or not and why',
      bodies: exampleDeliveries().map((result) => JSON.parse(reportEnvelope([JSON.stringify(result)]))),
    },
    seenReport: { summary: 'The user has read a message', bodies: seenBodies() },
    ...Object.fromEntries(eventTypes.map((type) => inboundShape(type.type, type.example))),
    ...Object.fromEntries([inboundShape(UNSUPPORTED, UNKNOWN)]),
    click: { summary: 'CLICK: a user opened a short link', bodies: clickBodies() },
    templateUpdate: { summary: 'TEMPLATE_UPDATE: what Meta decided of a template', bodies: templateBodies() },
    endpointDisabled: {
      summary: 'ENDPOINT_DISABLED, of Parley itself: nothing is posted to an endpoint any more',
      bodies: [DISABLED],
    },
    ...Object.fromEntries(noticeTypes.map(({ event, example }) => noticeShape(event, example))),
  };
  return Object.fromEntries(Object.entries(shapes).map(([name, shape]) => [name, { post: toOperation(shape) }]));
}

function toOperation({ summary, bodies }: Shape): object {
  const [example] = bodies;
  return {
    tags: ['What your endpoint gets'],
    summary,
    parameters: Object.entries(HEADERS).map(([name, description]) => ({
      name,
      in: 'header',
      required: name !== 'webhook-signature',
      description,
      schema: { type: 'string' },
    })),
    requestBody: { required: true, content: { 'application/json': { schema: schemaOf(...bodies), example } } },
    responses: {
      '2XX': { description: 'You have it' },
      '410': { description: 'Nobody is here any more: nothing else is posted' },
      default: { description: 'It is tried again, for 72 hours' },
    },
  };
}

/** Results of delivery reports: with everything, failed, and with nothing that need not be there. */
export function exampleDeliveries(): JsonObject[] {
  const delivered = { ...NAMED, doneAt: AT + 2_000, statusId: StatusId.deliveredToHandset };
  const failed = {
    ...delivered,
    bulkId: 'spring',
    statusId: StatusId.undeliverableNotDelivered,
    errorId: ErrorId.invalidTemplate,
  };
  const plain = { ...REPORT, doneAt: AT, statusId: StatusId.deliveredToHandset, channel: 'SMS' } as const;
  const [ofApplication, ofEntity] = [
    { ...plain, applicationId: 'crm' },
    { ...plain, entityId: 'north' },
  ];
  return [delivered, { ...failed, metaCode: 132_001 }, plain, ofApplication, ofEntity].map((facts) =>
    asSent(deliveryResult(facts)),
  );
}

/** What is left of an object when it has been JSON. */
function asSent(value: object): JsonObject {
  return JSON.parse(JSON.stringify(value));
}

function seenBodies(): unknown[] {
  return [NAMED, REPORT].map((facts) =>
    JSON.parse(reportEnvelope([JSON.stringify(seenResult({ ...facts, seenAt: AT + 9_000 }))])),
  );
}

/** Once with everything around the message, once with nothing. */
function inboundResults(example: JsonObject): JsonObject[] {
  const message = { id: 'wamid.HBgMNDQxMTM0OTYwMDAx', from: USER, timestamp: String(AT / 1_000), ...example };
  const contact = { profile: { name: 'Ada' }, wa_id: USER };
  const quoting = { ...message, context: { from: SENDER, id: 'wamid.HBgMNDQxMTM0OTYwMDAw' } };
  const full = { ...PLATFORM, keyword: 'HELLO', paired: { messageId: 'order-77', callbackData: 'order=77' } };
  return [inboundResult(quoting, contact, full), inboundResult(message, undefined, {})];
}

/** Results of every type of inbound message. */
export function exampleInbounds(): JsonObject[] {
  return [...eventTypes.map(({ example }) => example), UNKNOWN].flatMap(inboundResults);
}

const UNKNOWN = { type: 'unsupported' };

function inboundShape(type: string, example: JsonObject): [string, Shape] {
  const bodies = inboundResults(example).map((result) => JSON.parse(inboundEnvelope([JSON.stringify(result)], 0)));
  const name = type.toLowerCase().replace(/(?:^|_)(\w)/g, (_, letter: string) => letter.toUpperCase());
  return [`inbound${name}`, { summary: `A user sent: ${type}`, bodies }];
}

function inboundResult(message: JsonObject, contact: JsonObject | undefined, facts: object): JsonObject {
  const event = inboundFromWire({ message, contact, phoneNumberId: `${SENDER}200` });
  if (event === undefined) throw new TypeError('the example of an inbound message is none');
  const url = `https://parley.example/whatsapp/1/senders/${SENDER}/media/${EVENT_ID}`;
  const media = mediaOfInbound(event) === undefined ? undefined : { url };
  return asSent(inboundToReport(event, { eventId: EVENT_ID, to: SENDER, media, ...facts }));
}

function clickBodies(): unknown[] {
  const plain = {
    eventId: EVENT_ID,
    at: AT,
    isFirst: true,
    recipient: USER,
    url: 'https://shop.example/t/77',
    messageId: 'order-77',
  };
  const device = { deviceType: 'Phone', os: 'Android', deviceName: 'Pixel', countryName: 'Croatia', city: 'Zagreb' };
  return [{ ...plain, ...PLATFORM, ...device, callbackData: 'order=77', bulkId: 'spring' }, plain].map((facts) =>
    asSent(clickReport(facts)),
  );
}

function templateBodies(): unknown[] {
  const event = { id: EVENT_ID, templateId: '1234', name: 'order_shipped', language: 'en', at: AT, ...PLATFORM };
  const status = { ...event, kind: 1, previous: 'PENDING', current: 'APPROVED', reason: 'NONE' };
  const category = { ...event, kind: 2, previous: 'UTILITY', current: 'MARKETING', reason: null };
  const quality = { ...event, kind: 3, previous: 'GREEN', current: 'YELLOW', reason: null };
  const unnamed = { ...status, applicationId: null, entityId: null };
  return [status, category, quality, unnamed].map(templateEventToReport);
}

function noticeShape(event: string, example: { field: string; value: JsonObject }): [string, Shape] {
  const [notice] = noticesFromWire(example.field, example.value, AT);
  if (notice === undefined) throw new TypeError(`the example of ${event} says nothing`);
  const told = { eventId: EVENT_ID, sender: SENDER, body: JSON.stringify(notice.body) };
  const bodies = [
    { ...told, ...PLATFORM },
    { ...told, sender: null, applicationId: null, entityId: null },
  ].map((facts) => JSON.parse(noticeToReport(facts)));
  const words = event.toLowerCase().replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
  return [words, { summary: `${event}, for those who subscribe to it`, bodies }];
}
