// What Linux says of processes: CPU time of a tree, what everybody else uses, memory shared out fairly (PSS).
import { readdirSync, readFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';

/** USER_HZ, which is 100 on every Linux that Node runs on. */
const MS_PER_TICK = 10;
const SAMPLE_MS = 1_000;

interface Stat {
  parent: number;
  /** Its own time and that of children it has outlived. */
  cpuMs: number;
}

/** CPU time up to now, ms. */
export interface Cpu {
  /** Of the given processes and the children they have outlived. */
  mineMs: number;
  /** Of everything else on the machine, the kernel's own threads included. */
  othersMs: number;
}

/** Process ids of `root` and all that descend from it. */
export function treeOf(root: number): Set<number> {
  const stats = readStats();
  const tree = new Set([root]);
  // A child may be listed before its parent: look until nothing is added.
  for (let before = 0; before !== tree.size; ) {
    before = tree.size;
    for (const [pid, { parent }] of stats) if (tree.has(parent)) tree.add(pid);
  }
  return tree;
}

/** This process and all it started. */
export function ownTree(): Set<number> {
  return treeOf(process.pid);
}

/** CPU time of `pids` and of all others. */
export function readCpu(pids: ReadonlySet<number>): Cpu {
  const stats = readStats();
  let mineMs = 0;
  for (const pid of pids) mineMs += stats.get(pid)?.cpuMs ?? 0;
  return { mineMs, othersMs: busyMs() - mineMs };
}

/** How much CPU a single program has used, in the form in which a gateway tells its own. */
export function cpuOfProgram(pid: number): () => { gatewayMs: number; postgresMs: null } {
  return () => ({ gatewayMs: readCpu(treeOf(pid)).mineMs, postgresMs: null });
}

/** PSS of `pids` in MB (10^6 bytes), from smaps_rollup. Throws when one of them may not be read. */
export function readPssMb(pids: ReadonlySet<number>): number {
  let kib = 0;
  for (const pid of pids) {
    const rollup = readOrNothing(`/proc/${pid}/smaps_rollup`);
    kib += Number(/^Pss:\s+(\d+) kB/m.exec(rollup)?.[1] ?? 0);
  }
  return (kib * 1024) / 1e6;
}

/** The parent of a process, if it is a PostgreSQL process of this machine: the server that a backend belongs to. */
export function postgresOf(backend: number): number | undefined {
  const name = readOrNothing(`/proc/${backend}/comm`).trim();
  return name === 'postgres' ? readStats().get(backend)?.parent : undefined;
}

/** Load average, cores, and how much others use now: one line, after a second of watching. */
export async function describeMachine(): Promise<string> {
  const before = readCpu(ownTree());
  await delay(SAMPLE_MS);
  const used = (readCpu(ownTree()).othersMs - before.othersMs) / SAMPLE_MS;
  const load = loadavg().map((value) => value.toFixed(2));
  return `load average ${load.join(' ')}; other processes use ${Math.max(0, used).toFixed(2)} of ${cpus().length} cores`;
}

function readStats(): Map<number, Stat> {
  const stats = new Map<number, Stat>();
  for (const name of readdirSync('/proc')) {
    const text = /^\d+$/.test(name) ? readOrNothing(`/proc/${name}/stat`) : '';
    if (text === '') continue;
    // The name in parentheses may hold spaces; state is the first field after it (proc_pid_stat(5)).
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    const ticks = [11, 12, 13, 14].reduce((sum, index) => sum + Number(fields[index] ?? 0), 0);
    stats.set(Number(name), { parent: Number(fields[1]), cpuMs: ticks * MS_PER_TICK });
  }
  return stats;
}

/** All that was not idle since boot. */
function busyMs(): number {
  const [line = ''] = readFileSync('/proc/stat', 'utf8').split('\n');
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0] = line.trim().split(/\s+/).slice(1).map(Number);
  return (user + nice + system + irq + softirq) * MS_PER_TICK;
}

/** Processes come and go while one looks. */
function readOrNothing(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'ENOENT' || code === 'ESRCH') return '';
    throw error;
  }
}
