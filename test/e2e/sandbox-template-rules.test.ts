// What the sandbox refuses of templates as they are registered and sent, and what each structure shows (Meta 1.6, 4.3).
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { until } from '../support/until.js';
import { dig, type Fixture, startFixture, wabaBody } from './sandbox-fixture.js';
import {
  APP_ID,
  approved,
  button,
  create,
  sendTemplate,
  shown,
  templateBody,
  texts,
  upload,
} from './sandbox-template-fixture.js';

let sandbox: Fixture;
let image: string;
before(async () => {
  sandbox = await startFixture();
  const body = wabaBody(sandbox.callback.url);
  await sandbox.control('PUT', `/wabas/${sandbox.wabaId}`, { ...body, app: { ...Object(body.app), appId: APP_ID } });
  await sandbox.control('PUT', '/templates/reviews', { mode: 'manual', creationsPerHour: 1000 });
  image = await upload(sandbox, 'image/png');
});
after(() => sandbox.stop());

const body = (text: string, ...examples: string[]) => ({
  type: 'BODY',
  text,
  ...(examples.length === 0 ? {} : { example: { body_text: [examples] } }),
});
const PLAIN = body('Your parcel is here.');
const with_ = (...components: unknown[]) => ({ components });
const buttons = (...all: unknown[]) => with_(PLAIN, { type: 'BUTTONS', buttons: all });
const quick = (text: string) => ({ type: 'QUICK_REPLY', text });
const otp = (extra: Record<string, unknown> = {}) => ({
  category: 'AUTHENTICATION',
  components: [
    { type: 'BODY', add_security_recommendation: true },
    { type: 'FOOTER', code_expiration_minutes: 5 },
    { type: 'BUTTONS', buttons: [{ type: 'OTP', otp_type: 'COPY_CODE', text: 'Copy it', ...extra }] },
  ],
});
const picture = () => ({ type: 'HEADER', format: 'IMAGE', example: { header_handle: [image] } });
const card = (text: string, ...all: unknown[]) => ({
  components: [picture(), body(text), { type: 'BUTTONS', buttons: all }],
});

