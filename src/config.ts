// The configuration: every environment variable with its default, meaning and check, read once into typed settings. Nothing else reads the
// environment. The variables are in config/variables.ts, what they become in config/settings.ts.
import { resolve } from 'node:path';
import ipaddr from 'ipaddr.js';
import { readAcme } from './config/acme.js';
import { readAdminKey, readApiKey, readSandboxToken, readSecretKeys } from './config/credentials.js';
import { readMediaScanner, readMediaStore } from './config/media.js';
import {
  createReader,
  type Environment,
  type Overrides,
  type Reader,
  readBaseUrl,
  readChoice,
  readFilePath,
  readInteger,
  readList,
  readNetworks,
} from './config/reader.js';
import { type Config, ROLES, type Role, type Settings } from './config/settings.js';
import { readTraces } from './config/traces.js';
import { fallbackOf, VARIABLES, type Variable } from './config/variables.js';
import { ALL_CRASH_POINTS } from './lib/crash-point.js';
import { LOG_LEVELS, parseLogLevels } from './lib/log.js';

export type { Environment, Overrides } from './config/reader.js';
export { type Config, ROLES, type Settings } from './config/settings.js';
export { VARIABLES, type Variable } from './config/variables.js';

/** The configuration is wrong; `problems` has one line for each wrong variable. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  constructor(readonly problems: readonly string[]) {
    super(`configuration: ${problems.join('; ')}`);
  }
}

/** Everything the gateway needs, `PARLEY_SECRET_KEY` included. Throws ConfigError with every problem there is. */
export function loadConfig(env: Environment, overrides: Overrides = {}): Config {
  const reader = createReader(env, overrides);
  const [secretKey, ...otherSecretKeys] = readSecretKeys(reader);
  const settings = readSettings(reader);
  if (secretKey === undefined || reader.problems.length > 0) throw new ConfigError(reader.problems);
  return { ...settings, secretKey, otherSecretKeys };
}

/** As `loadConfig`, for commands that need no secret key. */
export function loadSettings(env: Environment, overrides: Overrides = {}): Settings {
  const reader = createReader(env, overrides);
  const settings = readSettings(reader);
  if (reader.problems.length > 0) throw new ConfigError(reader.problems);
  return settings;
}

/** One line of `parley doctor`: what is in force, secrets masked. */
export interface EffectiveVariable {
  name: string;
  /** The text in force; `***` for a secret, empty when there is none. */
  value: string;
  source: 'environment' | 'default';
  meaning: string;
}

/** Every variable with the text in force. Never throws. */
export function describeConfig(env: Environment, overrides: Overrides = {}): EffectiveVariable[] {
  return VARIABLES.map((variable: Variable) => {
    const given = env[variable.name] ?? '';
    const text = given !== '' ? given : (fallbackOf(variable, overrides.dev === true) ?? '');
    const value = variable.secret === true && text !== '' ? '***' : text;
    return { name: variable.name, value, source: given !== '' ? 'environment' : 'default', meaning: variable.meaning };
  });
}

