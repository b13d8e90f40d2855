// Two readings of Meta's rules for templates, made apart: a template that Parley takes is one that the sandbox takes, so that whatever Meta would
// refuse was refused before it is asked, by its field.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import Type from 'typebox';
import { readTemplateRequest } from '../../src/contract/templates/requests.js';
import { componentsToWire, mediaExamples } from '../../src/contract/templates/to-wire.js';
import { checkerOf } from '../../src/sandbox/checker.js';
import { checkBody } from '../../src/sandbox/graph/schema.js';
import { Component, withUsualCase } from '../../src/sandbox/templates/component.js';
import { checkContent } from '../../src/sandbox/templates/rules.js';
import { fc } from '../support/property.js';

const RUNS = 4_000;
/** What Meta says to few words for many placeholders: its figure is not published, so Parley only warns of it. */
const TOO_FEW_WORDS = 2388293;

/** What a template can be made of, as Meta names it; all of it has to be taken at least once. */
const KINDS = [
  ...['HEADER', 'BODY', 'FOOTER', 'BUTTONS', 'CAROUSEL', 'LIMITED_TIME_OFFER', 'CALL_PERMISSION_REQUEST'],
  ...['TEXT', 'IMAGE', 'VIDEO', 'GIF', 'DOCUMENT', 'LOCATION'],
  ...['PHONE_NUMBER', 'URL', 'QUICK_REPLY', 'COPY_CODE', 'FLOW', 'CATALOG', 'MPM', 'ORDER_DETAILS', 'VOICE_CALL'],
  ...['REQUEST_CONTACT_INFO', 'OTP', 'ONE_TAP', 'ZERO_TAP'],
];

const maybe = <T>(values: fc.Arbitrary<T>) => fc.option(values, { nil: undefined, freq: 2 });
/** What is right in most cases, so that enough is taken, and anything in the others. */
const mostly = <T, U>(right: fc.Arbitrary<T>, anything: fc.Arbitrary<U>) =>
  fc.oneof({ weight: 14, arbitrary: right }, { weight: 1, arbitrary: anything });
const absent = fc.constant(undefined);
const PIECES = [
  'Hello',
  'there',
  '{{1}}',
  '{{1}} and {{2}}',
  '{{2}}',
  '{{ 1 }}',
  '{{name}}',
  '{',
  '}}',
  '\n',
  'Zoë',
  '.',
];
const text = (max = 4) =>
  fc
    .array(fc.constantFrom(...PIECES, 'plain', 'words', 'x'.repeat(26)), { maxLength: max })
    .map((all) => all.join(' '));
const label = mostly(fc.constantFrom('Yes', 'No more'), text(2));
const body = mostly(
  fc.constantFrom({ text: 'Hi {{1}} there.', examples: ['a'] }, { text: 'Hello there.' }),
  fc.oneof(
    fc.record({ text: text(8), examples: maybe(fc.array(fc.constantFrom('a', '77', ' '), { maxLength: 3 })) }),
    fc.constant({ text: 'x'.repeat(300) }),
  ),
);
const example = mostly(fc.constant('https://cdn.example/a.png'), absent);
const picture = fc.record({ format: fc.constantFrom('IMAGE', 'VIDEO'), example });
const header = fc.oneof(
  mostly(
    fc.constantFrom({ format: 'TEXT', text: 'Hello' }, { format: 'TEXT', text: 'Hi {{1}}', example: 'a' }),
    fc.record({ format: fc.constant('TEXT'), text: text(), example: maybe(fc.constantFrom('a', '')) }),
  ),
  picture,
  mostly(
    fc.record({ format: fc.constantFrom('GIF', 'DOCUMENT', 'LOCATION'), example }),
    fc.record({ format: fc.constant('PRODUCT'), example }),
  ),
);
const ADDRESSES = [
  'https://shop.example',
  'https://shop.example/{{1}}',
  'https://{{1}}',
  'https://shop.example/{{1}}/x',
  'https://shop.example/{{2}}',
  'https://shop.example/a b',
  'ftp://shop.example',
  'shop',
];
const url = mostly(
  fc
    .constantFrom(
      { url: 'https://shop.example' },
      { url: 'https://shop.example/{{1}}', example: 'https://s.example/7' },
    )
    .chain((fields) => label.map((words) => ({ type: 'URL', text: words, ...fields }))),
  fc.record({
    type: fc.constant('URL'),
    text: label,
    url: fc.constantFrom(...ADDRESSES),
    example: maybe(fc.constant('https://shop.example/7')),
  }),
);
const reply = fc.record({ type: fc.constant('QUICK_REPLY'), text: label });
const code = fc.record({
  type: fc.constant('COPY_CODE'),
  example: mostly(fc.constantFrom('MAY10', 'x'.repeat(15)), absent),
});
const phone = fc.record({
  type: fc.constant('PHONE_NUMBER'),
  text: label,
  phoneNumber: mostly(fc.constantFrom('+441134960000', '+44 (113) 496-0000'), fc.constantFrom('00 44', 'home')),
});
const flow = fc
  .record({
    type: fc.constant('FLOW'),
    text: label,
    flowId: fc.constantFrom(1, 1_234_567_890_123_456),
    flowAction: fc.constantFrom('NAVIGATE', 'DATA_EXCHANGE'),
    isOdd: mostly(fc.constant(false), fc.constant(true)),
  })
  .map(({ isOdd, ...rest }) =>
    (rest.flowAction === 'NAVIGATE') === isOdd ? rest : { ...rest, navigateScreen: 'START' },
  );
