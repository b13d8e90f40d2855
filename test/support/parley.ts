// Runs one `parley` command to its end.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { MAIN } from './dev-world.js';

const TIMEOUT_MS = 60_000;

/** What a command left. `code` is null when it was killed after 60 s. */
export interface Outcome {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** Runs `parley ...args` with `env` and nothing else of ours but PATH. Logs are off unless `env` says otherwise. */
export async function parley(args: readonly string[], env: Record<string, string> = {}): Promise<Outcome> {
  const child = spawn(process.execPath, [MAIN, ...args], {
    env: { PATH: process.env.PATH, PARLEY_LOG_LEVEL: 'silent', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: TIMEOUT_MS,
  });
  const texts = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => (texts.stdout += chunk));
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (texts.stderr += chunk));
  const [code] = await once(child, 'close');
  return { code: typeof code === 'number' ? code : null, ...texts };
}
