// What users send to the sandbox: every inbound type, files from every source, quotes, hidden numbers, a change of number, reading.
import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { until } from '../support/until.js';
import { formOf, JPEG, oggOf, PDF, sha256, webpOf } from './sandbox-files.js';
import { dig, type Fixture, list, SENDER, startFixture, TOKEN, USER } from './sandbox-fixture.js';

let sandbox: Fixture;
before(async () => {
  sandbox = await startFixture();
});
after(() => sandbox.stop());
beforeEach(async () => {
  await sandbox.control('POST', '/reset');
});

/** The `value` of the webhook that tells of the message. */
async function webhookOf(wamid: string): Promise<unknown> {
  const post = await until('the webhook', () => sandbox.callback.posts().find((each) => each.body.includes(wamid)));
  return dig(JSON.parse(post.body), 'entry', 0, 'changes', 0, 'value');
}

async function say(
  fragment: Record<string, unknown>,
  user = USER,
): Promise<{ value: unknown; message: unknown; id: string }> {
  const answer = await sandbox.control('POST', `/users/${user}/messages`, fragment);
  assert.equal(answer.status, 201, JSON.stringify(answer.body));
  const id = String(dig(answer.body, 'id'));
  const value = await webhookOf(id);
  return { id, value, message: dig(value, 'messages', 0) };
}

const FRAGMENTS: Record<string, unknown>[] = [
  { type: 'text', text: { body: 'hello' } },
  {
    type: 'location',
    location: { latitude: 45.8, longitude: 15.9, name: 'Here', address: 'Ilica 1', url: 'https://a.b' },
  },
  { type: 'contacts', contacts: [{ name: { formatted_name: 'Ana' }, phones: [{ phone: '+1', wa_id: '1' }] }] },
  { type: 'button', button: { payload: 'p', text: 'Yes' } },
  { type: 'interactive', interactive: { type: 'button_reply', button_reply: { id: 'a', title: 'Yes' } } },
  { type: 'interactive', interactive: { type: 'list_reply', list_reply: { id: 'a', title: 'Row', description: 'd' } } },
  {
    type: 'interactive',
    interactive: { type: 'nfm_reply', nfm_reply: { name: 'flow', body: 'Sent', response_json: '{"flow_token":"t"}' } },
  },
  {
    type: 'interactive',
    interactive: {
      type: 'call_permission_reply',
      call_permission_reply: { response: 'accept', is_permanent: true, response_source: 'user_action' },
    },
  },
  {
    type: 'order',
    order: {
      catalog_id: 'c',
      text: 't',
      product_items: [{ product_retailer_id: 'p', quantity: 2, item_price: 1.5, currency: 'EUR' }],
    },
  },
  { type: 'reaction', reaction: { message_id: 'wamid.x', emoji: '👍' } },
  { type: 'edit', edit: { original_message_id: 'wamid.x', message: { type: 'text', text: { body: 'new' } } } },
  { type: 'revoke', revoke: { original_message_id: 'wamid.x' } },
  { type: 'request_welcome' },
];
for (const fragment of FRAGMENTS) {
  test(`hands over ${JSON.stringify(fragment).slice(0, 90)} as it was said`, async () => {
    const { message, id } = await say(fragment);
    const { from, from_user_id: userId, timestamp, ...rest } = Object.fromEntries(Object.entries(message ?? {}));
    assert.deepEqual(rest, { ...fragment, id });
    assert.equal(from, USER);
    assert.match(String(userId), /^ZZ\./);
    assert.match(String(timestamp), /^\d{10}$/);
  });
}

test('tells of an unsupported message with 131051', async () => {
  const { message } = await say({ type: 'unsupported', unsupported: { type: 'poll' } });
  assert.equal(dig(message, 'errors', 0, 'code'), 131051);
  assert.equal(dig(message, 'unsupported', 'type'), 'poll');
});

