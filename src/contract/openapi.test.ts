import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Type } from 'typebox';
import { Compile } from 'typebox/compile';
import { sendAnswer, serviceException } from './answers.js';
import { isObject, objectAt } from './json.js';
import { messageTypes } from './messages/registry.js';
import { messageOperations, type Operation, openApiDocument } from './openapi.js';
import { publicSchema, schemaOf } from './openapi-schemas.js';

function documentOf(operations: readonly Operation[]): unknown {
  return JSON.parse(JSON.stringify(openApiDocument('1.2.3', operations)));
}

test('shows every message type with its schema, its example and an answer', () => {
  const document = documentOf(messageOperations());
  assert.equal(objectAt(document, 'info')?.version, '1.2.3');
  for (const type of messageTypes) {
    const operation = objectAt(objectAt(objectAt(document, 'paths'), `/whatsapp/1/message/${type.path}`), 'post');
    assert.equal(operation?.summary, type.summary);
    const content = objectAt(objectAt(objectAt(operation, 'requestBody'), 'content'), 'application/json');
    assert.deepEqual(content?.example, type.example);
    const schema = objectAt(content, 'schema');
    assert.ok(schema !== undefined && Compile(schema).Check(type.example));
    const answer = objectAt(objectAt(operation, 'responses'), '200');
    const shown = objectAt(objectAt(objectAt(answer, 'content'), 'application/json'), 'schema');
    assert.ok(shown !== undefined && Compile(shown).Check(sendAnswer('441134960001', 'id', 11)));
  }
});

test('resolves every reference, and each error is shown as it is sent', () => {
  const document = documentOf(messageOperations());
  const references = [...JSON.stringify(document).matchAll(/"\$ref":"#\/components\/responses\/(\w+)"/g)];
  assert.ok(references.length > 5);
  const responses = objectAt(objectAt(document, 'components'), 'responses');
  for (const [, name = ''] of references) assert.ok(objectAt(responses, name) !== undefined, name);
  const content = objectAt(objectAt(objectAt(responses, 'ServiceException401'), 'content'), 'application/json');
  assert.deepEqual(content?.example, serviceException(401));
});

test('refuses two operations of one method and path', () => {
  const [operation] = messageOperations();
  assert.ok(operation !== undefined);
  assert.throws(() => openApiDocument('1', [operation, operation]), TypeError);
});

test('names path, query and header parameters, and asks for credentials unless the operation is open', () => {
  const shared = { tag: 'T', summary: 'S', answers: [{ status: 200, description: 'D' }] } as const;
  const document = documentOf([
    { ...shared, method: 'GET', path: '/parley/1/{id}', query: Type.Object({ page: Type.Optional(Type.String()) }) },
    { ...shared, method: 'GET', path: '/b', isOpen: true, headers: Type.Object({ 'X-One': Type.String() }) },
  ]);
  const get = (path: string) => objectAt(objectAt(objectAt(document, 'paths'), path), 'get');
  assert.deepEqual(get('/parley/1/{id}')?.parameters, [
    { name: 'id', in: 'path', required: true, schema: { type: 'string' } },
    { name: 'page', in: 'query', required: false, schema: { type: 'string' } },
  ]);
  assert.deepEqual(get('/parley/1/{id}')?.security, [
    { apiKey: ['parley:manage'] },
    { basic: ['parley:manage'] },
    { session: ['parley:manage'] },
    { oauth2: ['parley:manage'] },
  ]);
  assert.deepEqual(get('/parley/1/{id}')?.['x-scopes'], ['parley:manage']);
  assert.deepEqual(get('/b')?.security, []);
  assert.deepEqual(get('/b')?.parameters, [
    { name: 'X-One', in: 'header', required: true, schema: { type: 'string' } },
  ]);
});

test('keeps standard keywords only, also when a field has the name of one of ours', () => {
  const schema = Type.Object({
    says: Type.String({ says: 'must be text' }),
    link: Type.String({ 'x-format': 'http-url' }),
  });
  assert.deepEqual(JSON.parse(JSON.stringify(publicSchema(schema))), {
    type: 'object',
    required: ['says', 'link'],
    properties: { says: { type: 'string', description: 'must be text' }, link: { type: 'string', format: 'uri' } },
  });
});

test('reads a schema off a body that the body itself fits', () => {
  const body = { a: 1, b: [{ c: null }], d: [], e: true, f: undefined };
  const schema = schemaOf(body);
  assert.ok(isObject(schema) && Compile(schema).Check(JSON.parse(JSON.stringify(body))));
  assert.deepEqual(schema.required, ['a', 'b', 'd', 'e']);
});
