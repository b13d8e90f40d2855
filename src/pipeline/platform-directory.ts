// Which applications and entities are known to be there: every request that names one asks, and makes what is new.
import type { NamedPlatform } from '../contract/provisioning.js';
import type { Clock } from '../lib/clock.js';
import type { Database } from '../store/database.js';
import type { Directory } from '../store/directory.js';
import { insertPlatform, type PlatformKind } from '../store/platforms.js';

/** Makes applications and entities on their first use (Infobip 6). */
export interface PlatformDirectory {
  /** Sees that what is named is there; undefined: it is, as far as is known. Rejects with DatabaseError. */
  ensure(account: number, named: NamedPlatform): Promise<unknown> | undefined;
}

/** Forgotten all at once above this; they are found again. */
const REMEMBERED_MAX = 100_000;

/** Creates it. A deleted one is forgotten with the next change of `directory`, which its deletion is. */
export function createPlatformDirectory(
  database: Database,
  clock: Clock,
  directory: Pick<Directory, 'onChange'>,
): PlatformDirectory {
  const known = new Set<string>();
  directory.onChange(() => known.clear());
  function missing(account: number, kind: PlatformKind, id: string | undefined): Promise<unknown> | undefined {
    if (id === undefined) return undefined;
    const key = `${account} ${kind} ${id}`;
    if (known.has(key)) return undefined;
    return insertPlatform(database, kind, account, { id, name: id }, clock.now()).then(() => {
      if (known.size >= REMEMBERED_MAX) known.clear();
      known.add(key);
    });
  }
  return {
    ensure(account, { applicationId, entityId }) {
      const application = missing(account, 'application', applicationId);
      const entity = missing(account, 'entity', entityId);
      return application === undefined && entity === undefined ? undefined : Promise.all([application, entity]);
    },
  };
}
