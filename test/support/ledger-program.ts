// One `parley serve` or `parley sandbox` as a process of its own, which a test may kill, pause and start again.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { MAIN } from './dev-world.js';

const LISTEN_TIMEOUT_MS = 60_000;
const STOP_TIMEOUT_MS = 30_000;
const OUTPUT_CHARACTERS_MAX = 200_000;

/** A running program. */
export interface Program {
  /** Base URL, from its line `listening <url>`. */
  url: string;
  pid: number;
  /** What it wrote, the last 200,000 characters. */
  output(): string;
  /** Resolves when the process is gone, with its signal or exit code. */
  ended: Promise<string | number | null>;
  hasEnded(): boolean;
  signal(name: NodeJS.Signals): void;
  /** SIGKILL; resolves when it is gone. */
  kill(): Promise<void>;
  /** SIGTERM; resolves with the exit code when it is gone. Throws when it takes longer than 30 s. */
  terminate(): Promise<string | number | null>;
}

/** Starts `parley ...args` and resolves when it listens. Throws with its output when it ends before, or after 60 s. It ends with this process. */
export async function startProgram(args: readonly string[], env: Record<string, string>): Promise<Program> {
  const child = spawn(process.execPath, [MAIN, ...args], {
    env: { PATH: process.env.PATH, ...env },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  const text = { output: '' };
  const ended = once(child, 'exit').then(() => child.signalCode ?? child.exitCode);
  const url = await listening(child, text, ended);
  return {
    url,
    pid: child.pid ?? 0,
    output: () => text.output,
    ended,
    hasEnded: () => child.exitCode !== null || child.signalCode !== null,
    signal: (name) => void child.kill(name),
    async kill() {
      child.kill('SIGKILL');
      await ended;
    },
    async terminate() {
      child.kill('SIGTERM');
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<never>((_, reject) => {
        timer = setTimeout(() => reject(new Error(`still there 30 s after SIGTERM:\n${text.output}`)), STOP_TIMEOUT_MS);
      });
      return Promise.race([ended, late]).finally(() => clearTimeout(timer));
    },
  };
}

async function listening(child: ChildProcess, text: { output: string }, ended: Promise<unknown>): Promise<string> {
  let timer: NodeJS.Timeout | undefined;
  const found = new Promise<string>((resolve, reject) => {
    const note = (chunk: string): void => {
      text.output = (text.output + chunk).slice(-OUTPUT_CHARACTERS_MAX);
      const url = /^listening (\S+)$/m.exec(text.output)?.[1];
      if (url !== undefined) resolve(url);
    };
    child.stdout?.setEncoding('utf8').on('data', note);
    child.stderr?.setEncoding('utf8').on('data', note);
    timer = setTimeout(() => reject(new Error(`does not listen:\n${text.output}`)), LISTEN_TIMEOUT_MS);
    void ended.then((code) => reject(new Error(`ended with ${code}:\n${text.output}`)));
  });
  return found.finally(() => clearTimeout(timer));
}