/** `subcode` undefined: code 100 without one. */
const REFUSALS: [what: string, extra: () => Record<string, unknown>, subcode?: number][] = [
  ['a name with capitals', () => ({ name: 'Capital' })],
  ['no name', () => ({ name: undefined })],
  ['an unknown language', () => ({ language: 'xx' })],
  ['an unknown category', () => ({ category: 'NEWS' })],
  ['a key that Meta does not know', () => ({ colour: 'red' })],
  ['no components', () => with_()],
  ['no body', () => with_({ type: 'FOOTER', text: 'bye' }), 2388072],
  ['two bodies', () => with_(PLAIN, PLAIN)],
  ['a key of another component', () => with_({ ...PLAIN, format: 'TEXT' })],
  ['an empty body', () => with_(body(' ')), 2388072],
  ['a body above 1024 characters', () => with_(body('x'.repeat(1025))), 2388040],
  ['a gap in the numbers', () => with_(body('Hi {{1}} and {{3}} there', 'a', 'b')), 2388072],
  ['a name that is no number', () => with_(body('Hi {{name}} there', 'a')), 2388072],
  ['too few examples', () => with_(body('Hi {{1}} and {{2}} there', 'a')), 2388072],
  ['examples without parameters', () => with_(body('Hi there', 'a')), 2388072],
  ['a parameter at the start', () => with_(body('{{1}} is here', 'a')), 2388299],
  ['a parameter at the end', () => with_(body('Here is {{1}}', 'a')), 2388299],
  ['two parameters without words between', () => with_(body('See {{1}} {{2}} now please', 'a', 'b')), 2388072],
  ['more parameters than words', () => with_(body('a {{1}}, {{2}}, {{3}}.', 'a', 'b', 'c')), 2388293],
  ['a footer with a parameter', () => with_(PLAIN, { type: 'FOOTER', text: 'Hi {{1}}' }), 2388073],
  ['a footer above 60 characters', () => with_(PLAIN, { type: 'FOOTER', text: 'x'.repeat(61) }), 2388040],
  ['a header without format', () => with_(PLAIN, { type: 'HEADER', text: 'x' }), 2388047],
  [
    'a header above 60 characters',
    () => with_(PLAIN, { type: 'HEADER', format: 'TEXT', text: 'x'.repeat(61) }),
    2388040,
  ],
  [
    'two parameters in the header',
    () =>
      with_(PLAIN, { type: 'HEADER', format: 'TEXT', text: '{{1}} and {{2}}', example: { header_text: ['a', 'b'] } }),
    2388047,
  ],
  [
    'a header parameter without example',
    () => with_(PLAIN, { type: 'HEADER', format: 'TEXT', text: 'Hi {{1}}' }),
    2388047,
  ],
  ['a picture without example', () => with_(PLAIN, { type: 'HEADER', format: 'IMAGE' }), 2388047],
  ['eleven buttons', () => buttons(...Array.from({ length: 11 }, (_, at) => quick(`b${at}`)))],
  [
    'quick replies between others',
    () => buttons(quick('a'), { type: 'PHONE_NUMBER', text: 'call', phone_number: '441134960000' }, quick('b')),
  ],
  [
    'three URL buttons',
    () => buttons(...[1, 2, 3].map((at) => ({ type: 'URL', text: `u${at}`, url: 'https://example.com' }))),
  ],
  ['a button text above 25 characters', () => buttons(quick('x'.repeat(26))), 2388040],
  [
    'a URL parameter inside',
    () => buttons({ type: 'URL', text: 'u', url: 'https://example.com/{{1}}/x', example: ['a'] }),
  ],
  ['a URL parameter without example', () => buttons({ type: 'URL', text: 'u', url: 'https://example.com/{{1}}' })],
  ['no URL at all', () => buttons({ type: 'URL', text: 'u', url: 'example' })],
  ['a flow button without flow', () => buttons({ type: 'FLOW', text: 'go' })],
  ['another label for the catalog', () => buttons({ type: 'CATALOG', text: 'Look' })],
  ['an OTP button in another category', () => buttons({ type: 'OTP', otp_type: 'COPY_CODE' })],
  ['an own body in AUTHENTICATION', () => ({ ...otp(), components: [PLAIN, ...otp().components.slice(1)] }), 2388072],
  ['one tap without apps', () => otp({ otp_type: 'ONE_TAP' })],
  [
    'zero tap without the terms',
    () =>
      otp({ otp_type: 'ZERO_TAP', supported_apps: [{ package_name: 'com.example', signature_hash: 'K8a/AINcGX7' }] }),
  ],
  ['a life that is too long', () => ({ ...otp(), message_send_ttl_seconds: 901 })],
  ['an offer in UTILITY', () => with_(PLAIN, { type: 'LIMITED_TIME_OFFER', limited_time_offer: { text: 'Now' } })],
  ['one card', () => with_(PLAIN, { type: 'CAROUSEL', cards: [card('one', quick('a'))] })],
  [
    'cards of two kinds',
    () => with_(PLAIN, { type: 'CAROUSEL', cards: [card('one', quick('a')), card('two', quick('a'), quick('b'))] }),
  ],
  [
    'a footer beside cards',
    () =>
      with_(
        PLAIN,
        { type: 'FOOTER', text: 'x' },
        { type: 'CAROUSEL', cards: [card('one', quick('a')), card('two', quick('a'))] },
      ),
  ],
];

test('refuses what Meta refuses, with 100, the subcode and a text for people', async () => {
  for (const [what, extra, subcode] of REFUSALS) {
    const answer = await create(sandbox, templateBody('refused', extra()));
    assert.equal(answer.status, 400, what);
    assert.equal(dig(answer.body, 'error', 'code'), 100, what);
    assert.equal(dig(answer.body, 'error', 'error_subcode'), subcode, what);
    assert.ok(String(dig(answer.body, 'error', 'error_user_msg') ?? '').length > 0, what);
  }
});

test('a name is taken once in each language', async () => {
  await approved(sandbox, templateBody('taken'));
  const twin = await create(sandbox, templateBody('taken'));
  assert.equal(dig(twin.body, 'error', 'error_subcode'), 2388024);
  assert.equal((await create(sandbox, templateBody('taken', { language: 'de' }))).status, 200);
});

