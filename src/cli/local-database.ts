// How commands that work on the database itself, without a gateway, find it: as serve would, or the embedded one that runs already.
import type { Settings } from '../config.js';
import type { Log } from '../lib/log.js';
import { ArchiveRefused } from '../store/archive.js';
import { EmbeddedUnavailable, findEmbedded, startEmbedded } from '../store/embedded.js';
import { DatabaseUnreachable, MigrationRefused } from '../store/migrate.js';
import type { Terminal } from './command.js';

/** There is no database where one was looked for; the message is for the operator. */
class NoDatabase extends Error {
  override readonly name = 'NoDatabase';
}

/**
 * Runs `work` with the URL of a database that is there: `PARLEY_DATABASE_URL`, else the embedded one, which is started for the time when no gateway runs it.
 * Throws an error for `tellOperator` when there is none.
 */
export async function withExistingDatabase<T>(
  { databaseUrl, dataDir }: Settings,
  log: Log,
  work: (url: string) => Promise<T>,
): Promise<T> {
  if (databaseUrl !== undefined) return work(databaseUrl);
  const found = await findEmbedded(dataDir);
  if (found === undefined)
    throw new NoDatabase(`there is no database in ${dataDir}; set PARLEY_DATA_DIR or PARLEY_DATABASE_URL`);
  return found.pid === 0 ? withOwnDatabase({ databaseUrl, dataDir }, log, work) : work(found.url);
}

/** Runs `work` with the URL of `PARLEY_DATABASE_URL`, else of the embedded database, which is made when missing, started and stopped. Throws EmbeddedUnavailable when a gateway runs it. */
export async function withOwnDatabase<T>(
  { databaseUrl, dataDir }: Pick<Settings, 'databaseUrl' | 'dataDir'>,
  log: Log,
  work: (url: string) => Promise<T>,
): Promise<T> {
  if (databaseUrl !== undefined) return work(databaseUrl);
  const embedded = await startEmbedded({ dataDir, log });
  try {
    return await work(embedded.url);
  } finally {
    await embedded.stop();
  }
}

const OPERATOR_ERRORS = [NoDatabase, ArchiveRefused, EmbeddedUnavailable, DatabaseUnreachable, MigrationRefused];

/** Says in one line what the operator can mend, and returns exit code 1; throws what is a bug. What PostgreSQL refuses it undid. */
export function tellOperator(error: unknown, terminal: Terminal): number {
  if (terminal.stopped.aborted) {
    terminal.complain('parley: stopped; nothing was kept');
    return 1;
  }
  const isOperators = OPERATOR_ERRORS.some((kind) => error instanceof kind) || isOfFiles(error);
  if (!(error instanceof Error && (isOperators || isOfPostgres(error)))) throw error;
  terminal.complain(`parley: ${isOperators ? '' : 'PostgreSQL says: '}${error.message}`);
  return 1;
}

/** Its disk is full, a right is missing, a limit was met. */
function isOfPostgres(error: Error): boolean {
  return 'severity' in error && 'code' in error;
}

/** No such file, no space, no permission: the operating system names the file and the reason. */
function isOfFiles(error: unknown): boolean {
  return error instanceof Error && 'syscall' in error && 'path' in error;
}
