import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inboundFromWire } from '../contract/events/registry.js';
import { inboundBody } from './report.js';

const ID = '018f3c5e-7b1a-7000-8000-0123456789ab';
const base = { from: '441134960001', id: 'wamid.B', timestamp: '1709208000' };
const platform = { applicationId: null, entityId: null, keyword: null };
const paired = { pairedId: null, pairedEnvelope: null };
const plain = { id: ID, sender: '441134960000', ...paired, ...platform, reported: null, malware: null };
const urlOf = (sender: string, id: string): string => `https://p.example/${sender}/${id}`;

function raw(fragment: object): string {
  return JSON.stringify(inboundFromWire({ phoneNumberId: '1', message: { ...base, ...fragment } }));
}

test('names the quoted message of ours by its messageId, with what came with it', () => {
  const stored = raw({ type: 'text', text: { body: 'ok' }, context: { from: '441134960000', id: 'wamid.A' } });
  const pairedEnvelope = '{"callbackData":"ord=7","applicationId":"other"}';
  const quote = { pairedId: 't-1', pairedEnvelope, applicationId: 'crm', entityId: 'shop' };
  const report = JSON.parse(inboundBody({ ...plain, raw: stored, ...quote }, urlOf));
  assert.deepEqual(report.message.context, { from: '441134960000', id: 't-1' });
  assert.deepEqual(
    [report.pairedMessageId, report.callbackData, report.applicationId, report.entityId],
    ['t-1', 'ord=7', 'crm', 'shop'],
  );
});

test('leaves a quoted wamid as it is when it is not of ours', () => {
  const stored = raw({ type: 'text', text: { body: 'ok' }, context: { id: 'wamid.A' } });
  const report = JSON.parse(inboundBody({ ...plain, raw: stored }, urlOf));
  assert.deepEqual(report.message.context, { id: 'wamid.A' });
  assert.equal('pairedMessageId' in report, false);
});

test('names where a file is, or what was found in it', () => {
  const stored = raw({ type: 'image', image: { id: '77', mime_type: 'image/png' } });
  const found = JSON.parse(inboundBody({ ...plain, raw: stored, reported: 1 }, urlOf));
  assert.deepEqual(found.message, { type: 'IMAGE', url: `https://p.example/441134960000/${ID}` });
  const infected = JSON.parse(inboundBody({ ...plain, raw: stored, reported: 2, malware: 'Eicar' }, urlOf));
  assert.deepEqual(infected.message, { type: 'INFECTED_CONTENT', malware: 'Eicar' });
});
