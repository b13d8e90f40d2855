// What the configuration says, typed: what commands and parts are given.
import type { CrashPoint } from '../lib/crash-point.js';

/** The parts of the gateway that a process may run. */
export const ROLES = ['api', 'dispatch', 'receive', 'deliver', 'links'] as const;
/** One of `ROLES`. */
export type Role = (typeof ROLES)[number];

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
