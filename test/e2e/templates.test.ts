// Templates registered, reviewed, edited and deleted through Infobip's API, with the sandbox as Meta (Infobip 9, Meta 4).
import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { AuthType, Infobip } from '@infobip-api/sdk';
import { temporaryFolder } from '../support/dev-world.js';
import { parley } from '../support/parley.js';
import { type Receiver, startReceiver } from '../support/receiver.js';
import { type Scene, startScene, type Tenant } from '../support/scene.js';
import {
  approved,
  decide,
  fieldsOf,
  register,
  statusUntil,
  type Template,
  templatesOf,
  updatesAt,
} from '../support/template-scene.js';
import { until } from '../support/until.js';
import { FILES, type FilesHost, startFilesHost } from './template-files.js';

const PNG = FILES.png?.bytes ?? Buffer.alloc(0);
const PDF = FILES.pdf?.bytes ?? Buffer.alloc(0);

let scene: Scene;
let hook: Receiver;
let files: FilesHost;
let ann: Tenant;
before(async () => {
  scene = await startScene({ PARLEY_TEMPLATE_EXAMPLES: 'strict' });
  hook = await startReceiver();
  files = await startFilesHost();
  ann = await scene.newTenant({ sender: { forwardUrl: `${hook.url}/ann` } });
  const manual = await scene.world.sandbox('/_sandbox/templates/reviews', { method: 'PUT', json: { mode: 'manual' } });
  assert.equal(manual.status, 200);
});
after(async () => {
  await hook.stop();
  files.stop();
  await scene.stop();
});

const body = { text: 'Dear {{1}}, order {{2}} is out.', examples: ['Lea', '77'] };
const url = { type: 'URL', text: 'Track', url: 'https://shop.example/{{1}}', example: 'https://shop.example/77' };
const reply = { type: 'QUICK_REPLY', text: 'Stop' };
const card = () => ({
  header: { format: 'IMAGE', example: `${files.url}/a.png` },
  body: { text: 'One' },
  buttons: [reply, url],
});

const STRUCTURES: Record<string, () => { category?: string; structure: object; more?: object; shown?: string[] }> = {
  text: () => ({ structure: { body } }),
  text_header: () => ({
    structure: { header: { format: 'TEXT', text: 'Order {{1}}', example: '77' }, body, footer: { text: 'Depot' } },
  }),
  image: () => ({
    category: 'UTILITY',
    structure: { header: { format: 'IMAGE', example: `${files.url}/a.png` }, body },
  }),
  video: () => ({ structure: { header: { format: 'VIDEO', example: `${files.url}/a.mp4` }, body } }),
  gif: () => ({ structure: { header: { format: 'GIF', example: `${files.url}/a.mp4` }, body } }),
  document: () => ({ structure: { header: { format: 'DOCUMENT', example: `${files.url}/a.pdf` }, body } }),
  location: () => ({ category: 'UTILITY', structure: { header: { format: 'LOCATION' }, body } }),
  buttons: () => ({
    structure: { body, buttons: [reply, url, { type: 'PHONE_NUMBER', text: 'Call', phoneNumber: '+441134960000' }] },
  }),
  catalog: () => ({ structure: { body, buttons: [{ type: 'CATALOG' }] } }),
  multi_product: () => ({ structure: { body, buttons: [{ type: 'MULTI_PRODUCT' }] } }),
  order: () => ({ category: 'UTILITY', structure: { body, buttons: [{ type: 'ORDER_DETAILS', variant: 'BRAZIL' }] } }),
  voice_call: () => ({
    structure: { body, buttons: [{ type: 'VOICE_CALL', text: 'Call us', callValidityPeriod: 1440 }] },
  }),
  carousel: () => ({ structure: { body, carousel: { cards: [card(), card()] } } }),
  offer: () => ({
    structure: {
      body,
      limitedTimeOffer: { text: 'Ends soon', hasExpiration: true },
      buttons: [{ type: 'COPY_CODE', example: 'MAY10' }, url],
    },
  }),
  call_permission: () => ({ structure: { body, callPermissionRequest: {} } }),
  order_status: () => ({ category: 'UTILITY', structure: { body }, more: { subCategory: 'ORDER_STATUS' } }),
  short_links: () => ({ structure: { body, buttons: [url], shorteningOptions: { customDomain: 'go.shop.example' } } }),
  copy_code: () => ({
    category: 'AUTHENTICATION',
    structure: {
      body: { addSecurityRecommendation: true },
      footer: { codeExpirationMinutes: 5 },
      buttons: [{ otpType: 'COPY_CODE', text: 'Copy' }],
    },
    more: { validityPeriod: { amount: 5, timeUnit: 'MINUTES' } },
  }),
  one_tap: () => ({
    category: 'AUTHENTICATION',
    structure: {
      body: {},
      footer: {},
      buttons: [{ otpType: 'ONE_TAP', packageName: 'com.shop', signatureHash: 'AbCdEf12345' }],
    },
  }),
  zero_tap: () => ({
    category: 'AUTHENTICATION',
    structure: {
      body: {},
      footer: {},
      buttons: [
        { otpType: 'ZERO_TAP', packageName: 'com.shop', signatureHash: 'AbCdEf12345', zeroTapTermsAccepted: true },
      ],
    },
  }),
};

