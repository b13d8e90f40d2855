import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLockout } from '../lib/lockout.js';
import { createCallerAddress } from '../lib/networks.js';
import type { DirectoryKey } from '../store/directory.js';
import { type Authenticator, createAuthenticator } from './authenticate.js';

const KEY: DirectoryKey = {
  id: '1',
  kind: 'admin',
  account: null,
  scopes: null,
  allowedIps: [],
  validFrom: null,
  validTo: null,
  permissions: ['PUBLIC_API'],
  isConfigured: false,
  platform: [],
};

function scene(isLocking = true): {
  clock: { now: number };
  keys: Map<string, DirectoryKey>;
  change(): void;
  authenticator: Authenticator;
} {
  const clock = { now: 1_000 };
  const keys = new Map<string, DirectoryKey>([
    ['made', KEY],
    ['chosen', { ...KEY, id: 'configured-admin', isConfigured: true }],
  ]);
  const listeners: (() => void)[] = [];
  const nobody = (): never => {
    throw new Error('no users here');
  };
  const authenticator = createAuthenticator({
    directory: {
      keyOf: (secret) => keys.get(secret),
      account: () => undefined,
      onChange(listener) {
        listeners.push(listener);
        return () => undefined;
      },
    },
    clock: { now: () => clock.now },
    callerAddress: createCallerAddress([]),
    logins: { check: nobody },
    tokens: { openSession: nobody, closeSession: nobody, issue: nobody, userOf: nobody },
    lockout: isLocking ? createLockout(() => clock.now) : undefined,
    count: () => undefined,
  });
  const change = (): void => {
    for (const listener of listeners) listener();
  };
  return { clock, keys, authenticator, change };
}

async function statusOf({ authenticator }: { authenticator: Authenticator }, key: string, remoteAddress = '192.0.2.1') {
  const outcome = await authenticator.authenticate({ headers: { authorization: `App ${key}` }, remoteAddress });
  return 'status' in outcome ? outcome.status : 200;
}

test('an address that guesses keys is told the same of wrong ones and of one that people chose; keys with 256 bits go on', async () => {
  const on = scene();
  assert.equal(await statusOf(on, 'chosen'), 200);
  for (let i = 0; i < 100; i += 1) assert.equal(await statusOf(on, `guess-${i}`), 401);
  assert.deepEqual(
    [await statusOf(on, 'guess'), await statusOf(on, 'chosen'), await statusOf(on, 'made')],
    [429, 429, 200],
  );
  assert.deepEqual([await statusOf(on, 'chosen', '192.0.2.2'), await statusOf(on, 'x', '192.0.2.2')], [200, 401]);
  on.clock.now += 60_000;
  assert.equal(await statusOf(on, 'chosen'), 200);
});

test('in dev wrong keys lock nobody out', async () => {
  const on = scene(false);
  for (let i = 0; i < 200; i += 1) assert.equal(await statusOf(on, `guess-${i}`), 401);
  assert.equal(await statusOf(on, 'chosen'), 200);
});

test('a key that was taken away is refused from the next change on, one that runs out at its time', async () => {
  const on = scene();
  on.keys.set('short', { ...KEY, validTo: 2_000 });
  assert.deepEqual([await statusOf(on, 'made'), await statusOf(on, 'short')], [200, 200]);
  on.keys.delete('made');
  on.change();
  on.clock.now = 2_000;
  assert.deepEqual([await statusOf(on, 'made'), await statusOf(on, 'short')], [401, 401]);
});

test('reads the scheme in any case, and nothing that only looks like it', async () => {
  const { authenticator } = scene();
  const read = async (authorization: string | undefined): Promise<number> => {
    const headers = authorization === undefined ? {} : { authorization };
    const outcome = await authenticator.authenticate({ headers, remoteAddress: undefined });
    return 'status' in outcome ? outcome.status : 200;
  };
  for (const right of ['App made', 'app made', 'APP   made ']) assert.equal(await read(right), 200, right);
  for (const wrong of [undefined, '', 'App', 'App ', 'Appmade', ' App made', 'App made x', 'made', 'Key made'])
    assert.equal(await read(wrong), 401, String(wrong));
});
