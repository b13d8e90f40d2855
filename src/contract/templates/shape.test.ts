import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TemplateData } from '../messages/template.js';
import { fitTemplate, shapeOf } from './shape.js';

const BODY = { type: 'BODY', text: 'Dear {{1}}, order {{2}} is out.' };
const buttons = [
  { type: 'PHONE_NUMBER', text: 'Call', phone_number: '441134960000' },
  { type: 'URL', text: 'Shop', url: 'https://shop.example' },
  { type: 'URL', text: 'Track', url: 'https://shop.example/{{1}}' },
  { type: 'QUICK_REPLY', text: 'Stop' },
  { type: 'QUICK_REPLY', text: 'More' },
];
const SHAPE = shapeOf([BODY, { type: 'BUTTONS', buttons }]);
const body = { placeholders: ['a', 'b'] };
const track = { type: 'URL', parameter: 'x' } as const;
const reply = { type: 'QUICK_REPLY', parameter: 'y' } as const;

function placesOf(data: TemplateData): number[] | string {
  const fit = fitTemplate(SHAPE, data);
  return fit.fits ? fit.places : fit.detail;
}

test('gives buttons the places that they have in the template, past those that take nothing', () => {
  assert.deepEqual(placesOf({ body, buttons: [track] }), [2]);
  assert.deepEqual(placesOf({ body, buttons: [track, reply] }), [2, 3]);
  assert.deepEqual(placesOf({ body, buttons: [track, reply, reply] }), [2, 3, 4]);
});

test('says what does not fit', () => {
  assert.equal(placesOf({ body: { placeholders: [] }, buttons: [track] }), 'body: 0 placeholders, not 2');
  assert.equal(placesOf({ body }), 'buttons: none where URL belongs');
  assert.equal(placesOf({ body, buttons: [reply, track] }), 'buttons: QUICK_REPLY where URL belongs');
  assert.equal(placesOf({ body, buttons: [track, track] }), 'buttons: URL has no place in the template');
  assert.equal(
    placesOf({ body, buttons: [track], header: { type: 'TEXT', placeholder: 'a' } }),
    'header: TEXT, not none',
  );
});

test('wants the code of an authentication template twice', () => {
  const otp = { type: 'BUTTONS', buttons: [{ type: 'OTP', otp_type: 'COPY_CODE' }] };
  const shape = shapeOf([{ type: 'BODY', add_security_recommendation: true }, otp], { category: 'AUTHENTICATION' });
  const code = { placeholders: ['123'] };
  assert.equal(fitTemplate(shape, { body: code, buttons: [{ type: 'URL', parameter: '123' }] }).fits, true);
  assert.equal(fitTemplate(shape, { body: code, buttons: [{ type: 'URL', parameter: '124' }] }).fits, false);
  assert.equal(fitTemplate(shape, { body: code }).fits, false);
  assert.equal(fitTemplate(shape, { body: { placeholders: [] } }).fits, false);
});
