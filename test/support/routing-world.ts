// Two accounts with senders on a database of their own: events go in where Meta's webhooks and our own decisions put them, and the targets
// that the transaction chose are read from disk.
import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import type { NoIdSubscriptionRequest } from '../../src/contract/subscriptions/subscription.js';
import { createClock } from '../../src/lib/clock.js';
import { dayOf } from '../../src/lib/day.js';
import { uuidv7 } from '../../src/lib/id.js';
import { createLog } from '../../src/lib/log.js';
import { createSecretBox } from '../../src/lib/secrets.js';
import { createAccount } from '../../src/manage/accounts.js';
import { createProfile } from '../../src/manage/profiles.js';
import { isRefusal } from '../../src/manage/refusal.js';
import { createSender } from '../../src/manage/senders.js';
import { createSubscription } from '../../src/manage/subscriptions.js';
import { acceptMessages } from '../../src/store/accepting.js';
import { type Database, openDatabase } from '../../src/store/database.js';
import { startEmbedded } from '../../src/store/embedded.js';
import { appendEvents } from '../../src/store/events.js';
import { appendInbound } from '../../src/store/inbound.js';
import { migrate } from '../../src/store/migrate.js';
import { ensurePartitions } from '../../src/store/partitions.js';
import { ensureEndpoint } from '../../src/store/senders.js';
import { temporaryFolder } from './dev-world.js';

/** What a message says of itself, beside its sender. */
export interface Outbound {
  notifyUrl?: string;
  applicationId?: string;
  entityId?: string;
  user?: string;
}

/** A subscription to make; its name is also that of its profile, and `url` where that posts to. */
export interface Subscribed extends Partial<Omit<NoIdSubscriptionRequest, 'profile'>> {
  url: string;
}

/** An account of this world with one sender. */
export interface Tenant {
  account: number;
  sender: string;
  phoneNumberId: string;
  lane: number;
}

/** The running world. */
export interface RoutingWorld {
  database: Database;
  parts: Parameters<typeof createSubscription>[0];
  /** An account with one sender; or another sender of `account`. */
  tenant(settings?: { sender?: string; forwardUrl?: string; account?: number }): Promise<Tenant>;
  subscribe(tenant: Tenant, name: string, subscribed: Subscribed): Promise<void>;
  /** Accepts a message, lets it be delivered and read; the URLs that were chosen for each, null for none, and who may pull the first. */
  deliverAndRead(tenant: Tenant, outbound: Outbound): Promise<Told>;
  /** Takes a text from a user; the URL that was chosen, null for none. */
  receive(tenant: Tenant, text: string, quoted?: string): Promise<string | null>;
  /** Unsubscribes everybody. */
  clear(): Promise<void>;
  stop(): Promise<void>;
}

/** Where reports on one message went. */
export interface Told {
  message: string;
  delivery: string | null;
  seen: string | null;
  isPullable: boolean;
}

