// Flows that tests run in the phone: one with every component, and one that asks its endpoint.
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are bindings of Flow JSON.
// biome-ignore-all lint/suspicious/noThenProperty: the name is Flow JSON's, and the object is never awaited.

/** A red dot as PNG. */
const DOT =
  'iVBORw0KGgoAAAANSUhEUgAAAAUAAAAFCAYAAACNbyblAAAAHElEQVQI12P4//8/w38GIAXDIBKE0DHxgljNBAAO9TXL0Y4OHwAAAABJRU5ErkJggg==';
const option = (id: string, more: object = {}) => ({ id, title: `Option ${id}`, ...more });
const layout = (...children: object[]) => ({ type: 'SingleColumnLayout', children });
const footer = (label: string, action: object, more: object = {}) => ({
  type: 'Footer',
  label,
  'on-click-action': action,
  ...more,
});
const navigate = (name: string, payload: object = {}) => ({
  name: 'navigate',
  next: { type: 'screen', name },
  payload,
});
const text = (name: string, more: object = {}) => ({ type: 'TextInput', name, label: name, ...more });

/** What the sample `everything` asks of its first screen. */
const WRITING = layout(
  { type: 'TextHeading', text: 'Book a ride' },
  { type: 'TextSubheading', text: '${data.hello}' },
  { type: 'TextBody', text: ['**Every** component', 'is *here*'], markdown: true },
  { type: 'TextCaption', text: "`'For ' ${data.hello}`" },
  text('name', { required: true, 'helper-text': 'As on your card', 'min-chars': 2 }),
  text('mail', { 'input-type': 'email', required: true }),
  text('code', { 'input-type': 'password', pattern: '[A-Z]{3}', 'helper-text': 'Three capitals' }),
  text('seats', { 'input-type': 'number', 'init-value': '2' }),
  { type: 'TextArea', name: 'wish', label: 'Wishes', 'max-length': 100, 'helper-text': 'Anything' },
  {
    type: 'OptIn',
    name: 'terms',
    label: 'I agree to the terms',
    required: true,
    'on-click-action': { name: 'open_url', url: 'https://example.com/terms' },
  },
  { type: 'EmbeddedLink', text: 'More about us', 'on-click-action': navigate('ABOUT') },
  footer('Next', navigate('CHOOSING', { name: '${form.name}', mail: '${form.mail}' }), {
    'left-caption': 'Step 1',
    'right-caption': 'of 4',
  }),
);

const CHOOSING = layout(
  {
    type: 'RadioButtonsGroup',
    name: 'size',
    label: 'Size',
    required: true,
    'data-source': [
      option('s', { description: 'Small', image: DOT, 'alt-text': 'A dot' }),
      option('l', { color: '#118844', metadata: '+ 2' }),
    ],
  },
  {
    type: 'CheckboxGroup',
    name: 'extras',
    label: 'Extras',
    'max-selected-items': 2,
    'data-source': [option('light'), option('lock'), option('bag', { enabled: false })],
  },
  {
    type: 'ChipsSelector',
    name: 'tastes',
    label: 'Tastes',
    'data-source': [option('sweet'), option('salty')],
  },
  { type: 'Dropdown', name: 'city', label: 'City', required: true, 'data-source': [option('rome'), option('oslo')] },
  {
    type: 'If',
    condition: "${form.size} == 'l'",
    then: [text('reason', { required: true })],
    else: [{ type: 'TextBody', text: 'Small it is' }],
  },
  {
    type: 'Switch',
    value: '${form.city}',
    cases: {
      rome: [{ type: 'TextCaption', text: 'All roads lead there' }],
      default: [{ type: 'TextCaption', text: 'Somewhere else' }],
    },
  },
  footer('Next', navigate('DAYS')),
);

const DAYS = layout(
  { type: 'DatePicker', name: 'day', label: 'Day', 'min-date': '2030-01-01', 'max-date': '2030-01-31', required: true },
  {
    type: 'CalendarPicker',
    name: 'stay',
    mode: 'range',
    title: 'Your stay',
    label: { 'start-date': 'Arrival', 'end-date': 'Departure' },
    'min-date': '2030-02-01',
    'max-date': '2030-02-28',
    'unavailable-dates': ['2030-02-05'],
    'min-days': 2,
  },
  { type: 'Image', src: DOT, height: 60, 'alt-text': 'A dot' },
  {
    type: 'ImageCarousel',
    images: [
      { src: DOT, 'alt-text': 'One dot' },
      { src: DOT, 'alt-text': 'Another dot' },
    ],
  },
  footer('Next', navigate('PAPERS')),
);

