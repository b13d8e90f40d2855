import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Type } from 'typebox';
import { Compile } from 'typebox/compile';
import { fc } from '../../test/support/property.js';
import { httpUrl } from './fields.js';
import { readerOf, VIOLATION_KEYS_MAX } from './readers.js';
import { compileValidator } from './validate.js';

const schema = Type.Object({
  name: Type.String({ minLength: 1, maxLength: 5 }),
  note: Type.Optional(Type.String({ maxLength: 10 })),
  code: Type.Optional(Type.String({ pattern: '^[A-Z]+$' })),
  url: Type.Optional(httpUrl(30)),
  isOpen: Type.Optional(Type.Boolean()),
  count: Type.Optional(Type.Integer({ minimum: 1, maximum: 9 })),
  ratio: Type.Optional(Type.Number()),
  colour: Type.Optional(Type.Enum(['RED', 'BLUE'])),
  inner: Type.Optional(Type.Object({ id: Type.String({ minLength: 1, maxLength: 3 }) })),
  items: Type.Optional(
    Type.Array(Type.Object({ to: Type.String({ minLength: 1, maxLength: 3 }) }), { minItems: 1, maxItems: 200 }),
  ),
  notes: Type.Optional(Type.Record(Type.String(), Type.String({ maxLength: 3 }), { minProperties: 1 })),
  free: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
  part: Type.Optional(
    Type.Union([
      Type.Object({ type: Type.Literal('A'), a: Type.String({ minLength: 1, maxLength: 3 }) }),
      Type.Object({ type: Type.Literal('B'), b: Type.Boolean() }),
    ]),
  ),
});
const validate = compileValidator(schema, { aliases: { Name: 'name' } });

function violationsOf(value: unknown): Record<string, string[]> {
  const result = validate(value);
  assert.equal(result.ok, false, `passed: ${JSON.stringify(value)}`);
  return result.ok ? {} : result.violations;
}

function cleaned(value: unknown): unknown {
  const result = validate(value);
  assert.deepEqual(result.ok ? undefined : result.violations, undefined);
  return result.ok ? result.value : undefined;
}

test('takes a number given for a text as its text', () => {
  assert.deepEqual(cleaned({ name: 12.5, note: 491512345 }), { name: '12.5', note: '491512345' });
});

test('refuses a number for a text when JSON has already lost digits of it', () => {
  assert.deepEqual(violationsOf({ name: 'a', note: 2 ** 60 }), { note: ['must be a string'] });
});

test('refuses objects, arrays and booleans for a text', () => {
  for (const wrong of [{}, [], ['a'], true, false])
    assert.deepEqual(violationsOf({ name: wrong }), { name: ['must be a string'] });
});

test('leaves unknown fields out of the value, prototypes included', () => {
  const body: unknown = JSON.parse('{"name":"a","other":1,"__proto__":{"note":"x"},"inner":{"id":"i","more":[]}}');
  assert.deepEqual(cleaned(body), { name: 'a', inner: { id: 'i' } });
});

test('counts null and an empty optional text as absent', () => {
  assert.deepEqual(cleaned({ name: 'a', note: null, url: '', inner: null, items: null }), { name: 'a' });
});

test('reads an alias as the field it stands for, unless the field is there', () => {
  assert.deepEqual(cleaned({ Name: 'b' }), { name: 'b' });
  assert.deepEqual(cleaned({ Name: 'b', name: 'a' }), { name: 'a' });
});

test('names every wrong field at once, each by its dotted path', () => {
  const violations = violationsOf({
    note: 'x'.repeat(11),
    code: 'abc',
    url: 'ftp://example.org',
    isOpen: 'yes',
    count: 1.5,
    ratio: '1',
    colour: 'GREEN',
    inner: {},
    items: [{ to: 'a' }, null, { to: '' }, 7],
    part: { type: 'A' },
  });
  assert.deepEqual(violations, {
    name: ['must not be blank'],
    note: ['size must be between 0 and 10'],
    code: ['must match "^[A-Z]+$"'],
    url: ['is not a valid url'],
    isOpen: ['must be a boolean'],
    count: ['must be an integer'],
    ratio: ['must be a number'],
    colour: ['must be one of RED, BLUE'],
    'inner.id': ['must not be blank'],
    'items[1]': ['must not be null'],
    'items[2].to': ['must not be blank', 'size must be between 1 and 3'],
    'items[3]': ['must be an object'],
    'part.a': ['must not be blank'],
  });
});

test('tells the members of a union apart by their constant', () => {
  assert.deepEqual(cleaned({ name: 'a', part: { type: 'B', b: true, a: 'x' } }), {
    name: 'a',
    part: { type: 'B', b: true },
  });
  assert.deepEqual(violationsOf({ name: 'a', part: { type: 'C' } }), { 'part.type': ['must be one of A, B'] });
  assert.deepEqual(violationsOf({ name: 'a', part: 'B' }), { part: ['must be an object'] });
});

test('bounds numbers and arrays', () => {
  assert.deepEqual(violationsOf({ name: 'a', count: 0, items: [] }), {
    count: ['must be greater than or equal to 1'],
    items: ['size must be between 1 and 200'],
  });
  assert.deepEqual(violationsOf({ name: 'a', count: 10, items: {} }), {
    count: ['must be less than or equal to 9'],
    items: ['must be an array'],
  });
});