test('every structure is registered, approved with a TEMPLATE_UPDATE, and shown as it was asked for', async () => {
  const made: Template[] = [];
  for (const [name, of] of Object.entries(STRUCTURES)) {
    const { category = 'MARKETING', structure, more } = of();
    const template = await register(scene, ann, {
      name,
      category,
      structure,
      platform: { applicationId: 'crm' },
      ...more,
    });
    assert.deepEqual([template.name, template.category, template.status], [name, category, 'PENDING']);
    assert.deepEqual(template.platform, { applicationId: 'crm' });
    made.push(template);
    await decide(scene, template.id, 'approve');
  }
  await until('all are told of', () => updatesAt(hook).length >= made.length, 60_000);
  for (const { id, name, structure, category, validityPeriod, subCategory } of made) {
    const shown = await statusUntil(scene, ann, id, 'APPROVED');
    assert.deepEqual(
      [shown.structure, shown.validityPeriod, shown.subCategory],
      [structure, validityPeriod, subCategory],
      name,
    );
    const updates = updatesAt(hook).filter((update) => update.messageTemplateId === id);
    assert.deepEqual(
      updates.map(({ messageTemplateName, messageTemplateLanguage, change, applicationId }) => [
        messageTemplateName,
        messageTemplateLanguage,
        change,
        applicationId,
      ]),
      [[name, 'en_GB', { type: 'TEMPLATE_STATUS_UPDATE', newStatus: 'APPROVED', reason: 'NONE' }, 'crm']],
    );
    if (category === 'AUTHENTICATION') assert.match(JSON.stringify(structure), /"type":"URL".*otp/);
    else assertShows(of(name), structure);
  }
  const { body: all } = await templatesOf(scene, ann);
  const names: { templates: Template[] } = JSON.parse(JSON.stringify(all));
  assert.deepEqual(names.templates.map(({ name }) => name).sort(), made.map(({ name }) => name).sort());
});

function of(name: string): object {
  return STRUCTURES[name]?.().structure ?? {};
}

/** Labels of these buttons are Meta's. */
const LABELLED: ReadonlySet<string> = new Set(['CATALOG', 'MULTI_PRODUCT', 'COPY_CODE', 'ORDER_DETAILS']);

/** Everything that was asked for is shown, but for examples; `type` and `destinationUrl`, what `url` was before it was shortened, are for reads only. */
function assertShows(asked: object, shown: Record<string, unknown>): void {
  const { type: _, ...rest } = shown;
  assert.deepEqual(comparable(rest), comparable(asked));
}