function readSettings(reader: Reader): Settings {
  const host = readHost(reader);
  const port = readInteger(reader, 'PARLEY_PORT', 0, 65_535);
  return {
    host,
    port,
    sandboxPort: readInteger(reader, 'PARLEY_SANDBOX_PORT', 0, 65_535),
    sandboxSmscPort: readInteger(reader, 'PARLEY_SANDBOX_SMSC_PORT', 0, 65_535),
    dataDir: resolve(reader.text('PARLEY_DATA_DIR') ?? '.'),
    databaseUrl: readDatabaseUrl(reader),
    publicUrl: readBaseUrl(reader, 'PARLEY_PUBLIC_URL') ?? `http://${host.includes(':') ? `[${host}]` : host}:${port}`,
    metaUrl: readBaseUrl(reader, 'PARLEY_META_URL') ?? '',
    metaVersion: readMetaVersion(reader),
    metaAppSecrets: readList(reader, 'PARLEY_META_APP_SECRET'),
    metaVerifyToken: reader.text('PARLEY_META_VERIFY_TOKEN'),
    roles: new Set(readList(reader, 'PARLEY_ROLES').flatMap((text) => readRole(reader, text))),
    processes: readInteger(reader, 'PARLEY_PROCESSES', 1, 64),
    retentionDays: readInteger(reader, 'PARLEY_RETENTION_DAYS', 8, 3650),
    allowNetworks: readNetworks(reader, 'PARLEY_ALLOW_NETWORKS'),
    trustedProxies: readNetworks(reader, 'PARLEY_TRUSTED_PROXIES'),
    adminKey: readAdminKey(reader),
    devApiKey: readApiKey(reader, 'PARLEY_DEV_API_KEY'),
    rateLimits: readChoice(reader, 'PARLEY_RATE_LIMITS', ['infobip', 'off'] as const),
    sandboxState: readFilePath(reader, 'PARLEY_SANDBOX_STATE'),
    sandboxToken: readSandboxToken(reader),
    mediaStore: readMediaStore(reader),
    mediaScanner: readMediaScanner(reader),
    linksPort:
      reader.text('PARLEY_LINKS_PORT') === undefined ? undefined : readInteger(reader, 'PARLEY_LINKS_PORT', 0, 65_535),
    dnsServers: readDnsServers(reader),
    acme: readAcme(reader),
    geoFile: readFilePath(reader, 'PARLEY_GEO_FILE'),
    templateExamples: readChoice(reader, 'PARLEY_TEMPLATE_EXAMPLES', ['strict', 'lenient'] as const),
    dev: reader.dev,
    traces: readTraces(reader),
    crashPoint: readCrashPoint(reader),
    logLevel: readLogLevels(reader),
  };
}

function readHost(reader: Reader): string {
  const text = reader.text('PARLEY_HOST') ?? '';
  if (!/^[A-Za-z0-9.:_-]+$/.test(text)) reader.problem('PARLEY_HOST', 'must be an address or a host name');
  return text;
}

function readRole(reader: Reader, text: string): Role[] {
  const role = ROLES.find((entry) => entry === text);
  if (role === undefined) reader.problem('PARLEY_ROLES', `has "${text}", which is none of ${ROLES.join(', ')}`);
  return role === undefined ? [] : [role];
}

function readDatabaseUrl(reader: Reader): string | undefined {
  const text = reader.text('PARLEY_DATABASE_URL');
  if (text !== undefined && !/^postgres(ql)?:\/\//.test(text))
    reader.problem('PARLEY_DATABASE_URL', 'must begin with postgresql://');
  return text;
}

function readMetaVersion(reader: Reader): string {
  const text = reader.text('PARLEY_META_VERSION') ?? '';
  if (!/^v\d{1,3}\.\d{1,2}$/.test(text)) reader.problem('PARLEY_META_VERSION', `must look like v25.0, not "${text}"`);
  return text;
}

function readDnsServers(reader: Reader): string[] {
  return readList(reader, 'PARLEY_DNS_SERVERS').map((text) => {
    const [, six, four, port = '53'] = /^(?:\[([^\]]+)\]|([^:[\]]+))(?::(\d{1,5}))?$/.exec(text) ?? [];
    const address = six ?? four ?? text;
    if (!ipaddr.isValid(address) || Number(port) < 1 || Number(port) > 65_535)
      reader.problem(
        'PARLEY_DNS_SERVERS',
        `has "${text}", which is not an address like 192.0.2.53 or [2001:db8::53]:53`,
      );
    return text;
  });
}

function readCrashPoint(reader: Reader): Settings['crashPoint'] {
  const text = reader.text('PARLEY_CRASH_POINT');
  if (text === undefined) return undefined;
  const [name, hits = '1', ...rest] = text.split(':');
  const point = ALL_CRASH_POINTS.find((entry) => entry === name);
  if (!reader.dev) reader.problem('PARLEY_CRASH_POINT', 'is for parley dev and tests only');
  else if (point === undefined || !/^[1-9]\d{0,6}$/.test(hits) || rest.length > 0)
    reader.problem('PARLEY_CRASH_POINT', `must be one of ${ALL_CRASH_POINTS.join(', ')}, with :n for the n-th time`);
  else return { point, hits: Number(hits) };
  return undefined;
}

function readLogLevels(reader: Reader): string {
  const text = reader.text('PARLEY_LOG_LEVEL') ?? 'info';
  if (parseLogLevels(text) !== undefined) return text;
  reader.problem('PARLEY_LOG_LEVEL', `must be one of ${LOG_LEVELS.join(', ')}, then part=level, not "${text}"`);
  return 'info';
}
