// Templates sent through Infobip's API until the sandbox's user sees them (Infobip 2.3, Meta 1.6).
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { AuthType, Infobip } from '@infobip-api/sdk';
import type { Reply } from '../support/dev-world.js';
import { type Receiver, startReceiver } from '../support/receiver.js';
import { type Result, resultsAt, type Scene, type SendAnswer, startScene, type Tenant } from '../support/scene.js';
import { approved, decide, fieldsOf, register, statusUntil } from '../support/template-scene.js';
import { until } from '../support/until.js';
import { type FilesHost, startFilesHost } from './template-files.js';

interface Rendered {
  header?: { text?: string };
  body: string;
  buttons?: object[];
  cards?: object[];
}

interface Bulk {
  bulkId?: string;
  messages: SendAnswer[];
}

let scene: Scene;
let hook: Receiver;
let ann: Tenant;
let files: FilesHost;
before(async () => {
  files = await startFilesHost();
  scene = await startScene();
  hook = await startReceiver();
  ann = await scene.newTenant();
});
after(async () => {
  await hook.stop();
  await scene.stop();
  files.stop();
});

const body = { text: 'Dear {{1}}, order {{2}} is out.', examples: ['Lea', '77'] };
const filled = { placeholders: ['Ann', '78'] };
const url = { type: 'URL', text: 'Track', url: 'https://shop.example/{{1}}', example: 'https://shop.example/77' };
const fixed = { type: 'URL', text: 'Shop', url: 'https://shop.example' };
const reply = { type: 'QUICK_REPLY', text: 'Stop' };
// Nothing answers there: the made file stands in.
const image = { format: 'IMAGE', example: 'http://127.0.0.1:9/a.png' };
const card = { header: image, body: { text: 'Card {{1}} here', examples: ['1'] }, buttons: [reply, url] };

function post(messages: object[], more: object = {}, headers: Record<string, string> = {}): Promise<Reply<Bulk>> {
  return scene.world.api('/whatsapp/1/message/template', { key: ann.key, headers, json: { messages, ...more } });
}

/** One message of a template to a user, with what fills it. */
function message(to: string, templateName: string, templateData: object, more: object = {}): object {
  return {
    from: ann.sender,
    to,
    content: { templateName, language: 'en_GB', templateData },
    notifyUrl: hook.url,
    ...more,
  };
}

/** Sends one and returns the status that the answer has. */
async function statusOf(to: string, name: string, data: object): Promise<[string | undefined, string | undefined]> {
  const { status, body: answer } = await post([message(to, name, data)]);
  assert.equal(status, 200, JSON.stringify(answer));
  const [only] = answer.messages;
  return [only?.status.groupName, only?.messageId];
}

interface Sent {
  direction: string;
  payload: object;
  rendered?: Rendered;
}

async function lastTo(user: string): Promise<Sent | undefined> {
  const path = `/_sandbox/messages?user=${user}&limit=100`;
  const { body: all } = await scene.world.sandbox<{ messages: Sent[] }>(path);
  return all.messages.findLast(({ direction }) => direction === 'out');
}

async function shownTo(user: string): Promise<Rendered | undefined> {
  return (await lastTo(user))?.rendered;
}

function reportOf(messageId: string | undefined): Promise<Result> {
  return until(`the report of ${messageId}`, () =>
    resultsAt(hook).find((result) => result.messageId === messageId && result.status !== undefined),
  );
}

