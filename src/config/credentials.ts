// Keys and tokens. What is wrong with one is told without it.
import { type Reader, readList } from './reader.js';
import type { VariableName } from './variables.js';

/** What may stand in an Authorization header. */
export function readApiKey(reader: Reader, name: VariableName): string | undefined {
  const text = reader.text(name);
  if (text !== undefined && !/^[\x21-\x7e]{1,200}$/.test(text))
    reader.problem(name, 'must be 1 to 200 visible ASCII characters');
  return text;
}

const ADMIN_KEY_CHARACTERS_MIN = 16;

/** As `readApiKey`, and not short, but in dev. */
export function readAdminKey(reader: Reader): string | undefined {
  const text = readApiKey(reader, 'PARLEY_ADMIN_KEY');
  if (!reader.dev && text !== undefined && text.length < ADMIN_KEY_CHARACTERS_MIN)
    reader.problem('PARLEY_ADMIN_KEY', `must have at least ${ADMIN_KEY_CHARACTERS_MIN} characters`);
  return text;
}

/** What calls of the sandbox's control API must carry. */
export function readSandboxToken(reader: Reader): string | undefined {
  const text = reader.text('PARLEY_SANDBOX_TOKEN');
  if (text !== undefined && !/^[!-~]{8,512}$/.test(text))
    reader.problem('PARLEY_SANDBOX_TOKEN', 'must be 8 to 512 printable characters without spaces');
  return text;
}

const SECRET_KEY_BYTES = 32;
const SECRET_KEYS_MAX = 4;

/** Empty, with a problem noted, when there is none. */
export function readSecretKeys(reader: Reader): Buffer[] {
  const texts = readList(reader, 'PARLEY_SECRET_KEY');
  if (texts.length === 0)
    reader.problem(
      'PARLEY_SECRET_KEY',
      'is required: 32 bytes in base64 (make one: openssl rand -base64 32), kept as long as the database',
    );
  if (texts.length > SECRET_KEYS_MAX)
    reader.problem('PARLEY_SECRET_KEY', `has ${texts.length} keys; at most ${SECRET_KEYS_MAX} are used`);
  return texts.map((text) => readSecretKey(reader, text));
}

function readSecretKey(reader: Reader, text: string): Buffer {
  const key = Buffer.from(text, 'base64');
  if (!/^[A-Za-z0-9+/_-]+={0,2}$/.test(text) || key.length !== SECRET_KEY_BYTES)
    reader.problem('PARLEY_SECRET_KEY', `must be ${SECRET_KEY_BYTES} bytes in base64, it has ${key.length}`);
  return key;
}
