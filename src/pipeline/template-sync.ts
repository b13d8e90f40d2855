// Keeps the templates of every WABA as Meta has them: all are read when a sender is new, when a process starts and every hour, which
// repairs what a lost webhook missed. Whoever claims a row of template_syncs does it, so processes do not repeat each other's work.
import { itemsAt, objectAt, textAt } from '../contract/json.js';
import { NODE_FIELDS, nodeFromWire, type TemplateNode } from '../contract/templates/node.js';
import { createAlarm } from '../lib/alarm.js';
import type { Clock } from '../lib/clock.js';
import { crashPoint } from '../lib/crash-point.js';
import type { Log } from '../lib/log.js';
import type { GraphClient } from '../meta/graph-client.js';
import type { Database } from '../store/database.js';
import type { Directory, DirectorySender } from '../store/directory.js';
import type { TemplateReport } from '../store/template-reports.js';
import {
  addTemplateSyncs,
  beginTemplateSync,
  claimTemplateSyncs,
  hastenTemplateSyncs,
  isTemplateSynced,
  settleTemplateSync,
  wantTemplateSync,
} from '../store/template-syncs.js';
import { deleteUnseen, listTemplates, putTemplates, type Shelf } from '../store/templates.js';
import type { Report } from './report.js';
import { momentOf, templateReport } from './template-report.js';

/** Keeps templates. */
export interface TemplateSync {
  /** Begins the passes of this process. */
  start(): void;
  /** Asks Meta at once when it was never asked with success; false when that fails too. Rejects with DatabaseError. */
  ensure(shelf: Shelf): Promise<boolean>;
  /** Asks Meta soon. */
  want(shelf: Shelf): Promise<void>;
  stop(): Promise<void>;
}

/** What it works with. */
export interface TemplateSyncParts {
  database: Database;
  clock: Clock;
  log: Log;
  directory: Directory;
  graph: Pick<GraphClient, 'get'>;
  /** The clear access token of a sender; undefined when no key of ours opens it. */
  tokenOf(sender: DirectorySender): string | undefined;
  onReports(reports: Report[]): void;
}

const HOUR_MS = 3_600_000;
/** A process that starts asks again, unless another one just did. */
const FRESH_MS = 60_000;
const FAILED_WAIT_MS = 300_000;
/** How often rows that others made due are looked for. */
const POLL_MS = 5_000;
/** Who claimed one has it to himself meanwhile. */
const CLAIM_MS = 300_000;
const AT_ONCE_MAX = 4;
const PAGE_SIZE = 100;
/** 6,000 templates is Meta's most (Meta 4.2); in as many languages they are more. */
const PAGES_MAX = 1_000;
/** A WABA that could not be read is not asked again for every request. */
const REFUSED_WAIT_MS = 10_000;
const ERROR_LENGTH_MAX = 200;

/** Creates it; nothing happens before `start` but what `ensure` asks for. */
export function createTemplateSync(parts: TemplateSyncParts): TemplateSync {
  const { database, clock, log, directory } = parts;
  const underWay = new Map<string, Promise<boolean>>();
  const synced = new Set<string>();
  const refusedAt = new Map<string, number>();
  const alarm = createAlarm(clock, () => void wake());
  let running: Promise<void> | undefined;
  let isStopped = false;
  let detach: () => void = () => undefined;

  /** One pass of a WABA at a time in this process. */
  function pass(shelf: Shelf): Promise<boolean> {
    const key = keyOf(shelf);
    const known = underWay.get(key);
    if (known !== undefined) return known;
    const passing = syncShelf(parts, shelf)
      .then((isDone) => {
        if (isDone) synced.add(key);
        else refusedAt.set(key, clock.monotonic());
        return isDone;
      })
      .finally(() => underWay.delete(key));
    underWay.set(key, passing);
    return passing;
  }

  async function run(): Promise<void> {
    try {
      await addTemplateSyncs(database, clock.now());
      for (let hasMore = true; hasMore && !isStopped; ) {
        const due = await claimTemplateSyncs(database, clock.now(), clock.now() + CLAIM_MS, AT_ONCE_MAX);
        await Promise.all(due.map((shelf) => pass(shelf).catch(complain)));
        hasMore = due.length === AT_ONCE_MAX;
      }
    } catch (error) {
      complain(error);
    }
    if (!isStopped) alarm.set(clock.now() + POLL_MS);
  }

  function wake(): Promise<void> {
    if (isStopped) return Promise.resolve();
    running ??= run().finally(() => {
      running = undefined;
    });
    return running;
  }

  function complain(error: unknown): void {
    log.warn({ event: 'templates.sync', err: String(error) });
  }

  return {
    start() {
      hastenTemplateSyncs(database, clock.now(), clock.now() - FRESH_MS)
        .catch(complain)
        .finally(wake);
      detach = directory.onChange(() => alarm.set(clock.now()));
    },
    async ensure(shelf) {
      const key = keyOf(shelf);
      if (synced.has(key)) return true;
      if (await isTemplateSynced(database, shelf)) {
        synced.add(key);
        return true;
      }
      const at = refusedAt.get(key);
      if (at !== undefined && clock.monotonic() - at < REFUSED_WAIT_MS) return false;
      return pass(shelf);
    },
    async want(shelf) {
      await wantTemplateSync(database, shelf, clock.now());
      alarm.set(clock.now());
    },
    async stop() {
      isStopped = true;
      detach();
      alarm.stop();
      await running;
      await Promise.allSettled(underWay.values());
    },
  };
}

