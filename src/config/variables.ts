// Every environment variable with its default and meaning: what documentation is compared with and `parley doctor` shows.
import { LOG_LEVELS } from '../lib/log.js';
import { ROLES } from './settings.js';

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

/** The name of one. */
export type VariableName = (typeof VARIABLES)[number]['name'];

/** The text that counts when the variable is not set. */
export function fallbackOf(variable: Variable, dev: boolean): string | undefined {
  return dev ? (variable.devFallback ?? variable.fallback) : variable.fallback;
}