const product = { retailerId: '1', name: 'Pen', amount: { value: 1500 }, quantity: 1 };
const order = { items: [product], subtotal: { value: 1500 }, tax: { value: 0 } };
const app = { packageName: 'com.shop', signatureHash: 'AbCdEf12345' };
const oneCode = { body: { placeholders: ['123456'] }, buttons: [{ type: 'URL', parameter: '123456' }] };
const KINDS: Record<string, { category?: string; structure: object; more?: object; data: object; shows: RegExp }> = {
  text: { structure: { body }, data: { body: filled }, shows: /"Dear Ann, order 78 is out\."/ },
  text_header: {
    structure: { header: { format: 'TEXT', text: 'Order {{1}}', example: '7' }, body },
    data: { header: { type: 'TEXT', placeholder: '78' }, body: filled },
    shows: /Order 78/,
  },
  image: {
    structure: { header: image, body },
    data: { header: { type: 'IMAGE', mediaUrl: 'https://cdn.example/cat.png' }, body: filled },
    shows: /cat\.png/,
  },
  video: {
    structure: { header: { ...image, format: 'VIDEO' }, body },
    data: { header: { type: 'VIDEO', mediaUrl: 'https://cdn.example/cat.mp4' }, body: filled },
    shows: /cat\.mp4/,
  },
  gif: {
    structure: { header: { ...image, format: 'GIF' }, body },
    data: { header: { type: 'GIF', mediaUrl: 'https://cdn.example/wave.mp4' }, body: filled },
    shows: /wave\.mp4.*"type":"gif"/,
  },
  contact: {
    structure: { body, buttons: [{ type: 'REQUEST_CONTACT_INFO' }] },
    data: { body: filled },
    shows: /"type":"request_contact_info"/,
  },
  document: {
    structure: { header: { ...image, format: 'DOCUMENT' }, body },
    data: {
      header: { type: 'DOCUMENT', mediaUrl: 'https://cdn.example/bill.pdf', filename: 'bill.pdf' },
      body: filled,
    },
    shows: /bill\.pdf/,
  },
  location: {
    category: 'UTILITY',
    structure: { header: { format: 'LOCATION' }, body },
    data: { header: { type: 'LOCATION', latitude: 45.8, longitude: 15.97 }, body: filled },
    shows: /45\.8/,
  },
  buttons: {
    structure: { body, buttons: [fixed, url, reply] },
    data: {
      body: filled,
      buttons: [
        { type: 'URL', parameter: 'x78' },
        { type: 'QUICK_REPLY', parameter: 'stop78' },
      ],
    },
    shows: /shop\.example\/x78.*stop78/,
  },
  replies_alone: { structure: { body, buttons: [reply] }, data: { body: filled }, shows: /Stop/ },
  offer: {
    structure: {
      body,
      limitedTimeOffer: { text: 'Ends soon', hasExpiration: true },
      buttons: [{ type: 'COPY_CODE', example: 'MAY10' }, url],
    },
    data: {
      body: filled,
      limitedTimeOffer: { expirationTime: new Date(Date.now() + 86_400_000).toISOString() },
      buttons: [
        { type: 'COPY_CODE', parameter: 'JUNE5' },
        { type: 'URL', parameter: 'sale' },
      ],
    },
    shows: /JUNE5.*shop\.example\/sale/,
  },
  carousel: {
    structure: { body, carousel: { cards: [card, card] } },
    data: {
      body: filled,
      carousel: {
        cards: ['a', 'b'].map((name) => ({
          header: { type: 'IMAGE', mediaUrl: `https://cdn.example/${name}.png` },
          body: { placeholders: [name] },
          buttons: [{ type: 'URL', parameter: name }],
        })),
      },
    },
    shows: /Card a here.*shop\.example\/a.*Card b here.*shop\.example\/b/,
  },
  catalog: {
    structure: { body, buttons: [{ type: 'CATALOG' }] },
    data: { body: filled, buttons: [{ type: 'CATALOG', thumbnailProductRetailerId: 'sku1' }] },
    shows: /sku1/,
  },
  multi_product: {
    structure: { body, buttons: [{ type: 'MULTI_PRODUCT' }] },
    data: {
      body: filled,
      buttons: [
        {
          type: 'MULTI_PRODUCT',
          thumbnailProductRetailerId: 'sku1',
          sections: [{ title: 'New', productRetailerIds: ['sku1', 'sku2'] }],
        },
      ],
    },
    shows: /sku2/,
  },
  order: {
    category: 'UTILITY',
    structure: { body, buttons: [{ type: 'ORDER_DETAILS', variant: 'BRAZIL' }] },
    data: {
      body: filled,
      buttons: [
        {
          type: 'ORDER_DETAILS',
          action: {
            payment: { type: 'BRAZIL_LINK', id: 'p1', paymentLink: 'https://pay.example/1' },
            orderCurrency: 'BRL',
            orderType: 'DIGITAL_GOODS',
            totalAmount: { value: 1500 },
            order,
          },
        },
      ],
    },
    shows: /Dear Ann/,
  },
  order_status: {
    category: 'UTILITY',
    structure: { body },
    more: { subCategory: 'ORDER_STATUS' },
    data: {
      body: filled,
      orderStatus: {
        orderStatuses: [
          { payment: { type: 'BRAZIL_LINK', id: 'p1' }, status: 'PARTIALLY_SHIPPED', description: 'Soon' },
        ],
      },
    },
    shows: /partially-shipped/,
  },
  voice_call: {
    structure: { body, buttons: [{ type: 'VOICE_CALL', text: 'Call us', callValidityPeriod: 1440 }] },
    data: { body: filled, buttons: [{ type: 'VOICE_CALL', callValidityPeriod: 60, callContextPayload: 'ctx' }] },
    shows: /Call us/,
  },
  code: {
    category: 'AUTHENTICATION',
    structure: {
      body: { addSecurityRecommendation: true },
      footer: { codeExpirationMinutes: 5 },
      buttons: [{ otpType: 'COPY_CODE' }],
    },
    data: oneCode,
    shows: /"otp":"copy_code","text":"Copy code","code":"123456"/,
  },
  one_tap: {
    category: 'AUTHENTICATION',
    structure: { body: {}, footer: {}, buttons: [{ otpType: 'ONE_TAP', ...app }] },
    data: oneCode,
    shows: /"otp":"one_tap".*"code":"123456"/,
  },
  zero_tap: {
    category: 'AUTHENTICATION',
    structure: { body: {}, footer: {}, buttons: [{ otpType: 'ZERO_TAP', ...app, zeroTapTermsAccepted: true }] },
    data: oneCode,
    shows: /"otp":"zero_tap".*"code":"123456"/,
  },
};