test('takes enums in any case, and forms', async () => {
  const components = [
    { type: 'body', text: 'Plain words.' },
    { type: 'buttons', buttons: [{ type: 'quick_reply', text: 'Yes' }] },
  ];
  const form = new URLSearchParams({
    name: 'by_form',
    language: 'en',
    category: 'utility',
    components: JSON.stringify(components),
  });
  const answer = await fetch(`${sandbox.url}/v25.0/${sandbox.wabaId}/message_templates`, {
    method: 'POST',
    headers: { authorization: 'Bearer sandbox-token' },
    body: form,
  });
  assert.equal(answer.status, 200);
  const { body: read } = await sandbox.graph('GET', `/${sandbox.wabaId}/message_templates?name=by_form`);
  assert.equal(dig(read, 'data', 0, 'components', 1, 'buttons', 0, 'type'), 'QUICK_REPLY');
  assert.equal(dig(read, 'data', 0, 'category'), 'UTILITY');
  assert.equal(dig(read, 'data', 0, 'parameter_format'), 'POSITIONAL');
});

/** A structure, what is sent, what is shown. */
const link = 'https://127.0.0.1:1/a.png';
const STRUCTURES: [
  name: string,
  spec: () => Record<string, unknown>,
  send: unknown[] | undefined,
  expected: unknown,
][] = [
  ['no_parameters', () => with_(PLAIN), undefined, { body: 'Your parcel is here.', buttons: [] }],
  [
    'text_header_and_footer',
    () =>
      with_(
        { type: 'HEADER', format: 'TEXT', text: 'For {{1}}', example: { header_text: ['you'] } },
        body('Again {{1}} and {{1}} and {{2}}.', 'a', 'b'),
        { type: 'FOOTER', text: 'Bye' },
      ),
    [texts('header', 'Zoë'), texts('body', 'x', '{{1}} $& $1')],
    { header: { type: 'text', text: 'For Zoë' }, body: 'Again x and x and {{1}} $& $1.', footer: 'Bye', buttons: [] },
  ],
  [
    'named_parameters',
    () => ({
      parameter_format: 'named',
      components: [
        {
          type: 'BODY',
          text: 'Hi {{first_name}}, order {{order_id}} left.',
          example: {
            body_text_named_params: [
              { param_name: 'first_name', example: 'Zoë' },
              { param_name: 'order_id', example: '1' },
            ],
          },
        },
      ],
    }),
    [
      {
        type: 'body',
        parameters: [
          { type: 'text', parameter_name: 'order_id', text: '7' },
          { type: 'text', parameter_name: 'first_name', text: 'Zoë' },
        ],
      },
    ],
    { body: 'Hi Zoë, order 7 left.', buttons: [] },
  ],
  [
    'location_header',
    () => with_({ type: 'HEADER', format: 'LOCATION' }, PLAIN),
    [
      {
        type: 'header',
        parameters: [{ type: 'location', location: { latitude: 1, longitude: '2', name: 'n', address: 'a' } }],
      },
    ],
    {
      header: { type: 'location', location: { latitude: 1, longitude: '2', name: 'n', address: 'a' } },
      body: 'Your parcel is here.',
      buttons: [],
    },
  ],
  [
    'picture_header',
    () => with_(picture(), PLAIN),
    [{ type: 'header', parameters: [{ type: 'image', image: { link } }] }],
    {
      header: { type: 'image', path: "template['components'][0]['parameters'][0]['image']" },
      body: 'Your parcel is here.',
      buttons: [],
    },
  ],
  [
    'several_buttons',
    () =>
      buttons(
        quick('Yes'),
        quick('No'),
        { type: 'URL', text: 'Open', url: 'https://example.com/{{1}}', example: ['a'] },
        { type: 'URL', text: 'Home', url: 'https://example.com' },
        { type: 'PHONE_NUMBER', text: 'Call', phone_number: '+441134960000' },
        { type: 'COPY_CODE', example: 'SAVE10' },
        { type: 'VOICE_CALL', text: 'Talk' },
      ),
    [
      button('quick_reply', 0, { type: 'payload', payload: 'yes-1' }),
      button('url', 2, { type: 'text', text: 'x?y=1' }),
      button('COPY_CODE', 5, { type: 'coupon_code', coupon_code: 'SAVE20' }),
    ],
    {
      body: 'Your parcel is here.',
      buttons: [
        { type: 'quick_reply', text: 'Yes', payload: 'yes-1' },
        { type: 'quick_reply', text: 'No', payload: 'No' },
        { type: 'url', text: 'Open', url: 'https://example.com/x?y=1' },
        { type: 'url', text: 'Home', url: 'https://example.com' },
        { type: 'phone_number', text: 'Call', phone_number: '+441134960000' },
        { type: 'copy_code', text: 'Copy offer code', code: 'SAVE20' },
        { type: 'voice_call', text: 'Talk' },
      ],
    },
  ],
  [
    'flow_button',
    () => buttons({ type: 'FLOW', text: 'Go', flow_id: 12, navigate_screen: 'ONE' }),
    [button('flow', 0, { type: 'action', action: { flow_token: 't' } })],
    {
      body: 'Your parcel is here.',
      buttons: [
        {
          type: 'flow',
          text: 'Go',
          action: { flow_id: '12', flow_action: 'navigate', navigate_screen: 'ONE', flow_token: 't' },
        },
      ],
    },
  ],
  [
    'catalog_button',
    () => buttons({ type: 'CATALOG', text: 'View catalog' }),
    [button('CATALOG', 0, { type: 'action', action: { thumbnail_product_retailer_id: 'p' } })],
    {
      body: 'Your parcel is here.',
      buttons: [{ type: 'catalog', text: 'View catalog', action: { thumbnail_product_retailer_id: 'p' } }],
    },
  ],
  [
    'products',
    () => buttons({ type: 'MPM', text: 'View items' }),
    [
      button('mpm', 0, {
        type: 'action',
        action: {
          thumbnail_product_retailer_id: 'p',
          sections: [{ title: 's', product_items: [{ product_retailer_id: 'p' }] }],
        },
      }),
    ],
    {
      body: 'Your parcel is here.',
      buttons: [
        {
          type: 'mpm',
          text: 'View items',
          action: {
            thumbnail_product_retailer_id: 'p',
            sections: [{ title: 's', product_items: [{ product_retailer_id: 'p' }] }],
          },
        },
      ],
    },
  ],
  [
    'order',
    () => ({ sub_category: 'ORDER_DETAILS', ...buttons({ type: 'order_details', text: 'Buy now' }) }),
    [button('order_details', 0, { type: 'action', action: { order_details: { reference_id: 'r' } } })],
    {
      body: 'Your parcel is here.',
      buttons: [{ type: 'order_details', text: 'Buy now', action: { order_details: { reference_id: 'r' } } }],
    },
  ],
  [
    'order_status',
    () => ({ sub_category: 'ORDER_STATUS', ...with_(PLAIN) }),
    [
      {
        type: 'order_status',
        parameters: [{ type: 'order_status', order_status: { reference_id: 'r', order: { status: 'shipped' } } }],
      },
    ],
    { body: 'Your parcel is here.', buttons: [], orderStatus: { reference_id: 'r', order: { status: 'shipped' } } },
  ],
  [
    'offer',
    () => ({
      category: 'MARKETING',
      ...with_(
        picture(),
        PLAIN,
        { type: 'limited_time_offer', limited_time_offer: { text: 'Only now', has_expiration: true } },
        {
          type: 'BUTTONS',
          buttons: [
            { type: 'COPY_CODE', example: 'A' },
            { type: 'URL', text: 'Open', url: 'https://example.com' },
          ],
        },
      ),
    }),
    [
      { type: 'header', parameters: [{ type: 'image', image: { link } }] },
      {
        type: 'limited_time_offer',
        parameters: [{ type: 'limited_time_offer', limited_time_offer: { expiration_time_ms: 2_000_000_000_000 } }],
      },
      button('copy_code', 0, { type: 'coupon_code', coupon_code: 'B' }),
    ],
    {
      header: { type: 'image', path: "template['components'][0]['parameters'][0]['image']" },
      body: 'Your parcel is here.',
      offer: { text: 'Only now', expiresAt: 2_000_000_000_000 },
      buttons: [
        { type: 'copy_code', text: 'Copy offer code', code: 'B' },
        { type: 'url', text: 'Open', url: 'https://example.com' },
      ],
    },
  ],
  [
    'cards',
    () => with_(PLAIN, { type: 'CAROUSEL', cards: ['one', 'two'].map((text) => card(text, quick('Yes'))) }),
    [
      {
        type: 'carousel',
        cards: [1, 0].map((at) => ({
          card_index: at,
          components: [
            { type: 'header', parameters: [{ type: 'image', image: { link } }] },
            button('quick_reply', 0, { type: 'payload', payload: `p${at}` }),
          ],
        })),
      },
    ],
    {
      body: 'Your parcel is here.',
      buttons: [],
      cards: ['one', 'two'].map((text, at) => ({
        header: {
          type: 'image',
          path: `template['components'][0]['cards'][${1 - at}]['components'][0]['parameters'][0]['image']`,
        },
        body: text,
        buttons: [{ type: 'quick_reply', text: 'Yes', payload: `p${at}` }],
      })),
    },
  ],
  [
    'calls',
    () => with_(PLAIN, { type: 'call_permission_request' }),
    undefined,
    { body: 'Your parcel is here.', buttons: [], asksForCalls: true },
  ],
  [
    'code',
    () => otp(),
    [texts('body', '123456'), button('url', 0, { type: 'text', text: '123456' })],
    {
      body: '*123456* is your verification code. For your security, do not share this code.',
      footer: 'This code expires in 5 minutes.',
      buttons: [{ type: 'otp', otp: 'copy_code', text: 'Copy it', code: '123456' }],
    },
  ],
];