function comparable(value: object): unknown {
  return JSON.parse(
    JSON.stringify(value, (key, inner) => {
      if (key === 'example' || key === 'examples' || key === 'destinationUrl') return undefined;
      if (typeof inner !== 'object' || inner === null) return inner;
      if (typeof inner.destinationUrl === 'string') return { ...inner, url: inner.destinationUrl };
      if (!LABELLED.has(inner.type)) return inner;
      const { text: _, ...button } = inner;
      return button;
    }),
  );
}

test('what breaks a rule is a 400 that names the field, and Meta sees nothing of it', async () => {
  const wrong: [object, string][] = [
    [{ name: 'Bad', structure: { body } }, 'name'],
    [{ name: 'bad_1', structure: { body: { text: 'A {{2}} b.' } } }, 'structure.body.text'],
    [
      { name: 'bad_2', structure: { header: { format: 'IMAGE', example: `${files.url}/none.png` }, body } },
      'structure.header.example',
    ],
    [
      { name: 'bad_3', structure: { header: { format: 'IMAGE', example: `${files.url}/a.pdf` }, body } },
      'structure.header.example',
    ],
    [
      { name: 'bad_4', structure: { header: { format: 'IMAGE', example: 'http://10.0.0.1/a.png' }, body } },
      'structure.header.example',
    ],
  ];
  for (const [template, field] of wrong) {
    const json = { language: 'en_GB', category: 'MARKETING', ...template };
    const answer = await templatesOf(scene, ann, '', { json });
    assert.equal(answer.status, 400, JSON.stringify(answer.body));
    assert.ok(fieldsOf(answer.body).includes(field), JSON.stringify(answer.body));
  }
  const { body: atMeta } = await scene.world.sandbox<{ templates: { name: string }[] }>(
    `/_sandbox/templates?wabaId=${ann.wabaId}`,
  );
  assert.ok(!atMeta.templates.some(({ name }) => name.startsWith('bad')));
});

test('a form brings the example file itself', async () => {
  const form = new FormData();
  const template = {
    name: 'from_form',
    language: 'en_GB',
    category: 'MARKETING',
    structure: { header: { format: 'IMAGE' }, body },
  };
  form.set('template', JSON.stringify(template));
  form.set('header', new Blob([new Uint8Array(PNG)], { type: 'image/png' }), 'a.png');
  const url = `${scene.world.info.api}/whatsapp/2/senders/${ann.sender}/templates`;
  const headers = { authorization: `App ${ann.key}` };
  const answer = await fetch(url, { method: 'POST', headers, body: form });
  assert.equal(answer.status, 201, await answer.text());
  form.set('header', new Blob([new Uint8Array(PDF)]), 'a.pdf');
  form.set('template', JSON.stringify({ ...template, name: 'from_form_2' }));
  const refused = await fetch(url, { method: 'POST', headers, body: form });
  assert.equal(refused.status, 400);
  assert.deepEqual(fieldsOf(await refused.json()), ['structure.header.example']);
});

