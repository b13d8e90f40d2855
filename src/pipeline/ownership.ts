// Which lanes and endpoints this process acts for. A lease of 20 s on the database's clock, renewed every second, bounded here
// on the monotonic clock; a process whose session lock is free is gone and is buried at once, so a restart waits for nobody.
import type { Clock } from '../lib/clock.js';
import type { Log } from '../lib/log.js';
import { type Database, DatabaseError, type Session } from '../store/database.js';
import {
  type AliveProcess,
  buryProcess,
  GROUPS,
  giveGroups,
  holdAliveLock,
  inTakingOrder,
  isGone,
  LEASE_SECONDS,
  listProcesses,
  noteForgotten,
  OWNED,
  type OwnedKind,
  registerProcess,
  renewProcess,
  takeGroups,
} from '../store/processes.js';
import { waitMs } from './wait.js';

/** Someone who acts on owned things: dispatch on lanes, deliver on endpoints, media on the files of lanes. */
export interface Owner {
  kind: OwnedKind;
  /** Starts acting on groups. May throw: it is asked again. */
  take(processId: number, groups: readonly number[]): Promise<void>;
  /** Stops acting on groups and settles what is under way. */
  release(groups: readonly number[]): Promise<void>;
  /** The process lost everything: stop at once, write nothing. */
  lose(): void;
}

/** The ownership of this process. */
export interface Ownership {
  start(): Promise<void>;
  /** Releases all groups and says goodbye. */
  stop(): Promise<void>;
  /** Whether a request that takes at most `ms` may begin now (monotonic clock, with the lease's margin). */
  mayAct(ms: number): boolean;
  /** The current process id; undefined before the first registration and while it is lost. */
  processId(): number | undefined;
  /** Told when the database said that the lease is lost. */
  lost(): void;
  /** Since when (wall ms) some process with role receive has been alive, as far as seen here. */
  receiveReadySince(): number | undefined;
  /** Processes alive with a role, at least 1. */
  alive(role: string): number;
}

/** What ownership works with. */
export interface OwnershipParts {
  database: Database;
  clock: Clock;
  log: Log;
  roles: readonly string[];
  owners: readonly Owner[];
}

const ROUND_MS = 1_000;
const RETRY_MS = 200;
/** No request begins with less than its own timeout plus this left of the lease. */
const MARGIN_MS = 2_000;
const ROLE_OF: Readonly<Record<OwnedKind, string>> = {
  [OWNED.lanes]: 'dispatch',
  [OWNED.endpoints]: 'deliver',
  [OWNED.media]: 'receive',
};

