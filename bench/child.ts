// Processes that the benchmark starts: in sessions of their own, ended by id, and by themselves when the benchmark is gone.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Bench } from './bench.js';

/** The programs, each by its own path, so that tools see that they are used. */
const PROGRAMS = {
  'bare-redirect': new URL('./programs/bare-redirect.js', import.meta.url),
  'bare-server': new URL('./programs/bare-server.js', import.meta.url),
  load: new URL('./programs/load.js', import.meta.url),
  'media-stub': new URL('./programs/media-stub.js', import.meta.url),
  'meta-stub': new URL('./programs/meta-stub.js', import.meta.url),
  relay: new URL('./programs/relay.js', import.meta.url),
  sink: new URL('./programs/sink.js', import.meta.url),
} as const;

const START_TIMEOUT_MS = 60_000;
const STOP_TIMEOUT_MS = 12_000;

/** A process with a channel to us. */
export interface Child {
  pid: number;
  process: ChildProcess;
  /** SIGTERM, then SIGKILL after 12 s; resolves when it is gone. Safe to call twice. */
  stop(): Promise<void>;
}

/** One of our own programs: it has told its URL and answers one command at a time. */
export interface Program<Command, Answer> {
  pid: number;
  url: string;
  /** Throws with the program's own words when the command failed. */
  ask(command: Command): Promise<Answer>;
}

/** Starts Node with `args`; it is stopped with the case's other parts. */
export function startChild(bench: Bench, name: string, args: readonly string[], env: NodeJS.ProcessEnv): Child {
  const child = spawn(process.execPath, [...args], {
    env,
    // The terminal's Ctrl-C must not reach it before we say so.
    detached: true,
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  });
  if (child.pid === undefined) throw new Error(`${name} could not be started`);
  const stop = () => stopChild(child);
  bench.parts.add(name, stop);
  return { pid: child.pid, process: child, stop };
}

/** Starts `bench/programs/<name>`. */
export async function startProgram<Command extends object, Answer>(
  bench: Bench,
  name: keyof typeof PROGRAMS,
): Promise<Program<Command, Answer>> {
  const child = startChild(bench, name, [fileURLToPath(PROGRAMS[name])], { PATH: process.env.PATH });
  const { url } = await nextMessage<{ url: string }>(name, child.process, START_TIMEOUT_MS);
  return {
    pid: child.pid,
    url,
    async ask(command) {
      const next = nextMessage<{ answer: Answer } | { error: string }>(name, child.process);
      child.process.send(command);
      const reply = await next;
      if ('error' in reply) throw new Error(`${name}: ${reply.error}`);
      return reply.answer;
    },
  };
}

/** The next message that `child` sends. Throws when it ends first, or after `timeoutMs` (none = never). */
export async function nextMessage<T>(name: string, child: ChildProcess, timeoutMs?: number): Promise<T> {
  const done = new AbortController();
  const signal = timeoutMs === undefined ? done.signal : AbortSignal.any([done.signal, AbortSignal.timeout(timeoutMs)]);
  try {
    const ended = once(child, 'exit', { signal }).then(([code, killer]) => {
      throw new Error(`${name} ended with ${code ?? killer}`);
    });
    const [message] = await Promise.race([once(child, 'message', { signal }), ended]);
    // Parse boundary: both ends of the channel are built together.
    return message as T;
  } finally {
    done.abort();
  }
}

async function stopChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
  await ended;
  clearTimeout(timer);
}