test('carries quotes, forwards, products, referrals', async () => {
  const quoted = await sandbox.sent();
  const context = { id: quoted, referred_product: { catalog_id: 'c', product_retailer_id: 'p' } };
  const answer = await say({ type: 'text', text: { body: 'x' }, context });
  assert.deepEqual(dig(answer.message, 'context'), { from: SENDER, ...context });
  const own = await say({ type: 'text', text: { body: 'y' }, context: { id: answer.id } });
  assert.deepEqual(dig(own.message, 'context'), { from: USER, id: answer.id });
  const forwarded = await say({
    type: 'text',
    text: { body: 'z' },
    context: { forwarded: true, frequently_forwarded: true },
  });
  assert.deepEqual(dig(forwarded.message, 'context'), { forwarded: true, frequently_forwarded: true });
  const referral = {
    source_url: 'https://fb.me/1',
    source_id: '1',
    source_type: 'ad',
    headline: 'h',
    body: 'b',
    media_type: 'image',
    image_url: 'https://i',
    ctwa_clid: 'c',
    welcome_message: { text: 'hi' },
  };
  assert.deepEqual(dig((await say({ type: 'text', text: { body: 'x' }, referral })).message, 'referral'), referral);
});

async function download(url: unknown): Promise<Buffer> {
  const answer = await fetch(String(url), { headers: { authorization: `Bearer ${TOKEN}` } });
  assert.equal(answer.status, 200);
  return Buffer.from(await answer.arrayBuffer());
}

const FILES: [
  type: string,
  bytes: Buffer,
  mime: string,
  extra: Record<string, unknown>,
  expected: Record<string, unknown>,
][] = [
  ['image', JPEG, 'image/jpeg', { caption: 'a cat' }, { caption: 'a cat' }],
  ['video', PDF, 'video/mp4', { caption: 'c' }, { caption: 'c' }],
  ['audio', oggOf(1), 'audio/ogg; codecs=opus', { voice: true }, { voice: true }],
  ['audio', oggOf(1), 'audio/ogg', {}, { voice: false }],
  ['document', PDF, 'application/pdf', { filename: 'a.pdf', caption: 'c' }, { filename: 'a.pdf', caption: 'c' }],
  ['sticker', webpOf(512, 512, { isAnimated: true }), 'image/webp', {}, { animated: true }],
];
for (const [type, bytes, mime, extra, expected] of FILES) {
  test(`hands over ${type} ${JSON.stringify(extra)} with id, hash and a URL to its bytes, from base64`, async () => {
    const { message } = await say({ type, [type]: { ...extra, mime_type: mime, data: bytes.toString('base64') } });
    const { id, url, ...rest } = Object.fromEntries(Object.entries(dig(message, type) ?? {}));
    assert.deepEqual(rest, { ...expected, mime_type: mime, sha256: sha256(bytes) });
    assert.deepEqual(await download(url), bytes);
    const described = await sandbox.graph('GET', `/${id}`);
    assert.deepEqual(await download(dig(described.body, 'url')), bytes);
  });
}

test('takes a file from a form, from a link and from media that it has; each message has media of its own', async () => {
  const form = formOf(
    { message: JSON.stringify({ type: 'document', document: { caption: 'c' } }) },
    { bytes: PDF, type: 'application/pdf', name: 'form.pdf' },
  );
  const answer = await fetch(`${sandbox.url}/_sandbox/users/${USER}/messages`, { method: 'POST', body: form });
  assert.equal(answer.status, 201);
  const first = dig(await webhookOf(String(dig(await answer.json(), 'id'))), 'messages', 0, 'document');
  assert.equal(dig(first, 'filename'), 'form.pdf');
  const link = `${sandbox.url}/_sandbox/media/${dig(first, 'id')}`;
  const second = dig((await say({ type: 'document', document: { link } })).message, 'document');
  const third = dig((await say({ type: 'document', document: { id: dig(second, 'id') } })).message, 'document');
  assert.equal(new Set([first, second, third].map((each) => dig(each, 'id'))).size, 3);
  await sandbox.graph('DELETE', `/${dig(first, 'id')}`);
  for (const each of [second, third]) assert.deepEqual(await download(dig(each, 'url')), PDF);
});

