// Brings a checkout to where it can run: dependencies as the lock file says, sources compiled, the phone built. Does nothing when nothing is missing, and then takes no time.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const SOURCES = ['src', 'test', 'bench', 'web'];
/** The browser program and where it is built to. */
const PHONE = { sources: join(ROOT, 'web', 'phone'), output: join(ROOT, 'dist', 'phone', 'index.html') };
const PHONE_ENDINGS = ['.ts', '.tsx', '.css', '.html', '.js'];
const STAMP = join(ROOT, 'dist', '.prepared');
const PHONE_STAMP = join(ROOT, 'dist', '.prepared-phone');
const LOCK = join(ROOT, 'dist', '.prepare.lock');
const LOCK_WAIT_MS = 5 * 60_000;
const LOCK_POLL_MS = 200;
const NODE_VERSION_MIN = [20, 19];

const isQuiet = process.argv.includes('--quiet');

function main() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major < NODE_VERSION_MIN[0] || (major === NODE_VERSION_MIN[0] && minor < NODE_VERSION_MIN[1])) {
    return fail(`Node ${NODE_VERSION_MIN.join('.')} or newer is needed, this is ${process.versions.node}`);
  }
  if (isInstalled() && isBuilt() && isPhoneBuilt()) return;
  withLock(() => {
    if (!isInstalled()) install();
    if (!isBuilt()) build();
    if (!isPhoneBuilt()) buildPhone();
  });
}

/** Whether node_modules holds what package-lock.json names. npm writes its own lock file there last, so that half an installation has none. */
function isInstalled() {
  const wanted = readJson(join(ROOT, 'package-lock.json'))?.packages ?? {};
  const installed = readJson(join(ROOT, 'node_modules', '.package-lock.json'))?.packages;
  if (installed === undefined) return false;
  return Object.entries(wanted).every(([path, entry]) => {
    if (path === '') return true;
    const found = installed[path];
    // Optional packages of other platforms are not installed.
    return found === undefined ? entry.optional === true : found.version === entry.version;
  });
}

function install() {
  say('installing dependencies (npm ci)');
  const npm = process.env.npm_execpath;
  const args = ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
  // npm says where it is when it runs us; a global one is found by name.
  const [program, first] = npm?.endsWith('.js') ? [process.execPath, [npm]] : ['npm', []];
  run(program, [...first, ...args], 'npm ci failed; its output is above', 'ignore');
}

/** Whether dist was compiled from exactly these sources. */
function isBuilt() {
  return existsSync(STAMP) && readFileSync(STAMP, 'utf8') === fingerprint();
}

function build() {
  say('compiling (tsc)');
  const before = fingerprint();
  removeOrphans();
  run(
    process.execPath,
    [join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc'), '-p', join(ROOT, 'tsconfig.json')],
    'the sources do not compile',
  );
  writeFileSync(STAMP, before);
}

/** Whether the phone was built from exactly these sources. */
function isPhoneBuilt() {
  if (!existsSync(PHONE_STAMP) || !existsSync(PHONE.output)) return false;
  return readFileSync(PHONE_STAMP, 'utf8') === phoneFingerprint();
}

function buildPhone() {
  say('building the phone (vite)');
  const before = phoneFingerprint();
  const program = join(ROOT, 'node_modules', 'vite', 'bin', 'vite.js');
  run(process.execPath, [program, 'build', PHONE.sources], 'the phone cannot be built');
  writeFileSync(PHONE_STAMP, before);
}

/** Names, sizes and times of all that Vite reads. */
function phoneFingerprint() {
  const files = PHONE_ENDINGS.flatMap((ending) => filesIn(PHONE.sources, ending));
  return hashOf([...files, join(ROOT, 'package-lock.json')]);
}

/** Names, sizes and times of all that the compiler reads. */
function fingerprint() {
  return hashOf([
    ...SOURCES.flatMap((folder) => filesIn(join(ROOT, folder), '.ts')),
    join(ROOT, 'tsconfig.json'),
    join(ROOT, 'package-lock.json'),
  ]);
}

function hashOf(files) {
  const hash = createHash('sha256');
  for (const file of files) {
    const { size, mtimeMs } = statSync(file);
    hash.update(`${relative(ROOT, file)} ${size} ${mtimeMs}\n`);
  }
  return hash.digest('hex');
}

/** A source that was removed leaves its output behind, and a test that is gone would still run. */
function removeOrphans() {
  for (const output of SOURCES.flatMap((folder) => filesIn(join(ROOT, 'dist', folder), '.js'))) {
    const source = join(ROOT, relative(join(ROOT, 'dist'), output)).replace(/\.js$/, '.ts');
    if (existsSync(source)) continue;
    rmSync(output);
    rmSync(`${output}.map`, { force: true });
    // The compiler would take its own record for the truth and not write the file again when its source comes back.
    rmSync(join(ROOT, 'dist', '.tsbuildinfo'), { force: true });
  }
  if (!existsSync(join(ROOT, 'dist', 'src', 'main.js'))) rmSync(join(ROOT, 'dist', '.tsbuildinfo'), { force: true });
}

function filesIn(folder, ending) {
  if (!existsSync(folder)) return [];
  const names = readdirSync(folder, { recursive: true }).filter((name) => name.endsWith(ending));
  return names.sort().map((name) => join(folder, name));
}

/** Two that prepare at once would tread on each other's files; the second waits and finds nothing left to do. */
function withLock(work) {
  mkdirSync(dirname(LOCK), { recursive: true });
  const deadline = Date.now() + LOCK_WAIT_MS;
  while (!takeLock()) {
    if (Date.now() > deadline) return fail(`another prepare holds ${LOCK}; remove it if there is none`);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, LOCK_POLL_MS);
  }
  process.on('exit', () => rmSync(LOCK, { force: true }));
  work();
}

function takeLock() {
  try {
    writeFileSync(LOCK, String(process.pid), { flag: 'wx' });
    return true;
  } catch (error) {
    if (error.code !== 'EEXIST') throw error;
  }
  const holder = Number(existsSync(LOCK) ? readFileSync(LOCK, 'utf8') : 0);
  if (holder > 0 && !isAlive(holder)) rmSync(LOCK, { force: true });
  return false;
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

/** Standard output stays for the command that follows; what the program writes there goes to `said`. */
function run(program, args, failure, said = 2) {
  const { status, error } = spawnSync(program, args, { cwd: ROOT, stdio: ['ignore', said, 2] });
  if (status !== 0) fail(error === undefined ? failure : `${failure} (${error.message})`);
}

function readJson(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return undefined;
  }
}

function say(line) {
  if (!isQuiet) process.stderr.write(`prepare: ${line}\n`);
}

function fail(line) {
  process.stderr.write(`prepare: ${line}\n`);
  process.exit(1);
}

main();
