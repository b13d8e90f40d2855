// Every structure of a template on its whole way, side by side in one world: registered, approved, told of, sent, seen on the phone, edited,
// reviewed again, deleted, its name locked (Infobip 9, Meta 4). Then what takes days: pauses, edits of a month, the end of the lock.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type ReceivedRequest, type Receiver, startReceiver } from '../support/receiver.js';
import { type Result, type Scene, type SendAnswer, startScene, type Tenant } from '../support/scene.js';
import {
  approved,
  decide,
  fieldsOf,
  register,
  statusUntil,
  type TemplateUpdate,
  templatesOf,
} from '../support/template-scene.js';
import { until } from '../support/until.js';
import { FILES, type FilesHost, startFilesHost } from './template-files.js';
import { templateWalks, type Walk } from './template-walks.js';

const PATIENCE_MS = 60_000;
const DAY_SECONDS = 86_400;

let scene: Scene;
let hook: Receiver;
let files: FilesHost;
let ann: Tenant;
/** What the customer was told, as it came. */
const updates: TemplateUpdate[] = [];
const reports = new Map<string, Result>();

function note({ path, body }: ReceivedRequest): void {
  if (path === '/updates') updates.push(JSON.parse(body));
  else {
    const { results }: { results: Result[] } = JSON.parse(body);
    for (const result of results) if (result.status !== undefined) reports.set(result.messageId, result);
  }
}

before(async () => {
  scene = await startScene({ PARLEY_TEMPLATE_EXAMPLES: 'strict' });
  hook = await startReceiver();
  files = await startFilesHost();
  hook.answer((request) => {
    note(request);
    return { status: 200 };
  });
  ann = await scene.newTenant();
  const manual = await scene.world.sandbox('/_sandbox/templates/reviews', { method: 'PUT', json: { mode: 'manual' } });
  assert.equal(manual.status, 200);
  // Only a profile that wants it is told everything of a template in order.
  const profile = { profileId: 'ordered', webhook: { notifyUrl: `${hook.url}/updates` }, ordered: true };
  const made = await scene.world.api('/subscriptions/1/subscription/WHATSAPP', {
    key: ann.key,
    json: { subscriptionId: 'templates', events: ['TEMPLATE_UPDATE'], profile },
  });
  assert.equal(made.status, 201, JSON.stringify(made.body));
});
after(async () => {
  await hook.stop();
  files.stop();
  await scene.stop();
});

/** Waits until the customer was told that a template became all this, in this order. */
async function toldUntil(id: string, statuses: readonly string[]): Promise<void> {
  const told = () => updates.filter(({ messageTemplateId }) => messageTemplateId === id);
  await until(`${statuses.length} updates of ${id}`, () => told().length >= statuses.length, PATIENCE_MS);
  assert.deepEqual(
    told().map(({ change }) => change.newStatus),
    statuses,
  );
}

async function send(to: string, templateName: string, templateData: object): Promise<SendAnswer> {
  const content = { templateName, language: 'en_GB', templateData };
  const json = { messages: [{ from: ann.sender, to, content, notifyUrl: `${hook.url}/reports` }] };
  const { status, body } = await scene.world.api<{ messages: [SendAnswer] }>('/whatsapp/1/message/template', {
    key: ann.key,
    json,
  });
  assert.equal(status, 200, JSON.stringify(body));
  return body.messages[0];
}

function reportOf({ messageId }: SendAnswer): Promise<Result> {
  return until(`the report of ${messageId}`, () => reports.get(messageId), PATIENCE_MS);
}

interface Sent {
  direction: string;
  rendered?: object;
  media?: { path: string; mediaId: string }[];
}

/** Sends one and compares what the phone has of it, to the letter and to the byte. */
async function arrives(to: string, name: string, { data, files: ends }: Walk, shown: object): Promise<void> {
  const report = await reportOf(await send(to, name, data));
  assert.equal(report.status?.groupName, 'DELIVERED', JSON.stringify(report));
  const { body } = await scene.world.sandbox<{ messages: Sent[] }>(`/_sandbox/messages?user=${to}&limit=100`);
  const { rendered, media = [] } = body.messages.findLast(({ direction }) => direction === 'out') ?? {};
  assert.deepEqual(rendered, shown);
  const bytes = await Promise.all(media.map(({ mediaId }) => bytesOf(mediaId)));
  assert.deepEqual(
    bytes,
    ends.map((end) => FILES[end]?.bytes),
  );
}

async function bytesOf(mediaId: string): Promise<Buffer> {
  const answer = await fetch(`${scene.world.info.sandbox}/_sandbox/media/${mediaId}`);
  return Buffer.from(await answer.arrayBuffer());
}

