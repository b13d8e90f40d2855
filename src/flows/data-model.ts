// The data model of a screen: a schema for each field, with an example (Flow JSON reference, Screens).
import { type Findings, itemsIn, membersIn, type Place, pathOf, placeAt } from './findings.js';
import { type SourceNode, textOf, valueAt } from './source.js';

const TYPES = ['string', 'number', 'integer', 'boolean', 'object', 'array'];
const EXAMPLE = '__example__';

/** Checks every field of a data model: its schema, and that the example fits it. */
export function checkDataModel(data: Place | undefined, findings: Findings): void {
  if (data === undefined) return;
  if (data.node.kind !== 'object') {
    const said = `Expected property data to be of type object, but found ${data.node.kind}.`;
    findings.wrong('INVALID_PROPERTY_TYPE', data, said);
  }
  for (const field of membersIn(data)) checkField(field, findings);
}

function checkField(field: Place, findings: Findings): void {
  if (!checkSchema(field, true, findings)) return;
  const example = placeAt(field, EXAMPLE);
  if (example === undefined) {
    findings.wrongKey('MISSING_REQUIRED_TYPE_PROPERTY', field, `Required property '${EXAMPLE}' is missing.`);
    return;
  }
  const mismatch = mismatchIn(example, field.node);
  if (mismatch === undefined) return;
  const said = `Invalid data model schema. Expected property '${EXAMPLE}' to be of type ${mismatch.wanted}, but found ${mismatch.place.node.kind}.`;
  findings.wrong('INVALID_SCREEN_DATA', mismatch.place, said);
}

/** Checks a schema and those inside it; false when its type is not known. */
function checkSchema(schema: Place, isTop: boolean, findings: Findings): boolean {
  const invalid = (place: Place, said: string): false => {
    findings.wrong('INVALID_SCREEN_DATA', place, said);
    return false;
  };
  if (schema.node.kind !== 'object') return invalid(schema, 'Expected the schema of a field to be an object.');
  const example = placeAt(schema, EXAMPLE);
  if (!isTop && example !== undefined) {
    const said = `Property '${EXAMPLE}' is allowed only as a top level property of data model. Invalid entry: '${pathOf(example)}'.`;
    findings.wrongKey('INVALID_SCREEN_DATA', example, said);
  }
  const type = placeAt(schema, 'type');
  if (type === undefined) {
    findings.wrongKey('INVALID_SCREEN_DATA', schema, "Missing the definition of property 'type'.");
    return false;
  }
  if (type.node.kind !== 'string') return invalid(type, "Expected the property 'type' to be of type string.");
  if (!TYPES.includes(type.node.text)) return invalid(type, `Value should be one of: [${TYPES.join(', ')}].`);
  if (type.node.text === 'array') checkItems(schema, findings);
  if (type.node.text === 'object') checkProperties(schema, findings);
  return true;
}

function checkItems(schema: Place, findings: Findings): void {
  const items = placeAt(schema, 'items');
  if (items === undefined) {
    findings.wrongKey('INVALID_SCREEN_DATA', schema, "Missing the schema for property 'items' in array.");
  } else if (items.node.kind === 'object') {
    checkSchema(items, false, findings);
  } else if (items.node.kind !== 'boolean') {
    findings.wrong('INVALID_SCREEN_DATA', items, "Expected the property 'items' to be of type boolean or object.");
  }
}

function checkProperties(schema: Place, findings: Findings): void {
  const properties = placeAt(schema, 'properties');
  if (properties === undefined) return;
  if (properties.node.kind !== 'object') {
    findings.wrong('INVALID_SCREEN_DATA', properties, "Expected the property 'properties' to be of type object.");
  }
  for (const property of membersIn(properties)) {
    if (property.step !== EXAMPLE) checkSchema(property, false, findings);
    else {
      const said = `Property '${EXAMPLE}' is allowed only as a top level property of data model. Invalid entry: '${pathOf(property)}'.`;
      findings.wrongKey('INVALID_SCREEN_DATA', property, said);
    }
  }
}

interface Mismatch {
  place: Place;
  wanted: string;
}

/** The first part of a value that is not of the type that its schema says; undefined when all of it is. */
export function mismatchIn(value: Place, schema: SourceNode | undefined): Mismatch | undefined {
  const wanted = textOf(valueAt(schema, 'type'));
  if (wanted === undefined || !TYPES.includes(wanted)) return undefined;
  if (!isOfType(value.node, wanted)) return { place: value, wanted };
  const items = valueAt(schema, 'items');
  for (const item of itemsIn(value)) {
    const found = mismatchIn(item, items);
    if (found !== undefined) return found;
  }
  const properties = valueAt(schema, 'properties');
  for (const member of membersIn(value)) {
    const found = mismatchIn(member, valueAt(properties, member.step));
    if (found !== undefined) return found;
  }
  return undefined;
}

function isOfType(value: SourceNode, wanted: string): boolean {
  if (wanted === 'integer') return value.kind === 'number' && Number.isInteger(value.number);
  return value.kind === wanted;
}
