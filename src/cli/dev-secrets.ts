// What `parley dev` makes up once and keeps in the data directory, so that a second start finds its data readable and its keys valid.
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Settings } from '../config.js';
import { newToken } from '../lib/secrets.js';

const NAMES = ['secretKey', 'adminKey', 'apiKey', 'appSecret', 'verifyToken', 'graphToken', 'sandboxToken'] as const;

/** All of them are text; `secretKey` is 32 bytes in base64. */
export type DevSecrets = Record<(typeof NAMES)[number], string>;

/** The secrets of `settings.dataDir`, made where missing; what the environment sets wins. Throws Error when the file cannot be read as JSON. */
export function loadDevSecrets(settings: Settings, secretKey: string | undefined): DevSecrets {
  const file = join(settings.dataDir, 'dev-secrets.json');
  const kept = { ...makeSecrets(), ...readKept(file) };
  writePrivate(file, kept);
  return {
    ...kept,
    secretKey: secretKey ?? kept.secretKey,
    adminKey: settings.adminKey ?? kept.adminKey,
    apiKey: settings.devApiKey ?? kept.apiKey,
    appSecret: settings.metaAppSecrets[0] ?? kept.appSecret,
    verifyToken: settings.metaVerifyToken ?? kept.verifyToken,
    sandboxToken: settings.sandboxToken ?? kept.sandboxToken,
  };
}

/** Writes JSON that only we can read, whole or not at all. */
export function writePrivate(file: string, content: unknown): void {
  const partial = `${file}.${process.pid}`;
  writeFileSync(partial, `${JSON.stringify(content, null, 2)}\n`, { mode: 0o600 });
  renameSync(partial, file);
}

function makeSecrets(): DevSecrets {
  return {
    secretKey: randomBytes(32).toString('base64'),
    adminKey: newToken(),
    apiKey: newToken(),
    appSecret: randomBytes(16).toString('hex'),
    verifyToken: newToken(),
    sandboxToken: newToken(),
    graphToken: `EAA${newToken().replace(/[-_]/g, '')}`,
  };
}

function readKept(file: string): Partial<DevSecrets> {
  if (!existsSync(file)) return {};
  const parsed: unknown = JSON.parse(readFileSync(file, 'utf8'));
  const kept: Partial<DevSecrets> = {};
  for (const [name, value] of Object.entries(parsed ?? {})) {
    const known = NAMES.find((entry) => entry === name);
    if (known !== undefined && typeof value === 'string' && value !== '') kept[known] = value;
  }
  return kept;
}
