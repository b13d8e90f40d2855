// Starts `own-database` as a process: a database owner that a test can kill, or run as another user.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { canTraverse } from '../../src/store/embedded-binaries.js';

const PROGRAM = fileURLToPath(new URL('./own-database.js', import.meta.url));

/** A process that owns the database of a folder. */
export interface DatabaseOwner {
  url: string;
  /** The server's process id at the start. */
  postgresPid: number;
  /** SIGKILL; the server goes on without its owner. */
  kill(): Promise<void>;
  /** SIGTERM; resolves when owner and server are gone. */
  stop(): Promise<void>;
}

/** Runs the owner, `launcher` in front of it, and resolves when the database serves. Throws Error with its message when it does not start. */
export async function ownDatabase(dataDir: string, launcher: readonly string[] = []): Promise<DatabaseOwner> {
  const [program = process.execPath, ...args] = [...launcher, process.execPath, PROGRAM, dataDir];
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = once(child, 'exit');
  const { url, pid, error } = await firstLine(child);
  if (url === undefined || pid === undefined) throw new Error(error ?? 'ended without a word');
  return {
    url,
    postgresPid: pid,
    async kill() {
      child.kill('SIGKILL');
      await exited;
    },
    async stop() {
      child.kill('SIGTERM');
      await exited;
    },
  };
}

/** What puts a program under an ordinary user: nothing when we are one, `setpriv` when we are root; or the reason why it cannot be done. */
export function asOrdinaryUser(): { launcher: readonly string[]; user: { uid: number; gid: number } } | string {
  const uid = process.getuid?.() ?? -1;
  if (uid !== 0) return { launcher: [], user: { uid, gid: process.getgid?.() ?? -1 } };
  const user = { uid: 65_534, gid: 65_534 };
  if (!existsSync('/usr/bin/setpriv')) return 'root without setpriv cannot become an ordinary user';
  if (!canTraverse(dirname(PROGRAM), user) || !canTraverse(process.execPath, user))
    return 'an ordinary user cannot reach this checkout';
  return { launcher: ['/usr/bin/setpriv', `--reuid=${user.uid}`, `--regid=${user.gid}`, '--clear-groups'], user };
}

async function firstLine(child: ChildProcess): Promise<{ url?: string; pid?: number; error?: string }> {
  const { stdout } = child;
  if (stdout === null) throw new Error('no standard output');
  for await (const line of createInterface({ input: stdout })) return JSON.parse(line);
  return {};
}
