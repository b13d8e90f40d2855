// Templates at the sandbox: registered, reviewed, edited, paused, deleted, each step told by webhook (Meta 4).
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { until } from '../support/until.js';
import { dig, type Fixture, list, startFixture, USER, wabaBody } from './sandbox-fixture.js';
import {
  APP_ID,
  approved,
  create,
  FILES,
  news,
  sendBytes,
  sendTemplate,
  statusNews,
  templateBody,
  texts,
  upload,
} from './sandbox-template-fixture.js';

const HOUR_SECONDS = 3600;
const DAY_SECONDS = 86_400;

let sandbox: Fixture;
before(async () => {
  const app = { ...Object(wabaBody('').app), appId: APP_ID };
  sandbox = await startFixture();
  const made = await sandbox.control('PUT', `/wabas/${sandbox.wabaId}`, {
    ...wabaBody(sandbox.callback.url),
    app: { ...app, callbackUrl: sandbox.callback.url },
  });
  assert.equal(made.status, 200);
  await sandbox.control('PUT', '/templates/reviews', { mode: 'manual', creationsPerHour: 1000 });
});
after(() => sandbox.stop());

const advance = (advanceSeconds: number) => sandbox.control('POST', '/clock', { advanceSeconds });
const path = () => `/${sandbox.wabaId}/message_templates`;
const statusOf = async (id: string) => dig((await sandbox.graph('GET', `/${id}`)).body, 'status');

test('a template is pending, approved two seconds later, told by webhook, and sent with the exact text', async () => {
  await sandbox.control('PUT', '/templates/reviews', { mode: 'approve', creationsPerHour: 1000 });
  const answer = await create(sandbox, templateBody('approved_by_time'));
  const id = String(dig(answer.body, 'id'));
  assert.deepEqual(answer.body, { id, status: 'PENDING', category: 'UTILITY' });
  assert.equal(dig((await sendTemplate(sandbox, 'approved_by_time')).body, 'error', 'code'), 132001);
  const waiting = await sandbox.control('GET', '/templates');
  const view = list(waiting.body, 'templates').find((each) => dig(each, 'id') === id);
  const waitMs = Date.parse(String(dig(view, 'reviewAt'))) - Date.parse(String(dig(view, 'createdAt')));
  assert.ok(waitMs >= 2000 && waitMs < 3000, String(waitMs));
  await advance(2);
  assert.deepEqual(await statusNews(sandbox, id, 'APPROVED'), {
    event: 'APPROVED',
    message_template_id: Number(id),
    message_template_name: 'approved_by_time',
    message_template_language: 'en',
    reason: 'NONE',
    message_template_category: 'UTILITY',
  });
  const sent = await sendTemplate(sandbox, 'approved_by_time', [texts('body', 'Zoë', 'P-7')]);
  assert.equal(sent.status, 200);
  assert.equal(dig(sent.body, 'messages', 0, 'message_status'), 'accepted');
  const { body } = await sandbox.control('GET', `/messages?user=${USER}`);
  const message = list(body, 'messages').find((each) => dig(each, 'id') === dig(sent.body, 'messages', 0, 'id'));
  assert.deepEqual(dig(message, 'rendered'), { body: 'Hello Zoë, your parcel P-7 is here.', buttons: [] });
  assert.equal(dig(message, 'templateId'), id);
  await sandbox.control('PUT', '/templates/reviews', { mode: 'manual', creationsPerHour: 1000 });
});

test('webhooks about templates come in an entry of their own that says when', async () => {
  const id = await approved(sandbox, templateBody('entry_with_time'));
  await statusNews(sandbox, id, 'APPROVED');
  const entry = sandbox.callback
    .posts()
    .flatMap((post) => list(post.json, 'entry'))
    .find((each) => dig(each, 'changes', 0, 'value', 'message_template_id') === Number(id));
  assert.equal(dig(entry, 'id'), sandbox.wabaId);
  assert.equal(typeof dig(entry, 'time'), 'number');
  assert.equal(list(entry, 'changes').length, 1);
});

