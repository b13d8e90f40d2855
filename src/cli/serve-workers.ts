// N gateway processes that share one port: started, watched and restarted by a process that serves nothing itself.
import cluster, { type Worker } from 'node:cluster';
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { Config } from '../config.js';
import type { Log } from '../lib/log.js';

const BACKOFF_MS_MIN = 100;
const BACKOFF_MS_MAX = 5_000;
/** A worker that lived this long was well; the next death waits the shortest time again. */
const HEALTHY_MS = 10_000;
/** Longer than a gateway takes: a POST to Meta that is cut off leaves an unknown outcome. */
const STOP_TIMEOUT_MS = 19_000;
const START_TIMEOUT_MS = 30_000;

/** The first worker ended before it listened; it has said why. */
export class WorkerFailed extends Error {
  override readonly name = 'WorkerFailed';
}

/**
 * Starts `config.processes` workers of this program on `databaseUrl` and restarts each that dies. Resolves when the first one listens; `stop` lets all drain, then kills.
 * Throws WorkerFailed when the first one ends before it listens.
 */
export async function startWorkers(options: {
  config: Config;
  databaseUrl: string;
  log: Log;
}): Promise<{ url: string; stop(): Promise<void> }> {
  const { config, databaseUrl, log } = options;
  let stopping = false;
  const timers = new Set<NodeJS.Timeout>();

  // A port that one worker was given by chance is taken for the next; so chance is asked here, once.
  const port = config.port === 0 ? await freePort(config.host) : config.port;

  function start(backoffMs: number): Worker {
    const startedAt = performance.now();
    const worker = cluster.fork({ PARLEY_DATABASE_URL: databaseUrl, PARLEY_PORT: String(port) });
    worker.once('exit', (code, signal) => {
      if (stopping) return;
      const waitMs = performance.now() - startedAt > HEALTHY_MS ? BACKOFF_MS_MIN : backoffMs;
      log.error({ event: 'worker.died', pid: worker.process.pid, code, signal, restartInMs: waitMs });
      const timer = setTimeout(() => {
        timers.delete(timer);
        start(Math.min(waitMs * 2, BACKOFF_MS_MAX));
      }, waitMs);
      timers.add(timer);
    });
    return worker;
  }

  const first = start(BACKOFF_MS_MIN);
  await untilListening(first);
  for (let index = 1; index < config.processes; index += 1) start(BACKOFF_MS_MIN);
  return {
    url: `http://${config.host.includes(':') ? `[${config.host}]` : config.host}:${port}`,
    async stop() {
      stopping = true;
      for (const timer of timers) clearTimeout(timer);
      await Promise.all(Object.values(cluster.workers ?? {}).map((worker) => worker && stopWorker(worker)));
    },
  };
}

async function freePort(host: string): Promise<number> {
  const server = createServer();
  server.listen(0, host);
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return address !== null && typeof address === 'object' ? address.port : 0;
}

async function untilListening(worker: Worker): Promise<void> {
  const timeout = AbortSignal.timeout(START_TIMEOUT_MS);
  const died = once(worker, 'exit', { signal: timeout }).then(([code]) => {
    throw new WorkerFailed(`the first gateway process ended with code ${code} before it listened`);
  });
  died.catch(() => {});
  await Promise.race([once(worker, 'listening', { signal: timeout }), died]);
}

async function stopWorker(worker: Worker): Promise<void> {
  if (worker.isDead()) return;
  const ended = once(worker, 'exit');
  worker.process.kill('SIGTERM');
  const timer = setTimeout(() => worker.process.kill('SIGKILL'), STOP_TIMEOUT_MS);
  await ended;
  clearTimeout(timer);
}
