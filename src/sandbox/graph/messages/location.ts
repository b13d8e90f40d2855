// Outbound type `location` (Meta 1.4): coordinates as numbers or as text.
import Type from 'typebox';
import type { Refusal } from '../errors.js';
import { invalidValue, wrongType } from '../schema.js';
import type { OutboundType } from './type.js';

const LABEL_CHARACTERS_MAX = 1000;
const LATITUDE_MAX = 90;
const LONGITUDE_MAX = 180;

const Label = Type.Optional(Type.String({ maxLength: LABEL_CHARACTERS_MAX }));

interface Place {
  latitude: unknown;
  longitude: unknown;
}

/** A place on the map; the address is shown only together with a name. */
export const location: OutboundType = {
  name: 'location',
  schema: Type.Object(
    { latitude: Type.Unknown(), longitude: Type.Unknown(), name: Label, address: Label },
    { additionalProperties: false },
  ),
  check: ({ latitude, longitude }: Place) =>
    checkDegrees(latitude, 'latitude', LATITUDE_MAX) ?? checkDegrees(longitude, 'longitude', LONGITUDE_MAX),
};

function checkDegrees(value: unknown, name: string, max: number): Refusal | null {
  const path = `location['${name}']`;
  if (typeof value !== 'number' && typeof value !== 'string') return wrongType(path, 'a number');
  const degrees =
    typeof value === 'number' ? value : /^\s*[-+]?\d+(\.\d+)?\s*$/.test(value) ? Number(value) : Number.NaN;
  return Math.abs(degrees) <= max ? null : invalidValue(path, `must be a number from -${max} to ${max}`);
}