test('an edit is reviewed again; an approved template is edited once a day, and its category stays', async () => {
  const { id } = await approved(scene, ann, { name: 'to_edit', structure: { body } });
  const patch = (json: object) => templatesOf(scene, ann, `/${id}`, { method: 'PATCH', json });
  const edited = { structure: { body: { text: 'Dear {{1}}, it left today.', examples: ['Lea'] } } };
  assert.deepEqual(fieldsOf((await patch({ ...edited, category: 'UTILITY' })).body), ['category']);
  const first = await patch(edited);
  assert.equal(first.status, 200, JSON.stringify(first.body));
  assert.deepEqual(first.body.structure.body, { text: 'Dear {{1}}, it left today.' });
  assert.equal(first.body.status, 'PENDING');
  assert.deepEqual(fieldsOf((await patch(edited)).body), ['status']);
  await decide(scene, id, 'approve');
  await statusUntil(scene, ann, id, 'APPROVED');
  assert.deepEqual(fieldsOf((await patch(edited)).body), ['status']);
  // What is only ours can change at any time.
  const moved = await patch({ platform: { entityId: 'shop-3' } });
  assert.deepEqual([moved.status, moved.body.platform], [200, { entityId: 'shop-3' }]);
  const { id: rejected } = await register(scene, ann, { name: 'to_mend', structure: { body } });
  await decide(scene, rejected, 'reject', 'SCAM');
  await statusUntil(scene, ann, rejected, 'REJECTED');
  const told = await until('the rejection is told of', () => {
    const found = updatesAt(hook).filter(({ messageTemplateId }) => messageTemplateId === rejected);
    return found.length > 0 ? found : undefined;
  });
  assert.deepEqual(
    told.map(({ change }) => change),
    [{ type: 'TEMPLATE_STATUS_UPDATE', newStatus: 'REJECTED', reason: 'SCAM' }],
  );
  for (let round = 0; round < 2; round += 1) {
    const again = await templatesOf(scene, ann, `/${rejected}`, {
      method: 'PATCH',
      json: { ...edited, category: 'UTILITY' },
    });
    assert.deepEqual([again.status, again.body.category], [200, 'UTILITY'], JSON.stringify(again.body));
    await decide(scene, rejected, 'reject', 'SCAM');
    await statusUntil(scene, ann, rejected, 'REJECTED');
  }
  assert.equal((await templatesOf(scene, ann, '/123', { method: 'PATCH', json: edited })).status, 404);
});

test('quality, pauses and category reach the template and the customer, each once', async () => {
  const { id } = await approved(scene, ann, { name: 'to_watch', structure: { body } });
  const act = (what: string, json: object) => scene.world.sandbox(`/_sandbox/templates/${id}/${what}`, { json });
  const changes = () =>
    updatesAt(hook)
      .filter(({ messageTemplateId }) => messageTemplateId === id)
      .map(({ change }) => change);
  // Each is told before the next happens: where no order is asked for, one may overtake another.
  const told = (count: number): Promise<unknown> => until(`${count} are told`, () => changes().length >= count);
  await told(1);
  assert.equal((await act('quality', { score: 'YELLOW' })).status, 200);
  await told(2);
  await decide(scene, id, 'pause');
  await statusUntil(scene, ann, id, 'FIRST_PAUSED');
  await told(3);
  await decide(scene, id, 'unpause');
  await statusUntil(scene, ann, id, 'APPROVED');
  await told(4);
  await decide(scene, id, 'pause');
  await statusUntil(scene, ann, id, 'SECOND_PAUSED');
  await told(5);
  assert.equal((await act('category', { category: 'UTILITY' })).status, 200);
  await told(6);
  assert.deepEqual(
    changes().map((change) => change.newStatus ?? change.newQualityScore ?? change.newCategory),
    ['APPROVED', 'MEDIUM', 'FIRST_PAUSED', 'APPROVED', 'SECOND_PAUSED', 'UTILITY'],
  );
  const paused = updatesAt(hook).find(
    ({ messageTemplateId, change }) => messageTemplateId === id && change.newStatus === 'FIRST_PAUSED',
  );
  const replayed = () => updatesAt(hook).filter(({ eventId }) => eventId === paused?.eventId);
  const replay = { accountId: ann.accountId, eventIds: [paused?.eventId] };
  await until('it is replayed', async () => {
    const { reports } = await scene.admin<{ reports: number }>('/replays', { json: replay });
    return reports === 1;
  });
  await until('it is told once more', () => replayed().length > 1);
  assert.deepEqual(replayed()[1], paused);
});

