// Failover: what WhatsApp could not deliver goes out as a short message, once, with a report of its own under the same messageId.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type FailoverScene, reportsOf, reportUntil, startFailoverScene } from '../support/failover-scene.js';
import { type Receiver, startReceiver } from '../support/receiver.js';
import type { Result } from '../support/scene.js';
import { until } from '../support/until.js';

const SMS = { from: 'Depot', text: 'Order 77 is out' };
const DELIVERED = 5;
const UNDELIVERABLE_REJECTED_OPERATOR = 4;
const UNDELIVERABLE_NOT_DELIVERED = 9;
const EXPIRED_EXPIRED = 15;
const REJECTED_ROUTE_NOT_AVAILABLE = 19;
const EXPIRED_DLR_UNKNOWN = 29;
const HOUR = 3600;

let failover: FailoverScene;
let receiver: Receiver;
before(async () => {
  failover = await startFailoverScene();
  receiver = await startReceiver();
});
after(async () => {
  await receiver.stop();
  await failover.stop();
});

const send = (sms = SMS, fields: Record<string, unknown> = {}) =>
  failover.send(sms, { notifyUrl: `${receiver.url}/reports`, ...fields });
const accountSms = (json?: object) =>
  failover.scene.admin(`/accounts/${failover.scene.world.info.accountId}/sms`, json === undefined ? {} : { json });

/** The route of the demo account with something changed; its password is the sandbox's. */
async function changeRoute(change: object): Promise<void> {
  const { changedAt: _, ...route } = await accountSms();
  await accountSms({ ...route, systemType: undefined, password: 'sandbox', ...change });
  await until('bound again', async () => {
    const { body } = await failover.scene.world.sandbox<{ bound: number }>('/_sandbox/smsc');
    return body.bound > 0;
  });
}

test('a failed message goes out as an SMS, shown on the phone, with a second report under the same messageId', async () => {
  const sent = await send(SMS, { callbackData: 'crm-7' });
  await failover.tell(sent, 'failed', 131026);
  const [shown] = await failover.phoneUntil(sent.user, 1);
  assert.equal(shown?.from, 'Depot');
  assert.deepEqual(shown?.payload.sms, { from: 'Depot', text: SMS.text, parts: 1, coding: 'gsm7' });
  // In a thread of its own, beside the chat with the business.
  const { body: chats } = await failover.scene.world.sandbox<{
    chats: { phoneNumberId: string; last: { type: string } }[];
  }>(`/_sandbox/chats?user=${sent.user}`);
  assert.deepEqual(
    chats.chats.map(({ phoneNumberId, last }) => [phoneNumberId, last.type]),
    [
      ['sms:Depot', 'sms'],
      [failover.scene.world.info.phoneNumberId, 'text'],
    ],
  );
  const sms = await reportUntil(receiver, sent, 'SMS', DELIVERED);
  const whatsapp = reportsOf(receiver, sent).find(({ channel }) => channel === 'WHATSAPP');
  assert.equal(whatsapp?.error?.metaCode, 131026);
  assert.equal(sms.from, 'Depot');
  assert.equal(sms.to, sent.user);
  assert.equal(sms.messageCount, 1);
  assert.equal(sms.callbackData, 'crm-7');
  assert.notEqual(sms.eventId, whatsapp?.eventId);
  const life = await failover.scene.life(sent.messageId);
  assert.equal(life.state, 'failed');
  assert.deepEqual(
    life.events.map(({ kind }) => kind).filter((kind) => kind.startsWith('sms')),
    ['smsSubmitted', 'smsDelivered'],
  );
});

test('long texts and other alphabets go out in parts and arrive whole', async () => {
  const long = `Order 77 {is} out: ${'abc €'.repeat(60)}`;
  const other = `Заказ 77 отправлен 😀 ${'ж'.repeat(100)}`;
  for (const [text, parts, coding] of [
    [long, 3, 'gsm7'],
    [other, 2, 'ucs2'],
  ] as const) {
    const sent = await send({ from: '441134960009', text });
    await failover.tell(sent, 'failed', 131026);
    const [shown] = await failover.phoneUntil(sent.user, 1);
    assert.deepEqual(shown?.payload.sms, { from: '441134960009', text, parts, coding });
    assert.equal((await reportUntil(receiver, sent, 'SMS', DELIVERED)).messageCount, parts);
  }
});

