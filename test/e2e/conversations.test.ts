// The customer service window as the admin API and `parley conversations` tell it.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { parley } from '../support/parley.js';
import { type Scene, startScene, type Tenant } from '../support/scene.js';
import { until } from '../support/until.js';

const HOUR_S = 3_600;

interface Window {
  sender: string;
  user: string;
  lastInboundAt: string | null;
  lastCallAt: string | null;
  windowOpenUntil: string | null;
  isOpen: boolean;
}

let scene: Scene;
let other: Tenant;
before(async () => {
  scene = await startScene();
  other = await scene.newTenant();
});
after(() => scene.stop());

async function speak(user: string): Promise<void> {
  const { phoneNumberId } = scene.world.info;
  const json = { type: 'text', text: { body: 'Hi' }, phoneNumberId };
  assert.equal((await scene.world.sandbox(`/_sandbox/users/${user}/messages`, { json })).status, 201);
}

function windowOf(user: string, sender = scene.world.info.sender): Promise<Window> {
  return scene.admin<Window>(`/conversations/${sender}/${user}`);
}

test('a user who never wrote has no window, one who writes opens it for 24 hours, and it closes by itself', async () => {
  const user = scene.newUser();
  const { sender } = scene.world.info;
  assert.deepEqual(await windowOf(user), {
    sender,
    user,
    lastInboundAt: null,
    lastCallAt: null,
    windowOpenUntil: null,
    isOpen: false,
  });
  await speak(user);
  const open = await until('the window is open', async () => {
    const found = await windowOf(`+${user}`);
    return found.isOpen ? found : undefined;
  });
  assert.equal(open.user, user);
  const { lastInboundAt, windowOpenUntil } = open;
  assert.ok(lastInboundAt !== null && windowOpenUntil !== null);
  assert.equal(Date.parse(windowOpenUntil) - Date.parse(lastInboundAt), 24 * HOUR_S * 1000);
  const { code, stdout } = await parley(['conversations', sender, user], { PARLEY_DATA_DIR: scene.world.dataDir });
  assert.deepEqual([code, stdout.includes(`open until ${windowOpenUntil}`)], [0, true], stdout);
  await scene.advance(25 * HOUR_S);
  assert.deepEqual(await windowOf(user), { ...open, isOpen: false });
});

test('a user who wrote to another number, or to nobody’s, is told of to its own account only', async () => {
  const user = scene.newUser();
  await speak(user);
  await until('the message is there', async () => (await windowOf(user)).lastInboundAt !== null);
  assert.equal((await windowOf(user, other.sender)).lastInboundAt, null);
  const { sender } = scene.world.info;
  const path = `/parley/1/conversations/${sender}/${user}`;
  assert.equal((await scene.world.api(path)).status, 200);
  assert.equal((await scene.world.api(path, { key: other.key })).status, 404);
  assert.equal((await scene.world.api(`/parley/1/conversations/1/${user}`)).status, 404);
  const wrong = await scene.world.api<{ errors: { field: string }[] }>(`/parley/1/conversations/${sender}/nobody`);
  assert.deepEqual([wrong.status, wrong.body.errors[0]?.field], [400, 'user']);
});

test('a call of a user opens the window as well, and no other call does', async () => {
  const { info } = scene.world;
  const user = scene.newUser();
  const now = Math.floor(Date.parse((await scene.admin<{ now: string }>('/dev/clock')).now) / 1000);
  const call = (fields: object): Promise<unknown> => {
    const metadata = { display_phone_number: info.sender, phone_number_id: info.phoneNumberId };
    const calls = [{ id: 'wacid.1', from: user, to: info.sender, event: 'connect', timestamp: String(now), ...fields }];
    const change = { field: 'calls', value: { messaging_product: 'whatsapp', metadata, calls } };
    return scene.postWebhook({ object: 'whatsapp_business_account', entry: [{ id: info.wabaId, changes: [change] }] });
  };
  await call({ direction: 'BUSINESS_INITIATED' });
  await call({ direction: 'USER_INITIATED', event: 'terminate', status: 'COMPLETED' });
  await call({ direction: 'USER_INITIATED', from: 'nobody' });
  assert.equal((await windowOf(user)).isOpen, false);
  await call({ direction: 'USER_INITIATED' });
  await call({ direction: 'USER_INITIATED', timestamp: String(now - 100) });
  const { lastInboundAt, lastCallAt, windowOpenUntil, isOpen } = await windowOf(user);
  assert.deepEqual(
    [lastInboundAt, Date.parse(lastCallAt ?? ''), Date.parse(windowOpenUntil ?? ''), isOpen],
    [null, now * 1000, (now + 24 * HOUR_S) * 1000, true],
  );
});
