// Sending through the sandbox's Graph API: what is accepted, what is refused and how.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { WhatsAppClient } from '@kapso/whatsapp-cloud-api';
import { until } from '../support/until.js';
import { call, dig, type Fixture, list, SENDER, startFixture, TOKEN, USER } from './sandbox-fixture.js';

let sandbox: Fixture;
before(async () => {
  sandbox = await startFixture();
});
after(() => sandbox.stop());

test('the unmodified Cloud API client sends a text and sees it accepted', async () => {
  const client = new WhatsAppClient({ accessToken: TOKEN, baseUrl: sandbox.url, graphVersion: 'v25.0' });
  const answer = await client.messages.sendText({
    phoneNumberId: sandbox.phoneNumberId,
    to: `+${USER}`,
    body: 'from a client',
  });
  const wamid = answer.messages[0]?.id ?? '';
  assert.match(wamid, /^wamid\./);
  await until('read', () => sandbox.callback.statuses(wamid).includes('read'));
  const { body } = await sandbox.control('GET', `/messages?user=${USER}`);
  const seen = list(body, 'messages').find((message) => dig(message, 'id') === wamid);
  assert.equal(dig(seen, 'payload', 'text', 'body'), 'from a client');
});

test('answers as Meta: contacts, one wamid, version and trace headers', async () => {
  const answer = await sandbox.send(`+44 (1134) 96-0001`);
  assert.equal(answer.status, 200);
  assert.deepEqual(dig(answer.body, 'contacts'), [{ input: '+44 (1134) 96-0001', wa_id: USER }]);
  assert.equal(dig(answer.body, 'messaging_product'), 'whatsapp');
  assert.equal(list(answer.body, 'messages').length, 1);
  assert.equal(answer.headers.get('facebook-api-version'), 'v25.0');
  assert.ok(answer.headers.get('x-fb-trace-id'));
});

test('lays a wamid out as the documented samples are', async () => {
  const wamid = await sandbox.sent();
  const bytes = Buffer.from(wamid.slice('wamid.'.length), 'base64');
  const expected = Buffer.concat([
    Buffer.from([0x1c, 0x18, USER.length]),
    Buffer.from(USER),
    Buffer.from([0x15, 0x02, 0x00, 0x11, 0x18, 18]),
  ]);
  assert.deepEqual(bytes.subarray(0, expected.length), expected);
  assert.match(bytes.subarray(expected.length, -1).toString(), /^[0-9A-F]{18}$/);
  assert.equal(bytes.at(-1), 0);
});

test('takes the token from the query and addresses a user by the id that webhooks gave', async () => {
  const wamid = await sandbox.sent();
  const post = await until('a status', () => sandbox.callback.posts().find((each) => each.body.includes(wamid)));
  const userId = dig(JSON.parse(post.body), 'entry', 0, 'changes', 0, 'value', 'statuses', 0, 'recipient_user_id');
  const url = `${sandbox.url}/v25.0/${sandbox.phoneNumberId}/messages?access_token=${TOKEN}`;
  const answer = await call('POST', url, { messaging_product: 'whatsapp', recipient: userId, text: { body: 'x' } });
  assert.equal(answer.status, 200);
  assert.deepEqual(dig(answer.body, 'contacts'), [{ input: userId, user_id: userId }]);
});