test('a delivered message sends no SMS, and neither does a failure that comes after', async () => {
  const sent = await send();
  await failover.tell(sent, 'delivered');
  await reportUntil(receiver, sent, 'WHATSAPP', DELIVERED);
  const next = await send();
  await failover.tell(next, 'failed', 131026);
  await failover.phoneUntil(next.user, 1);
  assert.deepEqual(await failover.phone(sent.user), []);
});

test('expiry sends the SMS, a late failure sends no other, and a late delivery is told', async () => {
  const sent = await send();
  await failover.tell(sent, 'sent');
  await failover.scene.advance(48 * HOUR + 60);
  await reportUntil(receiver, sent, 'WHATSAPP', EXPIRED_DLR_UNKNOWN, 30_000);
  await failover.phoneUntil(sent.user, 1);
  await reportUntil(receiver, sent, 'SMS', DELIVERED);
  await failover.tell(sent, 'delivered');
  await reportUntil(receiver, sent, 'WHATSAPP', DELIVERED);
  assert.equal((await failover.phone(sent.user)).length, 1);
});

test('a slow SMSC is obeyed, and the SMS goes out later', async () => {
  await failover.smsc({ throttleNext: 2 });
  const sent = await send();
  await failover.tell(sent, 'failed', 131026);
  await failover.phoneUntil(sent.user, 1, 30_000);
  await reportUntil(receiver, sent, 'SMS', DELIVERED);
  assert.equal((await failover.phone(sent.user)).length, 1);
});

test('a refusal, a receipt of failure and one of expiry are reported as what they are', async () => {
  for (const [behaviour, status] of [
    [{ refuseNext: 1 }, UNDELIVERABLE_REJECTED_OPERATOR],
    [{ receipts: 'UNDELIV' }, UNDELIVERABLE_NOT_DELIVERED],
    [{ receipts: 'EXPIRED' }, EXPIRED_EXPIRED],
  ] as const) {
    await failover.smsc(behaviour);
    const sent = await send();
    await failover.tell(sent, 'failed', 131026);
    const report = await reportUntil(receiver, sent, 'SMS', status);
    assert.notEqual(report.error?.id, 0);
  }
  await failover.smsc({});
});

test('an SMS whose answer was lost is not sent again but reported unknown, unless the account wants it sent again', async () => {
  await failover.smsc({ loseNext: 1 });
  const sent = await send();
  await failover.tell(sent, 'failed', 131026);
  await reportUntil(receiver, sent, 'SMS', EXPIRED_DLR_UNKNOWN);
  assert.ok((await failover.scene.metric('parley_sms_total', 'outcome="unknown"')) >= 1);
  await changeRoute({ smsUnknown: 'resend' });
  await failover.smsc({ loseNext: 1 });
  const again = await send();
  await failover.tell(again, 'failed', 131026);
  await failover.phoneUntil(again.user, 2, 30_000);
  await reportUntil(receiver, again, 'SMS', DELIVERED);
  assert.equal((await failover.phone(sent.user)).length, 1);
  await changeRoute({ smsUnknown: 'fail' });
});

test('an SMS that cannot be sent for 48 hours has expired', async () => {
  await changeRoute({ smsUnknown: 'fail' });
  await failover.smsc({ throttleNext: 1_000_000 });
  const sent = await send();
  const later = () => failover.scene.metric('parley_sms_total', 'outcome="later"');
  const before = await later();
  await failover.tell(sent, 'failed', 131026);
  await until('a first try', async () => (await later()) > before);
  await failover.scene.advance(48 * HOUR + 60);
  await reportUntil(receiver, sent, 'SMS', EXPIRED_EXPIRED, 30_000);
  assert.deepEqual(await failover.phone(sent.user), []);
  await failover.smsc({});
  await changeRoute({ smsUnknown: 'fail' });
});