test("a rejection names Meta's reason, or tells one in other words beside it", async () => {
  const first = String(dig((await create(sandbox, templateBody('rejected_one'))).body, 'id'));
  await sandbox.control('POST', `/templates/${first}/review`, { decision: 'reject', reason: 'PROMOTIONAL' });
  assert.equal(dig(await statusNews(sandbox, first, 'REJECTED'), 'reason'), 'PROMOTIONAL');
  const { body } = await sandbox.graph('GET', `/${first}?fields=status,rejected_reason`);
  assert.deepEqual(body, { status: 'REJECTED', rejected_reason: 'PROMOTIONAL', id: first });
  await sandbox.control('PUT', '/templates/reviews', { mode: 'reject', delayMs: 0, reason: 'sounds odd' });
  const second = String(dig((await create(sandbox, templateBody('rejected_two'))).body, 'id'));
  const told = await statusNews(sandbox, second, 'REJECTED');
  await sandbox.control('PUT', '/templates/reviews', { mode: 'manual', creationsPerHour: 1000 });
  assert.equal(dig(told, 'reason'), 'INVALID_FORMAT');
  assert.equal(dig(told, 'rejection_info', 'reason'), 'sounds odd');
});

test('lists by name, status, category, language and content, page by page', async () => {
  await approved(sandbox, templateBody('listed_a', { category: 'MARKETING' }));
  await approved(sandbox, templateBody('listed_a', { category: 'MARKETING', language: 'de' }));
  await create(sandbox, templateBody('listed_b', { category: 'MARKETING', language: 'de' }));
  const names = async (query: string) => {
    const { body } = await sandbox.graph('GET', `${path()}?${query}`);
    return list(body, 'data').map((each) => `${dig(each, 'name')}:${dig(each, 'language')}`);
  };
  assert.deepEqual(await names('name=listed_a'), ['listed_a:en', 'listed_a:de']);
  assert.deepEqual(await names('category=MARKETING&status=APPROVED&language=de'), ['listed_a:de']);
  assert.deepEqual(await names('category=marketing&status=PENDING'), ['listed_b:de']);
  assert.deepEqual(await names('name_or_content=listed_b'), ['listed_b:de']);
  const first = await sandbox.graph('GET', `${path()}?limit=1&name=listed_a&fields=name,language`);
  assert.deepEqual(Object.keys(Object(dig(first.body, 'data', 0))), ['name', 'language', 'id']);
  const next = new URL(String(dig(first.body, 'paging', 'next')));
  const second = await sandbox.graph('GET', `${path()}${next.search}`);
  assert.equal(dig(second.body, 'data', 0, 'language'), 'de');
  assert.equal(dig(second.body, 'paging', 'next'), undefined);
});

test('an edited template goes on with its old text until the review decides', async () => {
  const id = await approved(sandbox, templateBody('edited'));
  const components = [
    { type: 'BODY', text: 'Dear {{1}}, parcel {{2}} has arrived.', example: { body_text: [['Zoë', 'P-1']] } },
  ];
  assert.deepEqual((await sandbox.graph('POST', `/${id}`, { components })).body, { success: true });
  assert.equal(await statusOf(id), 'PENDING');
  const bodyNow = async () => {
    const sent = await sendTemplate(sandbox, 'edited', [texts('body', 'A', 'B')]);
    const { body } = await sandbox.control('GET', `/messages?user=${USER}&limit=1000`);
    const message = list(body, 'messages').find((each) => dig(each, 'id') === dig(sent.body, 'messages', 0, 'id'));
    return dig(message, 'rendered', 'body');
  };
  assert.equal(await bodyNow(), 'Hello A, your parcel B is here.');
  await sandbox.control('POST', `/templates/${id}/review`, { decision: 'approve' });
  assert.equal(await bodyNow(), 'Dear A, parcel B has arrived.');
});

