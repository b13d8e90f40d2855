import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createPasswords, PasswordsBusy } from './passwords.js';

test('knows the password it hashed, no other, and nobody’s', async () => {
  const passwords = createPasswords(2);
  const hashed = await passwords.hash('correct horse');
  assert.match(hashed, /^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
  assert.notEqual(await passwords.hash('correct horse'), hashed);
  assert.equal(await passwords.verify(hashed, 'correct horse'), true);
  assert.equal(await passwords.verify(hashed, 'correct horsf'), false);
  assert.equal(await passwords.verify(undefined, 'nobody'), false);
});

test('lets some wait and refuses more, then goes on', async () => {
  const passwords = createPasswords(1);
  const hashed = await passwords.hash('x');
  const outcomes = await Promise.allSettled(Array.from({ length: 70 }, () => passwords.verify(hashed, 'x')));
  const refused = outcomes.filter((outcome) => outcome.status === 'rejected');
  assert.equal(refused.length, 5);
  assert.ok(refused.every(({ reason }) => reason instanceof PasswordsBusy));
  assert.equal(await passwords.verify(hashed, 'x'), true);
});
