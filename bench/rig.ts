// What the cases share around a gateway: the load generator, the Meta stub, the relay, and how one round is measured.
import type { Bench, Round } from './bench.js';
import { type Program, startProgram } from './child.js';
import type { BenchGateway } from './gateway.js';
import { cpuOfProgram } from './machine.js';
import type { LoadJob, LoadResult } from './programs/load.js';
import type { StubSettings } from './programs/meta-stub.js';
import type { RelaySettings } from './programs/relay.js';
import type { BenchPlatform, BenchSender, Target } from './programs/requests.js';

/** Load generator and Meta stub, running. */
export interface Rig {
  load: Program<LoadJob, LoadResult>;
  stub: Program<StubSettings, null>;
}

/** What messages are sent through: a gateway, or the relay. */
export interface Relaying {
  url: string;
  apiKey: string;
  senders: BenchSender[];
  appSecret: string;
  cpu: BenchGateway['cpu'];
  /** Images of this file are sent instead of texts. */
  mediaUrl?: string;
  /** Named by every text. */
  platform?: BenchPlatform;
}

const CONNECTIONS = 64;
/** Messages without both reports at most: enough to saturate, few enough that the queue is not what is measured. */
const WINDOW = 1_000;

/** Starts load generator and stub. */
export async function startRig(bench: Bench): Promise<Rig> {
  return { load: await startProgram(bench, 'load'), stub: await startProgram(bench, 'meta-stub') };
}

/** Starts the relay that loses everything when it ends, in front of `rig.stub`. */
export async function startRelay(bench: Bench, rig: Rig, like: Relaying): Promise<Relaying> {
  const relay = await startProgram<RelaySettings, null>(bench, 'relay');
  const { senders, appSecret, apiKey } = like;
  await relay.ask({ metaUrl: rig.stub.url, appSecret, senders });
  return { url: relay.url, apiKey, senders, appSecret, cpu: cpuOfProgram(relay.pid) };
}

/** Messages a second from the request to both reports, at saturation; p99 is of that whole way. */
export async function measureEndToEnd(bench: Bench, rig: Rig, through: Relaying): Promise<Round> {
  await rig.stub.ask({ callbackUrl: `${through.url}/meta/webhook`, appSecret: through.appSecret });
  const job = { target: textTarget(rig, through), connections: CONNECTIONS, durationMs: null, window: WINDOW };
  await rig.load.ask({ ...job, count: bench.quick ? 1_000 : 5_000 });
  return measure(rig.load, { ...job, count: bench.quick ? 4_000 : 15_000 }, through.cpu);
}

/** Keeps messages flowing for `durationMs`, all reports waited for. */
export async function flowEndToEnd(rig: Rig, through: Relaying, durationMs: number): Promise<LoadResult> {
  await rig.stub.ask({ callbackUrl: `${through.url}/meta/webhook`, appSecret: through.appSecret });
  const target = textTarget(rig, through);
  return rig.load.ask({ target, connections: CONNECTIONS, count: null, durationMs, window: WINDOW });
}

/** Rounds of requests are short and many. */
export const REQUEST_ROUNDS = 9;

/** Requests a second from 64 connections, each sending its next when the one before is answered. */
export async function measureRequests(
  bench: Bench,
  load: Rig['load'],
  target: Target,
  cpu: BenchGateway['cpu'],
): Promise<Round> {
  const job = { target, connections: CONNECTIONS, count: null, window: null };
  await load.ask({ ...job, durationMs: bench.quick ? 500 : 1_000 });
  return measure(load, { ...job, durationMs: bench.quick ? 1_000 : 3_000 }, cpu);
}

/** Sends through `through`, both reports asked for. */
export function textTarget(
  { load }: Pick<Rig, 'load'>,
  { url, apiKey, senders, mediaUrl, platform }: Pick<Relaying, 'url' | 'apiKey' | 'senders' | 'mediaUrl' | 'platform'>,
): Target {
  const target = { url, apiKey, senders, notifyUrl: `${load.url}/reports` };
  return mediaUrl === undefined
    ? { kind: 'text', ...target, ...(platform && { platform }) }
    : { kind: 'image', ...target, mediaUrl };
}

async function measure(load: Rig['load'], job: LoadJob, cpu: BenchGateway['cpu']): Promise<Round> {
  const before = cpu();
  const { done, elapsedMs, p99Ms, failures, repeated } = await load.ask(job);
  const after = cpu();
  if (done === 0) throw new Error('nothing was done');
  if (failures + repeated > done / 100) throw new Error(`${failures} requests failed, ${repeated} reports came twice`);
  const used = (from: number | null, to: number | null): number | null =>
    from === null || to === null ? null : (to - from) / done;
  return {
    value: done / (elapsedMs / 1000),
    p99Ms,
    cpuMsGateway: used(before.gatewayMs, after.gatewayMs),
    cpuMsPostgres: used(before.postgresMs, after.postgresMs),
  };
}

/** One request of `count` template messages: messages a second until both reports of all are there, and when it was answered. */
export async function measureBulk(
  rig: Rig,
  through: Relaying,
  count: number,
): Promise<{ round: Round; acceptedMs: number }> {
  await rig.stub.ask({ callbackUrl: `${through.url}/meta/webhook`, appSecret: through.appSecret });
  const { url, apiKey, senders } = through;
  const target: Target = { kind: 'bulk', url, apiKey, senders, notifyUrl: `${rig.load.url}/reports` };
  const job = { target, connections: 1, count, durationMs: null, window: count };
  const watched: { acceptedMs: number | null } = { acceptedMs: null };
  const load: Rig['load'] = {
    ...rig.load,
    async ask(asked) {
      const result = await rig.load.ask(asked);
      watched.acceptedMs = result.acceptedMs;
      return result;
    },
  };
  const round = await measure(load, job, through.cpu);
  if (watched.acceptedMs === null) throw new Error('a bulk without an answer');
  return { round, acceptedMs: watched.acceptedMs };
}
