// Files that users send: fetched from Meta as soon as their message is committed, by the one process that owns the lane's group. The
// report of the message is appended in the transaction that says that the file is there, so a customer is never told of what he cannot
// get, except after a minute of failures; texts wait for none of this.
import type { Clock } from '../lib/clock.js';
import { crashPoint } from '../lib/crash-point.js';
import { dayOf } from '../lib/day.js';
import type { Log } from '../lib/log.js';
import { type Database, DatabaseError } from '../store/database.js';
import type { Directory, DirectorySender } from '../store/directory.js';
import {
  type MediaChange,
  MediaState,
  readLateMedia,
  readWantedMedia,
  type SettledMedia,
  settleMedia,
  type WantedMedia,
} from '../store/media.js';
import { GROUPS, OWNED } from '../store/processes.js';
import { ReportKind } from '../store/reports.js';
import { createCollector } from './collector.js';
import { complain } from './complain.js';
import { type FetchOutcome, fetchMedia, type MediaFetchParts } from './media-fetch.js';
import type { Owner } from './ownership.js';
import { inboundBody, type MediaUrl, type Report } from './report.js';
import { createPoll, createTickLoop, persist } from './tick-loop.js';
import { waitMs } from './wait.js';

/** Fetches files. */
export interface Media extends Owner {
  /** Some file may be wanted now. */
  wake(): void;
  /** Stops fetching; what has come of unfinished files stays. Resolves when all that ended is committed, or after `timeoutMs`. */
  drain(timeoutMs: number): Promise<void>;
  /** For the metrics. */
  counts(): { fetching: number };
}

/** What media works with. */
export interface MediaParts extends MediaFetchParts {
  database: Database;
  clock: Clock;
  log: Log;
  directory: Directory;
  /** The clear access token; undefined when it cannot be opened. */
  tokenOf(sender: DirectorySender): string | undefined;
  mediaUrl: MediaUrl;
  processId(): number | undefined;
  onReports(reports: Report[]): void;
  /** Counts a try by how it ended. */
  count(outcome: FetchOutcome['kind']): void;
}

/** Files fetched at once, in all and of one lane: a lane whose files come slowly leaves room for the others. */
const FETCHES_MAX = 16;
const FETCHES_PER_LANE_MAX = 8;
const READ_MAX = 200;
const POLL_MS = 1_000;
/** A message is reported after so long, whether its file is there or not. */
const LATE_MS = 60_000;
const RETRY_MIN_MS = 1_000;
const RETRY_MAX_MS = 10 * 60_000;
/** Meta keeps what users send for 7 days (Meta 3). */
const LIFE_MS = 7 * 86_400_000;
const SETTLE_GROUP_MAX = 100;
const SETTLE_BACKLOG_MAX = 10_000;

interface Fetch {
  lane: number;
  abort: AbortController;
  done: Promise<void>;
}

/** Creates media; it fetches nothing before it owns groups. */
export function createMedia(parts: MediaParts): Media {
  return new MediaFetcher(parts);
}

class MediaFetcher implements Media {
  readonly kind = OWNED.media;
  readonly #parts: MediaParts;
  readonly #groups = new Set<number>();
  readonly #fetches = new Map<string, Fetch>();
  /** Changes that are being committed, by file: a group must not hold two of one. */
  readonly #settling = new Map<string, Promise<unknown>>();
  readonly #settles;
  readonly #loop;
  readonly #poll;
  readonly #detach: () => void;
  #isDraining = false;

