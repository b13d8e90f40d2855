// Components in which the user picks from a list (Flow JSON reference, Components).
import {
  action,
  type ComponentSpec,
  choice,
  count,
  type Fields,
  flag,
  list,
  needed,
  type Property,
  property,
  type Shape,
  text,
  words,
} from './shapes.js';

const OPTIONS_MAX = 20;
const DROPDOWN_OPTIONS_MAX = 200;
const DROPDOWN_OPTIONS_WITH_IMAGES_MAX = 100;
const LIST_ITEMS_MAX = 20;
const KIB = 1024;

/** Images of options and list items: 300 KB before version 6.0, 100 KB from then on. */
const smallImage: Shape = { is: 'image', bytesMax: 100 * KIB, bytesMaxBefore6: 300 * KIB };

const update = property(action(['update_data', '6.0']), { since: '6.0', isDynamic: false });

const option: Fields = {
  id: needed(words()),
  title: needed(words(30)),
  description: property(text(300)),
  metadata: property(text(20)),
  enabled: property(flag),
  image: property(smallImage, { since: '5.0' }),
  'alt-text': property(text(), { since: '5.0' }),
  color: property({ is: 'pattern', pattern: /^#?[0-9a-fA-F]{6}$/, said: '6 hex digits' }, { since: '5.0' }),
  'on-select-action': update,
  'on-unselect-action': update,
};

const chip: Fields = {
  id: needed(words()),
  title: needed(words()),
  enabled: property(flag),
  'on-select-action': update,
  'on-unselect-action': update,
};

function options(fields: Fields, itemsMin: number, itemsMax: number, itemsMaxWithImages = itemsMax): Shape {
  return { is: 'options', fields, itemsMin, itemsMax, itemsMaxWithImages };
}

const selectAction: Fields = {
  'on-select-action': property(action('data_exchange', ['update_data', '6.0']), { isDynamic: false }),
  'on-unselect-action': update,
};

const since4 = { since: '4.0', isOutsideForm: true } as const;

/** What groups of checkboxes and of radio buttons have in common. */
const group: Fields = {
  'data-source': needed(options(option, 1, OPTIONS_MAX)),
  label: property(text(30), { requiredSince: '4.0' }),
  description: property(text(300), { since: '4.0' }),
  enabled: property(flag),
  required: property(flag),
  'error-message': property(text(), since4),
  'media-size': property(choice('regular', 'large'), { since: '5.0' }),
  ...selectAction,
};

const selected: Fields = {
  'min-selected-items': property(count()),
  'max-selected-items': property(count()),
  'init-value': property(list(text()), since4),
};

const captions = (title: number, description: number, metadata: number, isTitleNeeded: boolean): Shape => ({
  is: 'record',
  fields: {
    title: property(words(title), { required: isTitleNeeded }),
    description: property(text(description)),
    metadata: property(text(metadata)),
  },
});

const click = property(action('navigate', 'data_exchange', ['update_data', '6.2']), { isDynamic: false });

const listItem: Fields = {
  id: needed(words()),
  'main-content': needed(captions(30, 20, 80, true)),
  end: property(captions(10, 10, 10, false)),
  start: property({ is: 'record', fields: { image: needed(smallImage), 'alt-text': property(text()) } }),
  badge: property(text(15)),
  tags: property(list(text(15), 0, 3)),
  'on-click-action': click,
};

/** CheckboxGroup, RadioButtonsGroup, Dropdown, ChipsSelector and NavigationList. */
export function choiceComponents(name: Property, visible: Property): [string, ComponentSpec][] {
  const common = { name, visible };
  return [
    ['CheckboxGroup', { since: undefined, answer: 'array', fields: { ...common, ...group, ...selected } }],
    [
      'RadioButtonsGroup',
      { since: undefined, answer: 'string', fields: { ...common, ...group, 'init-value': property(text(), since4) } },
    ],
    ['Dropdown', { since: undefined, answer: 'string', fields: { ...common, ...dropdown } }],
    ['ChipsSelector', { since: '6.3', answer: 'array', fields: { ...common, ...chips, ...selected } }],
    ['NavigationList', { since: '6.2', answer: undefined, fields: { ...common, ...navigationList } }],
  ];
}

const dropdown: Fields = {
  label: needed(words(20)),
  'data-source': needed(options(option, 1, DROPDOWN_OPTIONS_MAX, DROPDOWN_OPTIONS_WITH_IMAGES_MAX)),
  required: property(flag),
  enabled: property(flag),
  'init-value': property(text(), since4),
  'error-message': property(text(), since4),
  ...selectAction,
};

const chips: Fields = {
  label: needed(words(80)),
  'data-source': needed(options(chip, 2, OPTIONS_MAX)),
  description: property(text(300)),
  enabled: property(flag),
  required: property(flag),
  'error-message': property(text(), since4),
  ...selectAction,
};

const navigationList: Fields = {
  'list-items': needed(options(listItem, 1, LIST_ITEMS_MAX)),
  label: property(text(80)),
  description: property(text(300)),
  'media-size': property(choice('regular', 'large')),
  'on-click-action': click,
};
