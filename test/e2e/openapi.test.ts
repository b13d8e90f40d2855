// The API page against the gateway: each example in it is sent, every answer is as it says, and what lies beside it is served.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Compile } from 'typebox/compile';
import { createAnswerCheck } from '../support/answer-check.js';
import { type DevWorld, startDev } from '../support/dev-world.js';
import { at, fieldsOf } from '../support/requests-texts.js';
import { until } from '../support/until.js';
import { jpegOf } from './sandbox-files.js';

interface Described {
  method: string;
  path: string;
  mediaType: string;
  example: unknown;
  isAdminOnly: boolean;
}

let world: DevWorld;
let operations: Described[];
before(async () => {
  world = await startDev();
  const { body } = await world.api('/openapi.json', { key: null });
  operations = describedIn(body);
});
after(() => world.stop());

/** The user that the examples of sessions and tokens name. */
async function makeUser(): Promise<void> {
  const example = fieldsOf(operations.find(({ path }) => path === '/auth/1/session')?.example);
  const { username, password } = example;
  const path = `/parley/1/accounts/${world.info.accountId}/users`;
  const { status } = await world.api(path, { key: world.info.adminKey, json: { username, password } });
  assert.equal(status, 201);
}

function describedIn(document: unknown): Described[] {
  return Object.entries(fieldsOf(at(document, 'paths'))).flatMap(([path, methods]) =>
    Object.entries(fieldsOf(methods)).map(([method, operation]) => {
      const [[mediaType = '', content] = []] = Object.entries(fieldsOf(at(operation, 'requestBody', 'content')));
      return {
        method: method.toUpperCase(),
        path,
        mediaType,
        example: at(content, 'example'),
        isAdminOnly: String(at(operation, 'summary')).includes('keys of kind admin only'),
      };
    }),
  );
}

const nameOf = ({ method, path }: Described): string => `${method} ${path}`;

/** A form with a file, and what Meta sends. */
const WITHOUT_EXAMPLE = ['POST /whatsapp/1/senders/{sender}/public-key', 'POST /meta/webhook'];

test('every body has an example', () => {
  const bare = operations.filter(({ mediaType, example }) => mediaType !== '' && example === undefined);
  assert.deepEqual(bare.map(nameOf), WITHOUT_EXAMPLE);
});

/** What is made comes first; what can no longer be changed, and what is deleted, last; then a person is erased from what is left. */
const ORDER = ['POST', 'PUT', 'PATCH', 'GET', 'HEAD', 'publish', 'deprecate', 'DELETE'];
const ERASING = 'DELETE /parley/1/users/{user}';
const rankOf = ({ method, path }: Described): number =>
  `${method} ${path}` === ERASING
    ? ORDER.length
    : Math.max(ORDER.indexOf(method), ORDER.indexOf(path.slice(path.lastIndexOf('/') + 1)));

const exampleOf = (name: string): Readonly<Record<string, unknown>> =>
  fieldsOf(operations.find((operation) => nameOf(operation) === name)?.example);

/** What no example can know: the token of this world, and what its user sent. The user shows the identity that the example confirms. */
async function fieldsOfThisWorld(): Promise<ReadonlyMap<string, Readonly<Record<string, unknown>>>> {
  const { sender, user, graphToken } = world.info;
  const { hash } = exampleOf('PUT /whatsapp/1/{sender}/contacts/{userNumber}/identity');
  await world.api(`/parley/1/senders/${sender}`, { method: 'PATCH', json: { identityCheck: true } });
  await world.sandbox(`/_sandbox/users/${user}`, { method: 'PUT', json: { identityHash: hash } });
  const image = { data: jpegOf(2_000).toString('base64'), mime_type: 'image/jpeg' };
  await world.sandbox(`/_sandbox/users/${user}/messages`, { json: { type: 'image', image } });
  const url = await until('the file is told of', async () => {
    const { body } = await world.api('/messages-api/1/inbound');
    return /https?:[^"]+\/media\/[^"]+/.exec(JSON.stringify(body))?.[0];
  });
  return new Map([
    ['POST /parley/1/senders/connect', { accessToken: graphToken }],
    ['DELETE /whatsapp/1/senders/{sender}/media', { url }],
  ]);
}

