// Lists that the user picks from: written out, or described by a data model.
import { checkFields } from './fields.js';
import { itemsIn, type Place, placeAt } from './findings.js';
import type { Shape } from './shapes.js';
import { textOf, valueAt } from './source.js';
import { checkSize } from './values.js';
import { lookUpText, type Walk } from './walk.js';

/** Options of a list that are looked at; a longer list is wrong as a whole. */
const LOOKED_AT_MAX = 1_000;

/** Checks a list of options that is written out in the JSON. */
export function checkOptions(place: Place, shape: Extract<Shape, { is: 'options' }>, said: string, walk: Walk): void {
  const items = itemsIn(place, LOOKED_AT_MAX);
  if (place.node.kind !== 'array') {
    walk.findings.wrong(
      'INVALID_PROPERTY_TYPE',
      place,
      `Expected property ${said} to be of type array, but found ${place.node.kind}.`,
    );
    return;
  }
  const hasImages = items.some((item) => placeAt(item, 'image') !== undefined);
  const itemsMax = hasImages ? shape.itemsMaxWithImages : shape.itemsMax;
  checkSize(place, place.node.items.length, { itemsMin: shape.itemsMin, itemsMax }, said, walk);
  for (const item of items) {
    if (item.node.kind === 'object') checkFields(item, shape.fields, said, walk);
    else
      walk.findings.wrong(
        'INVALID_PROPERTY_TYPE',
        item,
        `Expected an item of ${said} to be of type object, but found ${item.node.kind}.`,
      );
  }
}

/** Checks that a bound list is described with everything that its items need. */
export function checkBoundOptions(place: Place, shape: Extract<Shape, { is: 'options' }>, walk: Walk): void {
  const text = textOf(place.node);
  const schema = text === undefined ? undefined : lookUpText(text, walk)?.schema;
  const items = valueAt(schema, 'items');
  if (items?.kind !== 'object') return;
  const properties = valueAt(items, 'properties');
  for (const [key, property] of Object.entries(shape.fields)) {
    if (!property.required || valueAt(properties, key) !== undefined) continue;
    const said = `Data model schema is invalid for '${text}'. Missing schema for ${key}.`;
    walk.findings.wrong('INVALID_SCREEN_DYNAMIC_DATA', place, said);
  }
}