const PAPERS = layout(
  { type: 'TextBody', text: "`${screen.WRITING.form.name} ', one photo please'`" },
  { type: 'PhotoPicker', name: 'photo', label: 'Photo', 'min-uploaded-photos': 1, 'max-uploaded-photos': 2 },
  footer('Send', {
    name: 'complete',
    payload: {
      name: '${screen.WRITING.form.name}',
      mail: '${screen.WRITING.form.mail}',
      seats: '${screen.WRITING.form.seats}',
      terms: '${screen.WRITING.form.terms}',
      size: '${screen.CHOOSING.form.size}',
      extras: '${screen.CHOOSING.form.extras}',
      tastes: '${screen.CHOOSING.form.tastes}',
      city: '${screen.CHOOSING.form.city}',
      reason: '${screen.CHOOSING.form.reason}',
      day: '${screen.DAYS.form.day}',
      stay: '${screen.DAYS.form.stay}',
      photo: '${form.photo}',
    },
  }),
);

const MENU = {
  type: 'NavigationList',
  name: 'menu',
  label: 'Where to?',
  'list-items': [
    {
      id: 'terms',
      'main-content': { title: 'The company', description: 'Since 1900', metadata: 'Old and proud' },
      end: { title: '5 min' },
      start: { image: DOT, 'alt-text': 'A dot' },
      badge: 'New',
      tags: ['short', 'dry'],
      'on-click-action': navigate('COMPANY'),
    },
  ],
};

/** Every component of Flow JSON 7.3. */
export const everything = JSON.stringify({
  version: '7.3',
  screens: [
    { id: 'WRITING', title: 'You', data: { hello: { type: 'string', __example__: 'Ada' } }, layout: WRITING },
    {
      id: 'CHOOSING',
      title: 'Your choice',
      data: { name: { type: 'string', __example__: 'Ada' }, mail: { type: 'string', __example__: 'a@b.example' } },
      layout: CHOOSING,
    },
    { id: 'DAYS', title: 'Your days', layout: DAYS },
    { id: 'PAPERS', title: 'Papers', terminal: true, success: true, layout: PAPERS },
    { id: 'ABOUT', title: 'About', layout: layout(MENU) },
    {
      id: 'COMPANY',
      title: 'Company',
      layout: layout(
        {
          type: 'RichText',
          text: [
            '# The company',
            'Founded **long** ago, see [here](https://example.com)',
            '- one',
            '- two',
            '| a | b |',
            '|---|---|',
            '| 1 | 2 |',
          ],
        },
        footer('Next', navigate('DOCUMENTS')),
      ),
    },
    {
      id: 'DOCUMENTS',
      title: 'Documents',
      terminal: true,
      layout: layout(
        { type: 'DocumentPicker', name: 'papers', label: 'Your papers', 'allowed-mime-types': ['application/pdf'] },
        footer('Done', { name: 'complete', payload: { papers: '${form.papers}' } }),
      ),
    },
  ],
});

/** A flow of two screens with an endpoint: slots of a day, and what was booked. */
export const booking = JSON.stringify({
  version: '7.3',
  data_api_version: '3.0',
  routing_model: { SLOTS: ['CONFIRM'], CONFIRM: [] },
  screens: [
    {
      id: 'SLOTS',
      title: 'Choose a time',
      data: {
        slots: {
          type: 'array',
          items: { type: 'object', properties: { id: { type: 'string' }, title: { type: 'string' } } },
          __example__: [{ id: 'm9', title: '9:00' }],
        },
        day_error: { type: 'string', __example__: '' },
      },
      layout: layout(
        text('day', { 'error-message': '${data.day_error}' }),
        {
          type: 'RadioButtonsGroup',
          name: 'slot',
          label: 'Time',
          required: true,
          'data-source': '${data.slots}',
        },
        footer('Book', { name: 'data_exchange', payload: { slot: '${form.slot}', day: '${form.day}' } }),
      ),
    },
    {
      id: 'CONFIRM',
      title: 'Confirm',
      terminal: true,
      refresh_on_back: true,
      data: { said: { type: 'string', __example__: 'Tomorrow at nine' } },
      layout: layout(
        { type: 'TextHeading', text: '${data.said}' },
        footer('Confirm', { name: 'data_exchange', payload: { isSure: true } }),
      ),
    },
  ],
});
