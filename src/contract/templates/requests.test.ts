import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readTemplateEdit, readTemplateRequest, validityFromSeconds, validitySeconds } from './requests.js';
import { v1ToV2 } from './v1.js';

const url = { type: 'URL', text: 'Open', url: 'https://shop.example/{{1}}', example: 'https://shop.example/7' };
const reply = { type: 'QUICK_REPLY', text: 'Yes' };
const image = { format: 'IMAGE', example: 'https://cdn.example/1.png' };
const card = { header: image, body: { text: 'One' }, buttons: [reply] };
const body = { text: 'Hello there.' };

function request(structure: object, category = 'MARKETING', more: object = {}): object {
  return { name: 'offer_1', language: 'en_GB', category, structure, ...more };
}

function wrongFields(given: unknown): string[] {
  const read = readTemplateRequest(given);
  return read.ok ? [] : Object.keys(read.violations);
}

const RIGHT: Record<string, object> = {
  'a body': request({ body }),
  'placeholders in order with examples': request({
    body: { text: 'Dear {{1}}, order {{2}} is out.', examples: ['Lea', '77'] },
  }),
  'a text header with a placeholder': request({ header: { format: 'TEXT', text: 'Order {{1}}', example: '77' }, body }),
  'a location header': request({ header: { format: 'LOCATION' }, body }, 'UTILITY'),
  'all kinds of header file': request({ header: { format: 'DOCUMENT', example: 'https://cdn.example/1.pdf' }, body }),
  'every button that may stand beside others': request({
    body,
    buttons: [reply, reply, url, { type: 'PHONE_NUMBER', text: 'Call', phoneNumber: '+441134960000' }],
  }),
  'quick replies after the others': request({ body, buttons: [url, reply] }),
  'a catalog button': request({ body, buttons: [{ type: 'CATALOG' }] }),
  'a flow': request({
    body,
    buttons: [{ type: 'FLOW', text: 'Book', flowId: 123, flowAction: 'NAVIGATE', navigateScreen: 'START' }],
  }),
  'a voice call': request({ body, buttons: [{ type: 'VOICE_CALL', text: 'Call', callValidityPeriod: 1440 }] }),
  'an order': request({ body, buttons: [{ type: 'ORDER_DETAILS', variant: 'BRAZIL' }] }, 'UTILITY'),
  'a carousel': request({ body, carousel: { cards: [card, card] } }),
  'an offer': request({
    body,
    limitedTimeOffer: { text: 'Ends soon', hasExpiration: true },
    buttons: [{ type: 'COPY_CODE', example: 'MAY10' }, url],
  }),
  'a call permission request': request({ body, callPermissionRequest: {} }),
  'short links of a static URL': request({
    body,
    buttons: [{ type: 'URL', text: 'Shop', url: 'https://shop.example' }],
    shorteningOptions: { customDomain: 'bücher.example' },
  }),
  'short links': request({ body, buttons: [url], shorteningOptions: { customDomain: 'go.shop.example' } }),
  'what older clients still send': request({ body, type: 'TEXT' }, 'MARKETING', { allowCategoryChange: true }),
  'a code to copy': request(
    { body: { addSecurityRecommendation: true }, footer: {}, buttons: [{ otpType: 'COPY_CODE', text: 'Copy' }] },
    'AUTHENTICATION',
    { validityPeriod: { amount: 5 } },
  ),
  'a code for one tap': request(
    {
      body: {},
      footer: { codeExpirationMinutes: 5 },
      buttons: [{ otpType: 'ONE_TAP', packageName: 'com.shop', signatureHash: 'AbCdEf12345' }],
    },
    'AUTHENTICATION',
    { validityPeriod: { amount: -1 } },
  ),
  'a code for no tap': request(
    {
      body: {},
      footer: {},
      buttons: [
        { otpType: 'ZERO_TAP', packageName: 'com.shop', signatureHash: 'AbCdEf12345', zeroTapTermsAccepted: true },
      ],
    },
    'AUTHENTICATION',
  ),
  'authentication with a text of its own': request(
    { body: { text: 'Your code is {{1}}.', examples: ['1'] } },
    'AUTHENTICATION',
  ),
};