function keyOf({ account, wabaId }: Shelf): string {
  return `${account} ${wabaId}`;
}

/** Reads all pages and stores them; false when Meta could not be read to the end. */
async function syncShelf(parts: TemplateSyncParts, shelf: Shelf): Promise<boolean> {
  const { database, clock, log } = parts;
  const since = clock.now();
  await beginTemplateSync(database, shelf, since + CLAIM_MS);
  const error = await readAll(parts, shelf, since);
  const now = clock.now();
  const dueAt = now + (error === undefined ? HOUR_MS : FAILED_WAIT_MS);
  const syncedAt = error === undefined ? now : null;
  const said = error?.slice(0, ERROR_LENGTH_MAX) ?? null;
  await settleTemplateSync(database, shelf, { dueAt, syncedAt, error: said, since });
  if (error !== undefined) log.info({ event: 'templates.sync', waba: shelf.wabaId, err: error });
  return error === undefined;
}

/** What went wrong; undefined: nothing. */
async function readAll(parts: TemplateSyncParts, shelf: Shelf, since: number): Promise<string | undefined> {
  const { database, clock } = parts;
  const told = (reports: TemplateReport[]): void => {
    if (reports.length === 0) return;
    crashPoint('templates.found');
    parts.onReports(reports.map((report) => templateReport(report, clock.now())));
  };
  const token = tokenFor(parts, shelf);
  if (token === undefined) return 'no sender with a token';
  const statuses = new Map((await listTemplates(database, shelf)).map((row) => [rowKey(row), row.status]));
  let after: string | undefined;
  for (let page = 0; page < PAGES_MAX; page += 1) {
    const cursor = after === undefined ? '' : `&after=${encodeURIComponent(after)}`;
    const path = `${encodeURIComponent(shelf.wabaId)}/message_templates?fields=${NODE_FIELDS}&limit=${PAGE_SIZE}${cursor}`;
    const answer = await parts.graph.get(path, token);
    if (answer.kind !== 'answered') return answer.reason;
    if (answer.status !== 200) return `http ${answer.status}`;
    const nodes = itemsAt(answer.body, 'data').flatMap((item): TemplateNode[] => {
      const node = nodeFromWire(item, (found) => statuses.get(rowKey(found)));
      return node === undefined ? [] : [node];
    });
    told(await putTemplates(database, shelf, momentOf(clock), { since, tells: true }, nodes));
    const paging = objectAt(answer.body, 'paging');
    after = textAt(objectAt(paging, 'cursors'), 'after');
    if (after === undefined || textAt(paging, 'next') === undefined) {
      told(await deleteUnseen(database, shelf, momentOf(clock), since));
      return undefined;
    }
  }
  return 'too many pages';
}

function rowKey({ name, language }: { name: string; language: string }): string {
  return `${name} ${language}`;
}

function tokenFor({ directory, tokenOf }: TemplateSyncParts, { account, wabaId }: Shelf): string | undefined {
  for (const sender of directory.senders()) {
    const token = sender.account === account && sender.wabaId === wabaId ? tokenOf(sender) : undefined;
    if (token !== undefined) return token;
  }
  return undefined;
}
