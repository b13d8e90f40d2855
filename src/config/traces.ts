// Where traces go, and how many.
import { type Reader, readBaseUrl, readList } from './reader.js';
import type { Settings } from './settings.js';
import type { VariableName } from './variables.js';

/** Undefined: nobody wants any. */
export function readTraces(reader: Reader): Settings['traces'] {
  const endpoint = readBaseUrl(reader, 'PARLEY_OTLP_ENDPOINT');
  const text = reader.text('PARLEY_TRACES_RATIO') ?? '';
  const ratio = Number(text);
  if (!/^(0|1|0?\.\d{1,9}|1\.0{1,9})$/.test(text))
    reader.problem('PARLEY_TRACES_RATIO', `must be a number from 0 to 1, not "${text}"`);
  const headers = readHeaders(reader, 'PARLEY_OTLP_HEADERS');
  return endpoint === undefined ? undefined : { endpoint, headers, ratio };
}

/** Never says what they are: they are credentials. */
function readHeaders(reader: Reader, name: VariableName): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const entry of readList(reader, name)) {
    const [, header, encoded] = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+)\s*=\s*([\x21-\x7e]+)$/.exec(entry) ?? [];
    const value = encoded === undefined ? undefined : decoded(encoded);
    if (header === undefined || value === undefined) reader.problem(name, 'must look like name=value,name=value');
    else headers[header] = value;
  }
  return headers;
}

function decoded(text: string): string | undefined {
  try {
    const value = decodeURIComponent(text);
    return /^[\x20-\x7e]+$/.test(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
