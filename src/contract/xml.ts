// Error bodies as XML, for callers who ask for it (Infobip 1.3).
import { isObject } from './json.js';

/** HTTP statuses that are told as XML too. */
const STATUSES: ReadonlySet<number> = new Set([401, 403, 429, 500]);

/** The media type of `errorXml`. */
export const XML_TYPE = 'application/xml; charset=utf-8';

/** Whether an error of this status is told as XML to a caller with this Accept header: only when XML is named and nothing JSON is wanted more. */
export function wantsXml(status: number, accept: string | undefined): boolean {
  if (accept === undefined || !STATUSES.has(status)) return false;
  const ranges = accept.split(',').map(readRange);
  const qualityOf = (...types: string[]): number =>
    Math.max(0, ...ranges.filter(({ type }) => types.includes(type)).map(({ quality }) => quality));
  const xml = qualityOf('application/xml', 'text/xml');
  return xml > 0 && xml > qualityOf('application/json', 'application/*');
}

function readRange(text: string): { type: string; quality: number } {
  const [type = '', ...parameters] = text.split(';').map((part) => part.trim().toLowerCase());
  const quality = parameters
    .map((parameter) => /^q=([\d.]+)$/.exec(parameter)?.[1])
    .find((found) => found !== undefined);
  return { type, quality: quality === undefined ? 1 : Number(quality) };
}

/** An error of either form. The old one is its own root; for the new one Infobip's documents name none, so it is `apiError`. */
export function errorXml(body: object): string {
  const isRoot = 'requestError' in body && Object.keys(body).length === 1;
  const root = isRoot ? body : { apiError: body };
  return `<?xml version="1.0" encoding="UTF-8"?>${elements(root)}`;
}

function elements(value: object): string {
  return Object.entries(value)
    .map(([name, inner]) => `<${name}>${contentOf(name, inner)}</${name}>`)
    .join('');
}

/** A list `violations` has elements `violation`. */
function contentOf(name: string, value: unknown): string {
  if (Array.isArray(value)) return value.map((item) => elements({ [name.replace(/s$/, '')]: item })).join('');
  if (isObject(value)) return elements(value);
  return String(value).replace(/[<>&"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
