import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createFeed } from './feed.js';

const idsOf = (stretch: { changes: { id: string }[] } | undefined) => stretch?.changes.map(({ id }) => id);

test('tells each changed record once, in the order of its last change', () => {
  const feed = createFeed();
  feed.listen(() => {});
  for (const id of ['1', '2', '1', '3']) feed.touch('messages', id);
  assert.deepEqual(feed.since(0, 10), {
    changes: ['2', '1', '3'].map((id) => ({ table: 'messages', id })),
    position: 4,
  });
  assert.deepEqual(idsOf(feed.since(3, 10)), ['3']);
  assert.deepEqual(feed.since(4, 10), { changes: [], position: 4 });
});

test('goes on where a full stretch ended', () => {
  const feed = createFeed();
  feed.listen(() => {});
  for (let id = 0; id < 5; id++) feed.touch('users', String(id));
  const first = feed.since(0, 2);
  assert.deepEqual(idsOf(first), ['0', '1']);
  assert.deepEqual(idsOf(feed.since(first?.position ?? 0, 10)), ['2', '3', '4']);
});

test('says so when changes are forgotten, and when the position is not its own', () => {
  const feed = createFeed(4);
  feed.listen(() => {});
  for (let id = 0; id < 5; id++) feed.touch('users', String(id));
  assert.equal(feed.since(0, 10), undefined);
  assert.deepEqual(idsOf(feed.since(2, 10)), ['2', '3', '4']);
  assert.equal(feed.since(6, 10), undefined);
});

test('remembers nothing until somebody listens, and everything from then on', () => {
  const feed = createFeed();
  feed.touch('users', 'early');
  assert.equal(feed.since(0, 10), undefined);
  let heard = 0;
  const stop = feed.listen(() => {
    heard += 1;
  });
  feed.touch('users', 'a');
  stop();
  feed.touch('users', 'b');
  assert.equal(heard, 1);
  assert.deepEqual(idsOf(feed.since(0, 10)), ['a', 'b']);
});