test('a receipt that never comes is given up on after 48 hours', async () => {
  await failover.smsc({ receipts: 'none' });
  const sent = await send();
  await failover.tell(sent, 'failed', 131026);
  await failover.phoneUntil(sent.user, 1);
  await failover.scene.lifeUntil('submitted', sent.messageId, ({ events }) =>
    events.some(({ kind }) => kind === 'smsSubmitted'),
  );
  await failover.scene.advance(48 * HOUR + 60);
  await reportUntil(receiver, sent, 'SMS', EXPIRED_DLR_UNKNOWN, 30_000);
  await failover.smsc({});
});

test('a receipt that writes the id in hexadecimal is understood', async () => {
  await failover.smsc({ receiptIds: 'hex' });
  const sent = await send();
  await failover.tell(sent, 'failed', 131026);
  await reportUntil(receiver, sent, 'SMS', DELIVERED);
  await failover.smsc({});
});

test('an account may give WhatsApp only so long; what comes later is still told', async () => {
  await changeRoute({ afterSeconds: 60 });
  const sent = await send();
  await failover.tell(sent, 'sent');
  const quick = await send();
  await failover.tell(quick, 'delivered');
  await reportUntil(receiver, quick, 'WHATSAPP', DELIVERED);
  await failover.scene.advance(61);
  await failover.phoneUntil(sent.user, 1);
  await reportUntil(receiver, sent, 'SMS', DELIVERED);
  assert.deepEqual(await failover.phone(quick.user), []);
  await failover.tell(sent, 'delivered');
  await reportUntil(receiver, sent, 'WHATSAPP', DELIVERED);
  await changeRoute({ afterSeconds: null });
});

test('reports of SMS without a target are pulled by their channel', async () => {
  const sent = await failover.send(SMS);
  await failover.tell(sent, 'failed', 131026);
  await failover.phoneUntil(sent.user, 1);
  const pulled = await until('a report to pull', async () => {
    const path = `/messages-api/1/reports?channel=SMS&messageId=${sent.messageId}`;
    const { body } = await failover.scene.world.api<{ results: (Result & { channel: string; sender: string })[] }>(
      path,
    );
    return body.results[0];
  });
  assert.equal(pulled.channel, 'SMS');
  assert.equal(pulled.sender, 'Depot');
});

test('an account without a provider is told that the SMS was not sent', async () => {
  const sent = await send();
  const settings = await accountSms();
  await failover.scene.admin(`/accounts/${failover.scene.world.info.accountId}/sms`, { method: 'DELETE' });
  await failover.tell(sent, 'failed', 131026);
  await reportUntil(receiver, sent, 'SMS', REJECTED_ROUTE_NOT_AVAILABLE);
  assert.deepEqual(await failover.phone(sent.user), []);
  const { changedAt: _, ...back } = settings;
  await accountSms({ ...back, systemType: undefined, password: 'sandbox' });
});

test('a provider is shown without its password and refused when something is missing', async () => {
  const path = `/parley/1/accounts/${failover.scene.world.info.accountId}/sms`;
  const key = failover.scene.world.info.adminKey;
  const { body: shown } = await failover.scene.world.api<Record<string, unknown>>(path, { key });
  assert.equal(shown.systemId, 'sandbox');
  assert.equal('password' in shown, false);
  for (const [json, field] of [
    [{ provider: 'smpp', host: 'localhost' }, 'systemId'],
    [{ provider: 'infobip', baseUrl: 'https://api.example.com' }, 'apiKey'],
    [{ provider: 'infobip', baseUrl: 'https://api.example.com', apiKey: 'k', host: 'x' }, 'host'],
    [{ provider: 'pigeon' }, 'provider'],
  ] as const) {
    const { status, body } = await failover.scene.world.api<{ errors: { field: string }[] }>(path, { key, json });
    assert.equal(status, 400);
    assert.deepEqual(
      body.errors.map((error) => error.field),
      [field],
    );
  }
  assert.equal((await failover.scene.world.api(path)).status, 403);
});
