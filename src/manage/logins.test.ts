import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLockout } from '../lib/lockout.js';
import { createLog } from '../lib/log.js';
import { PasswordsBusy } from '../lib/passwords.js';
import { createLogins, type Logins } from './logins.js';

const user = { id: 1, account: 1, username: 'ann', password: 'hash of right', scopes: null };

interface Scene {
  clock: { now: number };
  state: { stored: string; isBusy: boolean; hashed: number; sharedMs: number; noted: number };
  logins: Logins;
}

function scene(): Scene {
  const clock = { now: 1_000 };
  const state = { stored: user.password, isBusy: false, hashed: 0, sharedMs: 0, noted: 0 };
  const monotonic = (): number => clock.now;
  const logins = createLogins({
    directory: { userOf: (name) => (name === 'ann' ? { ...user, password: state.stored } : undefined) },
    clock: { monotonic },
    lockout: createLockout(monotonic),
    shared: {
      wait: async () => state.sharedMs,
      async wrongPassword() {
        state.noted += 1;
      },
    },
    log: createLog('silent'),
    passwords: {
      hash: () => Promise.reject(new Error('not used')),
      async verify(hashed, password) {
        if (state.isBusy) throw new PasswordsBusy('busy');
        state.hashed += 1;
        return hashed === `hash of ${password}`;
      },
    },
  });
  return { clock, state, logins };
}

const kindOf = async ({ logins }: Scene, password: string, address = 'a', name = 'ann'): Promise<string> =>
  (await logins.check(name, password, address)).kind;

test('hashes a right password once a minute and address, and once for many requests at once', async () => {
  const on = scene();
  const kinds = await Promise.all(Array.from({ length: 50 }, () => kindOf(on, 'right')));
  assert.deepEqual([...new Set(kinds), on.state.hashed], ['right', 1]);
  on.clock.now += 59_999;
  assert.equal(await kindOf(on, 'right'), 'right');
  assert.equal(on.state.hashed, 1);
  on.clock.now += 1;
  assert.equal(await kindOf(on, 'right'), 'right');
  assert.equal(on.state.hashed, 2);
  assert.equal(await kindOf(on, 'right', 'b'), 'right');
  assert.equal(on.state.hashed, 3);
});

test('forgets what it remembered when the password is another', async () => {
  const on = scene();
  assert.equal(await kindOf(on, 'right'), 'right');
  on.state.stored = 'hash of new';
  assert.equal(await kindOf(on, 'right'), 'wrong');
  assert.equal(await kindOf(on, 'new'), 'right');
});

test('takes as long for a name that nobody has, and counts it', async () => {
  const on = scene();
  for (let i = 0; i < 10; i += 1) assert.equal(await kindOf(on, 'x', 'a', 'nobody'), 'wrong');
  assert.equal(on.state.hashed, 10);
  assert.equal(await kindOf(on, 'x', 'a', 'nobody'), 'wait');
});

test('a locked address is told nothing, not even by what is remembered, and nothing is hashed for it', async () => {
  const on = scene();
  assert.equal(await kindOf(on, 'right'), 'right');
  for (let i = 0; i < 10; i += 1) assert.equal(await kindOf(on, `guess ${i}`), 'wrong');
  const { hashed } = on.state;
  assert.deepEqual([await kindOf(on, 'right'), await kindOf(on, 'guess')], ['wait', 'wait']);
  assert.equal(on.state.hashed, hashed);
});

test('what other processes counted locks too, before anything is hashed, and what is wrong here is told to them', async () => {
  const on = scene();
  assert.equal(await kindOf(on, 'guess'), 'wrong');
  assert.deepEqual([on.state.noted, on.state.hashed], [1, 1]);
  on.state.sharedMs = 5_000;
  assert.deepEqual(await on.logins.check('ann', 'right', 'a'), { kind: 'wait', waitMs: 5_000 });
  assert.deepEqual([on.state.noted, on.state.hashed], [1, 1]);
  on.state.sharedMs = 0;
  assert.equal(await kindOf(on, 'right'), 'right');
});

test('a name under attack from everywhere stays open to who knows its password', async () => {
  const on = scene();
  assert.equal(await kindOf(on, 'right', 'home'), 'right');
  for (let i = 0; i < 100; i += 1) await kindOf(on, 'guess', `attacker-${i}`);
  assert.equal(await kindOf(on, 'right', 'stranger'), 'wait');
  on.clock.now += 61_000;
  for (let i = 0; i < 100; i += 1) await kindOf(on, 'guess', `attacker-${i}`);
  assert.equal(await kindOf(on, 'right', 'home'), 'right');
});

test('asks to come again when too many passwords wait, and counts no failure', async () => {
  const on = scene();
  on.state.isBusy = true;
  for (let i = 0; i < 30; i += 1)
    assert.deepEqual(await on.logins.check('ann', 'right', 'a'), { kind: 'wait', waitMs: 1_000 });
  on.state.isBusy = false;
  assert.equal(await kindOf(on, 'right'), 'right');
});
