// The configuration: every environment variable with its default, meaning and check, read once into typed settings. Nothing else reads the environment.
import { isAbsolute, resolve } from 'node:path';
import ipaddr from 'ipaddr.js';
import { ALL_CRASH_POINTS, type CrashPoint } from './lib/crash-point.js';
import { LOG_LEVELS, parseLogLevels } from './lib/log.js';

/** The parts of the gateway that a process may run. */
export const ROLES = ['api', 'dispatch', 'receive', 'deliver', 'links'] as const;
/** One of `ROLES`. */
type Role = (typeof ROLES)[number];

/** A folder (absolute), or a bucket of S3 by its URL. */
export type MediaStoreSettings =
  | { kind: 'folder'; folder: string }
  | { kind: 's3'; url: string; region: string; accessKey: string; secretKey: string };

/** A CA that speaks ACME; its terms were agreed to. */
export interface AcmeConfig {
  /** URL of its directory. */
  directory: string;
  email: string | undefined;
  /** TLS port of the role links. */
  port: number;
  /** The account at the CA that ours is bound to (RFC 8555 7.3.4), where it wants that. */
  binding: { keyId: string; hmacKey: string } | undefined;
  /** Whether the host of the public URL gets a certificate too. */
  hasPublicHost: boolean;
  /** CAs (PEM) that may vouch for the directory, absolute. */
  caFile: string | undefined;
}

/** Everything but the secret key: what commands need that open no sealed secret. */
export interface Settings {
  /** Address that gateway and sandbox listen on. */
  host: string;
  /** Gateway's port; 0 = any free one. */
  port: number;
  /** Sandbox's port; 0 = any free one. */
  sandboxPort: number;
  sandboxSmscPort: number;
  /** Absolute. */
  dataDir: string;
  /** libpq URL; undefined = embedded PostgreSQL. */
  databaseUrl: string | undefined;
  /** Base URL under which others reach the gateway, no final slash. With port 0 and nothing set its port is 0: put in the real one when listening. */
  publicUrl: string;
  /** Base URL of Meta's Graph API, no final slash, no version. */
  metaUrl: string;
  /** Graph version, `v<major>.<minor>`. */
  metaVersion: string;
  /** Any of these may have signed a webhook; empty = none is accepted. */
  metaAppSecrets: readonly string[];
  metaVerifyToken: string | undefined;
  roles: ReadonlySet<Role>;
  /** Gateway processes on this machine, 1 to 64. */
  processes: number;
  /** Days that messages and events are kept, 8 to 3650. */
  retentionDays: number;
  /** CIDRs that webhooks, media and token URLs may reach although private. */
  allowNetworks: readonly string[];
  /** CIDRs whose X-Forwarded-For counts. */
  trustedProxies: readonly string[];
  adminKey: string | undefined;
  devApiKey: string | undefined;
  rateLimits: 'infobip' | 'off';
  /** Absolute file; undefined = the sandbox forgets when it stops. */
  sandboxState: string | undefined;
  /** What calls of the sandbox's control API must carry; undefined = as the address decides. */
  sandboxToken: string | undefined;
  /** Where files that users send are kept. */
  mediaStore: MediaStoreSettings;
  /** `host:port` of a ClamAV daemon; undefined = files are not looked at. */
  mediaScanner: string | undefined;
  /** Port that serves short links and nothing else, beside `port`; undefined = none. */
  linksPort: number | undefined;
  /** `address:port` of the resolvers that prove domains; none = those of the system. */
  dnsServers: readonly string[];
  /** The CA that certificates of hosts of short links are ordered from; undefined: none are. */
  acme: AcmeConfig | undefined;
  /** A file of places in MaxMind's format, absolute; undefined = clicks have no place. */
  geoFile: string | undefined;
  /** What becomes of a template whose example file cannot be fetched: refused, or registered with a file that is made. */
  templateExamples: 'strict' | 'lenient';
  /** Whether `parley dev` started this process: demo account, `/parley/1/dev`. */
  dev: boolean;
  /** Where traces go, their base URL without a final slash, and how many; undefined = nobody wants any. */
  traces: { endpoint: string; headers: Readonly<Record<string, string>>; ratio: number } | undefined;
  /** Where the process kills itself, for the crash suite; undefined = nowhere. */
  crashPoint: { point: CrashPoint; hits: number } | undefined;
  /** As `parseLogLevels` reads it. */
  logLevel: string;
}

