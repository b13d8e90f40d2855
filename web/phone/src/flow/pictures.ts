// Pictures as Flow JSON carries them: base64 without a word of their type.

const TYPES: readonly (readonly [string, string])[] = [
  ['iVBOR', 'png'],
  ['/9j/', 'jpeg'],
  ['UklGR', 'webp'],
  ['R0lGOD', 'gif'],
];

/** A URL for base64 text; empty for what is no picture. */
export function pictureUrl(source: string): string {
  const bare = source.replace(/^data:image\/[a-z+]+;base64,/, '').trim();
  const type = TYPES.find(([start]) => bare.startsWith(start))?.[1];
  return type === undefined ? '' : `data:image/${type};base64,${bare}`;
}