/** Creates the ownership; nothing is owned before `start`. */
export function createOwnership(parts: OwnershipParts): Ownership {
  const { database, clock, log, roles, owners } = parts;
  const stopping = new AbortController();
  const owned = new Map<OwnedKind, Set<number>>(owners.map(({ kind }) => [kind, new Set()]));
  let session: Session | undefined;
  let processId: number | undefined;
  /** Former ids of this process that the database may still take for alive. */
  const former = new Set<number>();
  let leaseUntil = 0;
  let wantedErasure: number | null = null;
  let processes: AliveProcess[] = [];
  let receiveSince: number | undefined;
  let loop: Promise<void> | undefined;

  function lose(reason: string): void {
    if (processId === undefined) return;
    log.warn({ event: 'ownership.lost', processId, reason });
    former.add(processId);
    processId = undefined;
    leaseUntil = 0;
    for (const owner of owners) {
      owned.get(owner.kind)?.clear();
      owner.lose();
    }
  }

  async function connect(): Promise<Session> {
    if (session !== undefined) return session;
    const opened = await database.session(() => {
      session = undefined;
    });
    session = opened;
    // The session broke but the process may still be the one it was: its lock is taken again on the new session.
    if (processId !== undefined && !(await holdAliveLock(opened, processId))) lose('another session holds the lock');
    return opened;
  }

  async function renew(on: Session): Promise<number> {
    const startedAt = clock.monotonic();
    if (processId !== undefined) {
      const erasure = await renewProcess(database, processId);
      if (erasure === undefined) lose('declared dead');
      else wantedErasure = erasure;
    }
    processId ??= await registerProcess(on, roles);
    leaseUntil = startedAt + LEASE_SECONDS * 1000;
    return processId;
  }

  /** Somebody was erased: what the owners remember is given up in order and read again. What fails on the way loses everything, which forgets too. */
  async function forget(self: number): Promise<void> {
    const erasure = wantedErasure;
    if (erasure === null) return;
    wantedErasure = null;
    try {
      for (const owner of owners) {
        const groups = [...(owned.get(owner.kind) ?? [])];
        await owner.release(groups);
        await owner.take(self, groups);
      }
      await noteForgotten(database, self, erasure);
    } catch (error) {
      lose('could not forget in order');
      throw error;
    }
  }

  async function buryTheDead(on: Session, self: number): Promise<void> {
    processes = await listProcesses(database);
    for (const other of processes) {
      if (other.id === self) continue;
      if (!other.isExpired && !(await isGone(on, other.id))) continue;
      log.info({ event: 'ownership.buried', processId: other.id });
      await buryProcess(database, other.id);
    }
    processes = (await listProcesses(database)).filter((process) => !process.isExpired);
    const isReceiving = processes.some((process) => process.roles.includes('receive'));
    receiveSince = isReceiving ? (receiveSince ?? clock.now()) : undefined;
  }

  async function balance(self: number, owner: Owner): Promise<void> {
    const mine = owned.get(owner.kind);
    if (mine === undefined) return;
    const share = Math.ceil(GROUPS / Math.max(1, countAlive(ROLE_OF[owner.kind])));
    if (mine.size > share) {
      const surplus = inTakingOrder(mine).slice(share);
      for (const group of surplus) mine.delete(group);
      await owner.release(surplus);
      await giveGroups(database, self, owner.kind, surplus);
    } else if (mine.size < share) {
      const taken = await takeGroups(database, self, owner.kind, share - mine.size);
      if (taken.length === 0) return;
      try {
        await owner.take(self, taken);
        for (const group of taken) mine.add(group);
      } catch (error) {
        await giveGroups(database, self, owner.kind, taken);
        throw error;
      }
    }
  }

  function countAlive(role: string): number {
    return processes.filter((process) => process.roles.includes(role)).length;
  }

  async function round(): Promise<void> {
    const on = await connect();
    for (const id of former) {
      await buryProcess(database, id);
      former.delete(id);
    }
    const self = await renew(on);
    await forget(self);
    await buryTheDead(on, self);
    for (const owner of owners) if (processId === self) await balance(self, owner);
  }

  async function run(): Promise<void> {
    while (!stopping.signal.aborted) {
      let wait = ROUND_MS;
      try {
        await round();
      } catch (error) {
        wait = RETRY_MS;
        if (!(error instanceof DatabaseError) || error.kind === 'bug')
          log.error({ event: 'ownership.round', err: error });
        if (error instanceof DatabaseError && error.kind === 'lease') lose('fenced');
      }
      if (clock.monotonic() > leaseUntil) lose('lease ran out');
      await waitMs(wait, stopping.signal);
    }
  }

  async function goodbye(): Promise<void> {
    const self = processId;
    if (self === undefined) return;
    for (const owner of owners) await owner.release([...(owned.get(owner.kind) ?? [])]);
    await buryProcess(database, self);
    processId = undefined;
  }

  return {
    async start() {
      await round();
      loop = run();
    },
    async stop() {
      stopping.abort();
      await loop;
      await goodbye().catch((error: unknown) => log.warn({ event: 'ownership.goodbye', err: error }));
      await session?.close();
    },
    mayAct: (ms) => processId !== undefined && leaseUntil - clock.monotonic() >= ms + MARGIN_MS,
    processId: () => processId,
    lost: () => lose('fenced'),
    receiveReadySince: () => receiveSince,
    alive: (role) => Math.max(1, countAlive(role)),
  };
}