/** What the gateway runs with. */
export interface Config extends Settings {
  /** 32 bytes that seal secrets at rest. */
  secretKey: Buffer;
  /** Keys that only open, while `secretKey` takes their place. */
  otherSecretKeys: readonly Buffer[];
}

/** Command line flags that win over the environment; texts as given. */
export interface Overrides {
  roles?: string | undefined;
  processes?: string | undefined;
  dev?: boolean | undefined;
}

/** The environment as a process has it. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** The configuration is wrong; `problems` has one line for each wrong variable. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  constructor(readonly problems: readonly string[]) {
    super(`configuration: ${problems.join('; ')}`);
  }
}

/** One variable as documentation and `parley doctor` show it. */
export interface Variable {
  name: string;
  /** The text that counts when it is not set; undefined = nothing. */
  fallback?: string;
  /** Fallback under `parley dev`, where it is another. */
  devFallback?: string;
  /** Shown masked. */
  secret?: true;
  meaning: string;
}

/** Every variable there is, in the order of documentation. */
export const VARIABLES = [
  { name: 'PARLEY_HOST', fallback: '127.0.0.1', meaning: 'address that gateway and sandbox listen on' },
  { name: 'PARLEY_PORT', fallback: '8080', meaning: 'port of the gateway; 0 = any free one' },
  { name: 'PARLEY_SANDBOX_PORT', fallback: '8090', meaning: 'port of the sandbox; 0 = any free one' },
  { name: 'PARLEY_SANDBOX_SMSC_PORT', fallback: '0', meaning: "port of the sandbox's SMSC (SMPP); 0 = any free one" },
  {
    name: 'PARLEY_DATA_DIR',
    fallback: '.parley',
    meaning: 'folder of the embedded database and, in dev, of secrets and state',
  },
  {
    name: 'PARLEY_DATABASE_URL',
    secret: true,
    meaning: 'PostgreSQL 15 or newer (postgresql://..); unset = embedded PostgreSQL in the data directory',
  },
  {
    name: 'PARLEY_PUBLIC_URL',
    meaning: 'base URL under which Meta and customers reach the gateway; unset = http://<host>:<port>',
  },
  { name: 'PARLEY_META_URL', fallback: 'https://graph.facebook.com', meaning: "base URL of Meta's Graph API" },
  { name: 'PARLEY_META_VERSION', fallback: 'v25.0', meaning: 'Graph API version' },
  {
    name: 'PARLEY_META_APP_SECRET',
    secret: true,
    meaning: 'app secrets that sign webhooks, comma-separated for rotation; unset = every webhook is refused',
  },
  { name: 'PARLEY_META_VERIFY_TOKEN', secret: true, meaning: "token of Meta's webhook handshake" },
  {
    name: 'PARLEY_SECRET_KEY',
    secret: true,
    meaning:
      '32 bytes in base64 that seal access tokens at rest; required by serve (make one: openssl rand -base64 32); comma-separated for rotation: the first seals, any opens',
  },
  { name: 'PARLEY_ROLES', fallback: ROLES.join(','), meaning: 'parts that this process runs' },
  { name: 'PARLEY_PROCESSES', fallback: '1', meaning: 'gateway processes on this machine, 1 to 64' },
  { name: 'PARLEY_RETENTION_DAYS', fallback: '30', meaning: 'days that messages and events are kept, 8 to 3650' },
  {
    name: 'PARLEY_ALLOW_NETWORKS',
    fallback: '',
    devFallback: '127.0.0.0/8,::1/128',
    meaning: 'CIDRs that webhooks, media and token URLs may reach although private; metadata addresses never',
  },
  { name: 'PARLEY_TRUSTED_PROXIES', fallback: '', meaning: 'CIDRs whose X-Forwarded-For counts' },
  { name: 'PARLEY_ADMIN_KEY', secret: true, meaning: 'API key of kind admin that is there from the start' },
  { name: 'PARLEY_DEV_API_KEY', secret: true, meaning: 'API key of the demo account, in dev only' },
  {
    name: 'PARLEY_RATE_LIMITS',
    fallback: 'infobip',
    devFallback: 'off',
    meaning: 'infobip = the published limits per account, or off',
  },
  {
    name: 'PARLEY_SANDBOX_STATE',
    meaning: 'file in which the sandbox keeps its state; unset = none (dev: <data dir>/sandbox.json)',
  },
  {
    name: 'PARLEY_SANDBOX_TOKEN',
    secret: true,
    meaning:
      "token that calls of the sandbox's control API must carry; unset = none while only this machine can reach it, else one is made at start and printed",
  },
  {
    name: 'PARLEY_MEDIA_STORE',
    meaning:
      'where files that users send are kept: a folder, or https://host/bucket[/prefix] of S3; unset = <data dir>/media',
  },
  { name: 'PARLEY_MEDIA_S3_REGION', fallback: 'us-east-1', meaning: 'region of the bucket' },
  { name: 'PARLEY_MEDIA_S3_ACCESS_KEY', meaning: 'access key id of the bucket' },
  { name: 'PARLEY_MEDIA_S3_SECRET_KEY', secret: true, meaning: 'secret access key of the bucket' },
  {
    name: 'PARLEY_MEDIA_SCANNER',
    meaning: 'host:port of a ClamAV daemon (clamd) that looks at every file; unset = none does',
  },
  {
    name: 'PARLEY_TEMPLATE_EXAMPLES',
    fallback: 'strict',
    devFallback: 'lenient',
    meaning:
      'strict = a template whose example file cannot be fetched is refused; lenient = a small file that is made stands in',
  },
  {
    name: 'PARLEY_LINKS_PORT',
    meaning: 'port that serves short links and nothing else; unset = none: the gateway serves them beside its APIs',
  },
  {
    name: 'PARLEY_DNS_SERVERS',
    fallback: '',
    meaning:
      'resolvers that domains of short links are verified with, address[:port], comma-separated; unset = those of the system',
  },
  {
    name: 'PARLEY_ACME_DIRECTORY',
    meaning:
      'directory URL of the CA (ACME) that domains of short links have certificates from, e.g. https://acme-v02.api.letsencrypt.org/directory; unset = none are ordered',
  },
  { name: 'PARLEY_ACME_TERMS', meaning: 'agreed = you agree to the terms of that CA, which it asks for' },
  { name: 'PARLEY_ACME_EMAIL', meaning: 'where that CA may write to; unset = nowhere' },
  {
    name: 'PARLEY_ACME_EAB_KEY_ID',
    meaning: 'key id of your account at that CA, where it wants an external account binding',
  },
  { name: 'PARLEY_ACME_EAB_HMAC_KEY', secret: true, meaning: 'key of that account, in base64' },
  {
    name: 'PARLEY_ACME_PORT',
    fallback: '8443',
    meaning: 'port that serves short links over TLS with these certificates; 0 = any free one',
  },
  {
    name: 'PARLEY_ACME_PUBLIC_HOST',
    fallback: 'off',
    meaning: 'on = the host of PARLEY_PUBLIC_URL has a certificate too, for links without a domain',
  },
  {
    name: 'PARLEY_ACME_CA_FILE',
    meaning: 'CAs (PEM) that may vouch for the directory beside the usual ones, for a CA of your own',
  },
  {
    name: 'PARLEY_GEO_FILE',
    meaning: "file of cities in MaxMind's format (.mmdb), for the country and city of clicks; unset = they have none",
  },
  {
    name: 'PARLEY_OTLP_ENDPOINT',
    meaning:
      'base URL of an OpenTelemetry collector that takes traces over HTTP (as OTEL_EXPORTER_OTLP_ENDPOINT); unset = there are no traces',
  },
  {
    name: 'PARLEY_OTLP_HEADERS',
    secret: true,
    meaning:
      'headers for the collector, name=value, comma-separated, values percent-encoded (as OTEL_EXPORTER_OTLP_HEADERS)',
  },
  {
    name: 'PARLEY_TRACES_RATIO',
    fallback: '1',
    meaning:
      "share of the traces begun here that are recorded, 0 to 1 (as OTEL_TRACES_SAMPLER_ARG of parentbased_traceidratio); a caller's own traceparent decides for its trace",
  },
  {
    name: 'PARLEY_CRASH_POINT',
    meaning: 'dev only: point[:n] of the pipeline at which the process kills itself, the n-th time it gets there',
  },
  {
    name: 'PARLEY_LOG_LEVEL',
    fallback: 'info',
    devFallback: 'warn',
    meaning: `${LOG_LEVELS.join(', ')}; part=level after it for single parts, as info,dispatch=debug`,
  },
] as const satisfies readonly Variable[];