for (const [name, spec, send, expected] of STRUCTURES) {
  test(`shows a template of structure ${name} as it was registered and filled in`, async () => {
    await approved(sandbox, templateBody(name, spec()));
    assert.deepEqual(await shown(sandbox, await sendTemplate(sandbox, name, send)), expected);
  });
}

const MISFITS: [what: string, name: string, send: unknown[] | undefined, code: number, details: string][] = [
  ['an unknown name', 'never_made', undefined, 132001, 'template name (never_made) does not exist in en'],
  [
    'too few parameters',
    'text_header_and_footer',
    [texts('header', 'x'), texts('body', 'a')],
    132000,
    'body: number of localizable_params (1) does not match the expected number of params (2)',
  ],
  [
    'parameters for a text without',
    'no_parameters',
    [texts('body', 'a')],
    132000,
    'body: number of localizable_params (1) does not match the expected number of params (0)',
  ],
  [
    'a header for a template without',
    'no_parameters',
    [texts('header', 'a')],
    132000,
    'header: number of localizable_params (1) does not match the expected number of params (0)',
  ],
  ['no picture', 'picture_header', undefined, 132012, 'header: Format mismatch, expected IMAGE, received UNKNOWN'],
  [
    'a video for a picture',
    'picture_header',
    [{ type: 'header', parameters: [{ type: 'video', video: { link } }] }],
    132012,
    'header: Format mismatch, expected IMAGE, received VIDEO',
  ],
  [
    'a picture as a word',
    'text_header_and_footer',
    [
      texts('header', 'x'),
      {
        type: 'body',
        parameters: [
          { type: 'image', image: { link } },
          { type: 'text', text: 'a' },
        ],
      },
    ],
    132012,
    'body: Format mismatch, expected TEXT, received IMAGE',
  ],
  [
    'no parameter for the URL',
    'several_buttons',
    [button('copy_code', 5, { type: 'coupon_code', coupon_code: 'A' })],
    131008,
    'buttons: Button at index 2 of type Url requires a parameter',
  ],
  [
    'a button of another kind',
    'several_buttons',
    [button('quick_reply', 2, { type: 'payload', payload: 'x' })],
    132012,
    'buttons: Format mismatch at index 2, expected URL, received QUICK_REPLY',
  ],
  [
    'a button that is not there',
    'no_parameters',
    [button('url', 0, { type: 'text', text: 'x' })],
    132012,
    'buttons: Button at index 0 does not exist in the template',
  ],
  [
    'a parameter without its name',
    'named_parameters',
    [texts('body', 'a', 'b')],
    100,
    'Parameter name is missing or empty',
  ],
  [
    'a text that grows too long',
    'text_header_and_footer',
    [texts('header', 'x'.repeat(60)), texts('body', 'a', 'b')],
    132005,
    'header: 64 characters, at most 60 are allowed',
  ],
  [
    'a body that grows too long',
    'text_header_and_footer',
    [texts('header', 'x'), texts('body', 'a', 'x'.repeat(1010))],
    132005,
    'body: 1029 characters, at most 1024 are allowed',
  ],
  [
    'a line break in a parameter',
    'text_header_and_footer',
    [texts('header', 'x'), texts('body', 'a\nb', 'b')],
    132018,
    'body: Param text cannot have new-line/tab characters or more than 4 consecutive spaces',
  ],
  [
    'one card too few',
    'cards',
    [{ type: 'carousel', cards: [{ card_index: 0, components: [] }] }],
    132012,
    'carousel: number of cards (1) does not match the expected number of cards (2)',
  ],
  [
    'two codes',
    'code',
    [texts('body', '1'), button('url', 0, { type: 'text', text: '2' })],
    131009,
    'The codes of the body and the button differ.',
  ],
  [
    'a code that is too long',
    'code',
    [texts('body', '1'.repeat(16)), button('url', 0, { type: 'text', text: '1'.repeat(16) })],
    131009,
    'The code has more than 15 characters.',
  ],
  ['a component twice', 'no_parameters', [texts('body'), texts('body')], 131009, 'The component body is given twice.'],
];

