import assert from 'node:assert/strict';
import { test } from 'node:test';
import { withLinkIds } from '../messages/template-links.js';
import { structureFromWire } from './from-wire.js';
import { fitTemplate, shapeOf } from './shape.js';
import { destinationsOf, earlierOf, hostOf, shortLinksOf } from './short-urls.js';
import type { DefaultStructure } from './structure.js';
import { componentsToWire } from './to-wire.js';

const fixed = { type: 'URL' as const, text: 'Shop', url: 'https://shop.example/home' };
const dynamic = { type: 'URL' as const, text: 'Track', url: 'https://shop.example/t/{{1}}', example: '77' };
const reply = { type: 'QUICK_REPLY' as const, text: 'Stop' };
const card = { header: { format: 'IMAGE' as const }, body: { text: 'Card.' }, buttons: [dynamic, reply] };
const structure: DefaultStructure = {
  body: { text: 'Hi.' },
  buttons: [reply, fixed, dynamic],
  shorteningOptions: { customDomain: 'Go.Shop.example' },
};
const cards: DefaultStructure = {
  body: { text: 'Hi.' },
  carousel: { cards: [card, { ...card, buttons: [fixed, reply] }] },
  shorteningOptions: { customDomain: 'bücher.example' },
};
const shortening = { customDomain: 'Go.Shop.example', destinations: destinationsOf(structure) };
const number = (): ((url: string) => string) => {
  let next = 0;
  return (url) => `${next++}:${url}`;
};

test('Meta knows short URLs with an example, and no others', () => {
  const text = JSON.stringify(componentsToWire(structure));
  assert.equal(text.split('"url":"https://go.shop.example/{{1}}","example":["https://go.shop.example/').length, 3);
  assert.ok(!text.includes('shop.example/home') && !text.includes('/t/'));
  assert.match(JSON.stringify(componentsToWire(cards)), /"https:\/\/xn--bcher-kva\.example\/\{\{1\}\}"/);
});

test('messages bring what changes, and each button gets a link in the order of the template', () => {
  const components = componentsToWire(structure);
  const shortLinks = shortLinksOf(components, shortening);
  const templateData = { body: { placeholders: [] }, buttons: [{ type: 'URL' as const, parameter: 'x78' }] };
  const fit = fitTemplate(shapeOf(components, { destinations: shortLinks?.urls }), templateData);
  assert.ok(fit.fits && shortLinks !== undefined);
  const content = { templateName: 'a', language: 'en', templateData, places: fit.places, shortLinks };
  const { templateData: filled, places } = withLinkIds(content, number());
  assert.deepEqual(filled.buttons, [
    { type: 'URL', parameter: '0:https://shop.example/home' },
    { type: 'URL', parameter: '1:https://shop.example/t/x78' },
  ]);
  assert.deepEqual(places, [1, 2]);
  const wrong = { ...templateData, buttons: [{ type: 'URL' as const, parameter: 'a' }, ...templateData.buttons] };
  assert.equal(fitTemplate(shapeOf(components, { destinations: shortLinks.urls }), wrong).fits, false);
});

test('cards have links of their own', () => {
  const components = componentsToWire(cards);
  const shortLinks = shortLinksOf(components, { customDomain: 'bücher.example', destinations: destinationsOf(cards) });
  const header = { type: 'IMAGE' as const, mediaUrl: 'https://cdn.example/1.png' };
  const templateData = {
    body: { placeholders: [] },
    carousel: { cards: [{ header, buttons: [{ type: 'URL' as const, parameter: 'x1' }] }, { header }] },
  };
  const fit = fitTemplate(shapeOf(components, { destinations: shortLinks?.urls }), templateData);
  assert.ok(fit.fits && shortLinks !== undefined, JSON.stringify(fit));
  const content = { templateName: 'a', language: 'en', templateData, cardPlaces: fit.cardPlaces, shortLinks };
  const filled = withLinkIds(content, number());
  assert.deepEqual(
    filled.templateData.carousel?.cards.map(({ buttons }) => buttons),
    [
      [{ type: 'URL', parameter: '0:https://shop.example/t/x1' }],
      [{ type: 'URL', parameter: '1:https://shop.example/home' }],
    ],
  );
  assert.deepEqual(filled.cardPlaces, [[0], [0]]);
});

test('reads show both URLs, and no placeholder that messages do not fill', () => {
  const { buttons } = structureFromWire(componentsToWire(structure), shortening);
  assert.deepEqual(buttons, [
    reply,
    { type: 'URL', text: 'Shop', url: 'https://go.shop.example/', destinationUrl: 'https://shop.example/home' },
    {
      type: 'URL',
      text: 'Track',
      url: 'https://go.shop.example/{{1}}',
      destinationUrl: 'https://shop.example/t/{{1}}',
    },
  ]);
});

test('an edit that Meta has not approved changes nothing of what is sent', () => {
  const { shorteningOptions: _, ...plain } = structure;
  const [short, long] = [componentsToWire(structure), componentsToWire(plain)];
  // Short links were added: what is approved has none yet.
  assert.equal(shortLinksOf(long, shortening), undefined);
  // They were removed, or went to another domain: what is approved has them still.
  assert.deepEqual(shortLinksOf(short, { earlier: earlierOf(undefined, shortening) }), shortLinksOf(short, shortening));
  const moved = { customDomain: 'new.example', destinations: {}, earlier: earlierOf('new.example', shortening) };
  assert.equal(shortLinksOf(short, moved)?.domain, 'Go.Shop.example');
  assert.equal(earlierOf('Go.Shop.example', shortening), undefined);
  assert.deepEqual(earlierOf(undefined, { earlier: shortening }), shortening);
});

test('a domain is a host with a dot', () => {
  assert.equal(hostOf('BÜCHER.example'), 'xn--bcher-kva.example');
  for (const text of [
    'localhost',
    'a b.example',
    'https://a.example',
    'a.example:80',
    'a.example/x',
    'u@a.example',
    '',
  ])
    assert.equal(hostOf(text), undefined, text);
});
