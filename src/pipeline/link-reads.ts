// Short links by their ids, from memory as far as it reaches: what is asked for at once is read at once, and what was read is remembered a
// while. A deleted link works that much longer, in other processes than the one that deleted it.
import type { Clock } from '../lib/clock.js';
import type { Database } from '../store/database.js';
import { type LinkRow, readLinks } from '../store/links.js';
import { createCollector } from './collector.js';

/** Reads links. */
export interface LinkReads {
  /** The link, expired and deleted ones too, or null; undefined: too many wait. Rejects with DatabaseError. */
  read(id: string): LinkRow | null | Promise<LinkRow | null> | undefined;
}

const REMEMBERED_MAX = 50_000;
const REMEMBERED_MS = 10_000;
const GROUP_MAX = 500;
const BACKLOG_MAX = 10_000;

interface Remembered {
  link: LinkRow | null;
  until: number;
}

/** Creates it. */
export function createLinkReads(database: Database, clock: Clock): LinkReads {
  const remembered = new Map<string, Remembered>();
  const reading = createCollector<string, LinkRow | null>({
    groupMax: GROUP_MAX,
    backlogMax: BACKLOG_MAX,
    flights: 2,
    async write(ids) {
      const rows = new Map((await readLinks(database, [...new Set(ids)])).map((row) => [row.id, row]));
      return ids.map((id) => rows.get(id) ?? null);
    },
  });
  function remember(id: string, link: LinkRow | null): void {
    // The oldest go first: a Map keeps the order of insertion.
    if (remembered.size >= REMEMBERED_MAX)
      for (const old of remembered.keys()) {
        remembered.delete(old);
        break;
      }
    remembered.delete(id);
    remembered.set(id, { link, until: clock.monotonic() + REMEMBERED_MS });
  }
  return {
    read(id) {
      const known = remembered.get(id);
      if (known !== undefined && known.until > clock.monotonic()) return known.link;
      return reading.add(id)?.then((link) => {
        // Whoever tries ids at random fills nothing.
        if (link !== null) remember(id, link);
        return link;
      });
    },
  };
}
