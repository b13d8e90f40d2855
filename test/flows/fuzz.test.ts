// No text makes the checker throw, point outside of the text, or take long.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { checkFlow } from '../../src/flows/check.js';
import { parseSource, type SourceNode } from '../../src/flows/source.js';
import { fc } from '../support/property.js';

const CORPUS = fileURLToPath(new URL('../../../test/flows', import.meta.url));
const texts = ['valid', 'invalid'].flatMap((folder) =>
  readdirSync(join(CORPUS, folder)).map((file) => readFileSync(join(CORPUS, folder, file), 'utf8')),
);

const MS_PER_MB_MAX = 200;
const MB = 1024 * 1024;

function assertSound(text: string): void {
  const { errors } = checkFlow(text);
  const lines = text.split('\n');
  for (const error of errors) {
    for (const at of [error, ...error.pointers]) {
      assert.ok(at.line_start >= 1 && at.line_start <= at.line_end && at.line_end <= lines.length, text);
      assert.ok(at.column_start >= 1 && at.column_start <= (lines[at.line_start - 1] ?? '').length + 1, text);
      assert.ok(at.line_start < at.line_end || at.column_start <= at.column_end, text);
    }
  }
}

test('never throws on text of any kind', () => {
  fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 200 }), assertSound), { numRuns: 500 });
  fc.assert(fc.property(fc.json({ maxDepth: 8 }), assertSound), { numRuns: 500 });
  const words = fc.constantFrom(
    '{',
    '}',
    '[',
    ']',
    ',',
    ':',
    '"',
    '\\',
    'true',
    '1',
    '-',
    'e',
    '"version"',
    '"7.3"',
    ' ',
    '\n',
  );
  fc.assert(
    fc.property(
      fc.array(words, { maxLength: 40 }).map((all) => all.join('')),
      assertSound,
    ),
    { numRuns: 1_000 },
  );
});

test('never throws on a flow that was cut, doubled or written over anywhere', () => {
  const edit = fc.record({
    text: fc.constantFrom(...texts),
    at: fc.double({ min: 0, max: 1, noNaN: true }),
    length: fc.nat(200),
    put: fc.oneof(
      fc.constant(''),
      fc.json({ maxDepth: 2 }),
      fc.constantFrom('${form.', '`', `\${data.x}`, 'null', '[]', '{}'),
    ),
  });
  fc.assert(
    fc.property(edit, ({ text, at, length, put }) => {
      const start = Math.floor(at * text.length);
      assertSound(text.slice(0, start) + put + text.slice(start + length));
    }),
    { numRuns: 1_500 },
  );
});

test('never throws on a flow in which a value was exchanged for any other', () => {
  const change = fc.record({ text: fc.constantFrom(...texts), which: fc.nat(), value: fc.jsonValue({ maxDepth: 3 }) });
  fc.assert(
    fc.property(change, ({ text, which, value }) => {
      const parsed = parseSource(text);
      if ('problem' in parsed) return;
      const nodes = nodesIn(parsed.root);
      const { start, end } = nodes[which % nodes.length] ?? parsed.root;
      assertSound(text.slice(0, start) + JSON.stringify(value) + text.slice(end));
    }),
    { numRuns: 1_500 },
  );
});

test('never throws on an expression of any kind', () => {
  const word = fc.constantFrom(
    `\${form.a}`,
    `\${data.b}`,
    '(',
    ')',
    '!',
    '-',
    '+',
    '&&',
    '||',
    '==',
    '<',
    "'x'",
    '5',
    'true',
    ' ',
    '${',
    "'",
  );
  const flow = (condition: string): string =>
    JSON.stringify({
      version: '7.3',
      screens: [
        {
          id: 'A',
          terminal: true,
          layout: {
            type: 'SingleColumnLayout',
            children: [
              { type: 'If', condition, else: [] },
              { type: 'TextBody', text: `\`${condition}\`` },
            ],
          },
        },
      ],
    });
  fc.assert(
    fc.property(
      fc.array(word, { maxLength: 300 }).map((all) => all.join('')),
      (text) => assertSound(flow(text)),
    ),
    {
      numRuns: 1_000,
    },
  );
});

function nodesIn(node: SourceNode): SourceNode[] {
  if (node.kind === 'array') return [node, ...node.items.flatMap(nodesIn)];
  if (node.kind === 'object') return [node, ...node.members.flatMap(({ value }) => nodesIn(value))];
  return [node];
}

test('reads the same values as JSON.parse, and refuses what it refuses', () => {
  const plain = (node: SourceNode): unknown => {
    switch (node.kind) {
      case 'object':
        return Object.fromEntries(node.members.map(({ key, value }) => [key, plain(value)]));
      case 'array':
        return node.items.map(plain);
      case 'string':
        return node.text;
      case 'number':
        return node.number;
      case 'boolean':
        return node.is;
      case 'null':
        return null;
    }
  };
  const compare = (text: string): void => {
    const parsed = parseSource(text);
    let wanted: unknown;
    try {
      wanted = JSON.parse(text);
    } catch {
      assert.ok('problem' in parsed, `${text} is no JSON`);
      return;
    }
    assert.ok('root' in parsed, `${text} is JSON`);
    assert.deepEqual(plain(parsed.root), wanted);
  };
  fc.assert(
    fc.property(
      fc.json({ maxDepth: 6, noUnicodeString: false }).filter((text) => !text.includes('__proto__')),
      compare,
    ),
    {
      numRuns: 1_000,
    },
  );
  const words = fc.constantFrom(
    '{',
    '}',
    '[',
    ']',
    ',',
    ':',
    '"a"',
    '"\\u00e9"',
    '"\\x"',
    'true',
    'nul',
    '1',
    '-',
    '.5',
    '1e3',
    '01',
    ' ',
    '\t',
  );
  fc.assert(
    fc.property(
      fc.array(words, { maxLength: 8 }).map((all) => all.join('')),
      compare,
    ),
    { numRuns: 3_000 },
  );
});

