// The CA that certificates of hosts of short links are ordered from.
import { type Reader, readChoice, readFilePath, readInteger } from './reader.js';
import type { AcmeConfig } from './settings.js';

/** Undefined: none are ordered. */
export function readAcme(reader: Reader): AcmeConfig | undefined {
  const directory = reader.text('PARLEY_ACME_DIRECTORY');
  if (directory === undefined) return undefined;
  if (!URL.canParse(directory) || new URL(directory).protocol !== 'https:')
    reader.problem('PARLEY_ACME_DIRECTORY', `must be an https URL, not "${directory}"`);
  if (reader.text('PARLEY_ACME_TERMS') !== 'agreed')
    reader.problem('PARLEY_ACME_TERMS', 'must be "agreed": the CA gives certificates only to who agrees to its terms');
  const email = reader.text('PARLEY_ACME_EMAIL');
  if (email !== undefined && !/^[^\s@<>,;:"]+@[^\s@<>,;:"]+$/.test(email))
    reader.problem('PARLEY_ACME_EMAIL', `must be one e-mail address, not "${email}"`);
  return {
    directory,
    email,
    binding: readBinding(reader),
    port: readInteger(reader, 'PARLEY_ACME_PORT', 0, 65_535),
    hasPublicHost: readChoice(reader, 'PARLEY_ACME_PUBLIC_HOST', ['off', 'on'] as const) === 'on',
    caFile: readFilePath(reader, 'PARLEY_ACME_CA_FILE'),
  };
}

function readBinding(reader: Reader): AcmeConfig['binding'] {
  const keyId = reader.text('PARLEY_ACME_EAB_KEY_ID');
  const hmacKey = reader.text('PARLEY_ACME_EAB_HMAC_KEY');
  if (keyId === undefined && hmacKey === undefined) return undefined;
  if (keyId === undefined) reader.problem('PARLEY_ACME_EAB_KEY_ID', 'must be set beside PARLEY_ACME_EAB_HMAC_KEY');
  if (hmacKey === undefined || !/^[A-Za-z0-9+/_-]{16,}={0,2}$/.test(hmacKey))
    reader.problem('PARLEY_ACME_EAB_HMAC_KEY', 'must be the key that the CA gave with the key id, in base64');
  return { keyId: keyId ?? '', hmacKey: hmacKey ?? '' };
}