test('a deleted name is gone in all languages, told of, and locked', async () => {
  await approved(scene, ann, { name: 'to_go', structure: { body } });
  await register(scene, ann, { name: 'to_go', language: 'de', structure: { body } });
  assert.equal((await templatesOf(scene, ann, '/to_go', { method: 'DELETE' })).status, 204);
  const { body: all } = await templatesOf(scene, ann);
  assert.ok(!JSON.stringify(all).includes('"to_go"'));
  const told = () =>
    updatesAt(hook).filter(
      ({ messageTemplateName, change }) => messageTemplateName === 'to_go' && change.newStatus === 'DELETED',
    );
  await until('both are told of', () => told().length === 2);
  const again = await templatesOf(scene, ann, '', {
    json: { name: 'to_go', language: 'fr', category: 'UTILITY', structure: { body } },
  });
  assert.deepEqual([again.status, fieldsOf(again.body)], [400, ['name']]);
  assert.equal((await templatesOf(scene, ann, '/to_go', { method: 'DELETE' })).status, 404);
  await register(scene, ann, { name: 'never_approved', structure: { body } });
  assert.equal((await templatesOf(scene, ann, '/never_approved', { method: 'DELETE' })).status, 204);
  await register(scene, ann, { name: 'never_approved', structure: { body } });
  assert.equal((await templatesOf(scene, ann, '/No', { method: 'DELETE' })).status, 400);
});

test('the list of the account is filtered, ordered and in pages', async () => {
  const bob = await scene.newTenant();
  for (const name of ['b_two', 'a_one', 'c_three'])
    await register(scene, bob, {
      name,
      category: name === 'a_one' ? 'UTILITY' : 'MARKETING',
      structure: { body },
      platform: { entityId: name },
    });
  interface Page {
    results: Template[];
    paging: object;
  }
  const list = async (query: string) => {
    const { status, body: page } = await scene.world.api<Page>(`/whatsapp/1/templates${query}`, { key: bob.key });
    assert.equal(status, 200, JSON.stringify(page));
    return [page.results.map(({ name }) => name), page.paging];
  };
  const paging = (size: number, totalResults: number, page = 0) => ({
    page,
    size,
    totalPages: Math.ceil(totalResults / size),
    totalResults,
  });
  assert.deepEqual(await list('?orderBy=name,ASC'), [['a_one', 'b_two', 'c_three'], paging(10, 3)]);
  assert.deepEqual(await list('?orderBy=name,DESC&size=2&page=1'), [['a_one'], paging(2, 3, 1)]);
  assert.deepEqual(await list('?category=UTILITY,AUTHENTICATION&status=PENDING'), [['a_one'], paging(10, 1)]);
  assert.deepEqual(await list(`?sender=${bob.sender}&entityId=b_two`), [['b_two'], paging(10, 1)]);
  assert.deepEqual(await list(`?sender=${ann.sender}`), [[], paging(10, 0)]);
  const wrong = await scene.world.api<{ violations: object[] }>(
    '/whatsapp/1/templates?size=101&orderBy=age&status=ODD',
    { key: bob.key },
  );
  assert.deepEqual([wrong.status, wrong.body.violations.length], [400, 3]);
});

test('the deprecated version lists and registers, without examples of its own', async () => {
  const path = `/whatsapp/1/senders/${ann.sender}/templates`;
  const json = {
    name: 'from_v1',
    language: 'en_GB',
    category: 'SHIPPING_UPDATE',
    structure: {
      header: { format: 'IMAGE' },
      body: 'Order {{1}} is out.',
      footer: 'Depot',
      buttons: [{ type: 'QUICK_REPLY', text: 'Stop' }],
    },
  };
  const made = await scene.world.api<Template>(path, { key: ann.key, json });
  assert.deepEqual(
    [made.status, made.body.category, made.body.structure.body],
    [201, 'UTILITY', 'Order {{1}} is out.'],
    JSON.stringify(made.body),
  );
  const { body: all } = await scene.world.api<{ templates: Template[] }>(path, { key: ann.key });
  assert.ok(all.templates.some(({ name }) => name === 'from_v1'));
});

