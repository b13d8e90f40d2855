import assert from 'node:assert/strict';
import { test } from 'node:test';
import { structureFromWire } from './from-wire.js';
import { nodeFromWire } from './node.js';
import { readTemplateRequest } from './requests.js';
import { templateAnswer, v1TemplateAnswer } from './show.js';
import { componentsToWire, mediaExamples } from './to-wire.js';
import { languageFromWire, reasonFromWire, statusFromWire } from './words.js';

function componentsFor(structure: object, category = 'MARKETING', handles = new Map<string, string>()): object[] {
  const read = readTemplateRequest({ name: 'a', language: 'en', category, structure });
  assert.ok(read.ok, JSON.stringify(read));
  return componentsToWire(read.value.structure, handles);
}

const FULL = {
  header: { format: 'IMAGE', example: 'https://cdn.example/h.png' },
  body: { text: 'Order {{1}} is out.', examples: ['77'] },
  footer: { text: 'Depot' },
  buttons: [
    { type: 'QUICK_REPLY', text: 'Stop' },
    { type: 'URL', text: 'Track', url: 'https://shop.example/{{1}}', example: 'https://shop.example/77' },
    { type: 'PHONE_NUMBER', text: 'Call', phoneNumber: '+441134960000' },
    { type: 'FLOW', text: 'Book', flowId: 1234567890123456, flowAction: 'NAVIGATE', navigateScreen: 'START' },
  ],
};

test('maps a structure to components with the handles of its files', () => {
  assert.deepEqual(componentsFor(FULL, 'UTILITY', new Map([['header', '4::a']])), [
    { type: 'HEADER', format: 'IMAGE', example: { header_handle: ['4::a'] } },
    { type: 'BODY', text: 'Order {{1}} is out.', example: { body_text: [['77']] } },
    { type: 'FOOTER', text: 'Depot' },
    {
      type: 'BUTTONS',
      buttons: [
        { type: 'QUICK_REPLY', text: 'Stop' },
        { type: 'URL', text: 'Track', url: 'https://shop.example/{{1}}', example: ['https://shop.example/77'] },
        { type: 'PHONE_NUMBER', text: 'Call', phone_number: '+441134960000' },
        { type: 'FLOW', text: 'Book', flow_id: '1234567890123456', flow_action: 'navigate', navigate_screen: 'START' },
      ],
    },
  ]);
});

test('gives Meta a phone number without what stands between its digits', () => {
  const buttons = [{ type: 'PHONE_NUMBER', text: 'Call', phoneNumber: '+44 (113) 496-0000' }];
  const [, given] = componentsFor({ body: { text: 'Call us.' }, buttons });
  assert.deepEqual(given, {
    type: 'BUTTONS',
    buttons: [{ type: 'PHONE_NUMBER', text: 'Call', phone_number: '+441134960000' }],
  });
});

test('shows what was registered, without examples', () => {
  const { header: _, ...rest } = FULL;
  assert.deepEqual(structureFromWire(componentsFor(FULL, 'UTILITY')), {
    header: { format: 'IMAGE' },
    body: { text: 'Order {{1}} is out.' },
    footer: rest.footer,
    buttons: rest.buttons.map((button) => {
      const { example: __, ...shown } = { example: undefined, ...button };
      return shown;
    }),
    type: 'MEDIA',
  });
  assert.equal(structureFromWire([{ type: 'BODY', text: 'Hi.' }]).type, 'TEXT');
});

test('maps carousels, offers, call permissions and codes, and shows them again', () => {
  const card = {
    header: { format: 'IMAGE', example: 'https://cdn.example/1.png' },
    body: { text: 'One' },
    buttons: [{ type: 'QUICK_REPLY', text: 'More' }],
  };
  const carousel = { body: { text: 'Hi there.' }, carousel: { cards: [card, card] } };
  const handles = new Map([['cards[1]', '4::b']]);
  const wire = componentsFor(carousel, 'MARKETING', handles);
  assert.deepEqual(Object.keys(structureFromWire(wire)), ['body', 'carousel', 'type']);
  assert.match(JSON.stringify(wire), /"header_handle":\["4::b"\]/);
  const read = readTemplateRequest({ name: 'a', language: 'en', category: 'MARKETING', structure: carousel });
  assert.ok(read.ok);
  assert.deepEqual(
    mediaExamples(read.value.structure).map(({ slot, path }) => [slot, path]),
    [
      ['cards[0]', 'structure.carousel.cards[0].header.example'],
      ['cards[1]', 'structure.carousel.cards[1].header.example'],
    ],
  );
  const offer = {
    body: { text: 'Sale now.' },
    limitedTimeOffer: { text: 'Ends soon', hasExpiration: true },
    buttons: [{ type: 'COPY_CODE', example: 'MAY10' }],
  };
  const shown = structureFromWire(componentsFor(offer));
  assert.deepEqual(shown.limitedTimeOffer, offer.limitedTimeOffer);
  assert.deepEqual(shown.buttons, [{ type: 'COPY_CODE' }]);
  assert.deepEqual(structureFromWire(componentsFor({ body: { text: 'May we call?' }, callPermissionRequest: {} })), {
    body: { text: 'May we call?' },
    callPermissionRequest: {},
    type: 'MEDIA',
  });
  const code = componentsFor(
    {
      body: { addSecurityRecommendation: true },
      footer: { codeExpirationMinutes: 5 },
      buttons: [{ otpType: 'ONE_TAP', packageName: 'com.shop', signatureHash: 'AbCdEf12345' }],
    },
    'AUTHENTICATION',
  );
  assert.deepEqual(code, [
    { type: 'BODY', add_security_recommendation: true },
    { type: 'FOOTER', code_expiration_minutes: 5 },
    {
      type: 'BUTTONS',
      buttons: [
        {
          type: 'OTP',
          otp_type: 'ONE_TAP',
          supported_apps: [{ package_name: 'com.shop', signature_hash: 'AbCdEf12345' }],
        },
      ],
    },
  ]);
  const { buttons, body } = structureFromWire(code);
  assert.match(JSON.stringify([buttons, body]), /"type":"URL".*whatsapp\.com\/otp.*\{\{1\}\}.*verification code/);
});

