// Decides where the embedded cluster, its socket and its log live, and which user runs it.
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { sha256 } from '../lib/secrets.js';
import { canTraverse, EmbeddedUnavailable, type RunUser, USE_OTHER_DATABASE } from './embedded-binaries.js';
import { killServer } from './embedded-process.js';

/** Root's place for what the unprivileged user cannot reach under the data directory. */
const SYSTEM_ROOT = '/var/lib/parley';
/** `sun_path` holds 107 bytes on Linux and 103 on macOS; the socket's name takes 14 of them. */
const SOCKET_DIR_BYTES_MAX = 103 - '/.s.PGSQL.5432'.length;
/** Users that may run PostgreSQL when we are root, best first. */
const UNPRIVILEGED_USERS = ['postgres', 'nobody', 'daemon'];

/** Where everything is. All folders exist and belong to `user`, but `cluster`, which initialising makes. */
export interface Place {
  /** PostgreSQL's data directory (PGDATA). */
  cluster: string;
  /** Folder of the Unix socket, mode 0700: whoever can enter it is trusted. */
  socketDir: string;
  logFile: string;
  /** Where a copy of the programs may be made. */
  copyRoot: string;
  user: RunUser;
}

/**
 * The place of `dataDir`, which is made when missing. As root PostgreSQL runs as an unprivileged user; when that user cannot reach the data directory the
 * cluster goes to `/var/lib/parley/<hash>` and `<data dir>/postgres.json` says so. Folders above the data directory are never changed.
 * Throws EmbeddedUnavailable with a line for the operator.
 */
export async function findPlace(dataDir: string): Promise<Place> {
  const uid = process.getuid?.() ?? -1;
  mkdirSync(dirname(dataDir), { recursive: true });
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const home = realpathSync(dataDir);
  return uid === 0 ? placeForRoot(home) : placeForUser(home, { uid, gid: process.getgid?.() ?? -1 });
}

function placeForUser(home: string, user: RunUser): Place {
  const cluster = join(home, 'postgres');
  if (existsSync(join(home, 'postgres.json')))
    throw new EmbeddedUnavailable(
      `${home} was used by root, whose database lies elsewhere; start as root, or choose another PARLEY_DATA_DIR`,
    );
  if (existsSync(cluster) && statSync(cluster).uid !== user.uid)
    throw new EmbeddedUnavailable(
      `${cluster} belongs to user id ${statSync(cluster).uid}; start as that user, as root, or choose another PARLEY_DATA_DIR`,
    );
  return furnish(home, user, home, `/tmp/parley-${user.uid}-${identityOf(home)}`);
}

async function placeForRoot(home: string): Promise<Place> {
  const pointed = readPointer(home);
  if (pointed !== undefined && !existsSync(pointed.directory))
    throw new EmbeddedUnavailable(
      `the database of ${home} was at ${pointed.directory}, which is gone; bring it back, or remove ${home}/postgres.json to begin anew`,
    );
  if (pointed !== undefined)
    return furnish(pointed.directory, pointed.user, SYSTEM_ROOT, join(pointed.directory, 'run'));
  const cluster = join(home, 'postgres');
  const user = existsSync(cluster) ? ownerOf(cluster) : unprivilegedUser(home);
  // The data directory is ours: its files are 0600 each, so that the one folder inside that is PostgreSQL's can be reached.
  if (statSync(home).uid === 0) chmodSync(home, 0o711);
  const shortRun = join(SYSTEM_ROOT, `run-${identityOf(home)}`);
  if (canTraverse(home, user)) return furnish(home, user, SYSTEM_ROOT, shortRun);
  if (existsSync(cluster))
    throw new EmbeddedUnavailable(
      `user id ${user.uid}, who owns ${cluster}, cannot reach it; move the data directory back or let that user pass`,
    );
  const directory = join(SYSTEM_ROOT, sha256(home).toString('hex').slice(0, 16));
  await setAside(directory);
  const place = furnish(directory, user, SYSTEM_ROOT, join(directory, 'run'));
  writePointer(home, directory, user);
  return place;
}

/** Makes the folders of a place whose cluster lies in `base`; `shortRun` holds the socket when `base` is too long a path, or has what libpq's URLs cannot carry. */
function furnish(base: string, user: RunUser, copyRoot: string, shortRun: string): Place {
  if (copyRoot === SYSTEM_ROOT && needsSystemRoot(base, shortRun)) makeSystemRoot();
  const socketDir = socketDirOf(base, shortRun);
  if (base.startsWith(SYSTEM_ROOT)) makeFolder(base, 0o711, { uid: 0, gid: 0 });
  makeFolder(socketDir, 0o700, user);
  return { cluster: join(base, 'postgres'), socketDir, logFile: join(base, 'postgres.log'), copyRoot, user };
}