for (const [what, given] of Object.entries(RIGHT)) {
  test(`takes ${what}`, () => {
    const read = readTemplateRequest(given);
    assert.deepEqual(read.ok ? [] : read.violations, []);
  });
}

const text = (value: string, examples?: string[]): object =>
  request({ body: examples === undefined ? { text: value } : { text: value, examples } });
const buttons = (...list: object[]): object => request({ body, buttons: list });
const long = (length: number): string => 'x'.repeat(length);

const oneTap = (fields: object): object => {
  const button = { otpType: 'ONE_TAP', packageName: 'com.shop', signatureHash: 'AbCdEf12345', ...fields };
  return request({ body: {}, footer: {}, buttons: [button] }, 'AUTHENTICATION');
};

const WRONG: [string, object, string][] = [
  ['a code button of two lines', oneTap({ text: 'Copy\nit' }), 'structure.buttons[0].text'],
  ['a placeholder on a code button', oneTap({ text: 'Copy {{1}}' }), 'structure.buttons[0].text'],
  ['an autofill button of two lines', oneTap({ autofillText: 'Fill\nin' }), 'structure.buttons[0].autofillText'],
  ['a name in capitals', { ...request({ body }), name: 'Offer' }, 'name'],
  ['a language that is none', { ...request({ body }), language: 'xx' }, 'language'],
  ['the language of reads', { ...request({ body }), language: 'unknown' }, 'language'],
  ['a category that is none', request({ body }, 'OTP'), 'category'],
  ['a structure without body', request({}), 'structure.body'],
  ['a body that is too long', text(long(1025)), 'structure.body.text'],
  ['placeholders out of order', text('Dear {{2}}, order {{1}} is out.', ['a', 'b']), 'structure.body.text'],
  ['placeholders that skip', text('Dear {{1}}, order {{3}} is out.', ['a', 'b']), 'structure.body.text'],
  ['named placeholders', text('Dear {{name}}, hello.', ['a']), 'structure.body.text'],
  ['braces that are no placeholder', text('Dear {{1}, hello.'), 'structure.body.text'],
  ['a placeholder at the start', text('{{1}} is out.', ['a']), 'structure.body.text'],
  ['a placeholder at the end', text('Out is {{1}}', ['a']), 'structure.body.text'],
  ['two placeholders side by side', text('Dear {{1}} {{2}}, hello.', ['a', 'b']), 'structure.body.text'],
  ['too few examples', text('Dear {{1}}, order {{2}} is out.', ['a']), 'structure.body.examples'],
  ['examples without placeholders', text('Hello.', ['a']), 'structure.body.examples'],
  [
    'two placeholders in a header',
    request({ header: { format: 'TEXT', text: '{{1}} a {{2}}', example: 'a' }, body }),
    'structure.header.text',
  ],
  [
    'a header placeholder without example',
    request({ header: { format: 'TEXT', text: 'A {{1}}' }, body }),
    'structure.header.example',
  ],
  ['a header that is too long', request({ header: { format: 'TEXT', text: long(61) }, body }), 'structure.header.text'],
  ['a header file without example', request({ header: { format: 'VIDEO' }, body }), 'structure.header.example'],
  [
    'an example that is no URL',
    request({ header: { format: 'IMAGE', example: 'a.png' }, body }),
    'structure.header.example',
  ],
  [
    'a GIF outside marketing',
    request({ header: { ...image, format: 'GIF' }, body }, 'UTILITY'),
    'structure.header.format',
  ],
  ['a footer with a placeholder', request({ body, footer: { text: 'By {{1}} only' } }), 'structure.footer.text'],
  ['a footer that is too long', request({ body, footer: { text: long(61) } }), 'structure.footer.text'],
  ['eleven buttons', buttons(...Array.from({ length: 11 }, () => reply)), 'structure.buttons'],
  ['three URL buttons', buttons(url, url, url), 'structure.buttons'],
  [
    'two phone buttons',
    buttons(...[1, 2].map(() => ({ type: 'PHONE_NUMBER', text: 'Call', phoneNumber: '441134960000' }))),
    'structure.buttons',
  ],
  ['quick replies among others', buttons(url, reply, url), 'structure.buttons'],
  ['a catalog beside others', buttons({ type: 'CATALOG' }, reply), 'structure.buttons'],
  [
    'a URL with its placeholder inside',
    buttons({ ...url, url: 'https://shop.example/{{1}}/x' }),
    'structure.buttons[0].url',
  ],
  ['a URL with its placeholder in the host', buttons({ ...url, url: 'https://{{1}}' }), 'structure.buttons[0].url'],
  ['a URL that is none', buttons({ ...url, url: 'shop/{{1}}' }), 'structure.buttons[0].url'],
  [
    'a URL placeholder without example',
    buttons({ type: 'URL', text: 'A', url: url.url }),
    'structure.buttons[0].example',
  ],
  ['a button label that is too long', buttons({ ...reply, text: long(26) }), 'structure.buttons[0].text'],
  [
    'a phone button without number',
    buttons({ type: 'PHONE_NUMBER', text: 'Call', phoneNumber: 'home' }),
    'structure.buttons[0].phoneNumber',
  ],
  ['a code without example', buttons({ type: 'COPY_CODE' }), 'structure.buttons[0].example'],
  [
    'a flow that navigates nowhere',
    buttons({ type: 'FLOW', text: 'A', flowId: 1, flowAction: 'NAVIGATE' }),
    'structure.buttons[0].navigateScreen',
  ],
  [
    'a flow that asks for data and navigates',
    buttons({ type: 'FLOW', text: 'A', flowId: 1, flowAction: 'DATA_EXCHANGE', navigateScreen: 'START' }),
    'structure.buttons[0].navigateScreen',
  ],
  ['a button label of two lines', buttons({ ...reply, text: 'Yes\nNo' }), 'structure.buttons[0].text'],
  [
    'a URL with a space',
    buttons({ type: 'URL', text: 'A', url: 'https://shop.example/a b' }),
    'structure.buttons[0].url',
  ],
  [
    'a call too short',
    buttons({ type: 'VOICE_CALL', text: 'A', callValidityPeriod: 60 }),
    'structure.buttons[0].callValidityPeriod',
  ],
  ['one card', request({ body, carousel: { cards: [card] } }), 'structure.carousel.cards'],
  [
    'cards that differ',
    request({ body, carousel: { cards: [card, { ...card, buttons: [url] }] } }),
    'structure.carousel.cards[1]',
  ],
  [
    'a card with a text header',
    request({ body, carousel: { cards: [1, 2].map(() => ({ ...card, header: { format: 'TEXT', text: 'A' } })) } }),
    'structure.carousel.cards[0].header.format structure.carousel.cards[1].header.format',
  ],
  [
    'a card body that is too long',
    request({ body, carousel: { cards: [card, { ...card, body: { text: long(161) } }] } }),
    'structure.carousel.cards[1].body.text',
  ],
  [
    'a carousel in a utility template',
    request({ body, carousel: { cards: [card, card] } }, 'UTILITY'),
    'structure.carousel',
  ],
  [
    'a carousel with a footer',
    request({ body, footer: { text: 'A' }, carousel: { cards: [card, card] } }),
    'structure.footer',
  ],
  [
    'an offer with expiration and no code',
    request({ body, limitedTimeOffer: { text: 'A', hasExpiration: true }, buttons: [url] }),
    'structure.buttons',
  ],
  [
    'an offer with a footer',
    request({ body, footer: { text: 'A' }, limitedTimeOffer: { text: 'A' }, buttons: [url] }),
    'structure.footer',
  ],
  [
    'an offer in a utility template',
    request({ body, limitedTimeOffer: { text: 'A' }, buttons: [url] }, 'UTILITY'),
    'structure.limitedTimeOffer',
  ],
  [
    'a long body of an offer',
    request({ body: { text: long(601) }, limitedTimeOffer: { text: 'A' }, buttons: [url] }),
    'structure.body.text',
  ],
  ['an offer without buttons', request({ body, limitedTimeOffer: { text: 'A' } }), 'structure.buttons'],
  [
    'an offer with other buttons',
    request({ body, limitedTimeOffer: { text: 'A' }, buttons: [url, reply] }),
    'structure.buttons',
  ],
  [
    'a call permission with buttons',
    request({ body, buttons: [reply], callPermissionRequest: {} }),
    'structure.callPermissionRequest',
  ],
  [
    'short links without a URL',
    request({ body, buttons: [reply], shorteningOptions: { customDomain: 'a.example' } }),
    'structure.shorteningOptions',
  ],
  [
    'short links at what is no host',
    request({ body, buttons: [url], shorteningOptions: { customDomain: 'https://a.example' } }),
    'structure.shorteningOptions.customDomain',
  ],
  [
    'two authentication buttons',
    request({ body: {}, footer: {}, buttons: [{ otpType: 'COPY_CODE' }, { otpType: 'COPY_CODE' }] }, 'AUTHENTICATION'),
    'structure.buttons',
  ],
  [
    'a hash of another length',
    request(
      { body: {}, footer: {}, buttons: [{ otpType: 'ONE_TAP', packageName: 'a', signatureHash: 'short' }] },
      'AUTHENTICATION',
    ),
    'structure.buttons[0].signatureHash',
  ],
  [
    'a hash of other characters',
    request(
      { body: {}, footer: {}, buttons: [{ otpType: 'ONE_TAP', packageName: 'a', signatureHash: 'AbCdEf-2345' }] },
      'AUTHENTICATION',
    ),
    'structure.buttons[0].signatureHash',
  ],
  [
    'a code that lives too long',
    request({ body: {}, footer: {}, buttons: [{ otpType: 'COPY_CODE' }] }, 'AUTHENTICATION', {
      validityPeriod: { amount: 16 },
    }),
    'validityPeriod.amount',
  ],
];