test('a pass repairs what a lost webhook missed, and tells of it', async () => {
  const { id } = await register(scene, ann, { name: 'to_miss', structure: { body } });
  const fault = await scene.fault({
    on: 'webhook',
    match: { field: 'message_template_status_update' },
    effect: { drop: true },
    when: { always: true },
  });
  await decide(scene, id, 'approve');
  await until('the webhook is lost', async () => (await scene.hits(fault)) > 0);
  await scene.advance(3_700);
  await statusUntil(scene, ann, id, 'APPROVED');
  const told = () => updatesAt(hook).filter(({ messageTemplateId }) => messageTemplateId === id);
  await until('it is told of', () => told().length > 0);
  await scene.removeFault(fault);
  // The webhook comes late, and is no news.
  await scene.world.sandbox('/_sandbox/clock', { json: { advanceSeconds: 600 } });
  await decide(scene, id, 'pause');
  await until('the pause is told of', () => told().some(({ change }) => change.newStatus === 'FIRST_PAUSED'), 30_000);
  assert.deepEqual(
    told().map(({ change }) => change.newStatus),
    ['APPROVED', 'FIRST_PAUSED'],
  );
});

test('nobody sees or is told of the templates of a WABA that Meta does not show them', async () => {
  const eve = await scene.newTenant({ sender: { forwardUrl: `${hook.url}/eve` } });
  await scene.admin('/senders', {
    json: {
      accountId: eve.accountId,
      sender: '441134969999',
      phoneNumberId: '999000999',
      wabaId: ann.wabaId,
      accessToken: 'forged',
      forwardUrl: `${hook.url}/eve`,
    },
  });
  const forged = { ...eve, sender: '441134969999' };
  const { body: none } = await templatesOf(scene, forged);
  assert.deepEqual(none, { templates: [] });
  const { id } = await approved(scene, ann, { name: 'secret_1', structure: { body } });
  await until('ann is told', () => updatesAt(hook).some(({ messageTemplateId }) => messageTemplateId === id));
  assert.ok(!hook.requests.some((request) => request.path === '/eve'));
  assert.equal((await templatesOf(scene, forged, `/${id}`)).status, 404);
  assert.equal((await templatesOf(scene, { ...eve, sender: ann.sender }, `/${id}`)).status, 404);
});

test("Infobip's own client lists, registers and deletes templates", async () => {
  const infobip = new Infobip({ baseUrl: scene.world.info.api, apiKey: ann.key, authType: AuthType.ApiKey });
  const { whatsapp } = infobip.channels;
  const made = await whatsapp.template.create(ann.sender, {
    name: 'by_client',
    language: 'en_GB',
    category: 'MARKETING',
    structure: { body },
  });
  assert.equal(made.status, 201, JSON.stringify(made.data ?? made.response?.data ?? String(made)));
  const listed = await whatsapp.template.get(ann.sender);
  assert.ok(listed.data.templates.some(({ name }: Template) => name === 'by_client'));
  const removed = await whatsapp.template.delete(ann.sender, 'by_client');
  assert.equal(removed.status, 204, String(removed));
});

test('lint tells what Meta would refuse and what it is likely to recategorise, without asking it', async () => {
  const lint = (json: object) => scene.admin<{ errors: object[]; warnings: object[] }>('/templates/lint', { json });
  const template = {
    name: 'a',
    language: 'en',
    category: 'UTILITY',
    structure: { body: { text: '{{1}} left.', examples: ['x'] } },
  };
  assert.deepEqual(await lint(template), {
    errors: [{ field: 'structure.body.text', message: 'must not start or end with a placeholder' }],
    warnings: [],
  });
  const promoting = {
    ...template,
    structure: { body: { text: 'Order {{1}} has a discount today.', examples: ['x'] } },
  };
  assert.equal((await lint(promoting)).warnings.length, 1);
  const folder = temporaryFolder('lint');
  const file = join(folder, 'template.json');
  writeFileSync(file, JSON.stringify(template));
  const wrong = await parley(['templates', 'lint', file]);
  assert.deepEqual(
    [wrong.code, wrong.stdout.trim()],
    [1, 'error: structure.body.text: must not start or end with a placeholder'],
  );
  writeFileSync(file, JSON.stringify(promoting));
  const advised = await parley(['templates', 'lint', file]);
  assert.equal(advised.code, 0);
  assert.match(advised.stdout, /^warning: structure\.body\.text: "discount"/);
  assert.equal((await parley(['templates', 'lint', join(folder, 'none.json')])).code, 2);
  rmSync(folder, { recursive: true });
});