test('every kind of template reaches the user with all that fills it, and is reported as delivered', async () => {
  for (const [name, { category = 'MARKETING', structure, more, data, shows }] of Object.entries(KINDS)) {
    await approved(scene, ann, { name, category, structure, ...more });
    const user = scene.newUser();
    const ours = JSON.parse(JSON.stringify(data).replaceAll('https://cdn.example', files.url));
    const [group, messageId] = await statusOf(user, name, ours);
    assert.equal(group, 'PENDING', name);
    const report = await reportOf(messageId);
    assert.equal(report.status?.groupName, 'DELIVERED', `${name}: ${JSON.stringify(report)}`);
    const { payload, rendered } = (await lastTo(user)) ?? {};
    assert.match(JSON.stringify([payload, rendered]), shows, name);
  }
});

test('what does not fit is rejected at once, message by message, with a report, and never reaches Meta', async () => {
  const { id } = await approved(scene, ann, {
    name: 'strict_1',
    structure: { header: { format: 'TEXT', text: 'Order {{1}}', example: '7' }, body, buttons: [url, reply] },
  });
  const right = {
    header: { type: 'TEXT', placeholder: '78' },
    body: filled,
    buttons: [{ type: 'URL', parameter: 'x' }],
  };
  const user = scene.newUser();
  const misfits: [object, number][] = [
    [{ ...right, body: { placeholders: ['one'] } }, 7008],
    [{ ...right, body: { placeholders: ['one', 'two', 'three'] } }, 7008],
    [{ body: filled, buttons: right.buttons }, 7008],
    [{ ...right, header: { type: 'IMAGE', mediaUrl: 'https://cdn.example/a.png' } }, 7008],
    [{ ...right, buttons: [] }, 7008],
    [
      {
        ...right,
        buttons: [
          { type: 'QUICK_REPLY', parameter: 'a' },
          { type: 'URL', parameter: 'x' },
        ],
      },
      7008,
    ],
    [{ ...right, limitedTimeOffer: { expirationTime: '2030-01-01T00:00:00Z' } }, 7008],
  ];
  const messages = [
    ...misfits.map(([data]) => message(user, 'strict_1', data)),
    message(user, 'not_there', { body: filled }),
    message(user, 'strict_1', right),
  ];
  const { status, body: answer } = await post(messages, { bulkId: 'mixed-1' });
  assert.equal(status, 200, JSON.stringify(answer));
  assert.equal(answer.bulkId, 'mixed-1');
  assert.deepEqual(
    answer.messages.map((one) => one.status.groupName),
    [...misfits.map(() => 'REJECTED'), 'REJECTED', 'PENDING'],
  );
  const errors = [...misfits.map(([, error]) => error), 7009, 0];
  for (const [i, one] of answer.messages.entries()) {
    const report = await reportOf(one.messageId);
    assert.deepEqual([report.error?.id, report.bulkId], [errors[i], 'mixed-1']);
  }
  assert.equal((await scene.atMeta(user)).length, 1);
  assert.equal((await statusOf(user, 'strict_1', right))[0], 'PENDING');
  await decide(scene, id, 'pause');
  await statusUntil(scene, ann, id, 'FIRST_PAUSED');
  // What is remembered of a template is half a second old at most.
  await until('the pause is known', async () => (await statusOf(user, 'strict_1', right))[0] === 'REJECTED');
  await decide(scene, id, 'unpause');
  await statusUntil(scene, ann, id, 'APPROVED');
  assert.equal((await statusOf(user, 'strict_1', right))[0], 'PENDING');
  const { id: pending } = await register(scene, ann, { name: 'pending_1', structure: { body } });
  await decide(scene, pending, 'reject');
  await statusUntil(scene, ann, pending, 'REJECTED');
  assert.equal((await statusOf(user, 'pending_1', { body: filled }))[0], 'REJECTED');
});

