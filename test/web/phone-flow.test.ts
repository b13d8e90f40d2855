// What the phone makes of flows, without a browser: bindings, expressions, what is shown, what is wrong, where actions lead.
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are bindings of Flow JSON.
// biome-ignore-all lint/suspicious/noThenProperty: the name is Flow JSON's, and the object is never awaited.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { holds, resolve, type Scope } from '../../web/phone/src/flow/binding.js';
import { dayOf, daysIn, monthOf, weeksOf, wireDay } from '../../web/phone/src/flow/days.js';
import { exampleData, readFlow } from '../../web/phone/src/flow/document.js';
import { evaluate } from '../../web/phone/src/flow/expression.js';
import { shownIn } from '../../web/phone/src/flow/fields.js';
import { parseMarkdown } from '../../web/phone/src/flow/markdown.js';
import {
  answer,
  arrive,
  begin,
  errorBeside,
  goBack,
  presentVisit,
  press,
  problemsOn,
  type Run,
  scopeOf,
  shownOn,
} from '../../web/phone/src/flow/run.js';
import { problemOf } from '../../web/phone/src/flow/validation.js';
import { booking, everything } from '../support/flow-samples.js';

const VALID = fileURLToPath(new URL('../../../test/flows/valid', import.meta.url));
const scope: Scope = {
  data: { name: 'Ada', age: 36, deep: { list: [{ id: 'a' }] }, isOn: true },
  form: { seats: '2', note: '${data.name}' },
  screens: new Map([['S', { data: { x: 1 }, form: { y: 'two' } }]]),
};

function opened(json: string, screen?: string, data: object = {}): Run {
  const document = readFlow(json);
  assert.ok(document !== undefined);
  return begin(document, screen ?? document.entries[0] ?? '', { ...data });
}

/** The action of the footer that is shown. */
function onward(run: Run): unknown {
  return shownOn(run).find(({ component }) => component.type === 'Footer')?.component['on-click-action'];
}

test('bindings lead to data, answers and other screens, and what they lead to is not looked at again', () => {
  assert.equal(resolve('${data.name}', scope), 'Ada');
  assert.equal(resolve('${data.deep.list.0.id}', scope), 'a');
  assert.equal(resolve('${screen.S.form.y}', scope), 'two');
  assert.equal(resolve('${screen.S.data.x}', scope), 1);
  assert.equal(resolve('${form.note}', scope), '${data.name}');
  assert.equal(resolve('${data.none}', scope), undefined);
  assert.equal(resolve('no ${data.name}', scope), 'no ${data.name}');
  assert.deepEqual(resolve({ a: ['${data.age}'], b: '${data.none}' }, scope), { a: [36] });
});

test('expressions join, calculate and compare as their operators bind', () => {
  const run = (text: string) => evaluate(text, (reference) => resolve(reference, scope));
  assert.equal(run("'Hello ' ${data.name} '!'"), 'Hello Ada!');
  assert.equal(run('1 + 2 * 3'), 7);
  assert.equal(run('(1 + 2) * -3'), -9);
  assert.equal(run('${data.age} >= 18 && !(${data.isOn} == false)'), true);
  assert.equal(run('true || false && false'), true);
  assert.equal(run('${form.seats} == 2'), true, 'what inputs give is text');
  assert.equal(run("'it\\'s'"), "it's");
  assert.equal(run('7 % 4 - 1'), 2);
  assert.equal(run('"broken'), undefined);
  assert.equal(run(''), '');
  assert.equal(holds("${data.name} == 'Ada'", scope), true);
  assert.equal(holds('${data.none}', scope), false);
});

test('If and Switch show the branch that holds, and visible hides', () => {
  const caption = (text: string, more: object = {}) => ({ type: 'TextCaption', text, ...more });
  const children = [
    { type: 'If', condition: '${data.isOn}', then: [caption('then')], else: [caption('else')] },
    { type: 'If', condition: '!${data.isOn}', then: [caption('no')] },
    { type: 'Switch', value: '${data.name}', cases: { Ada: [caption('case')], default: [caption('default')] } },
    { type: 'Form', name: 'f', children: [caption('in form'), caption('hidden', { visible: '${data.none}' })] },
    caption('gone', { visible: false }),
  ];
  const texts = shownIn(children, scope).map(({ component }) => component.text);
  assert.deepEqual(texts, ['then', 'case', 'in form', 'hidden']);
});