type VariableName = (typeof VARIABLES)[number]['name'];

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

function fallbackOf(variable: Variable, dev: boolean): string | undefined {
  return dev ? (variable.devFallback ?? variable.fallback) : variable.fallback;
}

/** Reads texts and collects what is wrong with them; a wrong one reads as its stand-in, and nothing is used in the end. */
interface Reader {
  problems: string[];
  dev: boolean;
  text(name: VariableName): string | undefined;
  problem(name: VariableName, what: string): void;
}

function createReader(env: Environment, overrides: Overrides): Reader {
  const problems: string[] = [];
  const dev = overrides.dev === true;
  const given: Environment = {
    ...env,
    ...flag('PARLEY_ROLES', overrides.roles),
    ...flag('PARLEY_PROCESSES', overrides.processes),
  };
  return {
    problems,
    dev,
    text(name) {
      const text = given[name]?.trim();
      if (text !== undefined && text !== '') return text;
      const variable = VARIABLES.find((entry) => entry.name === name);
      return (variable && fallbackOf(variable, dev)) || undefined;
    },
    problem: (name, what) => problems.push(`${name} ${what}`),
  };
}

function flag(name: VariableName, text: string | undefined): Environment {
  return text === undefined ? {} : { [name]: text };
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

function readSandboxToken(reader: Reader): string | undefined {
  const text = reader.text('PARLEY_SANDBOX_TOKEN');
  if (text !== undefined && !/^[!-~]{8,512}$/.test(text))
    reader.problem('PARLEY_SANDBOX_TOKEN', 'must be 8 to 512 printable characters without spaces');
  return text;
}

function readInteger(reader: Reader, name: VariableName, min: number, max: number): number {
  const text = reader.text(name) ?? '';
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < min || value > max) {
    reader.problem(name, `must be a whole number from ${min} to ${max}, not "${text}"`);
    return min;
  }
  return value;
}

