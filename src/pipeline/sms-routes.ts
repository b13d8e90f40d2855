// The providers of all accounts that have one, kept as the database says: made, replaced and closed as routes change.
import type { SecretBox } from '../lib/secrets.js';
import type { SmsEvents, SmsProvider } from '../sms/provider.js';
import type { Database } from '../store/database.js';
import { listSmsRoutes, type SmsProviderName, type SmsRouteRow } from '../store/sms.js';

/** An account's way to send short messages. */
export interface SmsRoute {
  provider: SmsProvider;
  smsUnknown: SmsRouteRow['smsUnknown'];
}

/** How long WhatsApp has, of messages accepted `since` then, epoch ms. */
export interface SmsWait {
  seconds: number;
  since: number;
}

/** All of them. */
export interface SmsRoutes {
  /** Looks for changes. Throws DatabaseError. */
  refresh(): Promise<void>;
  find(account: number): SmsRoute | undefined;
  /** Accounts whose provider can take something now. */
  ready(): number[];
  /** How long WhatsApp has, by account; those without such a limit are not in it. */
  waits(): ReadonlyMap<number, SmsWait>;
  /** Called whenever a provider can take something again. */
  onReady(listener: () => void): void;
  stop(): Promise<void>;
}

/** What it works with. */
export interface SmsRoutesParts {
  database: Database;
  secrets: SecretBox;
  /** Makes the provider of `account` from its settings. */
  create(account: number, name: SmsProviderName, settings: unknown, events: Omit<SmsEvents, 'onReceipt'>): SmsProvider;
  onTrouble(account: number, reason: string): void;
}

interface Entry extends SmsRoute {
  changedAt: number;
  wait: SmsWait | undefined;
}

/** No routes before the first `refresh`. */
export function createSmsRoutes({ database, secrets, create, onTrouble }: SmsRoutesParts): SmsRoutes {
  const entries = new Map<number, Entry>();
  const state: { listener: () => void } = { listener: () => {} };

  function open(row: SmsRouteRow): Entry | undefined {
    try {
      const settings: unknown = JSON.parse(secrets.open(row.settings));
      const provider = create(row.account, row.provider, settings, {
        onReady: () => state.listener(),
        onTrouble: (reason) => onTrouble(row.account, reason),
      });
      const { smsUnknown, changedAt, afterSeconds, watchedSince } = row;
      const wait = afterSeconds === null ? undefined : { seconds: afterSeconds, since: watchedSince ?? changedAt };
      return { provider, smsUnknown, changedAt, wait };
    } catch (error) {
      onTrouble(row.account, `the settings cannot be used: ${error instanceof Error ? error.message : error}`);
      return undefined;
    }
  }

  return {
    async refresh() {
      const rows = await listSmsRoutes(database);
      for (const [account, entry] of entries) {
        if (rows.some((row) => row.account === account && row.changedAt === entry.changedAt)) continue;
        entries.delete(account);
        await entry.provider.stop();
      }
      for (const row of rows) {
        if (entries.has(row.account)) continue;
        const entry = open(row);
        if (entry !== undefined) entries.set(row.account, entry);
      }
    },
    find: (account) => entries.get(account),
    ready: () => [...entries].filter(([, { provider }]) => provider.isReady()).map(([account]) => account),
    waits: () =>
      new Map([...entries].flatMap(([account, { wait }]) => (wait === undefined ? [] : [[account, wait] as const]))),
    onReady(listener) {
      state.listener = listener;
    },
    async stop() {
      await Promise.all([...entries.values()].map(({ provider }) => provider.stop()));
      entries.clear();
    },
  };
}
