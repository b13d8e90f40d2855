import assert from 'node:assert/strict';
import { test } from 'node:test';
import { messageTypes } from './messages/registry.js';
import { keyOfLink, linksOf, mimeTypeOf, withMediaIds } from './outbound-media.js';

test('finds the files of every message type that links to one, and puts ids in their place', () => {
  const found: Record<string, string[]> = {};
  for (const type of messageTypes) {
    if (!type.isSendable) continue;
    const wire = type.toWire(type.example.content ?? {}, { acceptedAt: 0 });
    const links = linksOf(wire);
    // Nothing that Meta would fetch is overlooked.
    assert.equal(links.length > 0, JSON.stringify(wire).includes('"link":'), type.type);
    if (links.length > 0) found[type.type] = links.map(({ kind }) => kind);
    const replaced = JSON.stringify(withMediaIds(wire, new Map(links.map((link) => [keyOfLink(link), 'media-1']))));
    assert.ok(!replaced.includes('"link":'), type.type);
    assert.deepEqual(withMediaIds(wire, new Map()), wire);
  }
  for (const type of ['IMAGE', 'VIDEO', 'AUDIO', 'DOCUMENT', 'STICKER', 'INTERACTIVE_MEDIA_CAROUSEL'])
    assert.ok(found[type] !== undefined, type);
});

test('what is beside a link stays, and what a customer keeps in a flow is no link', () => {
  const document = { link: 'https://a.example/x', caption: 'C', filename: 'f.pdf' };
  const ids = new Map([['document https://a.example/x', '7']]);
  assert.deepEqual(withMediaIds({ type: 'document', document }, ids), {
    type: 'document',
    document: { id: '7', caption: 'C', filename: 'f.pdf' },
  });
  const parameters = { flow_action_payload: { data: { image: { link: 'https://a.example/mine' } } } };
  const wire = { type: 'interactive', interactive: { type: 'flow', action: { name: 'flow', parameters } } };
  assert.deepEqual(linksOf(wire), []);
  const template = { components: [{ type: 'header', parameters: [{ type: 'image', image: { link: 'https://t' } }] }] };
  assert.deepEqual(linksOf({ type: 'template', template }), [{ kind: 'image', url: 'https://t' }]);
});

test('the type is what the host says, or what the name ends with when it says nothing', () => {
  assert.equal(mimeTypeOf('audio/ogg; codecs=opus', '/a.png'), 'audio/ogg; codecs=opus');
  assert.equal(mimeTypeOf(undefined, '/a/b.PNG'), 'image/png');
  assert.equal(mimeTypeOf('application/octet-stream', '/b.pdf'), 'application/pdf');
  assert.equal(mimeTypeOf('', '/b.constructor'), undefined);
  assert.equal(mimeTypeOf(undefined, '/b'), undefined);
});
