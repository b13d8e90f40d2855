// What is sent of messages that an earlier owner of their lane held: rows in `held` do not carry it.
import type { Database } from '../store/database.js';
import { readLaneSeqs } from '../store/lanes.js';
import type { Work } from './work.js';

/** Reads the messages of those works that have none. `persist` repeats a read while the database is away. */
export async function loadContents(
  database: Database,
  works: readonly Work[],
  persist: (read: () => Promise<void>) => Promise<void>,
): Promise<void> {
  const missing = new Map<string, Work[]>();
  for (const work of works) {
    if (work.message !== undefined) continue;
    const key = `${work.day}:${work.lane}`;
    missing.set(key, [...(missing.get(key) ?? []), work]);
  }
  for (const some of missing.values()) {
    const [first] = some;
    if (first === undefined) continue;
    await persist(async () => {
      const seqs = some.map((work) => work.seq);
      const messages = await readLaneSeqs(database, first.day, first.lane, seqs);
      const bySeq = new Map(messages.map((message) => [message.seq, message]));
      for (const work of some) work.message = bySeq.get(work.seq);
    });
  }
}