/** A flow with these components on its only screen. */
function screenOf(components: string, data = '{}'): string {
  return `{"version":"7.3","screens":[{"id":"A","terminal":true,"data":${data},"layout":{"type":"SingleColumnLayout","children":[${components}]}}]}`;
}

function filled(part: (index: number) => string, bytes = MB): string[] {
  const parts: string[] = [];
  for (let length = 0; length < bytes; length += (parts.at(-1) ?? '').length + 1) parts.push(part(parts.length));
  return parts;
}

const HEAVY: Readonly<Record<string, () => string>> = {
  'open brackets': () => '['.repeat(MB),
  numbers: () =>
    `[${filled(() => '1')
      .slice(0, 300_000)
      .join(',')}]`,
  'too many numbers': () => `[${filled(() => '1', 2 * MB).join(',')}]`,
  'empty lines': () => '\n'.repeat(MB),
  escapes: () => `{"version":"${'\\n'.repeat(MB / 2)}"}`,
  'open quotes': () => '"'.repeat(MB),
  'unknown properties': () => `{"version":"7.3",${filled((i) => `"k${i}":1`).join(',')}}`,
  'one property again and again': () => `{"version":"7.3",${filled(() => '"version":"7.3"').join(',')}}`,
  components: () => screenOf(filled((i) => `{"type":"TextBody","text":"line ${i}"}`).join(',')),
  'components with names': () =>
    screenOf(filled((i) => `{"type":"TextInput","name":"n${i % 2000}","label":"L"}`).join(',')),
  footers: () => screenOf(filled(() => '{"type":"Footer"}').join(',')),
  'wrong components': () => screenOf(filled(() => '{}').join(',')),
  'bindings to a large data model': () =>
    screenOf(
      filled((i) => `{"type":"TextBody","text":"\${data.k${i}}"}`, MB / 2).join(','),
      `{${filled((i) => `"k${i}":{"type":"string","__example__":"x"}`, MB / 2).join(',')}}`,
    ),
  'a large example': () =>
    screenOf(
      '',
      `{"list":{"type":"array","items":{"type":"object"},"__example__":[${filled((i) => `{"id":"${i}","title":"t"}`).join(',')}]}}`,
    ),
  'a long condition': () => screenOf(`{"type":"If","condition":"${'('.repeat(MB)}","then":[]}`),
  'many conditions': () =>
    screenOf(filled(() => `{"type":"If","condition":"!(\${form.a} == 1) && \${form.b}","then":[]}`).join(',')),
  'text like a binding': () => screenOf(`{"type":"TextBody","text":"${'${data.'.repeat(MB / 7)}"}`),
  backticks: () => screenOf(`{"type":"TextBody","text":"${'`'.repeat(MB)}"}`),
  'an image': () => screenOf(`{"type":"Image","src":"${'A'.repeat(10 * MB)}"}`),
  options: () =>
    screenOf(
      `{"type":"Dropdown","name":"d","label":"D","data-source":[${filled((i) => `{"id":"${i}","title":"t"}`).join(',')}]}`,
    ),
  'a payload': () =>
    screenOf(
      `{"type":"Footer","label":"L","on-click-action":{"name":"complete","payload":{${filled((i) => `"k${i}":"\${form.k}"`).join(',')}}}}`,
    ),
  screens: () => `{"version":"7.3","screens":[${filled((i) => `{"id":"A${i}"}`).join(',')}]}`,
  routes: () => `{"version":"7.3","screens":[{"id":"A"}],"routing_model":{"A":[${filled(() => '"A"').join(',')}]}}`,
  'branches of a switch': () =>
    screenOf(
      `{"type":"Switch","value":"\${form.a}","cases":{${filled((i) => `"c${i}":[{"type":"Footer"}]`).join(',')}}}`,
    ),
  'branches in branches': () =>
    screenOf(filled(() => `${'{"type":"If","then":['.repeat(30)}{"type":"Footer"}${']}'.repeat(30)}`).join(',')),
};

for (const [name, make] of Object.entries(HEAVY)) {
  test(`takes no more than ${MS_PER_MB_MAX} ms of CPU for each MB of ${name}`, () => {
    const text = make();
    // CPU time of the quickest of some runs: what else the machine does is not the checker's.
    const budgetMs = Math.max(1, text.length / MB) * MS_PER_MB_MAX;
    const times: number[] = [];
    while (times.length < 8 && (times.length === 0 || Math.min(...times) > budgetMs)) {
      const before = process.cpuUsage();
      const { errors } = checkFlow(text);
      const { user, system } = process.cpuUsage(before);
      times.push((user + system) / 1000);
      assert.ok(errors.length > 0 && errors.length <= 200, `${errors.length} errors`);
    }
    assert.ok(Math.min(...times) <= budgetMs, `${times.map(Math.round).join(', ')} ms of ${budgetMs}`);
  });
}
