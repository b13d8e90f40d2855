// Checks the properties of an object: known ones, needed ones, and each value.
import { membersIn, type Place, placeAt, rootedPathOf } from './findings.js';
import type { Fields, Property } from './shapes.js';
import { checkValue } from './values.js';
import { has, type Walk } from './walk.js';

/** Checks an object's properties against `fields`; `said` is what errors call the object. `known` are keys that others check. */
export function checkFields(
  place: Place,
  fields: Fields,
  said: string,
  walk: Walk,
  known: readonly string[] = [],
): void {
  for (const member of membersIn(place)) {
    if (walk.findings.isFull()) return;
    if (known.includes(member.step)) continue;
    const property = Object.hasOwn(fields, member.step) ? fields[member.step] : undefined;
    if (property === undefined || !has(walk, property.since)) reportUnknown(member, said, walk);
    else checkValue(member, property, member.step, walk);
  }
  for (const [key, property] of Object.entries(fields)) {
    if (isNeeded(property, walk) && placeAt(place, key) === undefined) reportMissing(place, key, walk);
  }
}

function isNeeded({ required, requiredSince, since }: Property, walk: Walk): boolean {
  return has(walk, since) && (required || (requiredSince !== undefined && has(walk, requiredSince)));
}

/** A property that may not be there, or not in this version. */
export function reportUnknown(member: Place & { step: string }, said: string, walk: Walk): void {
  const where = rootedPathOf(member.from ?? member);
  const message = `Property ${member.step} cannot be specified at ${said === '' ? where : `${said} on ${where}`}.`;
  walk.findings.wrongKey('INVALID_PROPERTY_KEY', member, message);
}

/** A property that has to be there. */
export function reportMissing(place: Place, key: string, walk: Pick<Walk, 'findings'>): void {
  walk.findings.wrong('MISSING_REQUIRED_TYPE_PROPERTY', place, `Required property '${key}' is missing.`);
}
