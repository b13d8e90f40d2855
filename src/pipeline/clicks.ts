// Clicks: each is on disk before the redirect that it asked for is answered, and so before its report goes out. What arrives together
// shares a commit.
import { createHmac, randomBytes } from 'node:crypto';
import type { Clock } from '../lib/clock.js';
import { dayOf } from '../lib/day.js';
import { uuidv7 } from '../lib/id.js';
import { type ClickReport, type NewClick, recordClicks, saltOfDay } from '../store/clicks.js';
import { type Database, DatabaseError } from '../store/database.js';
import { ReportKind } from '../store/reports.js';
import { createCollector } from './collector.js';
import { clickBody, type Report } from './report.js';

/** A click as it happened. `address`: where it came from; null when its account keeps none. */
export interface Click extends Omit<NewClick, 'id' | 'at' | 'address'> {
  address: string | null;
}

/** Records clicks. */
export interface Clicks {
  /** Resolves when it is on disk. Undefined: too many wait, nothing was taken. Rejects with DatabaseError. */
  record(click: Click): Promise<true> | undefined;
  drain(): Promise<void>;
}

const GROUP_MAX = 500;
/** Three seconds of what a machine records. */
const BACKLOG_MAX = 10_000;
/** What is kept of a hash: nobody tells two addresses of a day apart by chance. */
const HASH_BYTES = 16;
const SALT_BYTES = 32;

interface Waiting {
  click: NewClick;
  address: string | null;
}

/** What it works with. */
export interface ClickParts {
  database: Database;
  clock: Clock;
  /** Reports that were just committed. */
  onReports(reports: Report[]): void;
}

/** Creates it. */
export function createClicks({ database, clock, onReports }: ClickParts): Clicks {
  const hash = createHashes(database);
  const recording = createCollector<Waiting, true>({
    groupMax: GROUP_MAX,
    backlogMax: BACKLOG_MAX,
    async write(waiting) {
      const now = clock.now();
      const today = dayOf(now);
      const hashOf = waiting.some(({ address }) => address !== null) ? await hash(today) : () => null;
      const clicks = waiting.map(({ click, address }) => ({
        ...click,
        address: address === null ? null : hashOf(address),
      }));
      const reports = await persist(() => recordClicks(database, now, today, clicks));
      if (reports.length > 0) onReports(reports.map((report) => toReport(report, now)));
      return clicks.map(() => true);
    },
  });
  return {
    record: ({ address, ...click }) =>
      recording.add({ click: { ...click, id: uuidv7(clock.now()), at: clock.now(), address: null }, address }),
    drain: () => recording.drain(),
  };
}

function toReport(facts: ClickReport, at: number): Report {
  const { endpoint, seq, day, id, url } = facts;
  return { endpoint, seq, day, kind: ReportKind.click, at, ref: id, url, body: clickBody(facts) };
}

/** Once more when the connection was lost: the same ids under the same day are recorded once. */
async function persist<Result>(write: () => Promise<Result>): Promise<Result> {
  try {
    return await write();
  } catch (error) {
    if (!(error instanceof DatabaseError) || error.kind !== 'unavailable') throw error;
    return write();
  }
}

/** Hashes of addresses, by the salt of a day. The salt is the same in all processes, and forgotten after the day. */
function createHashes(database: Database): (day: number) => Promise<(address: string) => Buffer> {
  let known: { day: number; salt: Buffer } | undefined;
  return async (day) => {
    if (known?.day !== day) known = { day, salt: await saltOfDay(database, day, randomBytes(SALT_BYTES)) };
    const { salt } = known;
    return (address) => createHmac('sha256', salt).update(address).digest().subarray(0, HASH_BYTES);
  };
}