test('an approved template is edited once a day and ten times a month, and keeps its category', async () => {
  const id = await approved(sandbox, templateBody('edited_often'));
  const edit = async (body: unknown) =>
    dig((await sandbox.graph('POST', `/${id}`, body)).body, 'error', 'error_user_msg');
  const again = { components: templateBody('x').components };
  assert.match(String(await edit({ category: 'MARKETING' })), /category/);
  for (let edits = 1; edits <= 10; edits++) {
    assert.equal(await edit(again), undefined, `edit ${edits}`);
    assert.match(String(await edit(again)), /Only approved/);
    await sandbox.control('POST', `/templates/${id}/review`, { decision: 'approve' });
    assert.match(String(await edit(again)), /once in 24 hours/);
    await advance(DAY_SECONDS);
  }
  assert.match(String(await edit(again)), /10 times in 30 days/);
});

test('pauses last 3 hours, then 6, and the third disables', async () => {
  const id = await approved(sandbox, templateBody('paused'));
  for (const [title, hours] of [
    ['FIRST_PAUSE', 3],
    ['SECOND_PAUSE', 6],
  ] as const) {
    await sandbox.control('POST', `/templates/${id}/review`, { decision: 'pause' });
    assert.equal(dig(await statusNews(sandbox, id, 'PAUSED'), 'other_info', 'title'), title);
    const refused = await sendTemplate(sandbox, 'paused', [texts('body', 'A', 'B')]);
    assert.equal(dig(refused.body, 'error', 'code'), 132015);
    await advance(hours * HOUR_SECONDS - 60);
    assert.equal(await statusOf(id), 'PAUSED');
    await advance(60);
    assert.equal(dig(await statusNews(sandbox, id, 'APPROVED'), 'other_info', 'title'), 'UNPAUSE');
  }
  await sandbox.control('POST', `/templates/${id}/review`, { decision: 'pause' });
  assert.match(
    String(dig(await statusNews(sandbox, id, 'DISABLED'), 'disable_info', 'disable_date')),
    /^\d{4}-\d\d-\d\d$/,
  );
  const refused = await sendTemplate(sandbox, 'paused', [texts('body', 'A', 'B')]);
  assert.equal(dig(refused.body, 'error', 'code'), 132016);
  assert.equal((await sandbox.graph('DELETE', `${path()}?name=paused`)).status, 400);
});

test('quality that falls to RED is told and pauses the template, and unpausing ends that', async () => {
  const id = await approved(sandbox, templateBody('of_quality'));
  for (const score of ['GREEN', 'YELLOW', 'RED']) await sandbox.control('POST', `/templates/${id}/quality`, { score });
  await statusNews(sandbox, id, 'PAUSED');
  const scores = news(sandbox, 'message_template_quality_update', id).map((value) => dig(value, 'new_quality_score'));
  assert.deepEqual(scores, ['GREEN', 'YELLOW', 'RED']);
  const { body } = await sandbox.graph('GET', `/${id}?fields=quality_score`);
  assert.equal(dig(body, 'quality_score', 'score'), 'RED');
  assert.deepEqual((await sandbox.graph('POST', `/${id}/unpause`)).body, { success: true });
  assert.equal(dig((await sandbox.graph('POST', `/${id}/unpause`)).body, 'success'), false);
  assert.equal(await statusOf(id), 'APPROVED');
});

test('a category changes at once, or is announced and changes when it is time', async () => {
  const id = await approved(sandbox, templateBody('of_category'));
  await sandbox.control('POST', `/templates/${id}/category`, { category: 'MARKETING', inSeconds: DAY_SECONDS });
  const told = await until('the warning', () => news(sandbox, 'template_category_update', id)[0]);
  assert.equal(dig(told, 'new_category'), 'UTILITY');
  assert.equal(dig(told, 'correct_category'), 'MARKETING');
  assert.equal(typeof dig(told, 'category_update_timestamp'), 'number');
  assert.equal(dig((await sandbox.graph('GET', `/${id}`)).body, 'correct_category'), 'MARKETING');
  await advance(DAY_SECONDS);
  const done = await until('the change', () => news(sandbox, 'template_category_update', id)[1]);
  assert.equal(dig(done, 'previous_category'), 'UTILITY');
  assert.equal(dig(done, 'new_category'), 'MARKETING');
});

