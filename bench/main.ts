// `npm run bench -- --json FILE [--only CASE] [--quick] [--profile DIR]`: measures the gateway on this machine, by case.
import { mkdirSync, writeFileSync } from 'node:fs';
import { platform } from 'node:os';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { createLifecycle } from '../src/lib/lifecycle.js';
import type { Bench, Case, Row } from './bench.js';
import { accept, acceptApplications } from './cases/accept.js';
import { bulkTemplates } from './cases/bulk-templates.js';
import { deliveries, deliveries1000Endpoints, deliveriesBatched } from './cases/deliveries.js';
import { endToEnd } from './cases/end-to-end.js';
import { growth } from './cases/growth.js';
import { imageSends } from './cases/image-sends.js';
import { inboundAck } from './cases/inbound-ack.js';
import { inboundMedia } from './cases/inbound-media.js';
import { memory } from './cases/memory.js';
import { processes } from './cases/processes.js';
import { redirects } from './cases/redirects.js';
import { sandbox } from './cases/sandbox.js';
import { describeMachine } from './machine.js';
import { tableOf } from './table.js';

const CASES: readonly Case[] = [
  accept,
  acceptApplications,
  endToEnd,
  imageSends,
  bulkTemplates,
  inboundAck,
  inboundMedia,
  growth,
  deliveries,
  deliveriesBatched,
  deliveries1000Endpoints,
  redirects,
  processes,
  memory,
  sandbox,
];
const USAGE = `npm run bench -- [--json FILE] [--only CASE[,CASE]] [--quick] [--profile DIR]
cases: ${CASES.map(({ name }) => name).join(', ')}`;
/** Removing 20 million messages takes a while. */
const STOP_STEP_MS = 120_000;

interface Options {
  cases: readonly Case[];
  json: string | undefined;
  quick: boolean;
  profileDir: string | undefined;
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** What the arguments ask for, or what is wrong with them. */
function readOptions(args: readonly string[]): Options | string {
  const text = { type: 'string' } as const;
  try {
    const { values } = parseArgs({
      args: [...args],
      options: { json: text, only: text, quick: { type: 'boolean' }, profile: text },
    });
    const { json, only, quick = false, profile } = values;
    const names = only?.split(',') ?? CASES.map(({ name }) => name);
    const unknown = names.filter((name) => !CASES.some((entry) => entry.name === name));
    if (unknown.length > 0) return `no such case: ${unknown.join(', ')}`;
    const cases = CASES.filter(({ name }) => names.includes(name));
    return { cases, json, quick, profileDir: profile === undefined ? undefined : resolve(profile) };
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

async function run({ cases, json, quick, profileDir }: Options, stopping: AbortSignal): Promise<void> {
  say(await describeMachine());
  if (quick) say('--quick: short rounds, for trying; not to be published');
  const rows: Row[] = [];
  for (const each of cases) {
    if (stopping.aborted) break;
    say(`${each.name}:`);
    rows.push(...(await runCase(each, { quick, profileDir }, stopping)));
    if (json !== undefined) writeFileSync(json, `${JSON.stringify(rows, null, 2)}\n`);
  }
  say('');
  for (const line of tableOf(rows)) say(line);
}

/** Runs one case and stops all that it started, whatever happens. */
async function runCase(
  { run: measure }: Case,
  options: Pick<Bench, 'quick' | 'profileDir'>,
  stopping: AbortSignal,
): Promise<Row[]> {
  const parts = createLifecycle((part, error) => say(`${part} did not stop: ${error}`), { stepMs: STOP_STEP_MS });
  const stopped = new Promise<never>((_, reject) => {
    stopping.addEventListener('abort', () => reject(new Error('stopped')), { once: true });
  });
  try {
    const databaseUrl = process.env.PARLEY_DATABASE_URL;
    return await Promise.race([measure({ ...options, databaseUrl, parts, say }), stopped]);
  } finally {
    await parts.stop();
  }
}

async function main(): Promise<number> {
  const options = readOptions(process.argv.slice(2));
  if (typeof options === 'string' || platform() !== 'linux') {
    say(typeof options === 'string' ? `${options}\n${USAGE}` : 'the benchmark reads /proc and runs on Linux only');
    return 2;
  }
  if (options.profileDir !== undefined) mkdirSync(options.profileDir, { recursive: true });
  const stopping = new AbortController();
  let exitCode = 0;
  function stop(code: number): void {
    if (!stopping.signal.aborted) exitCode = code;
    stopping.abort();
  }
  // What a stopped case was still waiting for fails when its processes end; that is nobody's news.
  function fail(error: unknown): void {
    if (!stopping.signal.aborted) say(`bench: ${error instanceof Error ? error.stack : String(error)}`);
    stop(1);
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => stop(130));
  process.on('unhandledRejection', fail);
  await run(options, stopping.signal).catch(fail);
  return exitCode;
}

process.exit(await main());
