// What is wrong with an answer before it is sent anywhere (Flow JSON reference, Components).
import { at, textAt } from '../pure/json.js';
import { texts } from '../texts.js';
import { flagOf, numberOf, resolve, type Scope, wordsOf } from './binding.js';
import { dayOf, daysIn, weekdayOf } from './days.js';
import type { Component } from './document.js';
import { textOf } from './expression.js';

const INPUT_CHARACTERS_MAX = 80;
const AREA_CHARACTERS_MAX = 600;
const FILES_MAX = 30;
const EMAIL = /^[^\s@]+@[^\s@]+\.[^\s@]+$/;
const PHONE = /^\+?[\d\s().-]{5,25}$/;
const NUMBER = /^-?\d+(?:[.,]\d+)?$/;

const said = texts.flow.wrong;

/** What to tell the user; empty when the answer is right. */
export function problemOf(component: Component, answer: unknown, scope: Scope): string {
  if (isEmpty(answer))
    return flagOf(component, 'required', scope) || isRangeRequired(component, scope)
      ? said.required
      : leastOf(component, scope);
  switch (component.type) {
    case 'TextInput':
      return textProblem(component, textOf(answer), scope);
    case 'TextArea':
      return lengthProblem(textOf(answer), 0, areaLength(component, scope));
    case 'CheckboxGroup':
    case 'ChipsSelector':
      return countProblem(
        listOf(answer).length,
        numberOf(component, 'min-selected-items', scope),
        numberOf(component, 'max-selected-items', scope),
      );
    case 'PhotoPicker':
      return countProblem(listOf(answer).length, ...fileCounts(component, 'photos', scope));
    case 'DocumentPicker':
      return countProblem(listOf(answer).length, ...fileCounts(component, 'documents', scope));
    case 'DatePicker':
      return isOpenDay(component, textOf(answer), scope) ? '' : said.date;
    case 'CalendarPicker':
      return calendarProblem(component, answer, scope);
    default:
      return '';
  }
}

/** Most characters of an input. */
export function inputLength(component: Component, scope: Scope): number {
  return numberOf(component, 'max-chars', scope) ?? INPUT_CHARACTERS_MAX;
}

/** Most characters of a text area. */
export function areaLength(component: Component, scope: Scope): number {
  return numberOf(component, 'max-length', scope) ?? AREA_CHARACTERS_MAX;
}

/** Fewest and most files of a picker. */
export function fileCounts(component: Component, noun: 'photos' | 'documents', scope: Scope): [number, number] {
  return [
    numberOf(component, `min-uploaded-${noun}`, scope) ?? 0,
    numberOf(component, `max-uploaded-${noun}`, scope) ?? FILES_MAX,
  ];
}

/** Whether a day can be chosen: within the dates, not one of those that are taken, on a day of the week that is open. */
export function isOpenDay(component: Component, value: string, scope: Scope): boolean {
  const day = dayOf(value);
  if (day === undefined) return false;
  const [min, max] = [dayOf(resolve(component['min-date'], scope)), dayOf(resolve(component['max-date'], scope))];
  if ((min !== undefined && day < min) || (max !== undefined && day > max)) return false;
  const taken = listOf(resolve(component['unavailable-dates'], scope)).map(dayOf);
  const open = listOf(resolve(component['include-days'], scope));
  return !taken.includes(day) && (open.length === 0 || open.includes(weekdayOf(day)));
}

function isEmpty(answer: unknown): boolean {
  if (answer === undefined || answer === null || answer === '' || answer === false) return true;
  if (Array.isArray(answer)) return answer.length === 0;
  return typeof answer === 'string' && answer.trim() === '';
}

/** `required` of a range says it of each end. */
function isRangeRequired(component: Component, scope: Scope): boolean {
  return Object.values(Object(resolve(component.required, scope))).includes(true);
}

/** Nothing was chosen, though some have to be. */
function leastOf(component: Component, scope: Scope): string {
  const noun = component.type === 'PhotoPicker' ? 'photos' : 'documents';
  const isPicker = component.type === 'PhotoPicker' || component.type === 'DocumentPicker';
  const least = isPicker ? fileCounts(component, noun, scope)[0] : 0;
  return least > 0 ? said.atLeast(least) : '';
}

function textProblem(component: Component, text: string, scope: Scope): string {
  const kind = wordsOf(component, 'input-type', scope);
  if (kind === 'email' && !EMAIL.test(text)) return said.email;
  if (kind === 'phone' && !PHONE.test(text)) return said.phone;
  if (kind === 'number' && !NUMBER.test(text)) return said.number;
  if (kind === 'passcode' && !/^\d+$/.test(text)) return said.number;
  const pattern = wordsOf(component, 'pattern', scope);
  if (pattern !== '' && !fitsPattern(text, pattern)) return wordsOf(component, 'helper-text', scope) || said.pattern;
  return lengthProblem(text, numberOf(component, 'min-chars', scope) ?? 0, inputLength(component, scope));
}

/** A pattern is of the whole text, as in HTML; one that is no pattern fits everything. */
function fitsPattern(text: string, pattern: string): boolean {
  try {
    return new RegExp(`^(?:${pattern})$`, 'u').test(text);
  } catch {
    return true;
  }
}

function lengthProblem(text: string, min: number, max: number): string {
  const length = [...text].length;
  if (length < min) return said.tooShort(min);
  return length > max ? said.tooLong(max) : '';
}

function countProblem(count: number, min: number | undefined, max: number | undefined): string {
  if (min !== undefined && count < min) return said.atLeast(min);
  return max !== undefined && count > max ? said.atMost(max) : '';
}

function calendarProblem(component: Component, answer: unknown, scope: Scope): string {
  if (wordsOf(component, 'mode', scope) !== 'range')
    return isOpenDay(component, textOf(answer), scope) ? '' : said.date;
  const [start, end] = [textAt(answer, 'start-date'), textAt(answer, 'end-date')];
  const required = resolve(component.required, scope);
  const isNeeded = (side: string) => required === true || at(required, side) === true;
  if ((start === '' && isNeeded('start-date')) || (end === '' && isNeeded('end-date'))) return said.required;
  if (start !== '' && !isOpenDay(component, start, scope)) return said.date;
  if (end !== '' && !isOpenDay(component, end, scope)) return said.date;
  const [from, to] = [dayOf(start), dayOf(end)];
  if (from === undefined || to === undefined) return '';
  const days = daysIn(from, to);
  if (days < (numberOf(component, 'min-days', scope) ?? 0))
    return said.fewDays(numberOf(component, 'min-days', scope) ?? 0);
  return days > (numberOf(component, 'max-days', scope) ?? Number.POSITIVE_INFINITY)
    ? said.manyDays(numberOf(component, 'max-days', scope) ?? 0)
    : '';
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