test('deleting takes all languages, locks the name for 30 days, and frees it then', async () => {
  const id = await approved(sandbox, templateBody('deleted'));
  await approved(sandbox, templateBody('deleted', { language: 'de' }));
  assert.deepEqual((await sandbox.graph('DELETE', `${path()}?name=deleted`)).body, { success: true });
  const told = await statusNews(sandbox, id, 'DELETED');
  assert.equal(dig(told, 'reason'), null);
  assert.equal((await sandbox.graph('GET', `/${id}`)).status, 400);
  assert.equal(list((await sandbox.graph('GET', `${path()}?name=deleted`)).body, 'data').length, 0);
  assert.equal(dig((await sendTemplate(sandbox, 'deleted')).body, 'error', 'code'), 132001);
  for (const language of ['en', 'fr']) {
    const refused = await create(sandbox, templateBody('deleted', { language }));
    assert.equal(dig(refused.body, 'error', 'error_subcode'), 2388023, language);
  }
  await advance(30 * DAY_SECONDS);
  assert.equal((await create(sandbox, templateBody('deleted'))).status, 200);
});

test('one language is deleted by its id, a rejected name is free at once, an unknown one is 404', async () => {
  const id = await approved(sandbox, templateBody('two_languages'));
  await approved(sandbox, templateBody('two_languages', { language: 'de' }));
  assert.equal((await sandbox.graph('DELETE', `${path()}?name=two_languages&hsm_id=${id}`)).status, 200);
  assert.equal(list((await sandbox.graph('GET', `${path()}?name=two_languages`)).body, 'data').length, 1);
  await create(sandbox, templateBody('never_approved'));
  await sandbox.graph('DELETE', `${path()}?name=never_approved`);
  assert.equal((await create(sandbox, templateBody('never_approved'))).status, 200);
  assert.equal((await sandbox.graph('DELETE', `${path()}?name=never_there`)).status, 404);
});

test('a template with undelivered messages is pending deletion for 30 days', async () => {
  const id = await approved(sandbox, templateBody('awaited'));
  await sandbox.control('PUT', `/users/441134960009`, { online: false });
  await sendTemplate(sandbox, 'awaited', [texts('body', 'A', 'B')], { to: '441134960009' });
  await sandbox.graph('DELETE', `${path()}?name=awaited`);
  await statusNews(sandbox, id, 'PENDING_DELETION');
  assert.equal(await statusOf(id), 'PENDING_DELETION');
  await advance(30 * DAY_SECONDS);
  await statusNews(sandbox, id, 'DELETED');
});

test('a file is uploaded in parts from where it was broken off, and its handle is good for one app', async () => {
  const bytes = FILES['image/png'];
  const opened = await sandbox.graph('POST', `/${APP_ID}/uploads`, {
    file_name: 'a.png',
    file_length: bytes.length,
    file_type: 'image/png',
  });
  const session = String(dig(opened.body, 'id'));
  assert.match(session, /^upload:/);
  const half = await sendBytes(sandbox, session, 0, bytes.subarray(0, 20));
  assert.deepEqual(half.body, { id: session, file_offset: 20 });
  assert.equal((await sendBytes(sandbox, session, 0, bytes)).status, 400);
  assert.deepEqual((await sandbox.graph('GET', `/${session}`)).body, { id: session, file_offset: 20 });
  const whole = await sendBytes(sandbox, session, 20, bytes.subarray(20));
  assert.match(String(dig(whole.body, 'h')), /^4::/);
  const header = (handle: string, format = 'IMAGE') =>
    create(
      sandbox,
      templateBody(`with_file_${format.toLowerCase()}`, {
        components: [
          { type: 'HEADER', format, example: { header_handle: [handle] } },
          { type: 'BODY', text: 'Look at this.' },
        ],
      }),
    );
  assert.equal(dig((await header('4::aGk:x')).body, 'error', 'error_subcode'), 2388047);
  assert.equal(dig((await header(String(dig(whole.body, 'h')), 'VIDEO')).body, 'error', 'error_subcode'), 2388047);
  assert.equal((await header(String(dig(whole.body, 'h')))).status, 200);
  assert.equal((await header(await upload(sandbox, 'video/mp4'), 'VIDEO')).status, 200);
  assert.equal((await header(await upload(sandbox, 'application/pdf'), 'DOCUMENT')).status, 200);
});

