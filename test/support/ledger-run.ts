// One run of the crash ledger: load, users who write, kills whose recovery is timed, and the wait for quiet before the books are compared.
import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { type Reckoning, readSandboxPage, reckon } from './ledger.js';
import { type Load, startLoad } from './ledger-load.js';
import type { Random } from './ledger-random.js';
import { startUsers, type UserBooks, untilFilesAreThere } from './ledger-users.js';
import type { GatewayProcess, LedgerWorld } from './ledger-world.js';
import { until } from './until.js';

/** What is killed. */
export type Victim = 'gateway' | 'postgres' | 'both';

/** How long it took from a restart to the first 200 and to the first message at Meta, ms. */
export interface Recovery {
  what: string;
  acceptMs: number;
  dispatchMs: number;
}

/** A run under way. */
export interface LedgerRun {
  load: Load;
  /** The chance that the load runs on, for moments and victims. */
  random: Random;
  /** Of the kills so far. */
  recoveries(): readonly Recovery[];
  /** What users wrote, and what was read of it. */
  users: UserBooks;
  /** Kills what is named and starts it again (PostgreSQL is started again by the gateway). Resolves when a message is accepted and one is sent. */
  kill(victim: Victim): Promise<void>;
  /** Kills nothing itself: notes that something died, starts a gateway when `restart` and waits until a message is accepted and one is sent. */
  recover(what: string, restart: boolean): Promise<void>;
  /** Ends the load, waits until nothing moves, compares the books. `quietMs` is for the wait. */
  settle(quietMs?: number): Promise<{ reckoning: Reckoning; recoveries: Recovery[] }>;
  /** What a test prints of it. */
  describe(reckoning: Reckoning, recoveries: readonly Recovery[]): string[];
  /** Ends the load and the users; for a test that fails on the way. Safe to call twice. */
  stop(): Promise<void>;
}

/** How much load; every message carries its number. */
export interface LedgerRunOptions {
  perSecond: number;
  random: Random;
  inboundPerSecond?: number;
}

/** Longer than the wait of an unknown outcome (30 s) and Meta's first retries. */
const QUIET_TIMEOUT_MS = 90_000;
const INBOUND_PER_SECOND = 10;
const ACCEPT_TIMEOUT_MS = 60_000;
const QUIET_POLL_MS = 250;

const RECOVERY_MS_MAX = 10_000;

/** Throws unless each recovery was done within 10 s, or `msMax` where other tests run beside it. */
export function assertRecovered(recoveries: readonly Recovery[], msMax = RECOVERY_MS_MAX): void {
  const isSlow = ({ acceptMs, dispatchMs }: Recovery): boolean => Math.max(acceptMs, dispatchMs) > msMax;
  assert.deepEqual(recoveries.filter(isSlow), []);
}

/** Starts the load on a world that is set up. */
export function startLedgerRun(world: LedgerWorld, options: LedgerRunOptions): LedgerRun {
  const load = startLoad({
    api: world.api,
    apiKey: world.apiKey,
    senders: world.senders,
    notifyUrl: world.receiver.reportsUrl,
    perSecond: options.perSecond,
    random: options.random,
  });
  const users = startUsers(world, options.random, options.inboundPerSecond ?? INBOUND_PER_SECOND);
  const recoveries: Recovery[] = [];
  const outbound = followSandbox(world);

  async function recover(what: string, restart: boolean): Promise<void> {
    const restartedAt = Date.now();
    if (restart) await world.serve();
    const { acceptedAt } = await until(
      `a message is accepted after ${what}`,
      () => [...load.accepted.values()].findLast(({ requestedAt }) => requestedAt > restartedAt),
      ACCEPT_TIMEOUT_MS,
    );
    const dispatchedAt = await until(
      `Meta gets a message after ${what}`,
      () => outbound.firstAfter(acceptedAt),
      ACCEPT_TIMEOUT_MS,
    );
    recoveries.push({ what, acceptMs: acceptedAt - restartedAt, dispatchMs: dispatchedAt - restartedAt });
  }

  async function stop(): Promise<void> {
    await users.stop();
    await load.stop();
  }

  return {
    load,
    random: options.random,
    recoveries: () => recoveries,
    users: users.books,
    recover,
    stop,
    describe: (reckoning, recoveries) => [
      `${reckoning.summary} (accepted ${reckoning.accepted}, repeated under one eventId ${reckoning.repeated})`,
      `back after, accept/dispatch in ms: ${recoveries.map(({ what, acceptMs, dispatchMs }) => `${what} ${acceptMs}/${dispatchMs}`).join(', ')}`,
      `of users: ${users.books.texts.length} messages, ${users.books.files.size} files, ${users.books.reads.size} marked as read`,
      `not accepted at once: ${[...load.refusals].map(([what, count]) => `${what} ${count}`).join(', ')}`,
    ],
    async kill(victim) {
      const [gateway] = world.gateways();
      if (gateway === undefined) throw new Error('no gateway to kill');
      const postgres = victim === 'gateway' ? 0 : await world.postgresPid();
      if (postgres > 0) process.kill(postgres, 'SIGKILL');
      if (victim !== 'postgres') await gateway.kill();
      await recover(victim, victim !== 'postgres');
    },
    async settle(quietMs = QUIET_TIMEOUT_MS) {
      await stop();
      await untilQuiet(world, load, users.books, quietMs).catch(() => undefined);
      const reckoning = await reckon(world, load.accepted, users.books);
      return { reckoning, recoveries };
    },
  };
}