test('a field that is wrong in one message is a 400 for all, named with its place', async () => {
  const user = scene.newUser();
  const good = message(user, 'text', { body: filled });
  const wrong: [object, string][] = [
    [
      message(user, 'text', { body: { placeholders: ['a\nb', 'c'] } }),
      'messages[1].content.templateData.body.placeholders[0]',
    ],
    [
      message(user, 'text', { body: { placeholders: ['a     b', 'c'] } }),
      'messages[1].content.templateData.body.placeholders[0]',
    ],
    [message(user, 'text', {}), 'messages[1].content.templateData.body'],
    [
      message(user, 'text', { body: filled, header: { type: 'IMAGE', mediaUrl: 'x' } }),
      'messages[1].content.templateData.header.mediaUrl',
    ],
    [message(user, 'text', { body: filled }, { smsFailover: { from: 'Depot' } }), 'messages[1].smsFailover.text'],
  ];
  for (const [bad, field] of wrong) {
    const answer = await post([good, bad]);
    assert.deepEqual([answer.status, fieldsOf(answer.body)], [400, [field]]);
  }
  assert.deepEqual(fieldsOf((await post([])).body), ['messages']);
  assert.equal((await scene.atMeta(user)).length, 0);
});

test('an authentication code must come twice', async () => {
  const user = scene.newUser();
  assert.equal((await statusOf(user, 'code', { body: { placeholders: ['123456'] } }))[0], 'REJECTED');
  assert.equal(
    (
      await statusOf(user, 'code', {
        body: { placeholders: ['123456'] },
        buttons: [{ type: 'URL', parameter: '654321' }],
      })
    )[0],
    'REJECTED',
  );
});

