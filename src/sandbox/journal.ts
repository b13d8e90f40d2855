// The state file: an append-only journal of changed records, rewritten by rename when it has grown. Nothing here blocks for long.
import { createReadStream } from 'node:fs';
import { type FileHandle, mkdir, open, rename, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { createInterface } from 'node:readline';
import { setImmediate as turn } from 'node:timers/promises';
import type { Log } from '../lib/log.js';
import type { StoredTable, TouchListener } from './table.js';

const FORMAT_LINE = '{"parleySandboxState":1}';
/** Changes reach the file after this; what is younger is lost when the sandbox itself is killed. */
const FLUSH_DELAY_MS = 250;
/** Records written before the event loop gets a turn. */
const CHUNK_RECORDS = 200;
/** The journal is rewritten when it is both this large and three times its size after the last rewrite. */
const REWRITE_BYTES_MIN = 64 * 1024 * 1024;
const REWRITE_FACTOR = 3;

/** A state file that cannot be used; the message is for the operator. */
export class StateFileError extends Error {}

/** Collects which records changed since they were last written. */
export interface Changes {
  touch: TouchListener;
  /** Takes what was collected. */
  take(): Map<string, Set<string>>;
  /** Called after a first change since the last `take`. */
  onFirst(listener: () => void): void;
}

/** An empty collection; until `onFirst` was called nothing is kept. */
export function createChanges(): Changes {
  let changed = new Map<string, Set<string>>();
  let listener: (() => void) | undefined;
  return {
    touch(table, id) {
      if (listener === undefined) return;
      const ids = changed.get(table);
      if (ids !== undefined) {
        ids.add(id);
        return;
      }
      changed.set(table, new Set([id]));
      if (changed.size === 1) listener();
    },
    take() {
      const taken = changed;
      changed = new Map();
      return taken;
    },
    onFirst(next) {
      listener = next;
    },
  };
}

/** Keeps the file up to date until it is stopped. */
export interface Journal {
  /** Writes what is outstanding and closes the file. */
  stop(): Promise<void>;
}

/** Reads a state file into the tables; false when there is none. Throws StateFileError on a file that is not one, except for a torn last line. */
export async function readState(path: string, tables: readonly StoredTable[]): Promise<boolean> {
  const size = await stat(path).then(
    ({ size }) => size,
    () => 0,
  );
  if (size === 0) return false;
  const byName = new Map(tables.map((table) => [table.name, table]));
  const rows = new Map<string, Map<string, unknown>>(tables.map((table) => [table.name, new Map()]));
  let lineNumber = 0;
  let torn = 0;
  for await (const line of createInterface({ input: createReadStream(path, 'utf8') })) {
    lineNumber += 1;
    if (lineNumber === 1 && line !== FORMAT_LINE) throw new StateFileError(`${path} is not a sandbox state file`);
    if (lineNumber === 1 || line === '') continue;
    if (torn > 0) throw new StateFileError(`${path}:${torn} is damaged`);
    const entry = parseEntry(line);
    const ids = entry === undefined ? undefined : rows.get(entry.table);
    if (entry === undefined || ids === undefined) torn = lineNumber;
    else if (entry.value === undefined) ids.delete(entry.id);
    else ids.set(entry.id, entry.value);
  }
  try {
    for (const [name, ids] of rows) {
      byName.get(name)?.clear();
      for (const [id, value] of ids) byName.get(name)?.load(id, value);
    }
  } catch (error) {
    throw new StateFileError(`${path} is of another version: ${error instanceof Error ? error.message : error}`);
  }
  return true;
}

function parseEntry(line: string): { table: string; id: string; value: unknown } | undefined {
  try {
    const entry: unknown = JSON.parse(line);
    if (!Array.isArray(entry)) return undefined;
    const [table, id, value]: unknown[] = entry;
    return typeof table === 'string' && typeof id === 'string' ? { table, id, value } : undefined;
  } catch {
    return undefined;
  }
}

/** Rewrites the file from the tables, then follows `changes`. Throws when the file cannot be written. */
export async function openJournal(
  path: string,
  tables: readonly StoredTable[],
  changes: Changes,
  log: Log,
): Promise<Journal> {
  const byName = new Map(tables.map((table) => [table.name, table]));
  /** Ids on disk of the tables that store only some of their records. */
  const onDisk = new Map(tables.filter((table) => table.isPartial).map((table) => [table.name, new Set<string>()]));
  let file: FileHandle | undefined;
  let bytes = 0;
  let bytesAtRewrite = 0;
  let timer: NodeJS.Timeout | undefined;
  let work: Promise<void> = Promise.resolve();

  function lineOf(table: string, id: string): string {
    const value = byName.get(table)?.stored(id);
    const known = onDisk.get(table);
    if (value !== undefined) known?.add(id);
    else if (known !== undefined && !known.delete(id)) return '';
    return `${JSON.stringify(value === undefined ? [table, id] : [table, id, value])}\n`;
  }

  /** Writes the records in chunks, so that no turn of the event loop is long. */
  async function write(target: FileHandle, records: Iterable<readonly [table: string, id: string]>): Promise<number> {
    let text = '';
    let count = 0;
    let written = 0;
    for (const [table, id] of records) {
      text += lineOf(table, id);
      count += 1;
      if (count % CHUNK_RECORDS !== 0) continue;
      written += (await target.write(text)).bytesWritten;
      text = '';
      await turn();
    }
    if (text !== '') written += (await target.write(text)).bytesWritten;
    return written;
  }

  async function rewrite(): Promise<void> {
    for (const ids of onDisk.values()) ids.clear();
    const next = await open(`${path}.next`, 'w', 0o600);
    const head = await next.write(`${FORMAT_LINE}\n`);
    bytes = head.bytesWritten + (await write(next, allRecords(tables)));
    await next.sync();
    await rename(`${path}.next`, path);
    await file?.close();
    file = next;
    bytesAtRewrite = bytes;
  }

  async function flush(): Promise<void> {
    timer = undefined;
    if (file !== undefined) bytes += await write(file, changedRecords(changes.take()));
    if (bytes > Math.max(REWRITE_BYTES_MIN, REWRITE_FACTOR * bytesAtRewrite)) await rewrite();
  }

  function schedule(): void {
    timer ??= setTimeout(() => {
      work = work.then(flush).catch((error: unknown) => log.error({ event: 'sandbox.state', err: error }));
    }, FLUSH_DELAY_MS);
  }

  await mkdir(dirname(path), { recursive: true });
  changes.onFirst(schedule);
  await rewrite();
  return {
    async stop() {
      clearTimeout(timer);
      await work;
      await flush();
      clearTimeout(timer);
      await file?.close();
      file = undefined;
    },
  };
}

function* allRecords(tables: readonly StoredTable[]): Generator<readonly [string, string]> {
  for (const table of tables) for (const id of table.ids()) yield [table.name, id];
}

function* changedRecords(changed: Map<string, Set<string>>): Generator<readonly [string, string]> {
  for (const [table, ids] of changed) for (const id of ids) yield [table, id];
}