test('calls a structure UNSUPPORTED when Infobip has no word for a part of it', () => {
  for (const component of [
    { type: 'HEADER', format: 'PRODUCT' },
    { type: 'BUTTONS', buttons: [{ type: 'SPM', text: 'View' }] },
    { type: 'BODY', text: 'Dear {{name}}, hello.' },
    { type: 'SOMETHING_NEW' },
    'nonsense',
  ])
    assert.equal(structureFromWire([{ type: 'BODY', text: 'Hi.' }, component]).type, 'UNSUPPORTED');
});

const NODE = {
  id: '501',
  name: 'order_up',
  language: 'en_GB',
  status: 'APPROVED',
  category: 'UTILITY',
  components: [{ type: 'BODY', text: 'Hi.' }],
  quality_score: { score: 'GREEN' },
};

test('reads nodes of Graph, and nothing that is none', () => {
  const node = nodeFromWire(NODE);
  assert.deepEqual(
    [node?.status, node?.quality, node?.components],
    ['APPROVED', 'HIGH', '[{"type":"BODY","text":"Hi."}]'],
  );
  for (const alien of [undefined, null, 'x', {}, { ...NODE, id: 'x' }, { ...NODE, name: undefined }])
    assert.equal(nodeFromWire(alien), undefined);
  assert.equal(nodeFromWire({ ...NODE, status: 'PAUSED' }, () => 'SECOND_PAUSED')?.status, 'SECOND_PAUSED');
});

test('shows words that typed clients know, whatever Meta says', () => {
  assert.deepEqual(
    ['PAUSED', 'LIMIT_EXCEEDED', 'ARCHIVED', 'LOCKED', 'UNARCHIVED', 'IN_APPEAL'].map((word) => statusFromWire(word)),
    ['FIRST_PAUSED', 'REJECTED', 'DISABLED', 'DISABLED', undefined, 'IN_APPEAL'],
  );
  assert.equal(statusFromWire('PAUSED', { pause: 'SECOND_PAUSE' }), 'SECOND_PAUSED');
  assert.deepEqual(['en_GB', 'ps_AF'].map(languageFromWire), ['en_GB', 'unknown']);
  assert.deepEqual([undefined, 'SCAM', 'PROMOTIONAL'].map(reasonFromWire), ['NONE', 'SCAM', 'UNKNOWN']);
});

test('answers in both versions', () => {
  const facts = {
    ...NODE,
    wabaId: '55',
    quality: 'HIGH',
    components: JSON.stringify(componentsFor(FULL, 'UTILITY')),
    subCategory: 'ORDER_STATUS',
    validitySeconds: 300,
    libraryName: null,
    applicationId: 'crm',
    entityId: null,
    extras: '{"customDomain":"go.shop.example","destinations":{}}',
    createdAt: 0,
    updatedAt: 0,
  };
  const { structure, validityPeriod, ...rest } = templateAnswer(facts);
  assert.deepEqual(rest, {
    id: '501',
    businessAccountId: 55,
    name: 'order_up',
    language: 'en_GB',
    status: 'APPROVED',
    category: 'UTILITY',
    quality: 'HIGH',
    platform: { applicationId: 'crm' },
    createdAt: '1970-01-01T00:00:00.000+0000',
    lastUpdatedAt: '1970-01-01T00:00:00.000+0000',
    subCategory: 'ORDER_STATUS',
  });
  assert.equal(validityPeriod, undefined);
  assert.match(JSON.stringify(structure), /"shorteningOptions":\{"customDomain":"go.shop.example"\}/);
  const v1 = v1TemplateAnswer(facts);
  assert.match(JSON.stringify(v1), /"body":"Order \{\{1\}\} is out\.".*"type":"UNSUPPORTED"/);
});