/** Quiet: the customer has all there is to tell, Meta waits with no webhook, and the gateway holds nothing. */
async function untilQuiet(world: LedgerWorld, load: Load, books: UserBooks, timeoutMs: number): Promise<void> {
  const { receiver } = world;
  const deadline = performance.now() + timeoutMs;
  const left = (): number => Math.max(1, deadline - performance.now());
  await until(
    'the customer has every report',
    () => hasAll(receiver.reports, load) && books.texts.every((text) => receiver.inbound.has(text)),
    left(),
  );
  await untilFilesAreThere(world, books, left());
  await until('Meta and the gateway hold nothing', () => isIdle(world), left());
  // What is told twice is told within a moment.
  await delay(QUIET_POLL_MS * 4);
}

function hasAll(reports: LedgerWorld['receiver']['reports'], load: Load): boolean {
  for (const n of load.accepted.keys()) {
    const reported = reports.get(n);
    if (reported === undefined || reported.delivered.size === 0 || reported.seen.size === 0) return false;
  }
  return true;
}

async function isIdle(world: LedgerWorld): Promise<boolean> {
  const state = await world.call(world.sandbox, '/_sandbox/state');
  // The parse boundary of the sandbox's state.
  const { webhooks } = state.body as { webhooks: { waiting: number } };
  if (webhooks.waiting > 0) return false;
  for (const gateway of world.gateways()) {
    const { body } = await world.call(gateway.url, '/metrics');
    if (!isIdleGateway(String(body))) return false;
  }
  return true;
}

function isIdleGateway(metrics: string): boolean {
  const names = ['lanes_waiting', 'lanes_held', 'reports_waiting', 'batches_waiting', 'dispatch_in_flight'];
  return names.every((name) => new RegExp(`^parley_${name} 0$`, 'm').test(metrics));
}

/** Reads the sandbox's messages as they come: when Meta first got one after a time (epoch ms), undefined while it has not. */
function followSandbox(world: LedgerWorld): { firstAfter(at: number): Promise<number | undefined> } {
  let after = '';
  return {
    async firstAfter(at) {
      for (;;) {
        const { messages } = await readSandboxPage(world, after);
        const last = messages.at(-1);
        if (last === undefined) return undefined;
        const found = messages.find(({ direction, acceptedAt }) => direction === 'out' && Date.parse(acceptedAt) > at);
        if (found !== undefined) return Date.parse(found.acceptedAt);
        after = last.id;
      }
    },
  };
}

/** Waits until a gateway has ended by itself, as one does at its crash point; throws after `timeoutMs`. */
export async function untilEnded(gateway: GatewayProcess, timeoutMs: number): Promise<string | number | null> {
  await until(`process ${gateway.pid} ends`, () => gateway.hasEnded(), timeoutMs);
  return gateway.ended;
}
