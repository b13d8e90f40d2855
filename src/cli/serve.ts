// `parley serve`: the gateway. One process does everything; with --processes N this one keeps PostgreSQL and N workers running.
import cluster from 'node:cluster';
import { once } from 'node:events';
import { parseArgs } from 'node:util';
import { setFlagsFromString } from 'node:v8';
import { type Config, ConfigError, loadConfig, type Overrides } from '../config.js';
import { createClock } from '../lib/clock.js';
import { createLifecycle, type Lifecycle } from '../lib/lifecycle.js';
import { createLog, type Log } from '../lib/log.js';
import { type EmbeddedPostgres, EmbeddedUnavailable, startEmbedded } from '../store/embedded.js';
import { DatabaseUnreachable, MigrationRefused, migrate } from '../store/migrate.js';
import type { Command, Terminal } from './command.js';
import { startWorkers, WorkerFailed } from './serve-workers.js';

/** Each process keeps five connections at least, and one more for maintenance at times. */
const EMBEDDED_PROCESSES_MAX = 8;
/** Longer than gateways take, whose own limits say what is given up. */
const STOP_STEP_MS = 22_000;

/**
 * The heap is collected when it has grown by this much over what is alive, by default four times over. Most of what a message leaves
 * outlives the young generation: under load a gateway took 237 MB instead of 153 for 3 % less CPU (docs/decisions/bench.md).
 */
const HEAP_GROWTH = '--heap-growing-percent=80';

/** `parley serve`. Prints `listening <url>` when ready. */
export const command: Command = {
  usage: ['serve [--roles api,dispatch,receive,deliver,links] [--processes N]'],
  async run(args, terminal) {
    const flags = parseFlags(args);
    if (typeof flags === 'string') {
      terminal.complain(`parley: ${flags}`);
      return 2;
    }
    const config = loadConfig(terminal.env, flags);
    if (config.databaseUrl === undefined && config.processes > EMBEDDED_PROCESSES_MAX) {
      throw new ConfigError([
        `--processes above ${EMBEDDED_PROCESSES_MAX} needs PARLEY_DATABASE_URL: the embedded server takes 60 connections`,
      ]);
    }
    return serve(config, terminal);
  },
};

/** What the parent of `parley serve` (`parley dev`) is told over its channel, at the start and whenever it changes. */
export interface ServeReport {
  url: string;
  databaseUrl: string;
  /** 0 when PostgreSQL is not ours. */
  postgresPid: number;
}

function parseFlags(args: readonly string[]): Overrides | string {
  try {
    const options = { roles: { type: 'string' }, processes: { type: 'string' }, dev: { type: 'boolean' } } as const;
    return parseArgs({ args: [...args], options }).values;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

async function serve(config: Config, terminal: Terminal): Promise<number> {
  const log = createLog(config.logLevel);
  const report = (part: string, error: unknown): void => log.error({ event: 'stop.failed', part, err: error });
  const lifecycle = createLifecycle(report, { stepMs: STOP_STEP_MS });
  try {
    return await run({ config, terminal, log, lifecycle });
  } catch (error) {
    if (!(error instanceof Error) || !OPERATOR_ERRORS.some((kind) => error instanceof kind)) throw error;
    terminal.complain(`parley: ${error.message}`);
    return 1;
  } finally {
    await lifecycle.stop();
  }
}

interface Serving {
  config: Config;
  terminal: Terminal;
  log: Log;
  lifecycle: Lifecycle;
}

async function run({ config, terminal, log, lifecycle }: Serving): Promise<number> {
  let url = '';
  const embedded = config.databaseUrl === undefined ? await startDatabase(() => report()) : undefined;
  const databaseUrl = config.databaseUrl ?? embedded?.url ?? '';
  function report(): void {
    tellParent({ url, databaseUrl, postgresPid: embedded?.pid() ?? 0 });
  }
  async function startDatabase(onRestart: () => void): Promise<EmbeddedPostgres> {
    const server = await startEmbedded({ dataDir: config.dataDir, log, onRestart });
    lifecycle.add('postgres', server.stop);
    return server;
  }

  if (!cluster.isWorker) await migrate(databaseUrl, log);
  if (terminal.stopped.aborted) return 0;
  const gateway =
    config.processes > 1 && !cluster.isWorker ? await startWorkers({ config, databaseUrl, log }) : await startOne();
  async function startOne(): Promise<{ url: string; stop(): Promise<void> }> {
    setFlagsFromString(HEAP_GROWTH);
    const { startGateway } = await import('../gateway.js');
    return startGateway({ config, databaseUrl, log, clock: createClock() });
  }
  lifecycle.add('gateway', gateway.stop);
  url = gateway.url;
  report();
  if (!cluster.isWorker) terminal.print(`listening ${url}`);
  return waitForEnd(terminal.stopped, embedded?.lost, log);
}

/** 0 when asked to stop, 1 when the database was taken from us. */
async function waitForEnd(stopped: AbortSignal, lost: AbortSignal | undefined, log: Log): Promise<number> {
  if (stopped.aborted) return 0;
  if (lost === undefined) {
    await once(stopped, 'abort');
    return 0;
  }
  if (!lost.aborted) await Promise.race([once(stopped, 'abort'), once(lost, 'abort')]);
  if (stopped.aborted) return 0;
  log.error({ event: 'postgres.lost', err: lost.reason });
  return 1;
}

function tellParent(report: ServeReport): void {
  // A parent that is gone makes this fail; `stopped` is on its way then.
  if (process.connected && !cluster.isWorker) process.send?.(report, () => {});
}

/** Causes that are the operator's to mend; their messages are for the terminal. */
const OPERATOR_ERRORS = [EmbeddedUnavailable, DatabaseUnreachable, MigrationRefused, WorkerFailed];
