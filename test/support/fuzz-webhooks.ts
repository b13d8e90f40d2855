// Meta's webhooks, real in shape, then spoiled: signed over the spoiled bytes, wrongly, or not at all (Meta 2.1 to 2.8).
import { createHmac } from 'node:crypto';
import { fc } from './property.js';
import type { ThrownRequest } from './requests.js';
import { mutated } from './requests-bodies.js';
import { anyText } from './requests-texts.js';

/** What makes a webhook name something that exists. */
export interface WebhookKnowledge {
  appSecret: string;
  phoneNumberId: string;
  wabaId: string;
  /** `biz_opaque_callback_data` of messages that were sent. */
  addresses: readonly string[];
}

/** Webhooks to throw at `/meta/webhook`. */
export function webhooksOf(knowledge: WebhookKnowledge): fc.Arbitrary<ThrownRequest> {
  const envelope = fc.array(entryOf(knowledge), { minLength: 1, maxLength: 3 });
  return fc
    .record({
      body: mutated(envelope.map((entry) => ({ object: 'whatsapp_business_account', entry }))),
      secret: fc.oneof(
        { arbitrary: fc.constant(knowledge.appSecret), weight: 8 },
        { arbitrary: fc.constantFrom('wrong', undefined), weight: 1 },
      ),
      type: fc.constantFrom('application/json', 'application/json', 'text/plain', 'application/x-www-form-urlencoded'),
    })
    .map(({ body, secret, type }) => ({
      method: 'POST',
      path: '/meta/webhook',
      headers: { 'content-type': type, ...(secret === undefined ? {} : signatureOf(body, secret)) },
      body,
      operation: '/meta/webhook',
    }));
}

/** The header that signs `body` (Latin-1 stands for bytes). */
function signatureOf(body: string, secret: string): { 'x-hub-signature-256': string } {
  const hex = createHmac('sha256', secret).update(Buffer.from(body, 'latin1')).digest('hex');
  return { 'x-hub-signature-256': `sha256=${hex}` };
}

function entryOf(knowledge: WebhookKnowledge): fc.Arbitrary<unknown> {
  const changes = fc.array(fc.oneof(statusesOf(knowledge), inboundOf(knowledge), otherChange), {
    minLength: 1,
    maxLength: 3,
  });
  return fc.record({ id: fc.constantFrom(knowledge.wabaId, '0'), changes });
}

const timestamp = fc.oneof(
  { arbitrary: fc.constant(1_900_000_000).map(() => String(Math.floor(Date.now() / 1000))), weight: 4 },
  {
    arbitrary: fc.constantFrom<string | number>(
      '0',
      '1504902988',
      '253402300799',
      '99999999999999',
      1_760_000_000,
      '-1',
    ),
    weight: 1,
  },
);
const wamid = fc.oneof(
  fc.string({ minLength: 1, maxLength: 40 }).map((text) => `wamid.${text}`),
  fc.constantFrom('wamid.A', 'ABGGFlA5Fpa', '', 'w'.repeat(600)),
);

function metadataOf({ phoneNumberId }: WebhookKnowledge): fc.Arbitrary<unknown> {
  return fc.record({
    display_phone_number: fc.constant('441134960000'),
    phone_number_id: fc.constantFrom(phoneNumberId, phoneNumberId, phoneNumberId, '123456123'),
  });
}

function statusesOf(knowledge: WebhookKnowledge): fc.Arbitrary<unknown> {
  const address = fc.oneof(
    { arbitrary: fc.constantFrom(...knowledge.addresses), weight: 6 },
    { arbitrary: fc.constantFrom(...knowledge.addresses).chain(bentAddress), weight: 2 },
    { arbitrary: fc.constantFrom('order-7', '', 'p1:::'), weight: 1 },
  );
  const status = fc.record(
    {
      id: wamid,
      status: fc.constantFrom('sent', 'delivered', 'read', 'played', 'failed', 'deleted', 'captured'),
      timestamp,
      recipient_id: fc.constant('441134960001'),
      type: fc.constantFrom('message', 'payment', 'call'),
      biz_opaque_callback_data: address,
      pricing: fc.constant({ billable: true, pricing_model: 'PMP', type: 'regular', category: 'utility' }),
      errors: fc.array(failure, { maxLength: 2 }),
    },
    { requiredKeys: ['id', 'status', 'timestamp', 'recipient_id', 'biz_opaque_callback_data'] },
  );
  const statuses = fc.oneof(
    { arbitrary: fc.array(status, { minLength: 1, maxLength: 5 }), weight: 200 },
    { arbitrary: status.map((each) => Array.from({ length: 1_000 }, () => each)), weight: 1 },
  );
  return change(
    'messages',
    fc.record({ messaging_product: fc.constant('whatsapp'), metadata: metadataOf(knowledge), statuses }),
  );
}