test('inputs are checked as they say', () => {
  const wrong = (component: object, value: unknown) => problemOf({ ...component }, value, scope) !== '';
  const input = (more: object) => ({ type: 'TextInput', name: 'x', label: 'x', ...more });
  assert.ok(wrong(input({ required: true }), ' '));
  assert.ok(!wrong(input({ 'min-chars': 5 }), ''), 'what is optional may be empty');
  assert.ok(wrong(input({ 'min-chars': '3' }), 'ab') && !wrong(input({ 'min-chars': 3 }), 'abc'));
  assert.ok(wrong(input({}), 'x'.repeat(81)) && !wrong(input({ 'max-chars': 200 }), 'x'.repeat(81)));
  assert.ok(wrong(input({ 'input-type': 'email' }), 'a@b') && !wrong(input({ 'input-type': 'email' }), 'a@b.de'));
  assert.ok(wrong(input({ 'input-type': 'number' }), '1a') && !wrong(input({ 'input-type': 'number' }), '-1.5'));
  assert.ok(wrong(input({ 'input-type': 'phone' }), 'none') && !wrong(input({ 'input-type': 'phone' }), '+49 151 1'));
  assert.ok(wrong(input({ 'input-type': 'passcode' }), '12a'));
  assert.ok(wrong(input({ pattern: '[a-c]+' }), 'abcd') && !wrong(input({ pattern: '[a-c]+' }), 'abc'));
  assert.ok(!wrong(input({ pattern: '(' }), 'x'), 'a pattern that is none fits everything');
  assert.ok(wrong({ type: 'TextArea', 'max-length': 2 }, 'abc') && wrong({ type: 'TextArea' }, 'x'.repeat(601)));
  assert.ok(wrong({ type: 'OptIn', required: true }, false) && !wrong({ type: 'OptIn' }, false));
  const group = { type: 'CheckboxGroup', 'min-selected-items': 2, 'max-selected-items': 3 };
  assert.deepEqual(
    [['a'], ['a', 'b'], ['a', 'b', 'c', 'd'], []].map((value) => wrong(group, value)),
    [true, false, true, false],
  );
  assert.ok(wrong({ type: 'PhotoPicker', 'min-uploaded-photos': 1 }, []));
  assert.ok(wrong({ type: 'DocumentPicker', 'max-uploaded-documents': 1 }, [{}, {}]));
});

test('days are checked by their limits, in ISO form and as milliseconds', () => {
  const picker = {
    type: 'DatePicker',
    'min-date': '2030-01-05',
    'max-date': '2030-01-20',
    'unavailable-dates': ['2030-01-07'],
  };
  const days = ['2030-01-04', '2030-01-05', '2030-01-07', '2030-01-21', 'none', String(Date.parse('2030-01-06'))];
  assert.deepEqual(
    days.map((day) => problemOf(picker, day, scope) === ''),
    [false, true, false, false, false, true],
  );
  const range = {
    type: 'CalendarPicker',
    mode: 'range',
    'include-days': ['Mon', 'Tue', 'Wed'],
    'min-days': 2,
    'max-days': 3,
  };
  const stay = (start: string, end?: string) => ({
    'start-date': start,
    ...(end === undefined ? {} : { 'end-date': end }),
  });
  const fits = (value: object, more: object = {}) => problemOf({ ...range, ...more }, value, scope) === '';
  assert.ok(fits(stay('2030-01-07', '2030-01-08')));
  assert.ok(!fits(stay('2030-01-07', '2030-01-07')) && !fits(stay('2030-01-07', '2030-01-14')));
  assert.ok(!fits(stay('2030-01-06', '2030-01-07')), 'a Sunday');
  assert.ok(fits(stay('2030-01-07')) && !fits(stay('2030-01-07'), { required: { 'end-date': true } }));
  assert.equal(dayOf('2030-02-31x'), undefined);
  assert.deepEqual([wireDay('2030-01-01', '4.0'), wireDay('2030-01-01', '5.0')], ['1893456000000', '2030-01-01']);
  assert.equal(daysIn('2030-02-27', '2030-03-01'), 3);
  assert.deepEqual([monthOf('2030-01-31', 1), monthOf('2030-01-01', -1)], ['2030-02', '2029-12']);
  assert.deepEqual(weeksOf('2030-01')[0]?.slice(0, 3), [undefined, '2030-01-01', '2030-01-02']);
});

test('the footer goes on only when everything is right, and back keeps what was answered', () => {
  let run = opened(everything, 'WRITING', { hello: 'Hi' });
  assert.deepEqual(
    problemsOn(run).map(({ name }) => name),
    ['name', 'mail', 'terms'],
  );
  const [, , , , name] = shownOn(run);
  assert.ok(name !== undefined);
  assert.equal(errorBeside(run, name), '', 'nothing is marked before the first try');
  const stuck = press(run, onward(run), true);
  assert.equal(presentVisit(stuck.run).screen, 'WRITING');
  assert.notEqual(errorBeside(stuck.run, name), '');
  run = answer(answer(answer(stuck.run, 'name', 'Lea'), 'mail', 'a@b.de'), 'terms', true);
  run = press(run, onward(run), true).run;
  assert.deepEqual([presentVisit(run).screen, presentVisit(run).data], ['CHOOSING', { name: 'Lea', mail: 'a@b.de' }]);
  run = goBack(run).run;
  assert.equal(presentVisit(run).answers.name, 'Lea');
  assert.deepEqual(goBack(run).effect, { kind: 'close' });
});