test('every example is sent and answered as the page says', async () => {
  await makeUser();
  const own = await fieldsOfThisWorld();
  const check = createAnswerCheck((await world.api('/openapi.json', { key: null })).body, true);
  const known = new Map<string, Readonly<Record<string, unknown>>>();
  const examples = operations
    .filter(({ path }) => path !== '/meta/webhook')
    .map((operation) => {
      const fields = own.get(nameOf(operation));
      return fields === undefined
        ? operation
        : { ...operation, example: { ...fieldsOf(operation.example), ...fields } };
    })
    .sort(
      (a, b) => rankOf(a) - rankOf(b) || (a.method === 'DELETE' ? operations.indexOf(b) - operations.indexOf(a) : 0),
    );
  const refused: [string, number][] = [];
  for (const operation of examples) {
    const { status, headers, body } = await send(operation, known);
    const { method, path } = operation;
    const answer = {
      method,
      path: pathOf(operation, known),
      status,
      contentType: headers.get('content-type') ?? '',
      body,
    };
    assert.equal(check(answer), undefined, path);
    if (nameOf(operation) === 'POST /whatsapp/2/senders/{sender}/templates') await untilApproved(at(body, 'id'));
    if (operation.method === 'POST') known.set(operation.path, { ...fieldsOf(operation.example), ...fieldsOf(body) });
    if (operation.example !== undefined && status >= 300) refused.push([nameOf(operation), status]);
  }
  assert.ok(examples.length > 100);
  assert.deepEqual(refused, []);
});

/** A template can be edited when its review is over. */
function untilApproved(id: unknown): Promise<unknown> {
  const path = `/whatsapp/2/senders/${world.info.sender}/templates/${id}`;
  return until('the template is approved', async () => at((await world.api(path)).body, 'status') === 'APPROVED');
}

function pathOf({ path }: Described, known: ReadonlyMap<string, object>): string {
  return path.replace(/\{(\w+)\}/g, (_, name: string, offset: number) => {
    const made = fieldsOf(known.get(path.slice(0, offset - 1)));
    return encodeURIComponent(
      String(made[name] ?? made.id ?? made.applicationId ?? made.entityId ?? standing()[name] ?? 'x'),
    );
  });
}

/** Sends what the page shows, or nothing; `world.api` compares each answer with the page. */
function send(operation: Described, known: ReadonlyMap<string, object>) {
  const { method, mediaType, example, isAdminOnly } = operation;
  const url = pathOf(operation, known);
  const { apiKey, adminKey } = world.info;
  const key = isAdminOnly ? adminKey : apiKey;
  if (mediaType === 'application/json' && example !== undefined) return world.api(url, { method, key, json: example });
  const text = new URLSearchParams(
    Object.fromEntries(Object.entries(fieldsOf(example)).map(([name, value]) => [name, String(value)])),
  );
  const body = example === undefined ? {} : { body: text.toString(), headers: { 'content-type': mediaType } };
  return world.api(url, { method, key, ...body });
}

/** What is there from the start, or is named alike everywhere. */
function standing(): Readonly<Record<string, string>> {
  const { sender, user } = world.info;
  return { sender, userNumber: user, user, channel: 'WHATSAPP' };
}

test('the page describes what endpoints get, and its references lead somewhere', async () => {
  const { body } = await world.api('/openapi.json', { key: null });
  const webhooks = fieldsOf(at(body, 'webhooks'));
  for (const name of [
    'deliveryReport',
    'seenReport',
    'inboundText',
    'inboundUnsupported',
    'templateUpdate',
    'paymentStatus',
  ])
    assert.ok(webhooks[name] !== undefined, name);
  for (const [name, webhook] of Object.entries(webhooks)) {
    const content = at(webhook, 'post', 'requestBody', 'content', 'application/json');
    assert.ok(Compile({ ...fieldsOf(at(content, 'schema')) }).Check(at(content, 'example')), name);
  }
  const references = [...JSON.stringify(body).matchAll(/"\$ref":"#\/([^"]+)"/g)].map(([, path = '']) => path);
  assert.ok(references.length > 100);
  assert.deepEqual(
    references.filter((path) => at(body, ...path.split('/')) === undefined),
    [],
  );
});

test('the reference and all that it loads come from here, under a policy that allows nothing else', async () => {
  const page = await world.api<string>('/docs', { key: null });
  assert.equal(page.status, 200);
  assert.match(page.headers.get('content-security-policy') ?? '', /default-src 'none'.*connect-src 'self'/);
  const files = [...page.body.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, url = '']) => url);
  const loaded = files.filter((url) => !url.startsWith('data:'));
  assert.ok(loaded.length >= 3);
  for (const url of loaded) {
    const { status, headers } = await world.api(`/${url}`, { key: null });
    assert.equal(status, 200, url);
    assert.equal(headers.get('x-content-type-options'), 'nosniff');
  }
});

test('llms.txt names every operation and no other', async () => {
  const { status, body } = await world.api<string>('/llms.txt', { key: null });
  assert.equal(status, 200);
  const named = [...body.matchAll(/^- `([A-Z]+ \/\S*)`: /gm)].map(([, name = '']) => name);
  assert.deepEqual(named.sort(), operations.map(nameOf).sort());
});