const TEXT = { messaging_product: 'whatsapp', to: USER, type: 'text', text: { body: 'x' } };
const REFUSALS: [what: string, body: unknown, code: number][] = [
  ['no messaging_product', { to: USER, type: 'text', text: { body: 'x' } }, 131008],
  ['no recipient', { messaging_product: 'whatsapp', type: 'text', text: { body: 'x' } }, 131008],
  ['no text', { messaging_product: 'whatsapp', to: USER, type: 'text' }, 131008],
  ['no text.body', { ...TEXT, text: {} }, 131008],
  ['a context without message_id', { ...TEXT, context: {} }, 131008],
  ['an empty body', { ...TEXT, text: { body: '' } }, 131009],
  ['a body above 4096 characters', { ...TEXT, text: { body: 'x'.repeat(4097) } }, 131009],
  ['callback data above 512 characters', { ...TEXT, biz_opaque_callback_data: 'x'.repeat(513) }, 131009],
  ['another messaging_product', { ...TEXT, messaging_product: 'sms' }, 131009],
  ['a type that does not exist', { ...TEXT, type: 'fax' }, 131009],
  ['a recipient that is no number', { ...TEXT, to: 'abc' }, 131009],
  [
    'a user id never given out',
    { messaging_product: 'whatsapp', recipient: 'US.1234567890', text: { body: 'x' } },
    131009,
  ],
  ['text as a string', { ...TEXT, text: 'x' }, 100],
  ['a body as a number', { ...TEXT, text: { body: 1 } }, 100],
  ['preview_url as a string', { ...TEXT, text: { body: 'x', preview_url: 'true' } }, 100],
  ['a misspelt name at the top', { ...TEXT, biz_opaque: 'x' }, 100],
  ['a misspelt name below', { ...TEXT, text: { body: 'x', preview: true } }, 100],
  ['an array', [], 100],
  ['malformed JSON', '{"messaging_product":', 1],
  ['the sender itself', { ...TEXT, to: SENDER }, 131021],
  ['a group', { ...TEXT, recipient_type: 'group', to: '120363000000000000' }, 131041],
  ['an empty template', { messaging_product: 'whatsapp', to: USER, type: 'template', template: {} }, 131008],
];
for (const [what, body, code] of REFUSALS) {
  test(`refuses ${what} with ${code}`, async () => {
    const answer = await sandbox.graph('POST', `/${sandbox.phoneNumberId}/messages`, body);
    assert.equal(answer.status, 400);
    assert.equal(dig(answer.body, 'error', 'code'), code);
    assert.equal(dig(answer.body, 'error', 'type'), 'OAuthException');
    assert.match(String(dig(answer.body, 'error', 'message')), new RegExp(`^\\(#${code}\\) `));
    assert.equal(typeof dig(answer.body, 'error', 'fbtrace_id'), 'string');
  });
}

test('accepts the longest text and the longest callback data, and echoes the data in every status', async () => {
  const data = 'd'.repeat(512);
  const wamid = await sandbox.sent(USER, { text: { body: '€'.repeat(4096) }, biz_opaque_callback_data: data });
  await until('read', () => sandbox.callback.statuses(wamid).includes('read'));
  const posts = sandbox.callback.posts().filter((post) => post.body.includes(wamid));
  assert.equal(posts.filter((post) => post.body.includes(`"biz_opaque_callback_data":"${data}"`)).length, 3);
});

test('refuses a missing and a wrong token with 401 and 190, without error_data', async () => {
  const url = `${sandbox.url}/v25.0/${sandbox.phoneNumberId}/messages`;
  for (const headers of [{}, { authorization: 'Bearer wrong' }]) {
    const answer = await call('POST', url, TEXT, headers);
    assert.equal(answer.status, 401);
    assert.equal(dig(answer.body, 'error', 'code'), 190);
    assert.equal(dig(answer.body, 'error', 'error_data'), undefined);
  }
});

test('answers 100/33 for an unknown id and for the number of another app', async () => {
  const other = await sandbox.control('POST', '/wabas', {
    numbers: [{ number: '441134960777' }],
    app: { appSecret: 's', verifyToken: 'v', callbackUrl: 'http://127.0.0.1:9/', token: 'other-token' },
  });
  for (const id of ['999', dig(other.body, 'numbers', 0, 'phoneNumberId')]) {
    const answer = await sandbox.graph('POST', `/${id}/messages`, TEXT);
    assert.equal(answer.status, 400);
    assert.equal(dig(answer.body, 'error', 'code'), 100);
    assert.equal(dig(answer.body, 'error', 'error_subcode'), 33);
  }
});

test('refuses a path without a version', async () => {
  const answer = await call('POST', `${sandbox.url}/graph/${sandbox.phoneNumberId}/messages`, TEXT);
  assert.equal(answer.status, 400);
  assert.equal(dig(answer.body, 'error', 'code'), 2500);
});