test('a bulk gets an id, keeps messageIds, and is repeated under its Idempotency-Key with the same answer', async () => {
  const users = [scene.newUser(), scene.newUser(), scene.newUser()];
  const messages = users.map((user, i) =>
    message(user, i === 1 ? 'not_there' : 'text', { body: filled }, i === 2 ? { messageId: 'own-2' } : {}),
  );
  const headers = { 'idempotency-key': 'bulk-key-1' };
  const first = await post(messages, { bulkId: 'again-1' }, headers);
  assert.deepEqual(
    first.body.messages.map(({ status }) => status.groupName),
    ['PENDING', 'REJECTED', 'PENDING'],
  );
  assert.equal(first.body.messages[2]?.messageId, 'own-2');
  assert.deepEqual((await post(messages, { bulkId: 'again-1' }, headers)).body, first.body);
  assert.equal((await post(messages.slice(1), { bulkId: 'again-1' }, headers)).status, 422);
  const duplicate = await post([messages[2] ?? {}]);
  assert.equal(duplicate.body.messages[0]?.status.name, 'REJECTED_DUPLICATE_MESSAGE_ID');
  assert.equal(duplicate.body.bulkId, undefined);
  const generated = await post(messages.slice(0, 2));
  assert.match(String(generated.body.bulkId), /^[0-9a-f-]{36}$/);
  for (const [i, user] of users.entries()) assert.ok((await scene.atMetaUntil(user, i === 1 ? 0 : 1)).length <= 2);
});

test('a template that nobody told Parley of is sent, after one look at Meta', async () => {
  const bob = await scene.newTenant();
  const components = [{ type: 'BODY', text: 'Made at {{1}} by hand.', example: { body_text: [['Meta']] } }];
  const path = `/v25.0/${bob.wabaId}/message_templates`;
  const made = await scene.world.sandbox<{ id: string }>(path, {
    json: { name: 'by_hand', language: 'en_GB', category: 'UTILITY', components },
    headers: { authorization: `Bearer ${bob.graphToken}` },
  });
  assert.equal(made.status, 200, JSON.stringify(made.body));
  await decide(scene, made.body.id, 'approve');
  await statusUntil(scene, bob, made.body.id, 'APPROVED');
  const user = scene.newUser();
  const json = {
    messages: [
      {
        from: bob.sender,
        to: user,
        content: { templateName: 'by_hand', language: 'en_GB', templateData: { body: { placeholders: ['Meta'] } } },
      },
    ],
  };
  await until('it is sent', async () => {
    const answer = await scene.world.api<Bulk>('/whatsapp/1/message/template', { key: bob.key, json });
    return answer.body.messages[0]?.status.groupName === 'PENDING';
  });
  await until('it is shown', async () => (await shownTo(user))?.body === 'Made at Meta by hand.');
});

test("Infobip's own client sends templates", async () => {
  const infobip = new Infobip({ baseUrl: scene.world.info.api, apiKey: ann.key, authType: AuthType.ApiKey });
  const user = scene.newUser();
  const answer = await infobip.channels.whatsapp.send({
    type: 'template',
    messages: [
      {
        from: ann.sender,
        to: user,
        content: { templateName: 'text', templateData: { body: { placeholders: ['Ann', '78'] } }, language: 'en_GB' },
      },
    ],
  });
  assert.equal(answer.status, 200, String(answer));
  assert.equal(answer.data.messages[0].status.groupName, 'PENDING');
  await until('it is shown', async () => (await shownTo(user))?.body === 'Dear Ann, order 78 is out.');
});

interface BulkView {
  bulkId: string;
  waiting: number;
  nextAt: string;
  lastAt: string;
}

