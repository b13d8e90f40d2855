// The components of Flow JSON: their properties, limits and versions (Meta 5; Flow JSON reference, Components and Media upload).
import { choiceComponents } from './components-choice.js';
import { mediaComponents } from './components-media.js';
import {
  action,
  type ComponentSpec,
  choice,
  count,
  type Fields,
  flag,
  needed,
  property,
  text,
  words,
} from './shapes.js';

const visible = property(flag);
const name = needed(words(), { isDynamic: false });
const since4 = { since: '4.0', isOutsideForm: true } as const;

const heading: Fields = { text: needed(words(80)), visible };

function paragraph(charsMax: number): Fields {
  return {
    text: needed({ is: 'lines', charsMax }),
    'font-weight': property(choice('bold', 'italic', 'bold_italic', 'normal')),
    strikethrough: property(flag),
    visible,
    markdown: property(flag, { since: '5.1', isDynamic: false }),
  };
}

/** What TextInput and TextArea have in common. */
const entry: Fields = {
  name,
  label: needed(words(20)),
  'label-variant': property(choice('large'), { since: '7.0', isDynamic: false }),
  required: property(flag),
  'helper-text': property(text(80)),
  visible,
  'init-value': property(text(), since4),
};

const datePicker: Fields = {
  name,
  label: needed(words(40)),
  'min-date': property({ is: 'date' }),
  'max-date': property({ is: 'date' }),
  'unavailable-dates': property({ is: 'list', of: { is: 'date' }, itemsMin: 0, itemsMax: Number.MAX_SAFE_INTEGER }),
  'helper-text': property(text(80)),
  required: property(flag),
  enabled: property(flag),
  visible,
  'init-value': property({ is: 'date' }, since4),
  'error-message': property(text(80), since4),
  'on-select-action': property(action('data_exchange')),
};

/** In mode `range` some properties of a CalendarPicker are a pair. */
function maybePair(of: ComponentSpec['fields'][string]['shape']): ComponentSpec['fields'][string]['shape'] {
  const side = property(of);
  return { is: 'either', of: [of, { is: 'record', fields: { 'start-date': side, 'end-date': side } }] };
}

const calendarPicker: Fields = {
  name,
  title: property(text(80)),
  description: property(text(300)),
  label: needed(maybePair(words(40))),
  'helper-text': property(maybePair(text(80))),
  required: property(maybePair(flag)),
  visible,
  enabled: property(flag),
  mode: property(choice('single', 'range')),
  'min-date': property({ is: 'date' }),
  'max-date': property({ is: 'date' }),
  'unavailable-dates': property({ is: 'list', of: { is: 'date' }, itemsMin: 0, itemsMax: Number.MAX_SAFE_INTEGER }),
  'include-days': property({
    is: 'list',
    of: choice('Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'),
    itemsMin: 1,
    itemsMax: 7,
  }),
  'min-days': property(count()),
  'max-days': property(count()),
  'on-select-action': property(action('data_exchange')),
  'init-value': property(maybePair({ is: 'date' }), since4),
  'error-message': property(maybePair(text(80)), since4),
};

const footer: Fields = {
  label: needed(words(35)),
  'left-caption': property(text(15)),
  'center-caption': property(text(15)),
  'right-caption': property(text(15)),
  enabled: property(flag),
  'on-click-action': needed(action('navigate', 'complete', 'data_exchange', ['update_data', '6.0']), {
    isDynamic: false,
  }),
};

const optIn: Fields = {
  name,
  label: needed(words(120)),
  required: property(flag),
  visible,
  'on-click-action': property(action('navigate', 'data_exchange', ['open_url', '6.0']), { isDynamic: false }),
  'on-select-action': property(action(['update_data', '6.0']), { since: '6.0', isDynamic: false }),
  'on-unselect-action': property(action(['update_data', '6.0']), { since: '6.0', isDynamic: false }),
  'init-value': property(flag, since4),
  'error-message': property(text(), since4),
};

const embeddedLink: Fields = {
  text: needed(words(25)),
  visible,
  'on-click-action': needed(action('navigate', 'data_exchange', ['open_url', '6.0'], ['update_data', '6.0']), {
    isDynamic: false,
  }),
};

const form: Fields = {
  name: needed(words(), { isDynamic: false }),
  children: needed({ is: 'components' }, { isDynamic: false }),
  'init-values': property({ is: 'map' }),
  'error-messages': property({ is: 'map' }),
};

function shown(fields: Fields, since?: ComponentSpec['since']): ComponentSpec {
  return { since, fields, answer: undefined };
}

function asked(fields: Fields, answer: ComponentSpec['answer'], since?: ComponentSpec['since']): ComponentSpec {
  return { since, fields, answer };
}

/** Every component, by its `type`. */
export const COMPONENTS: ReadonlyMap<string, ComponentSpec> = new Map([
  ['TextHeading', shown(heading)],
  ['TextSubheading', shown(heading)],
  ['TextBody', shown(paragraph(4096))],
  ['TextCaption', shown(paragraph(409))],
  ['RichText', shown({ text: needed({ is: 'lines', charsMax: undefined }), visible }, '5.1')],
  [
    'TextInput',
    asked(
      {
        ...entry,
        'input-type': property(choice('text', 'number', 'email', 'password', 'passcode', 'phone')),
        pattern: property(words(), { since: '6.2' }),
        'min-chars': property(count()),
        'max-chars': property(count()),
        'error-message': property(text(30), since4),
      },
      'any',
    ),
  ],
  [
    'TextArea',
    asked(
      { ...entry, 'max-length': property(count()), enabled: property(flag), 'error-message': property(text(), since4) },
      'string',
    ),
  ],
  ['DatePicker', asked(datePicker, 'string')],
  ['CalendarPicker', asked(calendarPicker, 'any', '6.1')],
  ['Footer', shown(footer)],
  ['OptIn', asked(optIn, 'boolean')],
  ['EmbeddedLink', shown(embeddedLink)],
  ['Form', shown(form)],
  [
    'If',
    shown(
      {
        condition: needed({ is: 'condition' }, { isDynamic: false }),
        // biome-ignore lint/suspicious/noThenProperty: the name is Flow JSON's, and the object is never awaited
        then: needed({ is: 'components' }, { isDynamic: false }),
        else: property({ is: 'components' }, { isDynamic: false }),
      },
      '4.0',
    ),
  ],
  [
    'Switch',
    shown(
      {
        value: needed({ is: 'reference' }, { isDynamic: false }),
        cases: needed({ is: 'cases' }, { isDynamic: false }),
      },
      '4.0',
    ),
  ],
  ...choiceComponents(name, visible),
  ...mediaComponents(name, visible),
]);
