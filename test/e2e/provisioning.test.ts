// /provisioning/1: applications, entities and associations (Infobip 6), and what they do to messages.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type Management, startTwoTenants, type TwoTenants } from '../support/management.js';
import type { Receiver } from '../support/receiver.js';
import { resultsAt, resultsUntil, type Scene, type Tenant } from '../support/scene.js';
import { until } from '../support/until.js';

const ROOT = '/provisioning/1';
const NUMBER = { resourceType: 'NUMBER', channel: 'WHATSAPP' };

interface Page<T> {
  results: T[];
  paging: { totalResults: number; totalPages: number };
}

let tenants: TwoTenants;
let scene: Scene;
let hook: Receiver;
let ann: Tenant;
let bob: Tenant;
let annApi: Management;
let bobApi: Management;
before(async () => {
  tenants = await startTwoTenants();
  ({ scene, hook, ann, bob, annApi, bobApi } = tenants);
});
after(() => tenants.stop());

for (const [plural, id, name] of [
  ['applications', 'applicationId', 'applicationName'],
  ['entities', 'entityId', 'entityName'],
] as const) {
  test(`${plural} are made, read, named anew and deleted, by their own account alone`, async () => {
    const url = `${ROOT}/${plural}`;
    assert.equal(await annApi.expect<unknown>(201, 'POST', url, { [id]: 'b', [name]: 'Second' }), '');
    await annApi.expect(201, 'POST', url, { [id]: 'a' });
    await annApi.expect(409, 'POST', url, { [id]: 'a' });
    assert.deepEqual(await annApi.expect(200, 'GET', `${url}/a`), { [id]: 'a', [name]: 'a' });
    const { results, paging } = await annApi.expect<Page<object>>(200, 'GET', `${url}?page=1&size=1`);
    assert.deepEqual(results, [{ [id]: 'b', [name]: 'Second' }]);
    assert.deepEqual([paging.totalPages, paging.totalResults], [2, 2]);
    for (const [method, json] of [
      ['GET', undefined],
      ['PUT', { [name]: 'Taken' }],
      ['DELETE', undefined],
    ] as const)
      await bobApi.expect(404, method, `${url}/a`, json);
    await annApi.expect(204, 'PUT', `${url}/a`, { [name]: 'First' });
    assert.deepEqual(await annApi.expect(200, 'GET', `${url}/a`), { [id]: 'a', [name]: 'First' });
    assert.deepEqual(await annApi.blamed('POST', url, { [id]: 'x'.repeat(256), [name]: 'y'.repeat(256) }), [id, name]);
    assert.deepEqual(await annApi.blamed('GET', `${url}?size=1001`), ['size']);
    assert.equal(await annApi.expect<unknown>(200, 'DELETE', `${url}/a`), '');
    await annApi.expect(404, 'DELETE', `${url}/a`);
  });
}

test('an association is made of what is there, read, listed and ended, and belongs to one account', async () => {
  await annApi.expect(201, 'POST', `${ROOT}/applications`, { applicationId: 'crm' });
  await annApi.expect(201, 'POST', `${ROOT}/entities`, { entityId: 'shop' });
  const own = { ...NUMBER, resourceId: ann.sender, applicationId: 'crm', entityId: 'shop' };
  const url = `${ROOT}/associations`;
  for (const wrong of [{ resourceId: bob.sender }, { applicationId: 'none' }, { entityId: 'none' }])
    await annApi.expect(404, 'POST', url, { ...own, ...wrong });
  assert.deepEqual(await annApi.blamed('POST', url, { resourceType: 'CAT', channel: 'PIGEON' }), [
    'applicationId',
    'channel',
    'resourceId',
    'resourceType',
  ]);
  await annApi.expect(201, 'POST', url, own);
  await annApi.expect(409, 'POST', url, own);
  await annApi.expect(201, 'POST', url, {
    ...own,
    resourceType: 'DOMAIN',
    channel: 'EMAIL',
    resourceId: 'a.example',
    entityId: null,
  });
  const query = `resourceType=NUMBER&channel=WHATSAPP&applicationId=crm&resourceId=${ann.sender}`;
  assert.deepEqual(await annApi.expect(200, 'GET', `${url}/single?${query}`), own);
  await annApi.expect(404, 'GET', `${url}/single?${query}&entityId=other`);
  assert.deepEqual(await annApi.blamed('GET', `${url}/single?channel=CAT`), [
    'applicationId',
    'channel',
    'resourceId',
    'resourceType',
  ]);
  assert.equal((await annApi.expect<Page<object>>(200, 'GET', `${url}?applicationId=crm`)).paging.totalResults, 2);
  assert.deepEqual((await bobApi.expect<Page<object>>(200, 'GET', url)).results, []);
  await bobApi.expect(404, 'DELETE', url, own);
  await annApi.expect(404, 'DELETE', url, { ...own, entityId: 'other' });
  await annApi.expect(204, 'DELETE', url, own);
  await annApi.expect(404, 'GET', `${url}/single?${query}`);
});

