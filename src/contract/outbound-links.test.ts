import assert from 'node:assert/strict';
import { test } from 'node:test';
import { messageTypeByName, messageTypes } from './messages/registry.js';
import { withLinks } from './outbound-links.js';

const rewrite = {
  text: (text: string, lengthMax: number): string => `${text}<${lengthMax}>`,
  url: (url: string): string => `<${url}>`,
};

function linkedOf(name: string, content: object): string {
  const wire = messageTypeByName(name)?.toWire(content, { acceptedAt: 0 });
  assert.ok(wire !== undefined);
  return JSON.stringify(withLinks(wire, rewrite));
}

test('rewrites texts, captions, bodies and URL buttons, each with what Meta takes', () => {
  const media = { mediaUrl: 'https://cdn.example/a', caption: 'c' };
  assert.match(linkedOf('TEXT', { text: 't' }), /"body":"t<4096>"/);
  for (const name of ['IMAGE', 'VIDEO', 'DOCUMENT'])
    assert.match(linkedOf(name, media), /"link":"https:\/\/cdn.example\/a","caption":"c<1024>"/);
  const button = {
    header: { type: 'TEXT', text: 'h' },
    body: { text: 'b' },
    action: { displayText: 'Open', url: 'https://a.example' },
    footer: { text: 'f' },
  };
  const linked = linkedOf('INTERACTIVE_URL_BUTTON', button);
  for (const part of ['"b<1024>"', '"<https://a.example>"', '"text":"h"', '"text":"f"'])
    assert.ok(linked.includes(part));
});

test('rewrites the bodies and buttons of cards', () => {
  const card = { header: { type: 'IMAGE', url: 'https://cdn.example/1' }, body: { text: 'c' } };
  const button = { displayText: 'Buy', url: 'https://a.example' };
  const cards = [
    { ...card, button },
    { ...card, button },
  ];
  const linked = linkedOf('INTERACTIVE_MEDIA_CAROUSEL', { body: { text: 'b' }, action: { type: 'URL', cards } });
  assert.equal(linked.split('"c<160>"').length, 3);
  assert.equal(linked.split('"<https://a.example>"').length, 3);
  assert.ok(linked.includes('"link":"https://cdn.example/1"'));
});

test('leaves every example as it is when nothing is rewritten', () => {
  for (const type of messageTypes.filter(({ isSendable }) => isSendable)) {
    const wire = type.toWire(type.example.content ?? {}, { acceptedAt: 0 });
    assert.deepEqual(withLinks(wire, { text: (text) => text, url: (url) => url }), wire, type.path);
  }
});
