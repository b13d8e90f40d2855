// One `parley dev` a data directory: a file that names the process and its children, and is recognised when its process is gone.
import { execFileSync } from 'node:child_process';
import { linkSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { writePrivate } from './dev-secrets.js';

/** Children of a killed `parley dev` end by themselves; what still runs after this is killed. */
const LEFTOVER_WAIT_MS = 10_000;
const POLL_MS = 50;

/** The lock, held by this process. */
export interface DevLock {
  /** Writes down a child, for the start that follows if we are killed. */
  addChild(pid: number): void;
  release(): void;
}

interface Holder {
  pid: number;
  children: number[];
}

/** Takes the lock of `dataDir`, after the children of a killed holder have gone; returns the process id of a living holder instead when there is one. */
export async function takeDevLock(dataDir: string): Promise<DevLock | number> {
  const file = join(dataDir, 'dev.lock');
  const own: Holder = { pid: process.pid, children: [] };
  while (!createOnce(file, own)) {
    const holder = readHolder(file);
    if (holder !== undefined && isParley(holder.pid)) return holder.pid;
    await waitForLeftovers(holder?.children ?? []);
    rmSync(file, { force: true });
  }
  return {
    addChild(pid) {
      own.children = [...own.children.filter(isParley), pid];
      writePrivate(file, own);
    },
    release: () => rmSync(file, { force: true }),
  };
}

/** False when the file is there already. A link appears with its content, so that nobody reads half a file. */
function createOnce(file: string, holder: Holder): boolean {
  const partial = `${file}.${process.pid}`;
  writeFileSync(partial, JSON.stringify(holder), { mode: 0o600 });
  try {
    linkSync(partial, file);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  } finally {
    rmSync(partial, { force: true });
  }
}

function readHolder(file: string): Holder | undefined {
  try {
    const parsed: unknown = JSON.parse(readFileSync(file, 'utf8'));
    if (typeof parsed !== 'object' || parsed === null || !('pid' in parsed) || !('children' in parsed))
      return undefined;
    return { pid: Number(parsed.pid), children: Array.isArray(parsed.children) ? parsed.children.map(Number) : [] };
  } catch {
    return undefined;
  }
}

async function waitForLeftovers(pids: readonly number[]): Promise<void> {
  const deadline = performance.now() + LEFTOVER_WAIT_MS;
  while (pids.some(isParley) && performance.now() < deadline) await delay(POLL_MS);
  for (const pid of pids.filter(isParley)) process.kill(pid, 'SIGKILL');
}

/** Whether `pid` is alive and runs this program: numbers are given out again. */
function isParley(pid: number): boolean {
  if (pid === process.pid) return false;
  return commandLine(pid).includes('main.js');
}

function commandLine(pid: number): string {
  try {
    if (process.platform === 'linux') return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
    return execFileSync('ps', ['-p', String(pid), '-o', 'command='], { encoding: 'utf8', timeout: 5_000 });
  } catch {
    return '';
  }
}
