// What every part of a gateway stands on: the configuration, the database and what is read from it, secrets, metrics and traces.
import type { Config } from '../config.js';
import type { Clock } from '../lib/clock.js';
import { dayOf } from '../lib/day.js';
import type { Lifecycle } from '../lib/lifecycle.js';
import type { Log } from '../lib/log.js';
import { createMetrics, type Metrics } from '../lib/metrics.js';
import { createSecretBox, type SecretBox } from '../lib/secrets.js';
import { openTraces, type Traces } from '../lib/traces.js';
import { ensureDevAccount } from '../manage/accounts.js';
import { type Database, openDatabase } from '../store/database.js';
import { type Directory, openDirectory } from '../store/directory.js';
import { type DomainDirectory, openDomainDirectory } from '../store/domain-directory.js';
import { ensurePartitions } from '../store/partitions.js';
import { openProfileDirectory, type ProfileDirectory } from '../store/profile-directory.js';
import { createOpenedSecrets, type OpenedSecrets } from './opened-secrets.js';
import { createPublicAddress, type PublicAddress } from './public-address.js';
import { version } from './version.js';

/** What a gateway is started with. */
export interface GatewayOptions {
  config: Config;
  /** libpq URL of a migrated database. */
  databaseUrl: string;
  log: Log;
  clock: Clock;
}

/** What the wiring hands from part to part; each part is given only what it uses. */
export interface Foundation extends Omit<GatewayOptions, 'databaseUrl'> {
  lifecycle: Lifecycle;
  metrics: Metrics;
  /** Undefined: nobody wants any. */
  traces: Traces | undefined;
  secrets: SecretBox;
  /** The key that is used, then those of before. */
  secretKeys: readonly Buffer[];
  opened: OpenedSecrets;
  database: Database;
  directory: Directory;
  profiles: ProfileDirectory;
  domains: DomainDirectory;
  address: PublicAddress;
}

/** Connections of a process at most, beside those of accept, of its lease and of maintenance; processes share what the embedded server takes (60). */
const CONNECTIONS_MAX = 6;
const CONNECTIONS_MIN = 3;
const CONNECTIONS_SHARED = 50;
const DIRECTORY_POLL_MS = 500;

/** Opens the database and reads what is kept of it in memory. Throws DatabaseError. */
export async function openFoundation(options: GatewayOptions, lifecycle: Lifecycle): Promise<Foundation> {
  const { config, log, clock } = options;
  const metrics = createMetrics(true);
  const traces = await tracesOf(config, metrics, log);
  lifecycle.add('traces', () => traces?.stop());
  const secrets = createSecretBox(config.secretKey, config.otherSecretKeys);
  const database = openGatewayDatabase(options);
  lifecycle.add('database', () => database.stop());
  const { adminKey } = config;
  await ensureDevAccount({ database, clock, adminKey, devApiKey: config.dev ? config.devApiKey : undefined });
  const directory = await openDirectory(database);
  const profiles = await openProfileDirectory(database, secrets.open);
  const domains = await openDomainDirectory(database);
  lifecycle.add('directory', pollDirectories([directory, profiles, domains], log));
  return {
    config,
    log,
    clock,
    lifecycle,
    metrics,
    traces,
    secrets,
    secretKeys: [config.secretKey, ...config.otherSecretKeys],
    opened: createOpenedSecrets(directory, secrets.open, log),
    database,
    directory,
    profiles,
    domains,
    address: createPublicAddress(config.publicUrl),
  };
}

/** Undefined, with nothing loaded, when nobody wants any. */
async function tracesOf({ traces }: Config, { spans }: Metrics, log: Log): Promise<Traces | undefined> {
  if (traces === undefined) return undefined;
  return openTraces({ ...traces, version: version(), log, count: (outcome, by) => spans.inc({ outcome }, by) });
}

function openGatewayDatabase({ config, databaseUrl, log, clock }: GatewayOptions): Database {
  const share = Math.floor(CONNECTIONS_SHARED / config.processes) - 3;
  return openDatabase({
    url: databaseUrl,
    log,
    connectionsMax: Math.max(CONNECTIONS_MIN, Math.min(CONNECTIONS_MAX, share)),
    onMissingPartition: (on) => ensurePartitions(on, dayOf(clock.now())),
  });
}

/** Looks for what changed, also by other processes, until the function that it returns is called. */
function pollDirectories(directories: readonly Pick<Directory, 'refresh'>[], log: Log): () => void {
  const timer = setInterval(() => {
    Promise.all(directories.map((directory) => directory.refresh())).catch((error: unknown) =>
      log.warn({ event: 'directory.refresh', err: String(error) }),
    );
  }, DIRECTORY_POLL_MS);
  timer.unref();
  return () => clearInterval(timer);
}
