// Domains, remembered: all of them as one snapshot in memory, made anew when the database says that one changed.
import type { Database } from './database.js';
import type { DomainRow } from './domains.js';

/** A domain as sends and redirects know it. */
export type KnownDomain = Pick<DomainRow, 'id' | 'account' | 'host' | 'state'>;

/** All domains, as one snapshot in memory. */
export interface DomainDirectory {
  /** What `account` claims; `host` in the form of DNS. */
  domainOf(account: number, host: string): KnownDomain | undefined;
  /** Whose links are served at `host`: of who is verified, else of who was last. */
  ownerOf(host: string): KnownDomain | undefined;
  /** Of the snapshot: another one means that domains or their certificates changed. */
  version(): number;
  /** Calls `listener` after each change; returns what stops that. */
  onChange(listener: () => void): () => void;
  /** Loads the snapshot now if anything changed. Throws DatabaseError. */
  refresh(): Promise<void>;
}

const VERSION = { name: 'domains_version', text: 'SELECT version FROM domains_version' };
const ALL = {
  name: 'domains_all',
  text: `SELECT id, account, host, state FROM domains WHERE deleted_at IS NULL ORDER BY state = 'verified', verified_at NULLS FIRST, id`,
};

interface Snapshot {
  version: number;
  claims: Map<string, KnownDomain>;
  owners: Map<string, KnownDomain>;
}

/** Reads the first snapshot. Throws DatabaseError. */
export async function openDomainDirectory(database: Database): Promise<DomainDirectory> {
  let snapshot = await load(database);
  let loading: Promise<void> | undefined;
  const listeners = new Set<() => void>();
  async function reload(): Promise<void> {
    const version = await readVersion(database);
    if (version === snapshot.version) return;
    snapshot = await load(database);
    for (const listener of listeners) listener();
  }
  return {
    version: () => snapshot.version,
    onChange(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    domainOf: (account, host) => snapshot.claims.get(`${account} ${host}`),
    ownerOf: (host) => snapshot.owners.get(host),
    async refresh() {
      // A load under way may have read before the caller's change: wait for it, then look again.
      if (loading !== undefined) await loading.catch(() => undefined);
      loading ??= reload().finally(() => {
        loading = undefined;
      });
      await loading;
    },
  };
}

async function readVersion(database: Database): Promise<number> {
  const [row] = await database.run<{ version: number }>(VERSION, []);
  return row?.version ?? 0;
}

async function load(database: Database): Promise<Snapshot> {
  // The version is read first: a change during the load is then seen as one more change.
  const version = await readVersion(database);
  const rows = await database.run<KnownDomain>(ALL, []);
  return {
    version,
    claims: new Map(rows.map((row) => [`${row.account} ${row.host}`, row])),
    // The last of a host wins; one that was never proved owns nothing.
    owners: new Map(rows.filter(({ state }) => state !== 'unverified').map((row) => [row.host, row])),
  };
}