/** Starts it. */
export async function startRoutingWorld(): Promise<RoutingWorld> {
  const clock = createClock();
  const log = createLog('silent');
  const dataDir = temporaryFolder('routing');
  const postgres = await startEmbedded({ dataDir, log });
  await migrate(postgres.url, log);
  const database = openDatabase({ url: postgres.url, log, connectionsMax: 2 });
  await ensurePartitions(database, dayOf(clock.now()));
  const parts = { database, clock, secrets: createSecretBox(Buffer.alloc(32, 7)), checkUrl: () => undefined };
  const day = dayOf(clock.now());
  let tenants = 0;
  const world: RoutingWorld = {
    database,
    parts,
    async tenant({ sender, forwardUrl, account: owner } = {}) {
      tenants += 1;
      const made =
        owner === undefined ? await createAccount({ database, clock }, { name: `tenant ${tenants}` }) : undefined;
      assert.ok(made === undefined || !isRefusal(made));
      const account = owner ?? made?.id ?? 0;
      const number = sender ?? String(441_134_960_000 + tenants);
      const phoneNumberId = `9${number}`;
      const row = await createSender(parts, account, {
        sender: number,
        phoneNumberId,
        wabaId: '1',
        accessToken: 'token',
        forwardUrl: forwardUrl ?? null,
      });
      assert.ok(!isRefusal(row), JSON.stringify(row));
      return { account, sender: number, phoneNumberId, lane: row.id };
    },
    async subscribe({ account }, name, { url, ...subscribed }) {
      const owner = { account, platform: [] };
      const profile = { profileId: name, webhook: { notifyUrl: url } };
      const made = await createProfile(parts, owner, profile);
      assert.ok(!isRefusal(made) || made.refusal === 'conflict', JSON.stringify(made));
      const request = { events: ['DELIVERY', 'SEEN', 'INBOUND_MESSAGE'], ...subscribed };
      const row = await createSubscription(parts, owner, 'WHATSAPP', {
        ...request,
        subscriptionId: name,
        profile: { profileId: name },
      });
      assert.ok(!isRefusal(row), JSON.stringify(row));
    },
    async deliverAndRead(tenant, outbound) {
      const message = await accept(tenant, outbound);
      const told: Told = { message, delivery: null, seen: null, isPullable: false };
      for (const kind of [5, 6]) {
        const event = { message, attempt: 1, kind, at: clock.now(), phoneNumberId: tenant.phoneNumberId };
        const nothing = { wamid: `wamid.${message}`, statusId: null, errorId: null, metaCode: null, detail: null };
        await appendEvents(database, clock.now(), day, day, [{ ...event, ...nothing }]);
      }
      for (const { kind, url } of await reportsOf(message)) {
        if (kind === 1) told.delivery = url ?? outbound.notifyUrl ?? '';
        else told.seen = url ?? outbound.notifyUrl ?? '';
      }
      const text = 'SELECT FROM events WHERE message = $1 AND pull_account = $2';
      told.isPullable = (await database.run({ name: '', text }, [message, tenant.account])).length === 1;
      return told;
    },
    async receive(tenant, text, quoted) {
      const id = uuidv7(clock.now());
      const inbound = {
        id,
        phoneNumberId: tenant.phoneNumberId,
        wamid: `wamid.in.${id}`,
        sentAt: clock.now(),
        raw: '{}',
        word: text.split(' ')[0]?.toUpperCase(),
        quoted,
        media: undefined,
      };
      await appendInbound(database, clock.now(), day, day, [inbound], { since: 0, days: [day] });
      return (await reportsOf(id))[0]?.url ?? null;
    },
    async clear() {
      for (const table of ['subscriptions', 'profiles'])
        await database.run({ name: '', text: `DELETE FROM ${table}` }, []);
    },
    async stop() {
      await database.stop();
      await postgres.stop();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
  async function accept({ account, sender, lane }: Tenant, outbound: Outbound): Promise<string> {
    const id = uuidv7(clock.now());
    const { notifyUrl } = outbound;
    const endpoint =
      notifyUrl === undefined ? null : await ensureEndpoint(database, account, new URL(notifyUrl).origin, clock.now());
    const message = { id, account, lane, endpoint, messageId: null, sender, recipient: '441134969999' };
    const envelope = Object.keys(outbound).length === 0 ? null : JSON.stringify(outbound);
    await acceptMessages(database, clock.now(), day, [{ ...message, type: 'TEXT', content: '{}', envelope }], 23);
    const submitted = { message: id, attempt: 1, kind: 1, at: clock.now(), phoneNumberId: null, wamid: `wamid.${id}` };
    const nothing = { statusId: null, errorId: null, metaCode: null, detail: null };
    await appendEvents(database, clock.now(), day, day, [{ ...submitted, ...nothing }]);
    return id;
  }
  async function reportsOf(ref: string): Promise<{ kind: number; url: string | null }[]> {
    return database.run({ name: '', text: 'SELECT kind, url FROM reports WHERE ref = $1' }, [ref]);
  }
  return world;
}