test("refuses a send that does not fit its template, in Meta's words", async () => {
  for (const [what, name, send, code, details] of MISFITS) {
    const answer = await sendTemplate(sandbox, name, send);
    assert.equal(dig(answer.body, 'error', 'code'), code, `${what}: ${JSON.stringify(answer.body)}`);
    assert.equal(dig(answer.body, 'error', 'error_data', 'details'), details, what);
  }
  assert.equal((await sendTemplate(sandbox, 'never_made')).status, 404);
  assert.equal((await sendTemplate(sandbox, 'no_parameters', undefined, { code: 'de' })).status, 404);
});

test('bad characters in a parameter have another code before v23', async () => {
  const send = [texts('header', 'x'), texts('body', 'a\tb', 'b')];
  const answer = await sendTemplate(sandbox, 'text_header_and_footer', send, { version: 'v22.0' });
  assert.equal(dig(answer.body, 'error', 'code'), 132007);
});

test('refuses a template object that has not its form', async () => {
  const base = { name: 'no_parameters', language: { code: 'en' } };
  const cases: [unknown, number][] = [
    [undefined, 131008],
    [{}, 131008],
    [{ ...base, namespace: 'x' }, 100],
    [{ ...base, components: [{ type: 'nose' }] }, 131009],
    [{ ...base, components: [{ type: 'button', index: 0 }] }, 131008],
    [{ ...base, components: [{ type: 'button', sub_type: 'url' }] }, 131008],
    [{ ...base, components: [{ type: 'body', parameters: [{ type: 'text' }] }] }, 131008],
    [{ ...base, components: [{ type: 'body', parameters: [{ type: 'text', text: 'a', payload: 'b' }] }] }, 100],
    [{ ...base, components: [{ type: 'header', parameters: [{ type: 'image', image: {} }] }] }, 131008],
  ];
  for (const [template, code] of cases) {
    const answer = await sandbox.send(undefined, { type: 'template', text: undefined, template });
    assert.equal(dig(answer.body, 'error', 'code'), code, JSON.stringify(template));
  }
});

test('a template reaches a user outside the window, which a text does not', async () => {
  const to = '441134960031';
  const sent = await sendTemplate(sandbox, 'no_parameters', undefined, { to });
  const text = await sandbox.sent(to);
  const id = String(dig(sent.body, 'messages', 0, 'id'));
  await until('the template read', () => sandbox.callback.statuses(id).includes('read'));
  await until('the text failed', () => sandbox.callback.statuses(text).includes('failed'));
});