function needsSystemRoot(base: string, shortRun: string): boolean {
  return base.startsWith(SYSTEM_ROOT) || socketDirOf(base, shortRun) === shortRun;
}

function socketDirOf(base: string, shortRun: string): string {
  const run = join(base, 'run');
  // libpq reads a comma in a host as the start of the next host.
  return Buffer.byteLength(run) <= SOCKET_DIR_BYTES_MAX && !run.includes(',') ? run : shortRun;
}

function makeSystemRoot(): void {
  try {
    mkdirSync(SYSTEM_ROOT, { recursive: true });
    chmodSync(SYSTEM_ROOT, 0o755);
  } catch (error) {
    throw new EmbeddedUnavailable(
      `as root PostgreSQL must run as another user, who cannot reach the data directory, and ${SYSTEM_ROOT} cannot be made: choose a PARLEY_DATA_DIR that every user can reach, or ${USE_OTHER_DATABASE}`,
      { cause: error },
    );
  }
}

/** A folder that belongs to `user`. A link or someone else's folder in its place (they can be planted in /tmp) is refused. */
function makeFolder(path: string, mode: number, user: RunUser): void {
  const made = mkdirSync(path, { recursive: true, mode });
  const stat = lstatSync(path);
  if (!stat.isDirectory()) throw new EmbeddedUnavailable(`${path} is not a folder; remove it`);
  // What is root's was made by root: by us, or by another start at once that has not come so far.
  if (stat.uid !== user.uid && (made !== undefined || stat.uid === process.getuid?.()))
    chownSync(path, user.uid, user.gid);
  else if (stat.uid !== user.uid)
    throw new EmbeddedUnavailable(`${path} belongs to user id ${stat.uid}, not ${user.uid}; remove it`);
  if ((stat.mode & 0o777) !== mode) chmodSync(path, mode);
}

/** Changes when the folder is made anew, so that a database still running for a removed folder is in nobody's way. */
function identityOf(home: string): string {
  const stat = statSync(home);
  return sha256(`${home}:${stat.ino}:${stat.birthtimeMs}`).toString('hex').slice(0, 16);
}

function ownerOf(path: string): RunUser {
  const { uid, gid } = statSync(path);
  if (uid === 0)
    throw new EmbeddedUnavailable(
      `${path} belongs to root, as whom PostgreSQL does not run; chown it or choose another PARLEY_DATA_DIR`,
    );
  return { uid, gid };
}

/** The data directory's own owner when that is an ordinary user, else the first of the system's service users. initdb wants a name for the user id. */
function unprivilegedUser(home: string): RunUser {
  const users = new Map<string, RunUser>();
  for (const line of readFileSync('/etc/passwd', 'utf8').split('\n')) {
    const [name, , uid, gid] = line.split(':');
    if (name !== undefined && Number(uid) > 0) users.set(name, { uid: Number(uid), gid: Number(gid) });
  }
  const homeOwner = statSync(home).uid;
  const owner = [...users.values()].find((user) => user.uid === homeOwner);
  if (owner !== undefined) return owner;
  for (const name of UNPRIVILEGED_USERS) {
    const user = users.get(name);
    if (user !== undefined) return user;
  }
  throw new EmbeddedUnavailable(
    `PostgreSQL does not run as root and there is no user ${UNPRIVILEGED_USERS.join(', ')}; start as another user or ${USE_OTHER_DATABASE}`,
  );
}

interface Pointer {
  directory: string;
  user: RunUser;
}

function readPointer(home: string): Pointer | undefined {
  const file = join(home, 'postgres.json');
  if (!existsSync(file)) return undefined;
  const parsed: unknown = JSON.parse(readFileSync(file, 'utf8'));
  if (typeof parsed === 'object' && parsed !== null && 'directory' in parsed && 'uid' in parsed && 'gid' in parsed)
    return { directory: String(parsed.directory), user: { uid: Number(parsed.uid), gid: Number(parsed.gid) } };
  throw new EmbeddedUnavailable(`${file} does not say where the database is`);
}

function writePointer(home: string, directory: string, user: RunUser): void {
  const partial = join(home, `postgres.json.${process.pid}`);
  writeFileSync(partial, `${JSON.stringify({ directory, ...user }, null, 2)}\n`, { mode: 0o600 });
  renameSync(partial, join(home, 'postgres.json'));
}

/** A cluster that no data directory points to is of a data directory that was removed: it is kept as `<hash>-old`, one generation, and a new one is made. */
async function setAside(directory: string): Promise<void> {
  if (!existsSync(join(directory, 'postgres', 'PG_VERSION'))) return;
  await killServer(join(directory, 'postgres'));
  rmSync(`${directory}-old`, { recursive: true, force: true });
  renameSync(directory, `${directory}-old`);
}