function readChoice<T extends string>(reader: Reader, name: VariableName, choices: readonly [T, ...T[]]): T {
  const text = reader.text(name);
  const choice = choices.find((entry) => entry === text);
  if (choice === undefined) reader.problem(name, `must be one of ${choices.join(', ')}, not "${text}"`);
  return choice ?? choices[0];
}

function readLogLevels(reader: Reader): string {
  const text = reader.text('PARLEY_LOG_LEVEL') ?? 'info';
  if (parseLogLevels(text) !== undefined) return text;
  reader.problem('PARLEY_LOG_LEVEL', `must be one of ${LOG_LEVELS.join(', ')}, then part=level, not "${text}"`);
  return 'info';
}

function readList(reader: Reader, name: VariableName): string[] {
  const entries = (reader.text(name) ?? '').split(',').map((entry) => entry.trim());
  return entries.filter((entry) => entry !== '');
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

function readBaseUrl(reader: Reader, name: VariableName): string | undefined {
  const text = reader.text(name);
  if (text === undefined) return undefined;
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || !/^https?:$/.test(url.protocol) || url.search !== '' || url.hash !== '')
    reader.problem(name, `must be an http or https URL without query, not "${text}"`);
  return text.replace(/\/+$/, '');
}

function readMetaVersion(reader: Reader): string {
  const text = reader.text('PARLEY_META_VERSION') ?? '';
  if (!/^v\d{1,3}\.\d{1,2}$/.test(text)) reader.problem('PARLEY_META_VERSION', `must look like v25.0, not "${text}"`);
  return text;
}