test('a bulk waits for its time, goes out at its speed, and what still waits can be cancelled', async () => {
  const users = Array.from({ length: 4 }, () => scene.newUser());
  const sendAt = new Date(Date.now() + 3_600_000).toISOString();
  const messages = [
    ...users.map((user, i) => message(user, 'text', { body: filled }, { messageId: `later-${i}` })),
    message(users[0] ?? '', 'not_there', { body: filled }, { messageId: 'later-never' }),
  ];
  const schedule = { bulkId: 'later-1', sendAt, sendingSpeedLimit: { amount: 2, timeUnit: 'MINUTE' } };
  const { status, body: answer } = await post(messages, { options: { schedule } }, { 'idempotency-key': 'later-key' });
  assert.equal(status, 200, JSON.stringify(answer));
  assert.equal(answer.bulkId, 'later-1');
  const names = answer.messages.map((one) => one.status.name);
  assert.deepEqual(names, [...users.map(() => 'PENDING_ACCEPTED'), 'UNDELIVERABLE_REJECTED_PLATFORM']);
  const again = await post(messages, { options: { schedule } }, { 'idempotency-key': 'later-key' });
  assert.deepEqual(again.body, answer);
  const bulk = () => scene.world.api<BulkView>('/parley/1/bulks/later-1', { key: ann.key });
  const { body: view } = await bulk();
  assert.equal(view.waiting, 4);
  assert.equal(new Date(view.nextAt).getTime(), new Date(sendAt).getTime());
  assert.equal(new Date(view.lastAt).getTime() - new Date(view.nextAt).getTime(), 90_000);
  const { body: listed } = await scene.world.api<{ results: BulkView[] }>('/parley/1/bulks', { key: ann.key });
  assert.deepEqual(
    listed.results.map(({ bulkId }) => bulkId),
    ['later-1'],
  );
  assert.equal((await scene.atMeta(users[0] ?? '')).length, 0);
  const life = () => scene.admin<{ state: string; waiting: { dueAt: string } | null }>('/messages/later-0');
  const waits = await life();
  assert.deepEqual([waits.state, waits.waiting?.dueAt], ['scheduled', new Date(sendAt).toISOString()]);
  await scene.advance(3_600);
  await scene.atMetaUntil(users[0] ?? '', 1);
  await scene.advance(31);
  await scene.atMetaUntil(users[1] ?? '', 1);
  const report = await reportOf('later-1');
  assert.deepEqual([report.status?.groupName, report.bulkId], ['DELIVERED', 'later-1']);
  await until('later-0 is no longer scheduled', async () => ['delivered', 'read'].includes((await life()).state));
  assert.equal((await bulk()).body.waiting, 2);
  const canceled = await scene.world.api<object>('/parley/1/bulks/later-1', { key: ann.key, method: 'DELETE' });
  assert.deepEqual([canceled.status, canceled.body], [200, { bulkId: 'later-1', canceled: 2 }]);
  for (const id of ['later-2', 'later-3']) {
    const told = await reportOf(id);
    assert.deepEqual([told.status?.name, told.error?.id], ['UNDELIVERABLE_NOT_SENT', 4100]);
  }
  assert.equal((await bulk()).status, 404);
  await scene.advance(600);
  await statusOf(scene.newUser(), 'text', { body: filled });
  assert.equal((await scene.atMeta(users[3] ?? '')).length, 0);
});

test('a schedule out of reach is a 400, one that has passed means now, and nobody sees or cancels the bulks of others', async () => {
  const bob = await scene.newTenant();
  const to = scene.newUser();
  const one = [message(to, 'text', { body: filled })];
  const at = (sendAt: string) => post(one, { options: { schedule: { sendAt, bulkId: 'reach-1' } } });
  assert.deepEqual(fieldsOf((await at('2099-01-01T00:00:00Z')).body), ['options.schedule.sendAt']);
  assert.deepEqual(fieldsOf((await at('soon')).body), ['options.schedule.sendAt']);
  const past = await at('2020-01-01T00:00:00.000+0000');
  assert.equal(past.body.messages[0]?.status.name, 'PENDING_ENROUTE');
  const inAnHour = new Date((await scene.admin<{ now: string }>('/dev/clock')).now).getTime() + 3_600_000;
  assert.equal((await at(new Date(inAnHour).toISOString())).status, 200);
  assert.equal((await scene.world.api('/parley/1/bulks/reach-1', { key: bob.key })).status, 404);
  assert.equal((await scene.world.api('/parley/1/bulks/reach-1', { key: bob.key, method: 'DELETE' })).status, 404);
  const { results } = await scene.admin<{ results: BulkView[] }>('/bulks');
  assert.ok(results.some(({ bulkId }) => bulkId === 'reach-1'));
  assert.equal((await scene.world.api('/parley/1/bulks/reach-1', { key: ann.key, method: 'DELETE' })).status, 200);
});
