import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLinkIds, readLinkId } from './link-id.js';

const MESSAGE = '01999999-0000-7000-8000-000000000001';
const idOf = createLinkIds(Buffer.alloc(32, 1));

test('gives a link of a message the same id every time, and every other link another', () => {
  const ids = [0, 1, 2, 300].map((place) => idOf(MESSAGE, place));
  assert.deepEqual(
    ids,
    [0, 1, 2, 300].map((place) => createLinkIds(Buffer.alloc(32, 1))(MESSAGE, place)),
  );
  const others = [
    idOf(MESSAGE, 0, 1),
    createLinkIds(Buffer.alloc(32, 2))(MESSAGE, 0),
    idOf(MESSAGE.replace(/1$/, '2'), 0),
  ];
  assert.equal(new Set([...ids, ...others]).size, 7);
});

test('uses all 32 characters at all 12 places', () => {
  const seen = Array.from({ length: 12 }, () => new Set<string>());
  for (let place = 0; place < 2_000; place += 1) {
    const id = idOf(MESSAGE, place);
    assert.equal(readLinkId(id), id);
    for (const [i, character] of [...id].entries()) seen[i]?.add(character);
  }
  assert.deepEqual(
    seen.map(({ size }) => size),
    seen.map(() => 32),
  );
});

test('reads an id whatever its case and however 0 and 1 were taken', () => {
  assert.equal(readLinkId('0123ABCDefgh'), '0123abcdefgh');
  assert.equal(readLinkId('oIlOabcdefgh'), '0110abcdefgh');
  for (const text of [
    '',
    '0123abcdefg',
    '0123abcdefghj',
    '0123abcdefgu',
    '0123abcd-fgh',
    '0123abcdéfgh',
    'İ123abcdefgh',
  ])
    assert.equal(readLinkId(text), undefined, text);
});