const call = fc.record({
  type: fc.constant('VOICE_CALL'),
  text: label,
  callValidityPeriod: maybe(mostly(fc.constantFrom(1440, 43_200), fc.constant(60))),
});
const alone = fc.oneof(
  fc.record({ type: fc.constantFrom('CATALOG', 'MULTI_PRODUCT', 'REQUEST_CONTACT_INFO') }),
  fc.record({ type: fc.constant('ORDER_DETAILS'), variant: fc.constantFrom('BRAZIL', 'INDIA') }),
);
const button = fc.oneof(url, reply, code, phone, flow, call, alone);
const offered = fc.oneof(fc.tuple(code, url), fc.tuple(code), fc.tuple(url));
const buttons = fc.oneof(
  fc.array(button, { maxLength: 3 }),
  fc.array(reply, { maxLength: 11 }),
  fc.tuple(alone),
  offered,
);
const card = fc.record({
  header: mostly(picture, header),
  body,
  buttons: mostly(
    fc.array(fc.oneof(url, reply, phone), { minLength: 1, maxLength: 2 }),
    fc.array(button, { maxLength: 3 }),
  ),
});
const carousel = fc.record({
  cards: mostly(
    card.chain((one) => fc.integer({ min: 2, max: 10 }).map((count) => Array.from({ length: count }, () => one))),
    fc.array(card, { maxLength: 3 }),
  ),
});
const limitedTimeOffer = fc.record({
  text: fc.constantFrom('Now', 'x'.repeat(17)),
  hasExpiration: maybe(fc.boolean()),
});
const callPermissionRequest = fc.constant({});
const footer = fc.record({ text: mostly(fc.constant('Bye'), text(2)) });
const structure = fc.oneof(
  { weight: 4, arbitrary: fc.record({ header: maybe(header), body, footer: maybe(footer), buttons: maybe(buttons) }) },
  { weight: 2, arbitrary: fc.record({ body, carousel }) },
  { weight: 2, arbitrary: fc.record({ header: maybe(picture), body, buttons: offered, limitedTimeOffer }) },
  { weight: 1, arbitrary: fc.record({ header: maybe(header), body, footer: maybe(footer), callPermissionRequest }) },
  {
    weight: 1,
    arbitrary: fc.record({
      header: maybe(header),
      body,
      footer: maybe(footer),
      buttons: maybe(buttons),
      carousel: maybe(carousel),
      limitedTimeOffer: maybe(limitedTimeOffer),
      callPermissionRequest: maybe(callPermissionRequest),
    }),
  },
);
const app = {
  text: maybe(label),
  autofillText: maybe(label),
  packageName: mostly(fc.constant('com.shop'), fc.constant('x'.repeat(225))),
  signatureHash: mostly(fc.constant('AbCdEf12345'), fc.constantFrom('AbCdEf-2345', 'short')),
};
const otp = fc.oneof(
  fc.record({ otpType: fc.constant('COPY_CODE'), text: maybe(label) }),
  fc.record({ otpType: fc.constant('ONE_TAP'), ...app }),
  fc.record({
    otpType: fc.constant('ZERO_TAP'),
    ...app,
    zeroTapTermsAccepted: mostly(fc.constant(true), fc.constantFrom(false, undefined)),
  }),
);
const minutes = mostly(fc.integer({ min: 1, max: 90 }), fc.constantFrom(0, 91));
const authentication = fc.record({
  body: fc.record({ addSecurityRecommendation: maybe(fc.boolean()) }),
  footer: fc.record({ codeExpirationMinutes: maybe(minutes) }),
  buttons: mostly(fc.tuple(otp), fc.array(otp, { maxLength: 2 })),
});
const requests = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({ category: fc.constantFrom('MARKETING', 'MARKETING', 'UTILITY'), structure }),
  },
  fc.record({ category: fc.constant('AUTHENTICATION'), structure: authentication }),
);

const components = checkerOf(Type.Array(Component, { minItems: 1, maxItems: 10 }));

/** What the sandbox would say to a template of these components. */
function refusalOf(given: unknown, category: 'MARKETING' | 'UTILITY' | 'AUTHENTICATION'): unknown {
  const value = withUsualCase(given);
  if (!components.Check(value)) return checkBody(components, value);
  const refusal = checkContent({ components: value, parameterFormat: 'POSITIONAL' }, category);
  return refusal?.subcode === TOO_FEW_WORDS ? null : refusal;
}

test('a template that Parley takes is one that Meta takes', () => {
  let taken = 0;
  const seen = new Set<string>();
  fc.assert(
    fc.property(requests, (request) => {
      const json: unknown = JSON.parse(JSON.stringify({ name: 'a', language: 'en', ...request }));
      const read = readTemplateRequest(json);
      if (!read.ok) return;
      taken += 1;
      const handles = new Map(mediaExamples(read.value.structure).map(({ slot }) => [slot, '4::a']));
      const text = JSON.stringify(componentsToWire(read.value.structure, handles));
      const wire: unknown = JSON.parse(text);
      assert.equal(refusalOf(wire, read.value.category), null, text);
      for (const [, kind = ''] of text.matchAll(/"(?:type|format|otp_type)":"(\w+)"/g)) seen.add(kind);
    }),
    { numRuns: RUNS },
  );
  assert.ok(taken > RUNS / 4, `only ${taken} were taken`);
  assert.deepEqual([...seen].sort(), [...KINDS].sort());
});
