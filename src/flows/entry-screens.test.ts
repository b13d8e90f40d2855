// What is found while bytes pass is what reading the whole text finds, however it is cut, and whatever is wrong with it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fc } from '../../test/support/property.js';
import { scanScreens } from './entry-screens.js';

function entries(json: string, cut = json.length + 1): string[] {
  const scan = scanScreens();
  const bytes = Buffer.from(json);
  for (let at = 0; at < bytes.length; at += cut) scan.write(bytes.subarray(at, at + cut));
  return scan.end();
}

const navigate = (name: string) => ({ name: 'navigate', next: { type: 'screen', name }, payload: {} });

test('a flow begins with the screens that its routing model does not lead to', () => {
  const screens = ['A', 'B', 'C', 'D'].map((id) => ({ id, layout: { children: [navigate('A')] } }));
  const flow = JSON.stringify({ routing_model: { A: ['B'], B: ['C'], C: [] }, screens });
  assert.deepEqual(entries(flow), ['A', 'D']);
});

test('without a routing model it begins with those that nothing navigates to', () => {
  const deep = { deep: [{ deeper: { 'on-click-action': navigate('B') } }] };
  const screens = [
    { id: 'A', layout: { children: [deep] } },
    { layout: {}, id: 'B' },
    { id: 'C', 'on-click-action': { name: 'data_exchange', next: { name: 'A' } } },
  ];
  assert.deepEqual(entries(JSON.stringify({ other: [navigate('A')], screens })), ['A', 'C']);
});

test('escapes, other alphabets and a byte order mark are read as JSON has them', () => {
  assert.deepEqual(entries('\ufeff{"screens":[{"\\u0069d":"\\u0041\\n"},{"id":"é\\"日本\\\\"}]}', 1), [
    'A\n',
    'é"日本\\',
  ]);
});

test('the last of two members with one key counts', () => {
  assert.deepEqual(entries('{"screens":[{"id":"A"}],"screens":[{"id":"B","id":"C"}]}'), ['C']);
  assert.deepEqual(entries('{"screens":[{"id":"A"}],"routing_model":{"B":["A"]},"routing_model":null}'), ['A']);
});

test('nothing is found in what is too long, too deep or too much', () => {
  const many = (count: number) =>
    JSON.stringify({ screens: Array.from({ length: count }, (_, id) => ({ id: `S${id}` })) });
  assert.equal(entries(many(1_000)).length, 1_000);
  assert.deepEqual(entries(many(1_001)), []);
  assert.deepEqual(entries(`{"screens":[{"id":"A","x":${'['.repeat(100)}${']'.repeat(100)}}]}`), []);
  assert.deepEqual(entries(JSON.stringify({ screens: [{ id: 'A'.repeat(600) }, { id: 'B' }] })), ['B']);
});

/** JSON texts, of which some look like flows. */
const names = fc.constantFrom('A', 'B', 'é', 'navigate', 'next');
const { value } = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    fc.oneof(names, fc.double(), fc.integer(), fc.boolean(), fc.constant(null), fc.string()),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom('id', 'name', 'next', 'screens', 'x'), tie('value'), { maxKeys: 4 }),
  ),
}));
const flows = fc.record(
  {
    screens: fc.oneof(fc.array(value, { maxLength: 4 }), value),
    routing_model: fc.oneof(fc.dictionary(names, fc.oneof(fc.array(names), value), { maxKeys: 3 }), value),
    x: value,
  },
  { requiredKeys: ['screens'] },
);

/** The same, from the whole value. */
function expected(flow: unknown): string[] {
  const member = (of: unknown, key: string): unknown =>
    typeof of === 'object' && of !== null && !Array.isArray(of) && Object.hasOwn(of, key)
      ? Reflect.get(of, key)
      : undefined;
  const items = (of: unknown): unknown[] => (Array.isArray(of) ? of : []);
  const members = (of: unknown): unknown[] =>
    typeof of === 'object' && of !== null && !Array.isArray(of) ? Object.values(of) : [];
  const screens = items(member(flow, 'screens'));
  const routes = member(flow, 'routing_model');
  const targets = new Set<unknown>();
  const gather = (of: unknown): void => {
    if (member(of, 'name') === 'navigate') targets.add(member(member(of, 'next'), 'name'));
    for (const inner of [...items(of), ...members(of)]) gather(inner);
  };
  if (routes === undefined) for (const screen of screens.filter((each) => !Array.isArray(each))) gather(screen);
  else for (const route of members(routes)) for (const to of items(route)) targets.add(to);
  return screens
    .map((screen) => member(screen, 'id'))
    .filter((id) => typeof id === 'string' && id !== '' && !targets.has(id))
    .map(String);
}

test('any JSON, cut anywhere, gives what its value says', () => {
  fc.assert(
    fc.property(flows, fc.integer({ min: 1, max: 40 }), fc.boolean(), (flow, cut, isSpaced) => {
      const text = JSON.stringify(flow, undefined, isSpaced ? 1 : undefined);
      assert.deepEqual(entries(text, cut), expected(JSON.parse(text)));
    }),
    { numRuns: 2_000 },
  );
});

test('a text that is no JSON has no screens, and no text makes it throw', () => {
  const broken = fc
    .tuple(flows, fc.nat(), fc.constantFrom('"', '\\', '{', '}', '[', ']', ',', ':', 'e', '0', '-', '\u0001', ''))
    .map(([flow, at, with_]) => {
      const text = JSON.stringify(flow);
      const place = at % text.length;
      return text.slice(0, place) + with_ + text.slice(place + 1);
    });
  fc.assert(
    fc.property(broken, fc.integer({ min: 1, max: 40 }), (text, cut) => {
      const found = entries(text, cut);
      const value = parsed(text);
      assert.deepEqual(found, value === undefined ? [] : expected(value));
    }),
    { numRuns: 5_000 },
  );
});

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