test('lets a pair send 45 at once, then one in 6 s', async () => {
  const user = '441134960045';
  const burst = await Promise.all(Array.from({ length: 46 }, () => sandbox.send(user)));
  const codes = burst.map((answer) => dig(answer.body, 'error', 'code')).filter((code) => code !== undefined);
  assert.deepEqual(codes, [131056]);
  await sandbox.control('POST', '/clock', { advanceSeconds: 6 });
  assert.equal((await sandbox.send(user)).status, 200);
  assert.equal(dig((await sandbox.send(user)).body, 'error', 'code'), 131056);
});

test('holds a number to its throughput with 130429', async () => {
  const slow = await startFixture({
    waba: { numbers: [{ number: SENDER, phoneNumberId: '100200301', throughput: 5 }] },
  });
  try {
    const answers = await Promise.all(Array.from({ length: 40 }, (_, i) => slow.send(`4411349610${10 + i}`)));
    const refused = answers.filter((answer) => answer.status === 400);
    assert.ok(refused.length > 0 && refused.length <= 35, `${refused.length} refused`);
    for (const answer of refused) assert.equal(dig(answer.body, 'error', 'code'), 130429);
    await slow.control('POST', '/clock', { advanceSeconds: 1 });
    assert.equal((await slow.send('441134961099')).status, 200);
  } finally {
    await slow.stop();
  }
});

test('prices sent and delivered, and tells the conversation only up to v23', async () => {
  const url = (version: string) => `${sandbox.url}/${version}/${sandbox.phoneNumberId}/messages`;
  for (const [version, hasConversation] of [
    ['v23.0', true],
    ['v24.0', false],
  ] as const) {
    const answer = await call('POST', url(version), TEXT, { authorization: `Bearer ${TOKEN}` });
    const wamid = String(dig(answer.body, 'messages', 0, 'id'));
    await until('read', () => sandbox.callback.statuses(wamid).includes('read'));
    const statuses = sandbox.callback
      .posts()
      .filter((post) => post.body.includes(wamid))
      .map((post) => dig(JSON.parse(post.body), 'entry', 0, 'changes', 0, 'value', 'statuses', 0));
    assert.deepEqual(
      statuses.map((status) => dig(status, 'pricing', 'pricing_model')),
      ['PMP', 'PMP', undefined],
    );
    assert.equal(typeof dig(statuses[0], 'conversation', 'id') === 'string', hasConversation);
    assert.equal(dig(statuses[1], 'conversation', 'expiration_timestamp'), undefined);
  }
});

test('marks an inbound message and the earlier ones as read, by POST and by PUT, with a typing bubble', async () => {
  const ids: string[] = [];
  for (let i = 0; i < 3; i++) {
    const answer = await sandbox.control('POST', '/users/441134960050/messages', {
      type: 'text',
      text: { body: `${i}` },
      phoneNumberId: sandbox.phoneNumberId,
    });
    ids.push(String(dig(answer.body, 'id')));
  }
  const read = { messaging_product: 'whatsapp', status: 'read', message_id: ids[1] };
  const first = await sandbox.graph('POST', `/${sandbox.phoneNumberId}/messages`, {
    ...read,
    typing_indicator: { type: 'text' },
  });
  assert.deepEqual(first.body, { success: true });
  const statusesOf = async () => {
    const { body } = await sandbox.control('GET', '/messages?user=441134960050');
    return list(body, 'messages').map((message) => list(message, 'statuses').map((status) => dig(status, 'status')));
  };
  assert.deepEqual(await statusesOf(), [['read'], ['read'], []]);
  const second = await sandbox.graph('PUT', `/${sandbox.phoneNumberId}/messages`, { ...read, message_id: ids[2] });
  assert.deepEqual(second.body, { success: true });
  assert.deepEqual(await statusesOf(), [['read'], ['read'], ['read']]);
  const unknown = await sandbox.graph('POST', `/${sandbox.phoneNumberId}/messages`, { ...read, message_id: 'wamid.x' });
  assert.equal(dig(unknown.body, 'error', 'error_subcode'), 33);
});
