// What a case of the benchmark is given and gives back, and how rounds become a row: medians of rounds that alternate with the baseline's.
import type { Lifecycle } from '../src/lib/lifecycle.js';
import { ownTree, readCpu } from './machine.js';

/** One line of the result. `p99Ms`, baseline and CPU fields are null where there is none; CPU is ms per message. In the case `sandbox` the sandbox is the gateway. */
export interface Row {
  case: string;
  /** Median of the rounds. */
  value: number;
  unit: string;
  p99Ms: number | null;
  /** What it is compared with. */
  baseline: string | null;
  baselineValue: number | null;
  /** Median of each round's value / the value of the baseline's round that followed it. */
  ratio: number | null;
  /** (max - min) / median of the rounds; null with one round. */
  spread: number | null;
  cpuMsGateway: number | null;
  cpuMsPostgres: number | null;
}

/** One measurement. */
export interface Round {
  value: number;
  p99Ms: number | null;
  cpuMsGateway: number | null;
  cpuMsPostgres: number | null;
}

/** What a case works with. */
export interface Bench {
  /** Short rounds: for trying, not for publishing. */
  quick: boolean;
  /** Folder for CPU profiles of the gateway and its costliest statements; undefined = none are taken. */
  profileDir: string | undefined;
  /** A PostgreSQL whose databases may be made and dropped; undefined = embedded. */
  databaseUrl: string | undefined;
  /** Everything a case starts; stopped after it, whatever happened. */
  parts: Lifecycle;
  /** One line for people, at once. */
  say(line: string): void;
}

/** A case by its lasting name. */
export interface Case {
  name: string;
  run(bench: Bench): Promise<Row[]>;
}

/** One side of a comparison. */
export interface Side {
  name: string;
  measure(): Promise<Round>;
}

const ROUNDS = 3;

/** Measures `side` three times, or as often as said, each time followed by `baseline`, and makes the row. */
export async function compare(
  bench: Bench,
  { rounds: count = ROUNDS, ...row }: { case: string; unit: string; rounds?: number },
  side: Side,
  baseline?: Side,
): Promise<Row> {
  const rounds: Round[] = [];
  const baselines: Round[] = [];
  const ratios: number[] = [];
  for (let i = 0; i < count; i += 1) {
    const round = await observe(bench, row, side);
    rounds.push(round);
    if (baseline === undefined) continue;
    const base = await observe(bench, row, baseline);
    baselines.push(base);
    // A machine may be half as fast a minute later: what is compared is as close in time as can be.
    ratios.push(round.value / base.value);
  }
  const value = median(rounds.map((round) => round.value));
  const baselineValue = baseline === undefined ? null : median(baselines.map((round) => round.value));
  return {
    ...row,
    value,
    p99Ms: medianOf(rounds, 'p99Ms'),
    baseline: baseline?.name ?? null,
    baselineValue,
    ratio: ratios.length === 0 ? null : median(ratios),
    spread: spreadOf(rounds.map((round) => round.value)),
    cpuMsGateway: medianOf(rounds, 'cpuMsGateway'),
    cpuMsPostgres: medianOf(rounds, 'cpuMsPostgres'),
  };
}

async function observe(bench: Bench, { unit }: { unit: string }, side: Side): Promise<Round> {
  const startedAt = performance.now();
  const before = readCpu(ownTree());
  const round = await side.measure();
  const after = readCpu(ownTree());
  const others = (after.othersMs - before.othersMs) / (performance.now() - startedAt);
  const cpu = round.cpuMsGateway === null ? '' : `, CPU ${perMessage(round)} ms a message`;
  const p99 = round.p99Ms === null ? '' : `, p99 ${round.p99Ms.toFixed(0)} ms`;
  bench.say(
    `  ${side.name}: ${round.value.toFixed(0)} ${unit}${p99}${cpu}; others used ${Math.max(0, others).toFixed(2)} cores`,
  );
  return round;
}

function perMessage({ cpuMsGateway, cpuMsPostgres }: Round): string {
  return [cpuMsGateway, cpuMsPostgres].flatMap((ms) => (ms === null ? [] : ms.toFixed(3))).join(' + ');
}

function medianOf(rounds: readonly Round[], field: 'p99Ms' | 'cpuMsGateway' | 'cpuMsPostgres'): number | null {
  const values = rounds.flatMap((round) => round[field] ?? []);
  return values.length === 0 ? null : median(values);
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted[middle] ?? Number.NaN;
}

function spreadOf(values: readonly number[]): number | null {
  return values.length < 2 ? null : (Math.max(...values) - Math.min(...values)) / median(values);
}