test('complete carries answers of all screens, but none of what is hidden', () => {
  let run = opened(everything, 'WRITING', { hello: 'Hi' });
  run = answer(answer(answer(run, 'name', 'Lea'), 'mail', 'a@b.de'), 'terms', true);
  run = press(run, onward(run), true).run;
  run = answer(answer(run, 'size', 's'), 'city', 'oslo');
  run = press(run, onward(run), true).run;
  run = press(answer(run, 'day', '2030-01-02'), onward(run), true).run;
  const file = { id: '1', file_name: 'a.png', mime_type: 'image/png', sha256: '' };
  const { effect } = press(answer(run, 'photo', [file]), onward(run), true);
  assert.ok(effect?.kind === 'complete');
  assert.deepEqual([effect.payload.name, effect.payload.size, effect.payload.photo], ['Lea', 's', [file]]);
  assert.deepEqual([effect.payload.extras, effect.payload.seats], [[], '2']);
});

test('an endpoint leads on, stays with new data and errors, or goes back', () => {
  let run = opened(booking, 'SLOTS', { slots: [] });
  run = answer(answer(run, 'slot', 'm9'), 'day', 'Sunday');
  assert.deepEqual(press(run, onward(run), true).effect, {
    kind: 'exchange',
    action: 'data_exchange',
    screen: 'SLOTS',
    data: { slot: 'm9', day: 'Sunday' },
  });
  run = arrive(run, 'SLOTS', { day_error: 'Closed' });
  const [day] = shownOn(run);
  assert.ok(day !== undefined);
  assert.equal(errorBeside(run, day), 'Closed');
  run = answer(run, 'day', 'Monday');
  assert.equal(errorBeside(run, day), '', 'what was said is of the answer before');
  assert.equal(presentVisit(run).answers.slot, 'm9');
  run = arrive(run, 'CONFIRM', { said: 'm9' });
  assert.deepEqual(goBack(run).effect, { kind: 'exchange', action: 'BACK', screen: 'CONFIRM' });
  run = arrive(run, 'SLOTS', { slots: [] });
  assert.deepEqual([run.visits.length, presentVisit(run).answers.day], [1, 'Monday']);
});

test('first values come with the data, and again when the data changes them', () => {
  const json = JSON.stringify({
    version: '7.3',
    screens: [
      {
        id: 'A',
        data: { city: { type: 'string', __example__: 'Rome' } },
        layout: {
          type: 'SingleColumnLayout',
          children: [
            {
              type: 'Form',
              name: 'f',
              'init-values': { city: '${data.city}' },
              'error-messages': { city: '${data.wrong}' },
              children: [{ type: 'TextInput', name: 'city', label: 'City' }],
            },
            { type: 'OptIn', name: 'news', label: 'News', 'init-value': true },
          ],
        },
      },
    ],
  });
  let run = opened(json, 'A', { city: 'Oslo' });
  assert.deepEqual(scopeOf(run).form, { city: 'Oslo', news: true });
  run = answer(run, 'news', false);
  run = press(run, { name: 'update_data', payload: { city: 'Bonn', wrong: 'Too far' } }).run;
  assert.deepEqual(scopeOf(run).form, { city: 'Bonn', news: false });
  const [city] = shownOn(run);
  assert.ok(city !== undefined);
  assert.equal(errorBeside(run, city), 'Too far');
});

test('Markdown becomes blocks, and marks that do not close stay text', () => {
  const blocks = parseMarkdown(
    '# One\n\n*it* and **bold** ~~gone~~ [x](https://x.example) [y](javascript:1)\n- a\n- b\n1. c\n|a|b|\n|-|-|\n|1|2|\n**open',
  );
  assert.deepEqual(
    blocks.map(({ kind }) => kind),
    ['heading', 'paragraph', 'bullets', 'numbers', 'table', 'paragraph'],
  );
  const [, paragraph, , , table] = blocks;
  assert.ok(paragraph?.kind === 'paragraph' && table?.kind === 'table');
  assert.deepEqual(
    paragraph.spans.map(({ kind }) => kind),
    ['italic', 'text', 'bold', 'text', 'strike', 'text', 'link', 'text', 'text'],
  );
  assert.equal(table.rows.length, 1);
  assert.deepEqual(blocks.at(-1), { kind: 'paragraph', spans: [{ kind: 'text', text: '**open' }] });
});

test('every valid flow of the corpus opens on each of its screens', () => {
  const files = readdirSync(VALID);
  assert.ok(files.length > 40);
  for (const file of files) {
    const document = readFlow(readFileSync(join(VALID, file), 'utf8'));
    assert.ok(document !== undefined && document.entries.length > 0, file);
    for (const screen of document.screens.values()) {
      const run = begin(document, screen.id, exampleData(screen));
      assert.ok(shownOn(run).length > 0, `${file}: ${screen.id}`);
      for (const { component } of shownOn(run)) press(run, component['on-click-action'], true);
    }
  }
  assert.equal(readFlow('{}'), undefined);
  assert.equal(readFlow('no JSON'), undefined);
});
