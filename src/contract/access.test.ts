import assert from 'node:assert/strict';
import { test } from 'node:test';
import { accessOf, LIMIT_NAMES, parseRate, SCOPES } from './access.js';

test('knows what Infobip’s own pages ask of an operation', () => {
  const cases: [string, string, string, string][] = [
    ['POST /whatsapp/1/message/interactive/buttons', 'messages', 'message:send', '4000 in 1000'],
    ['POST /whatsapp/1/message/template', 'messages', 'whatsapp:message:send', '4000 in 1000'],
    ['POST /whatsapp/1/events', 'events', 'whatsapp:manage', '2500 in 1000'],
    ['GET /whatsapp/1/senders/{sender}/media/{mediaId}', 'media', 'inbound-message:read', '15 in 1000'],
    ['HEAD /whatsapp/1/senders/{sender}/media/{mediaId}', 'media', 'whatsapp:manage', '15 in 1000'],
    ['DELETE /whatsapp/1/senders/{sender}/media', 'media-removal', 'whatsapp:manage', '30 in 60000'],
    ['POST /whatsapp/2/senders/{sender}/templates', 'template-creation', 'whatsapp:manage', '1000 in 3600000'],
    ['PATCH /whatsapp/2/senders/{sender}/templates/{id}', 'template-edits', 'whatsapp:manage', '100 in 3600000'],
    ['GET /whatsapp/1/senders/{sender}/flows/{flowId}/json', 'flows', 'whatsapp:manage', '1000 in 3600000'],
    ['GET /whatsapp/1/senders/{sender}/flows/{flowId}/preview', 'flow-changes', 'whatsapp:manage', '100 in 3600000'],
    ['GET /whatsapp/1/senders/quality', 'quality', 'whatsapp:manage', '10 in 1000'],
    ['PUT /whatsapp/1/{sender}/contacts/{userNumber}/identity', 'identity', 'whatsapp:message:send', '10 in 1000'],
    ['POST /whatsapp/1/conversions/waba', 'conversions', 'whatsapp:conversions', '10 in 1000'],
    ['POST /subscriptions/1/certificates', 'certificates', 'subscriptions:manage', '100 in 60000'],
    ['PUT /provisioning/1/entities/{entityId}', 'provisioning', 'application-entity:manage', '1 in 1000'],
    ['POST /settings/2/api-keys', 'key-creation', 'account-management:manage', '40 in 86400000'],
  ];
  for (const [operation, name, scope, rate] of cases) {
    const [method = '', path = ''] = operation.split(' ');
    const access = accessOf(method, path);
    assert.equal(access.name, name, operation);
    assert.ok(access.scopes.includes(scope), `${operation}: ${access.scopes}`);
    assert.equal(`${access.rate?.count} in ${access.rate?.perMs}`, rate, operation);
  }
  assert.equal(accessOf('GET', '/messages-api/1/reports').rate, undefined);
  assert.equal(accessOf('POST', '/resource-management/1/inbound-message-configurations').rate?.burst, 10);
  assert.ok(!accessOf('HEAD', '/whatsapp/1/senders/1/media/2').scopes.includes('inbound-message:read'));
});

test('lets nothing pass that nobody spoke of', () => {
  for (const path of ['/whatsapp/1/message', '/whatsapp/3/message/text', '/', '/whatsapp/1/senders/a/b/media/c'])
    assert.throws(() => accessOf('GET', path), TypeError);
  assert.throws(() => accessOf('POST', '/messages-api/1/reports'), TypeError);
});

test('names each limit and scope once', () => {
  assert.equal(new Set(LIMIT_NAMES).size, LIMIT_NAMES.length);
  assert.equal(new Set(SCOPES).size, SCOPES.length);
  assert.ok(LIMIT_NAMES.length > 20 && SCOPES.length > 10);
});

test('reads rates, and refuses what is none', () => {
  assert.deepEqual(parseRate('30/min'), { count: 30, perMs: 60_000, burst: 30 });
  assert.deepEqual(parseRate('2/s burst 10'), { count: 2, perMs: 1_000, burst: 10 });
  for (const text of ['0/s', '1/week', '-1/s', '1/s burst 0', '1000001/s', '1', '', '1/s burst', ' 1/s', '1.5/s'])
    assert.equal(parseRate(text), undefined, text);
});