for (const [what, given, field] of WRONG) {
  test(`refuses ${what}, naming ${field}`, () => assert.deepEqual(wrongFields(given), field.split(' ')));
}

test('reads an edit by the category that the template has, and wants its subCategory again', () => {
  const marketing = { category: 'MARKETING', subCategory: undefined } as const;
  assert.equal(readTemplateEdit({ structure: { body } }, marketing).ok, true);
  assert.deepEqual(readTemplateEdit({}, marketing), { ok: true, value: {} });
  const wrong = readTemplateEdit({ structure: { body: { text: '{{1}}' } }, validityPeriod: { amount: 5 } }, marketing);
  assert.deepEqual(wrong.ok ? [] : Object.keys(wrong.violations), [
    'structure.body.text',
    'structure.body.examples',
    'validityPeriod',
  ]);
  const sub = { category: 'UTILITY', subCategory: 'ORDER_STATUS' } as const;
  const without = readTemplateEdit({ structure: { body } }, sub);
  assert.deepEqual(without.ok ? [] : Object.keys(without.violations), ['subCategory']);
  assert.equal(readTemplateEdit({ structure: { body }, subCategory: 'ORDER_STATUS' }, sub).ok, true);
  const given = readTemplateEdit({ subCategory: 'ORDER_STATUS' }, { category: 'UTILITY', subCategory: undefined });
  assert.deepEqual(given.ok ? [] : Object.keys(given.violations), ['subCategory']);
});

test('keeps validity periods through seconds', () => {
  for (const period of [
    { amount: 45, timeUnit: 'SECONDS' },
    { amount: 5, timeUnit: 'MINUTES' },
    { amount: -1, timeUnit: 'SECONDS' },
  ] as const)
    assert.deepEqual(validityFromSeconds(validitySeconds(period)), period);
});

test('reads the first version as the second, with examples that it has no words for', () => {
  const v1 = {
    name: 'order_out',
    language: 'en_GB',
    category: 'SHIPPING_UPDATE',
    structure: {
      header: { format: 'IMAGE' },
      body: 'Order {{1}} is out.',
      footer: 'Depot',
      buttons: [{ type: 'URL', text: 'Track', url: 'https://shop.example/{{1}}' }],
    },
  };
  const read = v1ToV2(v1);
  assert.ok(read.ok);
  const checked = readTemplateRequest(read.value, new Set(['header']));
  assert.deepEqual(checked.ok ? checked.value.category : checked.violations, 'UTILITY');
  assert.equal(v1ToV2({ ...v1, structure: { body: '' } }).ok, false);
});
