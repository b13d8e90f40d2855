// Inputs of flows for days: DatePicker, which opens a calendar, and CalendarPicker, which is one.
import { useState } from 'preact/hooks';
import { flagOf, resolve, wordsOf } from '../flow/binding.js';
import { dayOf, monthOf, weeksOf, wireDay } from '../flow/days.js';
import { textOf } from '../flow/expression.js';
import { isOpenDay } from '../flow/validation.js';
import { IconButton } from '../parts/parts.js';
import { at, textAt } from '../pure/json.js';
import { sandboxNow } from '../state/sandbox.js';
import { texts } from '../texts.js';
import { Below, labelOf } from './field.js';
import type { Part } from './part.js';

const SPOKEN: Intl.DateTimeFormatOptions = {
  weekday: 'long',
  day: 'numeric',
  month: 'long',
  year: 'numeric',
  timeZone: 'UTC',
};
const SHORT: Intl.DateTimeFormatOptions = { day: 'numeric', month: 'short', year: 'numeric', timeZone: 'UTC' };
const MONTH: Intl.DateTimeFormatOptions = { month: 'long', year: 'numeric', timeZone: 'UTC' };

function written(day: string, how: Intl.DateTimeFormatOptions): string {
  return new Date(day).toLocaleDateString('en-GB', how);
}

/** DatePicker. */
export function DatePicker(part: Part) {
  const { component, scope, id, value, error } = part;
  const [isOpen, setOpen] = useState(false);
  const day = dayOf(value);
  return (
    <div class={`flow-field${error === '' ? '' : ' flow-wrong'}`}>
      <span class="flow-label" id={`${id}-label`}>
        {labelOf(part)}
      </span>
      <button
        type="button"
        id={id}
        class="flow-box flow-date"
        disabled={!flagOf(component, 'enabled', scope, true)}
        aria-expanded={isOpen}
        aria-labelledby={`${id}-label ${id}`}
        aria-describedby={`${id}-below`}
        onClick={() => setOpen(!isOpen)}
      >
        {day === undefined ? texts.flow.chooseDate : written(day, SHORT)}
      </button>
      {isOpen ? (
        <Calendar
          part={part}
          start={day}
          end={day}
          choose={(chosen) => {
            setOpen(false);
            part.change(wireDay(chosen, part.version));
            part.act(component['on-select-action']);
          }}
        />
      ) : null}
      <Below part={part} hint={wordsOf(component, 'helper-text', scope)} />
    </div>
  );
}

/** CalendarPicker: one day, or a range of days. */
export function CalendarPicker(part: Part) {
  const { component, scope, id, value, error } = part;
  const isRange = wordsOf(component, 'mode', scope) === 'range';
  const [start, end] = isRange
    ? [dayOf(at(value, 'start-date')), dayOf(at(value, 'end-date'))]
    : [dayOf(value), dayOf(value)];
  const title = wordsOf(component, 'title', scope);
  const description = wordsOf(component, 'description', scope);
  const choose = (day: string) => {
    part.change(isRange ? ranged(day, start, end) : day);
    part.act(component['on-select-action']);
  };
  return (
    <fieldset
      class={`flow-group${error === '' ? '' : ' flow-wrong'}`}
      disabled={!flagOf(component, 'enabled', scope, true)}
      aria-describedby={`${id}-below`}
    >
      <legend>{title || pairText(part, 'label', 'start-date')}</legend>
      {description === '' ? null : <p class="flow-hint">{description}</p>}
      {isRange ? (
        <div class="flow-range">
          <Side name={pairText(part, 'label', 'start-date') || texts.flow.from} day={start} />
          <Side name={pairText(part, 'label', 'end-date') || texts.flow.to} day={end} />
        </div>
      ) : null}
      <Calendar part={part} start={start} end={end} choose={choose} />
      <Below part={part} hint={pairText(part, 'helper-text', 'start-date')} />
    </fieldset>
  );
}

/** A first click begins a range, a second ends it; a day before the begin begins anew. */
function ranged(day: string, start: string | undefined, end: string | undefined): Record<string, string> {
  if (start === undefined || end !== undefined || day < start) return { 'start-date': day };
  return { 'start-date': start, 'end-date': day };
}

/** A property that is one text, or one for each end. */
function pairText({ component, scope }: Part, property: string, side: string): string {
  const value = resolve(component[property], scope);
  return typeof value === 'object' ? textAt(value, side) : textOf(value);
}

function Side({ name, day }: { name: string; day: string | undefined }) {
  return (
    <span class="flow-side">
      <small>{name}</small>
      <b>{day === undefined ? '–' : written(day, SHORT)}</b>
    </span>
  );
}

interface CalendarProps {
  part: Part;
  start: string | undefined;
  end: string | undefined;
  choose(day: string): void;
}

function Calendar({ part, start, end, choose }: CalendarProps) {
  const { component, scope } = part;
  const today = new Date(sandboxNow()).toISOString().slice(0, 10);
  const min = dayOf(resolve(component['min-date'], scope));
  const max = dayOf(resolve(component['max-date'], scope));
  const first = start ?? (min !== undefined && min > today ? min : max !== undefined && max < today ? max : today);
  const [month, setMonth] = useState(monthOf(first));
  const isChosen = (day: string) => day === start || day === end;
  const isWithin = (day: string) => start !== undefined && end !== undefined && day > start && day < end;
  return (
    <div class="flow-calendar">
      <div class="flow-month">
        <IconButton
          icon="back"
          size={18}
          label={texts.flow.monthBefore}
          disabled={min !== undefined && month <= monthOf(min)}
          onClick={() => setMonth(monthOf(`${month}-01`, -1))}
        />
        <strong aria-live="polite">{written(`${month}-01`, MONTH)}</strong>
        <IconButton
          icon="back"
          size={18}
          class="flow-after"
          label={texts.flow.monthAfter}
          disabled={max !== undefined && month >= monthOf(max)}
          onClick={() => setMonth(monthOf(`${month}-01`, 1))}
        />
      </div>
      <table>
        <thead>
          <tr>
            {texts.flow.weekdays.map((name) => (
              <th key={name}>{name}</th>
            ))}
          </tr>
        </thead>
        <tbody>
          {weeksOf(month).map((week, row) => (
            <tr key={row}>
              {week.map((day, column) =>
                day === undefined ? (
                  <td key={column} />
                ) : (
                  <td key={column} class={isWithin(day) ? 'flow-within' : ''}>
                    <button
                      type="button"
                      class="flow-day"
                      aria-label={written(day, SPOKEN)}
                      aria-pressed={isChosen(day)}
                      disabled={!isOpenDay(component, day, scope)}
                      onClick={() => choose(day)}
                    >
                      {Number(day.slice(8))}
                    </button>
                  </td>
                ),
              )}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
