// Several gateway processes on one database count together: rate limits, and wrong passwords.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLog } from '../../src/lib/log.js';
import { openDatabase } from '../../src/store/database.js';
import { lifeOf, startSharedDatabase, startWorld } from '../support/ledger-shared.js';
import { at } from '../support/requests-texts.js';
import { until } from '../support/until.js';

test('two processes hold an account to one limit by the second and by the hour, and lock out who guesses at either', async (t) => {
  const life = lifeOf(t);
  const databaseUrl = await startSharedDatabase(life);
  const world = await startWorld(life, [{}, {}], { databaseUrl, senders: 1 });
  const database = openDatabase({ url: databaseUrl, log: createLog('silent'), connectionsMax: 1 });
  life.add('sql', () => database.stop());
  const owners = { name: '', text: 'SELECT DISTINCT owner FROM ownership WHERE kind = 1 AND owner IS NOT NULL' };
  await until('each knows of the other', async () => (await database.run(owners, [])).length === 2);
  const urls = world.gateways().map(({ url }) => url);
  const { body: account } = await world.call(world.api, '/parley/1/accounts', {
    name: 'busy',
    rateLimits: { media: '1/s burst 40', 'media-removal': '3/h' },
  });
  const accountPath = `/parley/1/accounts/${at(account, 'accountId')}`;
  for (const username of ['guessed', 'quiet'])
    await world.call(world.api, `${accountPath}/users`, { username, password: `password of ${username}` });
  // Made last: who knows it knows the users too.
  const { body: key } = await world.call(world.api, `${accountPath}/keys`, { name: 'busy' });
  const call = async (base: string, authorization: string, path: string, method = 'GET'): Promise<number> => {
    const answer = await fetch(`${base}${path}`, { method, headers: { authorization } });
    await answer.arrayBuffer();
    return answer.status;
  };
  const media = '/whatsapp/1/senders/441134961001/media';
  const reports = '/messages-api/1/reports';
  const app = `App ${at(key, 'apiKeySecret')}`;
  for (const url of urls) await until('the key is known', async () => (await call(url, app, reports)) === 200);

  const startedAt = performance.now();
  const statuses = await Promise.all(
    urls.flatMap((url) => Array.from({ length: 60 }, () => call(url, app, `${media}/none`))),
  );
  const seconds = (performance.now() - startedAt) / 1_000;
  const passed = statuses.filter((status) => status !== 429).length;
  // Alone each would let 40 pass. Two halves may each round up by one.
  assert.ok(passed >= 40 && passed <= 42 + seconds, `${passed} in ${seconds} s`);
  const removals = await Promise.all(urls.flatMap((url) => [1, 2, 3].map(() => call(url, app, media, 'DELETE'))));
  assert.equal(removals.filter((status) => status !== 429).length, 3);

  const basic = (name: string, password: string): string =>
    `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}`;
  const guesses: number[] = [];
  for (let i = 0; i < 12; i += 1)
    guesses.push(await call(urls[i % 2] ?? '', basic('guessed', `guess number ${i}`), reports));
  assert.deepEqual([guesses.slice(0, 10), guesses.slice(10)], [Array(10).fill(401), [429, 429]]);
  for (const url of urls) {
    assert.equal(await call(url, basic('guessed', 'password of guessed'), reports), 429);
    assert.equal(await call(url, basic('quiet', 'password of quiet'), reports), 200);
  }
});