test('uploads of other types, lengths, apps and contents are refused', async () => {
  const open = (fields: Record<string, unknown>, appId = APP_ID) =>
    sandbox.graph('POST', `/${appId}/uploads`, { file_length: 4, file_type: 'image/png', ...fields });
  assert.equal((await open({ file_type: 'text/plain' })).status, 400);
  assert.equal((await open({ file_length: 0 })).status, 400);
  assert.equal(dig((await open({}, '1')).body, 'error', 'error_subcode'), 33);
  const session = String(dig((await open({})).body, 'id'));
  assert.equal((await sendBytes(sandbox, session, 0, Buffer.from('too long'))).status, 400);
  assert.equal((await sendBytes(sandbox, session, 0, Buffer.from('text'))).status, 400);
  assert.equal(dig((await sandbox.graph('GET', '/upload:none')).body, 'error', 'error_subcode'), 33);
});

test('an hour takes only so many creations', async () => {
  await advance(2 * HOUR_SECONDS);
  await sandbox.control('PUT', '/templates/reviews', { mode: 'manual', creationsPerHour: 1 });
  assert.equal((await create(sandbox, templateBody('first_in_hour'))).status, 200);
  assert.equal(dig((await create(sandbox, templateBody('second_in_hour'))).body, 'error', 'code'), 80007);
  await sandbox.control('PUT', '/templates/reviews', { mode: 'manual', creationsPerHour: 1000 });
});

test('users that stop marketing or have had enough of it get none', async () => {
  await approved(sandbox, templateBody('advert', { category: 'MARKETING' }));
  const [stopped, capped] = ['441134960011', '441134960012'];
  const failure = async (to: string) => {
    const sent = await sendTemplate(sandbox, 'advert', [texts('body', 'A', 'B')], { to });
    const id = String(dig(sent.body, 'messages', 0, 'id'));
    await until(`an end of ${id}`, () =>
      sandbox.callback.statuses(id).some((each) => each === 'failed' || each === 'read'),
    );
    const { body } = await sandbox.control('GET', `/webhooks?after=0`);
    const failed = list(body, 'webhooks')
      .map((webhook): unknown => JSON.parse(String(dig(webhook, 'body'))))
      .flatMap((each) => list(each, 'entry', 0, 'changes', 0, 'value', 'statuses'))
      .find((status) => dig(status, 'id') === id && dig(status, 'status') === 'failed');
    return dig(failed, 'errors', 0, 'code');
  };
  assert.equal(await failure(stopped), undefined);
  await sandbox.control('PUT', `/users/${stopped}`, { refusesMarketing: true });
  const told = await until('the preference', () => news(sandbox, 'user_preferences')[0]);
  assert.equal(dig(told, 'user_preferences', 0, 'value'), 'stop');
  assert.equal(dig(told, 'metadata', 'phone_number_id'), sandbox.phoneNumberId);
  assert.equal(await failure(stopped), 131050);
  await sandbox.control('PUT', `/users/${capped}`, { marketingMax: 1 });
  assert.equal(await failure(capped), undefined);
  assert.equal(await failure(capped), 131049);
  await sandbox.control('POST', `/users/${capped}/messages`, { type: 'text', text: { body: 'hi' } });
  assert.equal(await failure(capped), undefined);
});

