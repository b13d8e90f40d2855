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

const maybe = <T>(values: fc.Arbitrary<T>) => fc.option(values, { nil: undefined, freq: 1 });
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
const label = fc.oneof({ weight: 9, arbitrary: fc.constantFrom('Yes', 'No more') }, text(2));
const examples = maybe(fc.array(fc.constantFrom('a', '77', ' '), { maxLength: 3 }));
const body = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom({ text: 'Hi {{1}} there.', examples: ['a'] }, { text: 'Hello there.' }) },
  fc.record({ text: text(8), examples }),
  fc.constant({ text: 'x'.repeat(300) }),
);
const example = maybe(fc.constant('https://cdn.example/a.png'));
const header = fc.oneof(
  fc.record({ format: fc.constant('TEXT'), text: text(), example: maybe(fc.constantFrom('a', '')) }),
  fc.record({ format: fc.constantFrom('IMAGE', 'VIDEO', 'GIF', 'DOCUMENT', 'LOCATION', 'PRODUCT'), example }),
);
const url = fc.record({
  type: fc.constant('URL'),
  text: label,
  url: fc.constantFrom(
    'https://shop.example',
    'https://shop.example/{{1}}',
    'https://{{1}}',
    'https://shop.example/{{1}}/x',
    'https://shop.example/{{2}}',
    'https://shop.example/a b',
    'ftp://shop.example',
    'shop',
  ),
  example: maybe(fc.constant('https://shop.example/7')),
});
const reply = fc.record({ type: fc.constant('QUICK_REPLY'), text: label });
const code = fc.record({ type: fc.constant('COPY_CODE'), example: maybe(fc.constantFrom('MAY10', 'x'.repeat(15))) });
const button = fc.oneof(
  url,
  reply,
  code,
  fc.record({
    type: fc.constant('PHONE_NUMBER'),
    text: label,
    phoneNumber: fc.constantFrom('+441134960000', '+44 (113) 496-0000', '00 44', 'home'),
  }),
  fc.record({
    type: fc.constant('FLOW'),
    text: label,
    flowId: fc.constantFrom(1, 1_234_567_890_123_456),
    flowAction: fc.constantFrom('NAVIGATE', 'DATA_EXCHANGE'),
    navigateScreen: maybe(fc.constant('START')),
  }),
  fc.record({ type: fc.constantFrom('CATALOG', 'MULTI_PRODUCT', 'REQUEST_CONTACT_INFO') }),
  fc.record({ type: fc.constant('ORDER_DETAILS'), variant: fc.constantFrom('BRAZIL', 'INDIA') }),
  fc.record({
    type: fc.constant('VOICE_CALL'),
    text: label,
    callValidityPeriod: maybe(fc.constantFrom(60, 1440, 43_200)),
  }),
);
const buttons = fc.oneof(
  fc.array(button, { maxLength: 3 }),
  fc.array(reply, { maxLength: 11 }),
  fc.tuple(code, url),
  fc.tuple(url),
);
const card = fc.record({ header, body, buttons: fc.array(fc.oneof(url, reply, button), { maxLength: 3 }) });
const cards = fc.oneof(
  fc.array(card, { maxLength: 3 }),
  card.chain((one) => fc.integer({ min: 1, max: 10 }).map((count) => Array.from({ length: count }, () => one))),
);
const structure = fc.record({
  header: maybe(header),
  body,
  footer: maybe(fc.record({ text: text(2) })),
  buttons: maybe(buttons),
  carousel: fc.option(fc.record({ cards }), { nil: undefined, freq: 3 }),
  limitedTimeOffer: fc.option(
    fc.record({ text: fc.constantFrom('Now', 'x'.repeat(17)), hasExpiration: maybe(fc.boolean()) }),
    { nil: undefined, freq: 3 },
  ),
  callPermissionRequest: fc.option(fc.constant({}), { nil: undefined, freq: 8 }),
});
const app = {
  packageName: fc.constantFrom('com.shop', 'x'.repeat(225)),
  signatureHash: fc.constantFrom('AbCdEf12345', 'AbCdEf-2345', 'short'),
};
const otpTexts = { text: maybe(label), autofillText: maybe(label) };
const authentication = fc.record({
  body: fc.record({ addSecurityRecommendation: maybe(fc.boolean()) }),
  footer: fc.record({ codeExpirationMinutes: maybe(fc.integer({ min: 0, max: 91 })) }),
  buttons: fc.array(
    fc.oneof(
      fc.record({ otpType: fc.constant('COPY_CODE'), text: maybe(label) }),
      fc.record({ otpType: fc.constant('ONE_TAP'), ...otpTexts, ...app }),
      fc.record({ otpType: fc.constant('ZERO_TAP'), ...otpTexts, ...app, zeroTapTermsAccepted: maybe(fc.boolean()) }),
    ),
    { maxLength: 2 },
  ),
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
  fc.assert(
    fc.property(requests, (request) => {
      const json: unknown = JSON.parse(JSON.stringify({ name: 'a', language: 'en', ...request }));
      const read = readTemplateRequest(json);
      if (!read.ok) return;
      taken += 1;
      const handles = new Map(mediaExamples(read.value.structure).map(({ slot }) => [slot, '4::a']));
      const wire: unknown = JSON.parse(JSON.stringify(componentsToWire(read.value.structure, handles)));
      assert.equal(refusalOf(wire, read.value.category), null, JSON.stringify(wire));
    }),
    { numRuns: RUNS },
  );
  assert.ok(taken > RUNS / 20, `only ${taken} were taken`);
});
