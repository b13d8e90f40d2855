// One child process of `parley dev`: a command of this same program, watched, and started again on the same port when it dies.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../main.js', import.meta.url));
const START_TIMEOUT_MS = 90_000;
const START_STOP_MS = 7_000;
const BACKOFF_MS_MIN = 100;
const BACKOFF_MS_MAX = 5_000;
/** A child that lived this long was well; its next death waits the shortest time again. */
const HEALTHY_MS = 10_000;

/** The child ended before it listened; it has said why on standard error. */
export class ChildFailed extends Error {
  override readonly name = 'ChildFailed';
}

/** How to run it. `portVariable` is set to the port it first got, whenever it is started again. */
export interface ChildOptions {
  args: readonly string[];
  env: Readonly<Record<string, string | undefined>>;
  portVariable: string;
  /** Hears of the process id, just after each start. */
  onSpawn(pid: number): void;
  /** Hears of what the child sends over its channel. */
  onMessage(message: unknown): void;
  /** Called when a child that had died listens again. */
  onRestart(): void;
  /** Gives up a start that is under way; a child that listens is ended with `stop`. */
  stopped: AbortSignal;
  /** A line for the terminal. */
  complain(line: string): void;
}

/** A child that listens. */
export interface Child {
  /** Its base URL, the same through restarts. */
  url: string;
  pid(): number;
  /** SIGTERM, and SIGKILL after `timeoutMs`; resolves true when it went by itself. It is not started again. */
  stop(timeoutMs: number): Promise<boolean>;
}

/** Starts the child and resolves when it prints `listening <url>`; throws ChildFailed when it ends before, when `stopped` aborts, or after 90 s. */
export async function startChild(options: ChildOptions): Promise<Child> {
  let stopping = false;
  let env = options.env;
  let current = spawnChild(options, env);
  const url = await firstUrl(current, options.stopped);
  env = { ...env, [options.portVariable]: new URL(url).port };
  void keep();

  async function keep(): Promise<void> {
    let backoffMs = BACKOFF_MS_MIN;
    for (;;) {
      const startedAt = performance.now();
      await ended(current);
      if (stopping) return;
      if (performance.now() - startedAt > HEALTHY_MS) backoffMs = BACKOFF_MS_MIN;
      options.complain(`parley: ${options.args[0]} (process ${current.pid}) died; starting it again`);
      await new Promise((resolve) => setTimeout(resolve, backoffMs));
      if (stopping) return;
      backoffMs = Math.min(backoffMs * 2, BACKOFF_MS_MAX);
      current = spawnChild(options, env);
      listeningUrl(current).then(options.onRestart, () => {});
    }
  }

  return {
    url,
    pid: () => current.pid ?? 0,
    async stop(timeoutMs) {
      stopping = true;
      return stopChild(current, timeoutMs);
    },
  };
}

function spawnChild(options: ChildOptions, env: ChildOptions['env']): ChildProcess {
  const child = spawn(process.execPath, [MAIN, ...options.args], {
    env: { ...env },
    // In a session of its own, or the terminal's Ctrl-C would stop all at once; it ends by itself when its channel to us closes.
    detached: true,
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  });
  child.on('error', (error) => options.complain(`parley: ${options.args[0]}: ${error.message}`));
  child.on('message', options.onMessage);
  if (child.pid !== undefined) options.onSpawn(child.pid);
  return child;
}

/** A first start that comes to nothing leaves no process behind. */
async function firstUrl(child: ChildProcess, stopped: AbortSignal): Promise<string> {
  const given = new Promise<never>((_, reject) => {
    stopped.addEventListener('abort', () => reject(new ChildFailed('stopped while it started')), { once: true });
  });
  try {
    return await Promise.race([listeningUrl(child), given]);
  } catch (error) {
    await stopChild(child, START_STOP_MS);
    throw error;
  }
}

async function listeningUrl(child: ChildProcess): Promise<string> {
  const { stdout } = child;
  if (stdout === null) throw new ChildFailed('no standard output');
  const lines = createInterface({ input: stdout });
  const listening = new Promise<string>((resolve) => {
    lines.on('line', (line) => {
      if (line.startsWith('listening ')) resolve(line.slice('listening '.length));
    });
  });
  const failed = ended(child).then(() => {
    throw new ChildFailed(`ended with ${child.exitCode ?? child.signalCode}`);
  });
  const late = once(AbortSignal.timeout(START_TIMEOUT_MS), 'abort').then(() => {
    throw new ChildFailed('did not listen in time');
  });
  late.catch(() => {});
  failed.catch(() => {});
  return Promise.race([listening, failed, late]);
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode === null && child.signalCode === null && child.pid !== undefined) await once(child, 'exit');
}

async function stopChild(child: ChildProcess, timeoutMs: number): Promise<boolean> {
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), timeoutMs);
  await ended(child);
  clearTimeout(timer);
  return child.signalCode !== 'SIGKILL';
}
