// The version of this Parley, as others are told it.
import { readFileSync } from 'node:fs';

/** The version in our own package.json. */
export function version(): string {
  // Parse boundary: our own package.json.
  const { version: text } = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')) as {
    version: string;
  };
  return text;
}