  constructor(parts: MediaParts) {
    this.#parts = parts;
    const { log } = parts;
    this.#settles = createCollector<MediaChange, { settled: SettledMedia | undefined }>({
      groupMax: SETTLE_GROUP_MAX,
      backlogMax: SETTLE_BACKLOG_MAX,
      write: (changes) => this.#commit(changes),
    });
    this.#loop = createTickLoop(
      () => this.#tick(),
      (error) => complain(log, 'media.tick', error),
    );
    this.#poll = createPoll(
      async () => this.wake(),
      () => POLL_MS,
    );
    this.#detach = parts.clock.onAdvance(() => this.wake());
  }

  async take(_processId: number, groups: readonly number[]): Promise<void> {
    for (const group of groups) this.#groups.add(group);
    if (!this.#isDraining) this.#poll.start();
  }

  async release(groups: readonly number[]): Promise<void> {
    for (const group of groups) this.#groups.delete(group);
    const fetches = [...this.#fetches.values()].filter(({ lane }) => groups.includes(lane % GROUPS));
    for (const { abort } of fetches) abort.abort();
    await Promise.all(fetches.map(({ done }) => done));
  }

  lose(): void {
    this.#groups.clear();
    for (const { abort } of this.#fetches.values()) abort.abort();
  }

  wake(): void {
    if (!this.#isDraining && this.#groups.size > 0) this.#loop.wake();
  }

  async drain(timeoutMs: number): Promise<void> {
    this.#isDraining = true;
    this.#detach();
    this.#poll.stop();
    const fetches = [...this.#fetches.values()];
    for (const { abort } of fetches) abort.abort();
    await Promise.race([Promise.all(fetches.map(({ done }) => done)), waitMs(timeoutMs)]);
  }

  counts(): { fetching: number } {
    return { fetching: this.#fetches.size };
  }

  async #tick(): Promise<void> {
    const { database, clock } = this.#parts;
    const groups = [...this.#groups];
    if (groups.length === 0) return;
    if (this.#fetches.size < FETCHES_MAX) {
      const busy = [...this.#fetches.keys()];
      for (const wanted of await readWantedMedia(database, clock.now(), GROUPS, groups, busy, READ_MAX))
        if (this.#hasRoom(wanted)) this.#start(wanted);
    }
    const late = await readLateMedia(database, clock.now() - LATE_MS, GROUPS, groups, READ_MAX);
    await Promise.all(
      late.filter(({ id }) => !this.#settling.has(id)).map(({ id, dueAt }) => this.#reportLate(id, dueAt)),
    );
  }

  #hasRoom({ id, lane }: WantedMedia): boolean {
    if (this.#isDraining || this.#fetches.has(id) || this.#fetches.size >= FETCHES_MAX) return false;
    if (!this.#groups.has(lane % GROUPS)) return false;
    return [...this.#fetches.values()].filter((fetch) => fetch.lane === lane).length < FETCHES_PER_LANE_MAX;
  }

  #start(wanted: WantedMedia): void {
    const abort = new AbortController();
    const done = this.#fetch(wanted, abort.signal)
      .catch((error: unknown) => complain(this.#parts.log, 'media.fetch', error))
      .finally(() => {
        this.#fetches.delete(wanted.id);
        this.wake();
      });
    this.#fetches.set(wanted.id, { lane: wanted.lane, abort, done });
  }

  async #fetch(wanted: WantedMedia, signal: AbortSignal): Promise<void> {
    const { clock, log, blobs, count } = this.#parts;
    const outcome = await this.#try(wanted, signal);
    // An interrupted try says nothing about the file.
    if (outcome.kind === 'failed' && signal.aborted) return;
    count(outcome.kind);
    if (outcome.kind === 'failed')
      log.warn({
        event: 'media.failed',
        id: wanted.id,
        lane: wanted.lane,
        tries: wanted.tries + 1,
        err: outcome.error,
      });
    const settled = await this.#settle(changeOf(wanted, outcome, clock.now()));
    // Removed by its owner while it was fetched.
    if (settled === undefined && outcome.kind === 'stored') await blobs.remove(wanted.id);
  }

  async #try(wanted: WantedMedia, signal: AbortSignal): Promise<FetchOutcome> {
    const { directory, tokenOf } = this.#parts;
    const sender = directory.senderById(wanted.lane);
    const token = sender === undefined ? undefined : tokenOf(sender);
    if (token !== undefined) return fetchMedia(this.#parts, wanted, token, signal);
    const isFinal = directory.isRemoved(wanted.lane);
    return { kind: 'failed', error: isFinal ? 'the sender was removed' : 'the sender has no usable token', isFinal };
  }

  async #reportLate(id: string, dueAt: number): Promise<void> {
    const nothing = { isTry: false, error: null, bytes: null, mimeType: null, malware: null };
    await this.#settle({ id, state: MediaState.wanted, isReported: true, dueAt, ...nothing });
  }

  /** Undefined when the file was not wanted any more. Throws when the database does not take it: it is done again then. */
  async #settle(change: MediaChange): Promise<SettledMedia | undefined> {
    const before = this.#settling.get(change.id);
    const after = (async () => {
      await before?.catch(() => undefined);
      const { processId } = this.#parts;
      const self = processId();
      let settled: SettledMedia | undefined;
      await persist(
        async () => {
          settled = (await this.#settles.add(change))?.settled;
        },
        () => self !== undefined && processId() === self,
      );
      return settled;
    })();
    this.#settling.set(change.id, after);
    try {
      return await after;
    } finally {
      if (this.#settling.get(change.id) === after) this.#settling.delete(change.id);
    }
  }

  async #commit(changes: readonly MediaChange[]): Promise<{ settled: SettledMedia | undefined }[]> {
    const { database, clock, processId, onReports } = this.#parts;
    const self = processId();
    if (self === undefined) throw new DatabaseError('lease', undefined, new Error('nothing is owned'), false);
    const now = clock.now();
    const settled = await settleMedia(database, self, now, dayOf(now), changes);
    crashPoint('media.settled');
    onReports(settled.flatMap((file) => this.#toReport(file, now)));
    const byId = new Map(settled.map((file) => [file.id, file]));
    return changes.map(({ id }) => ({ settled: byId.get(id) }));
  }

  #toReport({ id, lane, report }: SettledMedia, now: number): Report[] {
    const { directory, mediaUrl } = this.#parts;
    const sender = directory.senderById(lane)?.sender;
    // Of a removed sender: deliver reads it from disk.
    if (report === undefined || sender === undefined) return [];
    const { endpoint, seq, day, url, ...facts } = report;
    return [
      {
        endpoint,
        seq,
        day,
        kind: ReportKind.inbound,
        at: now,
        ref: id,
        url,
        body: inboundBody({ id, sender, ...facts }, mediaUrl),
      },
    ];
  }
}

/** What a try makes of a wanted file. */
function changeOf(wanted: WantedMedia, outcome: FetchOutcome, now: number): MediaChange {
  const { id } = wanted;
  const change = {
    id,
    isReported: true,
    dueAt: now,
    isTry: true,
    error: null,
    bytes: null,
    mimeType: null,
    malware: null,
  };
  if (outcome.kind === 'stored')
    return { ...change, state: MediaState.stored, bytes: outcome.bytes, mimeType: outcome.mimeType };
  if (outcome.kind === 'infected') return { ...change, state: MediaState.infected, malware: outcome.malware };
  const isLost = outcome.isFinal || now - wanted.createdAt >= LIFE_MS;
  return {
    ...change,
    state: isLost ? MediaState.lost : MediaState.wanted,
    isReported: isLost,
    dueAt: now + Math.min(RETRY_MAX_MS, RETRY_MIN_MS * 2 ** Math.min(wanted.tries, 20)),
    error: outcome.error,
  };
}