test('keeps what users sent for 7 days', async () => {
  const { message } = await say({ type: 'image', image: { data: JPEG.toString('base64') } });
  const path = `/${dig(message, 'image', 'id')}`;
  await sandbox.control('POST', '/clock', { advanceSeconds: 7 * 86_400 - 60 });
  assert.equal((await sandbox.graph('GET', path)).status, 200);
  await sandbox.control('POST', '/clock', { advanceSeconds: 60 });
  assert.equal((await sandbox.graph('GET', path)).status, 400);
});

const WRONG: [what: string, fragment: Record<string, unknown>, field: string][] = [
  ['no file', { type: 'image', image: { caption: 'x' } }, 'image.link'],
  ['unknown media', { type: 'image', image: { id: '12345' } }, 'image.id'],
  ['a link to nothing', { type: 'image', image: { link: 'http://127.0.0.1:9/x' } }, 'image.link'],
  ['a PDF as image', { type: 'image', image: { data: PDF.toString('base64') } }, 'image.mime_type'],
  ['a caption on a sticker', { type: 'sticker', sticker: { caption: 'x' } }, 'sticker.caption'],
  ['an empty context', { type: 'text', text: { body: 'x' }, context: {} }, 'context'],
];
for (const [what, fragment, field] of WRONG) {
  test(`400 naming ${field} for ${what}`, async () => {
    const answer = await sandbox.control('POST', `/users/${USER}/messages`, fragment);
    assert.equal(answer.status, 400);
    assert.equal(dig(answer.body, 'error', 'field'), field);
  });
}

test('a hidden number is known by its user id alone: inbound, in answers and in their statuses', async () => {
  const made = await sandbox.control('PUT', `/users/${USER}`, { numberHidden: true, username: 'ana' });
  const userId = dig(made.body, 'userId');
  const { value, message } = await say({ type: 'text', text: { body: 'x' } });
  assert.equal(dig(message, 'from'), undefined);
  assert.equal(dig(message, 'from_user_id'), userId);
  assert.deepEqual(dig(value, 'contacts'), [
    { profile: { name: `User ${USER.slice(-4)}`, username: 'ana' }, user_id: userId },
  ]);
  const answer = await sandbox.graph('POST', `/${sandbox.phoneNumberId}/messages`, {
    messaging_product: 'whatsapp',
    recipient: userId,
    type: 'text',
    text: { body: 'hello' },
  });
  assert.deepEqual(dig(answer.body, 'contacts'), [{ input: userId, user_id: userId }]);
  const status = dig(await webhookOf(String(dig(answer.body, 'messages', 0, 'id'))), 'statuses', 0);
  assert.equal(dig(status, 'recipient_id'), undefined);
  assert.equal(dig(status, 'recipient_user_id'), userId);
});

test('a change of number is told without contacts, and the old number is no user any more', async () => {
  await say({ type: 'text', text: { body: 'x' } });
  const next = '441134960099';
  const changed = await sandbox.control('POST', `/users/${USER}/change-number`, { number: next });
  assert.equal(dig(changed.body, 'user', 'number'), next);
  const value = await webhookOf(String(dig(changed.body, 'ids', 0)));
  assert.equal(dig(value, 'contacts'), undefined);
  const message = dig(value, 'messages', 0);
  assert.deepEqual([dig(message, 'from'), dig(message, 'type')], [USER, 'system']);
  assert.deepEqual([dig(message, 'system', 'type'), dig(message, 'system', 'wa_id')], ['user_changed_number', next]);
  const wamid = await sandbox.sent();
  await until('failed', () => sandbox.callback.statuses(wamid).join() === 'failed');
  assert.equal(
    (await sandbox.control('POST', `/users/${USER}/messages`, { type: 'text', text: { body: 'x' } })).status,
    404,
  );
  assert.equal((await sandbox.control('POST', `/users/${next}/change-number`, { number: next })).status, 409);
});