/** The application and entity in the reports of a message that is sent now. */
async function reported(fields: object): Promise<unknown[]> {
  const to = scene.newUser();
  const notifyUrl = `${hook.url}/reports`;
  const { messageId } = await scene.send({ to, from: ann.sender, notifyUrl, ...fields }, { key: ann.key });
  await resultsUntil(
    'both reports',
    hook,
    (all) => all.filter((result) => result.messageId === messageId).length === 2,
  );
  const own = resultsAt(hook).filter((result) => result.messageId === messageId);
  const named = own.map((result) =>
    JSON.stringify([Reflect.get(result, 'applicationId'), Reflect.get(result, 'entityId')]),
  );
  assert.equal(new Set(named).size, 1, 'both reports say the same');
  return JSON.parse(named[0] ?? 'null');
}

test('a sender’s association supplies what a request leaves out; deleting falls back to default and to no entity', async () => {
  const own = { ...NUMBER, resourceId: ann.sender, applicationId: 'crm', entityId: 'shop' };
  await annApi.expect(201, 'POST', `${ROOT}/associations`, own);
  await until('the association counts', async () => (await reported({}))[0] === 'crm');
  assert.deepEqual(await reported({}), ['crm', 'shop']);
  assert.deepEqual(await reported({ entityId: 'depot' }), ['crm', 'depot']);
  assert.deepEqual(await reported({ applicationId: 'desk' }), ['desk', null]);
  await annApi.expect(200, 'DELETE', `${ROOT}/entities/shop`);
  await annApi.expect(200, 'DELETE', `${ROOT}/applications/crm`);
  const { results } = await annApi.expect<Page<object>>(200, 'GET', `${ROOT}/associations?channel=WHATSAPP`);
  assert.deepEqual(results, [{ ...NUMBER, resourceId: ann.sender, applicationId: 'default' }]);
  await annApi.expect(200, 'GET', `${ROOT}/applications/default`);
  await until('the fallback counts', async () => (await reported({}))[0] === 'default');
  assert.deepEqual(await reported({}), ['default', null]);
});

test('what a send names is there from then on, for its account, and again after it was deleted', async () => {
  const fields = { applicationId: 'on-first-use', entityId: 'branch-7' };
  await reported(fields);
  const shown = { applicationId: 'on-first-use', applicationName: 'on-first-use' };
  assert.deepEqual(await annApi.expect(200, 'GET', `${ROOT}/applications/on-first-use`), shown);
  await annApi.expect(200, 'GET', `${ROOT}/entities/branch-7`);
  await bobApi.expect(404, 'GET', `${ROOT}/entities/branch-7`);
  await annApi.expect(200, 'DELETE', `${ROOT}/entities/branch-7`);
  await until('the deletion is known, and a send makes it again', async () => {
    await reported(fields);
    return (await annApi.call('GET', `${ROOT}/entities/branch-7`)).status === 200;
  });
});
