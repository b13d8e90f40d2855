// Where the time goes, for `--profile DIR`: the gateway's CPU profile by function, PostgreSQL's statements by time.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Bench } from './bench.js';
import { type BenchGateway, type Place, runSql, startGateway } from './gateway.js';

const TOP = 25;
const TEXT_MAX = 160;

/** Makes the embedded server of `place` count its statements from its next start on. Does nothing unless a profile is asked for. */
export async function readyForProfile(bench: Bench, place: Place): Promise<void> {
  if (bench.profileDir === undefined || place.databaseUrl !== undefined) return;
  const gateway = await startGateway({ ...bench, profileDir: undefined }, place, { roles: 'api' });
  await runSql(gateway.databaseUrl, "ALTER SYSTEM SET shared_preload_libraries = 'pg_stat_statements'");
  await runSql(gateway.databaseUrl, "ALTER SYSTEM SET pg_stat_statements.track = 'all'");
  await runSql(gateway.databaseUrl, 'CREATE EXTENSION pg_stat_statements');
  await gateway.stop();
}

/** Stops the gateway, which writes its profile, and writes both summaries beside it. Does nothing unless a profile is asked for. */
export async function writeProfile(bench: Bench, gateway: BenchGateway): Promise<void> {
  const folder = bench.profileDir;
  if (folder === undefined) return;
  const lines = await readStatements(gateway).catch((error: unknown) => [`no statements: ${error}`]);
  await gateway.stop();
  for (const name of readdirSync(folder).filter((entry) => entry.endsWith('.cpuprofile'))) {
    lines.push('', `CPU of ${basename(name)}, own time:`, ...summarise(join(folder, name)));
  }
  const file = join(folder, 'profile.txt');
  writeFileSync(file, `${lines.join('\n')}\n`);
  bench.say(`profile: ${file}`);
}

async function readStatements({ databaseUrl }: BenchGateway): Promise<string[]> {
  const rows = await runSql<{ toplevel: boolean; calls: string; ms: number; rows: string; query: string }>(
    databaseUrl,
    `SELECT toplevel, calls, total_exec_time AS ms, rows, query FROM pg_stat_statements
      WHERE dbid = (SELECT oid FROM pg_database WHERE datname = current_database()) ORDER BY total_exec_time DESC LIMIT 40`,
  );
  const total = rows.filter((row) => row.toplevel).reduce((sum, { ms }) => sum + ms, 0);
  const lines = rows.map(({ toplevel, calls, ms, rows: count, query }) => {
    const text = query.replace(/\s+/g, ' ').slice(0, TEXT_MAX);
    const share = `${((100 * ms) / total).toFixed(1)} %`.padStart(7);
    const mean = `${(ms / Number(calls)).toFixed(2)} ms each`;
    return `${share} ${toplevel ? 'call  ' : 'inside'} ${calls} calls, ${mean}, ${count} rows: ${text}`;
  });
  return [`statements by time; 100 % = ${total.toFixed(0)} ms in calls of the gateway:`, ...lines];
}

/** The part of V8's profile that is read. */
interface Profile {
  nodes: { id: number; callFrame: { functionName: string; url: string; lineNumber: number } }[];
  samples: number[];
  timeDeltas: number[];
}

function summarise(file: string): string[] {
  // Parse boundary: V8 writes it.
  const { nodes, samples, timeDeltas } = JSON.parse(readFileSync(file, 'utf8')) as Profile;
  const names = new Map(nodes.map(({ id, callFrame }) => [id, nameOf(callFrame)]));
  const times = new Map<string, number>();
  samples.forEach((id, index) => {
    const name = names.get(id) ?? '?';
    times.set(name, (times.get(name) ?? 0) + (timeDeltas[index] ?? 0));
  });
  times.delete('(idle)');
  const total = [...times.values()].reduce((sum, time) => sum + time, 0);
  const sorted = [...times].sort(([, a], [, b]) => b - a).slice(0, TOP);
  return sorted.map(([name, time]) => `${((100 * time) / total).toFixed(1).padStart(6)} %  ${name}`);
}

function nameOf({ functionName, url, lineNumber }: Profile['nodes'][number]['callFrame']): string {
  const place = url.replace(/^.*\/(node_modules|src)\//, '$1/').replace(/^file:.*\//, '');
  return `${functionName === '' ? '(anonymous)' : functionName} ${place === '' ? '' : `${place}:${lineNumber + 1}`}`.trim();
}
