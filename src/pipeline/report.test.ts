import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inboundFromWire } from '../contract/events/registry.js';
import { EventKind, StatusId } from '../contract/statuses.js';
import type { MessageReportFacts } from '../store/reports.js';
import { writeEnvelope } from './envelope.js';
import { inboundBody, messageReport } from './report.js';

const AT = Date.UTC(2024, 1, 29, 12, 0, 0, 250);
const FACTS: MessageReportFacts = {
  message: '018f3c5e-7b1a-7000-8000-0123456789ab',
  attempt: 1,
  kind: EventKind.delivered,
  at: AT + 2_000,
  statusId: StatusId.deliveredToHandset,
  errorId: null,
  metaCode: null,
  acceptedAt: AT,
  messageId: null,
  sender: '441134960000',
  recipient: '441134960001',
  envelope: writeEnvelope({ notifyUrl: 'https://hooks.example/r?a=1', callbackData: 'order=7', applicationId: 'app' }),
};

function bodyOf(facts: Partial<MessageReportFacts>): Record<string, unknown> {
  return JSON.parse(messageReport({ ...FACTS, ...facts }).body);
}

test('a delivery report names message, times, status and what the request gave along', () => {
  const { url, body } = messageReport(FACTS);
  assert.equal(url, 'https://hooks.example/r?a=1');
  const report = JSON.parse(body);
  assert.equal(report.messageId, FACTS.message);
  assert.equal(report.sentAt, '2024-02-29T12:00:00.250+0000');
  assert.equal(report.doneAt, '2024-02-29T12:00:02.250+0000');
  assert.deepEqual([report.status.name, report.error.name], ['DELIVERED_TO_HANDSET', 'NO_ERROR']);
  assert.deepEqual([report.callbackData, report.applicationId], ['order=7', 'app']);
  assert.equal(report.eventId, `${FACTS.message}-1-delivered`);
});

test('a caller’s own messageId is the one that is reported, its eventId stays ours', () => {
  const report = bodyOf({ messageId: 'order-7' });
  assert.equal(report.messageId, 'order-7');
  assert.equal(report.eventId, `${FACTS.message}-1-delivered`);
});

test('a seen report says who saw it, the reverse of the send', () => {
  const report = bodyOf({ kind: EventKind.read });
  assert.deepEqual([report.from, report.to], ['441134960001', '441134960000']);
  assert.equal(report.seenAt, '2024-02-29T12:00:02.250+0000');
  assert.equal(report.eventId, `${FACTS.message}-1-read`);
  assert.equal(report.status, undefined);
});

test('Meta’s whole seconds never show an event before its message', () => {
  assert.equal(bodyOf({ at: AT - 250 }).doneAt, '2024-02-29T12:00:00.250+0000');
});

test('a failure carries its error with Meta’s own code', () => {
  const { status, error } = bodyOf({ kind: EventKind.failed, statusId: 9, errorId: 7002, metaCode: 131_026 });
  assert.deepEqual(
    [status, error].map((part) => Reflect.get(Object(part), 'name')),
    ['UNDELIVERABLE_NOT_DELIVERED', 'EC_UNKNOWN_USER'],
  );
  assert.equal(Reflect.get(Object(error), 'metaCode'), 131_026);
});

test('a message without a notifyUrl has nowhere to be reported to', () => {
  assert.equal(messageReport({ ...FACTS, envelope: null }).url, undefined);
});

test('the same facts make the same text, so every retry carries the same report', () => {
  assert.equal(messageReport(FACTS).body, messageReport({ ...FACTS }).body);
});

test('an inbound message is reported from what was stored of it', () => {
  const event = inboundFromWire({
    phoneNumberId: '1',
    message: {
      from: '441134960001',
      id: 'wamid.A',
      timestamp: '1709208000',
      type: 'text',
      text: { body: 'Hi \ud800' },
    },
  });
  const platform = { applicationId: null, entityId: null, keyword: null };
  const facts = { pairedId: null, pairedEnvelope: null, ...platform, reported: null, malware: null };
  const id = '018f3c5e-7b1a-7000-8000-0123456789ab';
  const stored = { id, raw: JSON.stringify(event), sender: '441134960000', ...facts };
  const report = JSON.parse(inboundBody(stored, () => 'https://unused.example'));
  assert.equal(report.messageId, 'wamid.A');
  assert.equal(report.to, '441134960000');
  assert.deepEqual(report.message, { type: 'TEXT', text: 'Hi \ud800' });
  assert.equal(report.eventId, '018f3c5e-7b1a-7000-8000-0123456789ab');
});
