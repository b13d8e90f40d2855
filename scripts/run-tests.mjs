// Runs a suite of compiled tests and leaves nothing behind: `e2e` takes *.load.test.js one at a time, since they measure under load, and then
// *.long.test.js; `test` takes all others. Further arguments keep the files whose path has one.
import { spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const DIST = join(dirname(dirname(fileURLToPath(import.meta.url))), 'dist');
const MINUTE_MS = 60_000;
/** `timeoutMs` is for one file, `deadlineMs` for all. */
const SUITES = {
  test: { runs: [{ kind: undefined, concurrency: 2 }], timeoutMs: 4 * MINUTE_MS, deadlineMs: 10 * MINUTE_MS },
  e2e: {
    runs: [
      { kind: 'load', concurrency: 1 },
      { kind: 'long', concurrency: 2 },
    ],
    timeoutMs: 15 * MINUTE_MS,
    deadlineMs: 20 * MINUTE_MS,
  },
};

async function main() {
  const [name, ...parts] = process.argv.slice(2);
  const suite = SUITES[name];
  if (suite === undefined) return fail(`no suite "${name}"; there are ${Object.keys(SUITES).join(', ')}`);
  const runs = suite.runs
    .map(({ kind, concurrency }) => ({ concurrency, files: testFiles(kind, parts) }))
    .filter(({ files }) => files.length > 0);
  if (runs.length === 0)
    return fail(`suite ${name} has no test files${parts.length > 0 ? ` with ${parts.join(', ')}` : ''}`);
  const deadline = performance.now() + suite.deadlineMs;
  for (const { files, concurrency } of runs) {
    const leftMs = deadline - performance.now();
    process.exitCode = await runInFolder(files, { concurrency, timeoutMs: suite.timeoutMs, deadlineMs: leftMs });
    // The runner's own closing lines are the last ones: those of the run that failed.
    if (process.exitCode !== 0) return;
  }
}

function testFiles(kind, parts) {
  const names = existsSync(DIST) ? readdirSync(DIST, { recursive: true }) : [];
  return names
    .filter((name) => name.endsWith('.test.js') && /\.(long|load)\.test\.js$/.exec(name)?.[1] === kind)
    .filter((name) => parts.length === 0 || parts.some((part) => name.includes(part)))
    .sort()
    .map((name) => join(DIST, name));
}

async function runInFolder(files, limits) {
  // Everything tests write lies in here, so what they leave running is found by what it wrote. Servers of other users pass through.
  const folder = mkdtempSync(join(tmpdir(), 'parley-test-'));
  chmodSync(folder, 0o711);
  try {
    return await run(files, limits, folder);
  } finally {
    stopLeftovers(folder);
    // What was just killed may still have been writing.
    rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  }
}

async function run(files, { concurrency, timeoutMs, deadlineMs }, folder) {
  const args = [
    '--test',
    `--test-concurrency=${concurrency}`,
    `--test-timeout=${timeoutMs}`,
    '--test-reporter=spec',
    ...files,
  ];
  const env = { ...process.env, TMPDIR: folder };
  for (const variable of Object.keys(env)) if (variable.startsWith('PARLEY_')) delete env[variable];
  const runner = spawn(process.execPath, args, { env, stdio: ['ignore', 'inherit', 'inherit'], detached: true });
  const interrupt = () => signalGroup(runner.pid, 'SIGTERM');
  process.once('SIGINT', interrupt);
  process.once('SIGTERM', interrupt);
  let isLate = false;
  const deadline = setTimeout(() => {
    isLate = true;
    signalGroup(runner.pid, 'SIGKILL');
  }, deadlineMs);
  const code = await new Promise((resolve) => runner.on('exit', (status) => resolve(status ?? 1)));
  clearTimeout(deadline);
  signalGroup(runner.pid, 'SIGKILL');
  if (isLate) process.stderr.write(`run-tests: not done within ${Math.round(deadlineMs / MINUTE_MS)} minutes\n`);
  return isLate ? 1 : code;
}

/** Ends the servers and `parley dev` worlds whose files lie in `folder`. None is left after a run that passes. */
function stopLeftovers(folder) {
  for (const file of filesIn(folder)) {
    try {
      if (file.endsWith('postmaster.pid')) signal(Number(readFileSync(file, 'utf8').split('\n')[0]), 'SIGQUIT');
      if (file.endsWith('dev.lock')) {
        const { pid, children } = JSON.parse(readFileSync(file, 'utf8'));
        for (const process of [pid, ...children]) signal(process, 'SIGKILL');
      }
    } catch {
      // It went meanwhile, with the process that wrote it.
    }
  }
}

/** Every file below a folder; folders that go meanwhile are passed over. */
function filesIn(folder) {
  try {
    return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
      const path = join(folder, entry.name);
      return entry.isDirectory() ? filesIn(path) : [path];
    });
  } catch {
    return [];
  }
}

function signalGroup(pid, name) {
  signal(-pid, name);
}

function signal(pid, name) {
  try {
    process.kill(pid, name);
  } catch {
    // It is gone already.
  }
}

function fail(line) {
  process.stderr.write(`run-tests: ${line}\n`);
  process.exitCode = 2;
}

await main();
