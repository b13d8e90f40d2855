// Links followed: one statement looks up what is asked for together and puts the clicks on disk, before any of the redirects is answered and
// any report goes out. Links that are not tracked are remembered a while.
import { hash as digest, randomBytes } from 'node:crypto';
import type { Clock } from '../lib/clock.js';
import { dayOf } from '../lib/day.js';
import { uuidv7 } from '../lib/id.js';
import { type ClickReport, type Followed, followLinks, type NewClick, saltOfDay } from '../store/clicks.js';
import { type Database, DatabaseError } from '../store/database.js';
import { ReportKind } from '../store/reports.js';
import { createCollector } from './collector.js';
import { clickBody, type Report } from './report.js';

/** Somebody asks for a link. `address`: where it comes from, in clear. */
export interface Asked extends Omit<NewClick, 'id' | 'at' | 'address'> {
  address: string;
}

/** Follows links. */
export interface Follows {
  /**
   * What becomes of a request, when its click is on disk. Undefined: too many wait, nothing was taken. Rejects with DatabaseError. A link
   * that is not tracked and was deleted works 10 s longer where it was followed before.
   */
  follow(asked: Asked): Promise<Pick<Followed, 'outcome' | 'target'>> | undefined;
  drain(): Promise<void>;
}

const GROUP_MAX = 500;
/** Two seconds of what a machine records. */
const BACKLOG_MAX = 10_000;
/** One group is looked up and written while the one before waits for the disk. */
const FLIGHTS = 2;
/** What is kept of a hash, 16 bytes: nobody takes two addresses of a day for one. */
const HASH_DIGITS = 32;
const SALT_BYTES = 32;
const REMEMBERED_MAX = 50_000;
const REMEMBERED_MS = 10_000;

interface Waiting {
  click: NewClick;
  address: string;
}

/** What it works with. */
export interface FollowsParts {
  database: Database;
  clock: Clock;
  /** Reports that were just committed. */
  onReports(reports: Report[]): void;
}

/** Creates it. */
export function createFollows({ database, clock, onReports }: FollowsParts): Follows {
  const hash = createHashes(database);
  const untracked = createUntracked(clock);
  const following = createCollector<Waiting, Followed>({
    groupMax: GROUP_MAX,
    backlogMax: BACKLOG_MAX,
    flights: FLIGHTS,
    async write(waiting) {
      const now = clock.now();
      const today = dayOf(now);
      const hashOf = await hash(today);
      const clicks = waiting.map(({ click, address }) => ({ ...click, address: hashOf(address) }));
      const followed = await persist((isRepeated) => followLinks(database, now, today, clicks, isRepeated));
      const reports = followed.flatMap(({ report }) => (report === undefined ? [] : [toReport(report, now)]));
      if (reports.length > 0) onReports(reports);
      followed.forEach((link, i) => {
        if (link.expiresAt !== null) untracked.remember(clicks[i], link);
      });
      return followed;
    },
  });
  return {
    follow(asked) {
      const known = untracked.find(asked);
      if (known !== undefined) return Promise.resolve(known);
      const { address, ...rest } = asked;
      const at = clock.now();
      return following.add({ click: { ...rest, id: uuidv7(at), at, address: null }, address });
    },
    drain: () => following.drain(),
  };
}

function toReport({ facts, ...report }: ClickReport, at: number): Report {
  return { ...report, kind: ReportKind.click, at, ref: facts.id, body: clickBody(facts) };
}

/** Once more when the connection was lost: the same ids under the same day are recorded once. */
async function persist<Result>(write: (isRepeated: boolean) => Promise<Result>): Promise<Result> {
  try {
    return await write(false);
  } catch (error) {
    if (!(error instanceof DatabaseError) || error.kind !== 'unavailable') throw error;
    return write(true);
  }
}

/** Hashes of addresses, by the salt of a day. The salt is the same in all processes, and forgotten after the day. */
function createHashes(database: Database): (day: number) => Promise<(address: string) => string> {
  let known: { day: number; salt: Buffer } | undefined;
  return async (day) => {
    if (known?.day !== day) known = { day, salt: await saltOfDay(database, day, randomBytes(SALT_BYTES)) };
    const salt = known.salt.toString('hex');
    return (address) => digest('sha256', `${salt} ${address}`, 'hex').slice(0, HASH_DIGITS);
  };
}

type Place = Pick<NewClick, 'link' | 'domain'>;

interface Untracked {
  find(place: Place): Pick<Followed, 'outcome' | 'target'> | undefined;
  remember(place: Place | undefined, followed: Followed): void;
}

/** Links that are not tracked need no commit: those that were followed lately are answered from memory. */
function createUntracked(clock: Clock): Untracked {
  const remembered = new Map<string, { place: Place; followed: Followed; until: number }>();
  return {
    find({ link, domain }) {
      const known = remembered.get(link);
      if (known === undefined || known.until <= clock.monotonic() || known.place.domain !== domain) return undefined;
      return (known.followed.expiresAt ?? 0) <= clock.now() ? { outcome: 'gone', target: null } : known.followed;
    },
    remember(place, followed) {
      if (place === undefined || followed.outcome !== 'found') return;
      // The oldest go first: a Map keeps the order of insertion.
      const [oldest] = remembered.size >= REMEMBERED_MAX ? remembered.keys() : [];
      if (oldest !== undefined) remembered.delete(oldest);
      remembered.delete(place.link);
      const { link, domain } = place;
      remembered.set(link, { place: { link, domain }, followed, until: clock.monotonic() + REMEMBERED_MS });
    },
  };
}