test('an identity change is told, and the hash decides whether a message with one arrives', async () => {
  const identity = { acknowledged: true, created_timestamp: '1700000000', hash: 'h2' };
  const { value, message } = await say({
    type: 'system',
    system: { type: 'customer_identity_changed', body: 'changed' },
    identity,
  });
  assert.deepEqual(dig(message, 'identity'), identity);
  assert.equal(dig(value, 'contacts'), undefined);
  await sandbox.control('PUT', `/users/${USER}`, { identityHash: 'h2' });
  const unchecked = await say({ type: 'text', text: { body: 'hi' } });
  assert.equal(dig(unchecked.value, 'contacts', 0, 'identity_key_hash'), undefined);
  const check = { user_identity_change: { enable_identity_key_check: true } };
  assert.equal((await sandbox.graph('POST', `/${sandbox.phoneNumberId}/settings`, check)).status, 200);
  const right = await sandbox.sent(USER, { recipient_identity_key_hash: 'h2' });
  const wrong = await sandbox.sent(USER, { recipient_identity_key_hash: 'h1' });
  await until('read', () => sandbox.callback.statuses(right).includes('read'));
  await until('failed', () => sandbox.callback.statuses(wrong).join() === 'failed');
  assert.equal(dig(await webhookOf(wrong), 'statuses', 0, 'errors', 0, 'code'), 137000);
  assert.equal(dig(await webhookOf(right), 'contacts', 0, 'identity_key_hash'), 'h2');
});

test('failWith makes every message to the user fail with that code, until taken back', async () => {
  for (const code of [131051, 131049, 130472]) {
    await sandbox.control('PUT', `/users/${USER}`, { failWith: code });
    assert.equal(dig(await webhookOf(await sandbox.sent()), 'statuses', 0, 'errors', 0, 'code'), code);
  }
  assert.equal(dig((await sandbox.control('PUT', `/users/${USER}`, { failWith: null })).body, 'failWith'), null);
  const wamid = await sandbox.sent();
  await until('read', () => sandbox.callback.statuses(wamid).includes('read'));
});

test('the user reads up to a message, and sees that the business is typing', async () => {
  await sandbox.control('PUT', '/progress', { mode: 'immediate', readMs: null });
  const ids = [await sandbox.sent(), await sandbox.sent(), await sandbox.sent()];
  await until('delivered', () => ids.every((id) => sandbox.callback.statuses(id).includes('delivered')));
  const read = await sandbox.control('POST', `/users/${USER}/read`, { id: ids[1] });
  assert.deepEqual(dig(read.body, 'read'), ids.slice(0, 2));
  await until('read', () => sandbox.callback.statuses(ids[1] ?? '').includes('read'));
  assert.equal((await sandbox.control('POST', `/users/${USER}/read`, { id: 'wamid.none' })).status, 404);
  const { id } = await say({ type: 'text', text: { body: 'x' } });
  const typing = async () => list((await sandbox.control('GET', `/users/${USER}`)).body, 'typing').length;
  const mark = { messaging_product: 'whatsapp', status: 'read', message_id: id, typing_indicator: { type: 'text' } };
  await sandbox.graph('POST', `/${sandbox.phoneNumberId}/messages`, mark);
  assert.equal(await typing(), 1);
  await sandbox.control('POST', '/clock', { advanceSeconds: 25 });
  assert.equal(await typing(), 0);
  await sandbox.graph('POST', `/${sandbox.phoneNumberId}/messages`, mark);
  assert.equal(await typing(), 1);
  await sandbox.sent();
  assert.equal(await typing(), 0);
});