test('another app sees, edits and deletes none of it', async () => {
  const id = await approved(sandbox, templateBody('not_yours'));
  const other = await sandbox.control('POST', '/wabas', {
    numbers: [{ number: '441134960020' }],
    app: { appSecret: 's', verifyToken: 'v', callbackUrl: sandbox.callback.url, token: 'other-token' },
  });
  const otherWaba = String(dig(other.body, 'wabaId'));
  const ask = async (method: string, where: string, body?: unknown) => {
    const answer = await fetch(`${sandbox.url}/v25.0${where}`, {
      method,
      headers: { authorization: 'Bearer other-token', 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return answer.status;
  };
  assert.equal(await ask('GET', `/${id}`), 400);
  assert.equal(await ask('POST', `/${id}`, { category: 'MARKETING' }), 400);
  assert.equal(await ask('GET', path()), 400);
  assert.equal(await ask('DELETE', `${path()}?name=not_yours`), 400);
  assert.equal(await ask('DELETE', `/${otherWaba}/message_templates?name=not_yours`), 404);
  assert.equal(await statusOf(id), 'APPROVED');
});

test('templates survive a reset and a snapshot, with what is due made due again', async () => {
  const id = await approved(sandbox, templateBody('survivor'));
  await sandbox.control('POST', `/templates/${id}/review`, { decision: 'pause' });
  const { body: snapshot } = await sandbox.control('GET', '/snapshot');
  assert.equal((await sandbox.control('POST', '/snapshot', snapshot)).status, 200);
  assert.equal(await statusOf(id), 'PAUSED');
  await sandbox.control('POST', '/reset', {});
  await until('unpaused when the clock went back', async () => (await statusOf(id)) === 'APPROVED');
});

test('a code comes in many languages at once, new or edited, and its preset texts are shown before', async () => {
  const path = `/${sandbox.wabaId}/upsert_message_templates`;
  const buttons = [{ type: 'OTP', otp_type: 'COPY_CODE' }];
  const request = {
    name: 'code_everywhere',
    languages: ['en', 'de'],
    category: 'AUTHENTICATION',
    components: [{ type: 'BODY' }, { type: 'BUTTONS', buttons }],
  };
  const made = await sandbox.graph('POST', path, request);
  assert.equal(made.status, 200, JSON.stringify(made.body));
  const rows = list(made.body, 'data');
  assert.deepEqual(
    rows.map((row) => [dig(row, 'language'), dig(row, 'status')]),
    [
      ['en', 'PENDING'],
      ['de', 'PENDING'],
    ],
  );
  for (const row of rows) {
    const decided = await sandbox.control('POST', `/templates/${dig(row, 'id')}/review`, { decision: 'approve' });
    assert.equal(decided.status, 200);
  }
  const again = await sandbox.graph('POST', path, { ...request, languages: ['de', 'fr'] });
  assert.equal(dig(again.body, 'data', 0, 'id'), dig(rows[1], 'id'), JSON.stringify(again.body));
  for (const wrong of [{ languages: [] }, { languages: ['xx'] }, { category: 'UTILITY' }, { name: 'Not a name' }]) {
    const refused = await sandbox.graph('POST', path, { ...request, languages: ['it'], ...wrong });
    assert.deepEqual([refused.status, dig(refused.body, 'error', 'code')], [400, 100], JSON.stringify(wrong));
  }
  const preview = `/${sandbox.wabaId}/message_template_previews?category=AUTHENTICATION&button_types=OTP`;
  const shown = await sandbox.graph(
    'GET',
    `${preview}&languages=en,de&add_security_recommendation=true&code_expiration_minutes=7`,
  );
  assert.deepEqual(dig(shown.body, 'data', 1), {
    body: '*{{1}}* is your verification code. For your security, do not share this code.',
    footer: 'This code expires in 7 minutes.',
    buttons: [{ autofill_text: 'Autofill', text: 'Copy code' }],
    language: 'de',
  });
  assert.equal((await sandbox.graph('GET', `${preview}&code_expiration_minutes=91`)).status, 400);
});