async function walkThrough(name: string, walk: Walk): Promise<void> {
  const user = scene.newUser();
  const { category, structure, more, edited, shown, shownEdited } = walk;
  const { id, status } = await register(scene, ann, { name, category, structure, ...more });
  assert.equal(status, 'PENDING');
  assert.equal((await send(user, name, walk.data)).status.groupName, 'REJECTED');
  await decide(scene, id, 'approve');
  await toldUntil(id, ['APPROVED']);
  await arrives(user, name, walk, shown);
  const patched = await templatesOf(scene, ann, `/${id}`, { method: 'PATCH', json: { structure: edited, ...more } });
  assert.deepEqual([patched.status, patched.body.status], [200, 'PENDING'], JSON.stringify(patched.body));
  // What was approved stays in force until the review decides.
  await arrives(user, name, walk, shown);
  await decide(scene, id, 'approve');
  await toldUntil(id, ['APPROVED', 'APPROVED']);
  await arrives(user, name, walk, shownEdited);
  assert.equal((await templatesOf(scene, ann, `/${name}`, { method: 'DELETE' })).status, 204);
  await toldUntil(id, ['APPROVED', 'APPROVED', 'DELETED']);
  assert.equal((await templatesOf(scene, ann, `/${id}`)).status, 404);
  const json = { name, language: 'en_GB', category, structure, ...more };
  const again = await templatesOf(scene, ann, '', { json });
  assert.deepEqual([again.status, fieldsOf(again.body)], [400, ['name']]);
  // What is remembered of a template is half a second old at most.
  const refused = await until('it cannot be sent any more', async () => {
    const answer = await send(user, name, walk.data);
    return answer.status.groupName === 'REJECTED' ? answer : undefined;
  });
  assert.equal((await reportOf(refused)).error?.id, 7009);
}

test('every structure is registered, approved, told of, sent, shown to the letter, edited, reviewed again, deleted and locked', async () => {
  const walks = Object.entries(templateWalks(files.url));
  const ends = await Promise.allSettled(walks.map(([name, walk]) => walkThrough(name, walk)));
  const failed = ends.flatMap((end, i) => (end.status === 'rejected' ? [`${walks[i]?.[0]}: ${end.reason}`] : []));
  assert.deepEqual(failed, []);
});

const body = { text: 'Order {{1}} is out.', examples: ['77'] };

/** Moves both clocks, the gateway's and Meta's. */
async function advance(seconds: number): Promise<void> {
  await scene.world.sandbox('/_sandbox/clock', { json: { advanceSeconds: seconds } });
  await scene.advance(seconds);
}

test('a template is paused for 3 hours, then for 6, and the third time disabled, which is told, heeded and final', async () => {
  const { id } = await approved(scene, ann, { name: 'in_trouble', structure: { body } });
  const filled = { body: { placeholders: ['78'] } };
  const told = ['APPROVED'];
  for (const [pause, seconds] of [
    ['FIRST_PAUSED', 3 * 3600],
    ['SECOND_PAUSED', 6 * 3600],
  ] as const) {
    await decide(scene, id, 'pause');
    told.push(pause);
    await toldUntil(id, told);
    await advance(seconds - 60);
    assert.equal((await templatesOf(scene, ann, `/${id}`)).body.status, pause);
    await until(
      'it is refused',
      async () => (await send(scene.newUser(), 'in_trouble', filled)).status.groupName === 'REJECTED',
    );
    await advance(61);
    told.push('APPROVED');
    await toldUntil(id, told);
    assert.equal((await send(scene.newUser(), 'in_trouble', filled)).status.groupName, 'PENDING');
  }
  await decide(scene, id, 'pause');
  await toldUntil(id, [...told, 'DISABLED']);
  const edit = await templatesOf(scene, ann, `/${id}`, { method: 'PATCH', json: { structure: { body } } });
  assert.deepEqual([edit.status, fieldsOf(edit.body)], [400, ['status']]);
  assert.equal((await templatesOf(scene, ann, '/in_trouble', { method: 'DELETE' })).status, 400);
});

test('an approved template is edited ten times in 30 days, and the name of a deleted one is free after as many', async () => {
  const { id } = await approved(scene, ann, { name: 'often', structure: { body } });
  await approved(scene, ann, { name: 'gone', structure: { body } });
  assert.equal((await templatesOf(scene, ann, '/gone', { method: 'DELETE' })).status, 204);
  const again = () =>
    templatesOf(scene, ann, '', {
      json: { name: 'gone', language: 'en_GB', category: 'MARKETING', structure: { body } },
    });
  const edit = (i: number) =>
    templatesOf(scene, ann, `/${id}`, {
      method: 'PATCH',
      json: { structure: { body: { text: `Order {{1}} is out, version ${i}.`, examples: ['77'] } } },
    });
  for (let i = 1; i <= 10; i += 1) {
    const edited = await edit(i);
    assert.equal(edited.status, 200, `${i}: ${JSON.stringify(edited.body)}`);
    await decide(scene, id, 'approve');
    await statusUntil(scene, ann, id, 'APPROVED');
    await advance(DAY_SECONDS);
  }
  const eleventh = await edit(11);
  assert.deepEqual([eleventh.status, fieldsOf(eleventh.body)], [400, ['status']]);
  await advance(20 * DAY_SECONDS - 600);
  assert.deepEqual(fieldsOf((await again()).body), ['name']);
  await advance(600);
  assert.equal((await again()).status, 201);
  assert.equal((await edit(12)).status, 200);
});