/** Addresses whose parts are out of their range, one by one. */
function bentAddress(address: string): fc.Arbitrary<string> {
  const [version = '', day = '', id = '', attempt = ''] = address.split(':');
  return fc.constantFrom(
    [version, day, id, '99999'].join(':'),
    [version, day, id, '32768'].join(':'),
    [version, day, id, '0'].join(':'),
    [version, '99991231', id, attempt].join(':'),
    [version, '20261340', id, attempt].join(':'),
    [version, '00010101', id, attempt].join(':'),
    [version, day, id.toUpperCase(), attempt].join(':'),
    [version, day, '00000000-0000-0000-0000-000000000000', attempt].join(':'),
  );
}

const failure = fc.record({
  code: fc.constantFrom<number | string>(131_049, 131_026, 0, -1, 2 ** 31, 2 ** 53 - 1, '131047', 1.5),
  title: fc.oneof(fc.constant('Undeliverable'), anyText(2_000)),
  error_data: fc.record({ details: anyText(2_000) }),
});

function inboundOf(knowledge: WebhookKnowledge): fc.Arbitrary<unknown> {
  const content = fc.oneof(
    anyText(300).map((body) => ({ type: 'text', text: { body } })),
    fc.constantFrom<object>(
      { type: 'image', image: { id: '1', mime_type: 'image/jpeg', sha256: 'x', caption: 'hi' } },
      { type: 'location', location: { latitude: 1e308, longitude: -0, name: '' } },
      { type: 'interactive', interactive: { type: 'button_reply', button_reply: { id: 'a', title: 'b' } } },
      { type: 'system', system: { body: 'x', type: 'user_changed_number', wa_id: '441134960002' } },
      { type: 'unsupported', errors: [{ code: 131_051, title: 'x' }] },
      { type: '__proto__', __proto__: {} },
    ),
  );
  const shared = fc.record(
    {
      from: fc.constantFrom('441134960001', '441134960002', 'ä', ''),
      from_user_id: fc.constant('HR.1234567890'),
      id: wamid,
      timestamp,
      context: fc.constantFrom({ from: '441134960000', id: 'wamid.A' }, { forwarded: true }),
      referral: fc.constant({ source_url: 'http://127.0.0.1/', source_type: 'ad', source_id: '1' }),
    },
    { requiredKeys: ['id', 'timestamp'] },
  );
  const message = fc.tuple(shared, content).map(([around, inside]) => ({ ...around, ...inside }));
  const contacts = fc.array(
    fc.record({
      profile: fc.record({ name: anyText(30) }),
      wa_id: fc.constant('441134960001'),
    }),
    { maxLength: 2 },
  );
  return change(
    'messages',
    fc.record({
      messaging_product: fc.constant('whatsapp'),
      metadata: metadataOf(knowledge),
      contacts,
      messages: fc.array(message, { minLength: 1, maxLength: 4 }),
    }),
  );
}

const otherChange = fc.oneof(
  change('message_template_status_update', fc.constant({ event: 'APPROVED', message_template_id: 1, reason: null })),
  change(
    'account_update',
    fc.constant({ event: 'ACCOUNT_RESTRICTION', restriction_info: [{ restriction_type: 'X' }] }),
  ),
  change('messages', fc.constant({ errors: [{ code: 130_429, title: 'x' }] })),
  change('', fc.jsonValue({ maxDepth: 2 })),
  fc.record({ field: anyText(20), value: fc.dictionary(anyText(20), fc.jsonValue({ maxDepth: 2 })) }),
);

function change(field: string, value: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
  return fc.record({ field: fc.constant(field), value });
}