test('names the body itself when it is no object', () => {
  for (const body of [[], 'x', 1, true]) assert.deepEqual(violationsOf(body), { body: ['must be an object'] });
  assert.deepEqual(violationsOf(null), { body: ['must not be null'] });
});

test('names at most a hundred fields', () => {
  const violations = violationsOf({ name: 'a', items: Array.from({ length: 150 }, () => ({})) });
  assert.equal(Object.keys(violations).length, VIOLATION_KEYS_MAX);
});

test('refuses NUL and lone surrogates, naming the field, and takes well-formed pairs', () => {
  assert.deepEqual(violationsOf({ name: 'a\0', note: '\ud83d', inner: { id: '\udc00' } }), {
    name: ['must not contain the NUL character'],
    note: ['must be valid Unicode text'],
    'inner.id': ['must be valid Unicode text'],
  });
  assert.deepEqual(cleaned({ name: '😀' }), { name: '😀' });
});

test('counts characters, not UTF-16 units', () => {
  assert.deepEqual(cleaned({ name: '😀'.repeat(5) }), { name: '😀'.repeat(5) });
  assert.deepEqual(violationsOf({ name: '😀'.repeat(6) }), { name: ['size must be between 1 and 5'] });
});

test('refuses URLs that are relative, of another protocol, without a host or with credentials', () => {
  for (const url of [
    '/hook',
    'hook',
    'ftp://a.example',
    'javascript:alert(1)',
    'http://',
    'https:///x',
    'http://u:p@a.example',
    'http:a.example',
    'http://a.example/a b',
    'http://a.ex\nample',
  ]) {
    assert.deepEqual(violationsOf({ name: 'a', url }), { url: ['is not a valid url'] }, url);
  }
  assert.deepEqual(cleaned({ name: 'a', url: 'HTTPS://a.example:1/x?y' }), {
    name: 'a',
    url: 'HTTPS://a.example:1/x?y',
  });
});

test('lets pass only what the schema itself accepts, and never throws, whatever it is given', () => {
  const compiled = Compile(schema);
  const odd = fc.oneof(fc.jsonValue(), fc.string({ unit: 'binary' }));
  const body = fc.record(
    {
      name: odd,
      note: odd,
      code: odd,
      url: odd,
      isOpen: odd,
      count: odd,
      ratio: odd,
      colour: odd,
      inner: odd,
      items: fc.array(odd),
      part: odd,
    },
    { requiredKeys: [] },
  );
  let seenBoth = 0;
  fc.assert(
    fc.property(
      fc.oneof(body, fc.jsonValue(), fc.record({ name: fc.string({ minLength: 1, maxLength: 5 }) })),
      (value) => {
        const result = validate(value);
        if (result.ok) {
          assert.ok(compiled.Check(result.value));
          seenBoth |= 1;
        } else {
          assert.ok(Object.keys(result.violations).length > 0);
          seenBoth |= 2;
        }
      },
    ),
  );
  assert.equal(seenBoth, 3);
});

test('refuses at start a schema that it cannot read', () => {
  assert.throws(() => readerOf(Type.Object({ x: Type.Null() })), TypeError);
  assert.throws(
    () => readerOf(Type.Union([Type.Object({ a: Type.String() }), Type.Object({ b: Type.String() })])),
    TypeError,
  );
});

test('reads maps by their values, each named by its key', () => {
  assert.deepEqual(cleaned({ name: 'a', notes: { x: 'y', n: 7 } }), { name: 'a', notes: { x: 'y', n: '7' } });
  assert.deepEqual(violationsOf({ name: 'a', notes: { x: 'long', y: null, z: {} } }), {
    'notes.x': ['size must be between 0 and 3'],
    'notes.y': ['must not be blank'],
    'notes.z': ['must be a string'],
  });
  assert.deepEqual(violationsOf({ name: 'a', notes: {} }), { notes: ['size must be between 1 and 1000'] });
  const many = Object.fromEntries(Array.from({ length: 1_001 }, (_, i) => [`k${i}`, 'v']));
  assert.deepEqual(violationsOf({ name: 'a', notes: many }), { notes: ['size must be between 1 and 1000'] });
  assert.deepEqual(violationsOf({ name: 'a', notes: [] }), { notes: ['must be an object'] });
});

test('keeps free JSON as it came, nulls and odd keys included, unless its text is broken or it nests deeper than 32', () => {
  const free: unknown = JSON.parse('{"a":null,"b":[1,{"c":false}],"__proto__":{"x":1}}');
  assert.equal(JSON.stringify(cleaned({ name: 'a', free })), `{"name":"a","free":${JSON.stringify(free)}}`);
  const nested = (depth: number): unknown => JSON.parse('['.repeat(depth) + ']'.repeat(depth));
  assert.deepEqual(cleaned({ name: 'a', free: { deep: nested(32) } }), { name: 'a', free: { deep: nested(32) } });
  assert.deepEqual(violationsOf({ name: 'a', free: { deep: nested(500) } }), {
    'free.deep': ['must not be nested deeper than 32'],
  });
  assert.deepEqual(violationsOf({ name: 'a', free: { a: ['x\0'], b: { '\ud800': 1 } } }), {
    'free.a': ['must hold valid Unicode text without NUL'],
    'free.b': ['must hold valid Unicode text without NUL'],
  });
});