function readNetworks(reader: Reader, name: VariableName): string[] {
  return readList(reader, name).map((text) => {
    const isNetwork = ipaddr.isValidCIDR(text);
    if (!isNetwork) reader.problem(name, `has "${text}", which is not a network like 10.0.0.0/8 or fd00::/8`);
    return text;
  });
}

function readApiKey(reader: Reader, name: VariableName): string | undefined {
  const text = reader.text(name);
  if (text !== undefined && !/^[\x21-\x7e]{1,200}$/.test(text))
    reader.problem(name, 'must be 1 to 200 visible ASCII characters');
  return text;
}

const ADMIN_KEY_CHARACTERS_MIN = 16;

function readAdminKey(reader: Reader): string | undefined {
  const text = readApiKey(reader, 'PARLEY_ADMIN_KEY');
  if (!reader.dev && text !== undefined && text.length < ADMIN_KEY_CHARACTERS_MIN)
    reader.problem('PARLEY_ADMIN_KEY', `must have at least ${ADMIN_KEY_CHARACTERS_MIN} characters`);
  return text;
}

function readFilePath(reader: Reader, name: VariableName): string | undefined {
  const text = reader.text(name);
  return text === undefined || isAbsolute(text) ? text : resolve(text);
}

function readMediaStore(reader: Reader): MediaStoreSettings {
  const text = reader.text('PARLEY_MEDIA_STORE');
  if (text === undefined || !/^https?:\/\//.test(text))
    return {
      kind: 'folder',
      folder: resolve(reader.text('PARLEY_DATA_DIR') ?? '.', text === undefined ? 'media' : resolve(text)),
    };
  const url = readBaseUrl(reader, 'PARLEY_MEDIA_STORE') ?? '';
  if (URL.canParse(url) && !/^(\/[A-Za-z0-9._-]+)+$/.test(new URL(url).pathname))
    reader.problem('PARLEY_MEDIA_STORE', 'must name a bucket: https://host/bucket');
  const accessKey = reader.text('PARLEY_MEDIA_S3_ACCESS_KEY') ?? '';
  const secretKey = reader.text('PARLEY_MEDIA_S3_SECRET_KEY') ?? '';
  if (accessKey === '') reader.problem('PARLEY_MEDIA_S3_ACCESS_KEY', 'must be set for files in S3');
  if (secretKey === '') reader.problem('PARLEY_MEDIA_S3_SECRET_KEY', 'must be set for files in S3');
  return { kind: 's3', url, region: reader.text('PARLEY_MEDIA_S3_REGION') ?? '', accessKey, secretKey };
}

function readMediaScanner(reader: Reader): string | undefined {
  const text = reader.text('PARLEY_MEDIA_SCANNER');
  if (text !== undefined && !/^([A-Za-z0-9._-]+|\[[0-9A-Fa-f:]+\]):\d{1,5}$/.test(text))
    reader.problem('PARLEY_MEDIA_SCANNER', `must look like 127.0.0.1:3310, not "${text}"`);
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

function readAcme(reader: Reader): AcmeConfig | undefined {
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

function readTraces(reader: Reader): Settings['traces'] {
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

const SECRET_KEY_BYTES = 32;
const SECRET_KEYS_MAX = 4;

/** Empty, with a problem noted, when there is none. */
function readSecretKeys(reader: Reader): Buffer[] {
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
