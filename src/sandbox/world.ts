// The sandbox's whole state: tables of plain records and one clock. No I/O; what happens to it is decided elsewhere.
import Type from 'typebox';
import { checkerOf } from './checker.js';
import { createVirtualClock, type VirtualClock } from './clock.js';
import { type Flow, FlowRecord } from './flows/record.js';
import { businessScopedId } from './ids.js';
import {
  type App,
  AppRecord,
  type BusinessNumber,
  type Fault,
  FaultRecord,
  type Media,
  MediaRecord,
  type Message,
  MessageRecord,
  NumberRecord,
  type Pair,
  PairRecord,
  type Settings,
  SettingsRecord,
  type User,
  UserRecord,
  type Waba,
  WabaRecord,
  type Webhook,
  WebhookRecord,
} from './records.js';
import { createTable, type StoredTable, type Table, type TouchListener } from './table.js';
import {
  type Reviews,
  rewind,
  type Template,
  TemplateRecord,
  templateKey,
  type Upload,
  UploadRecord,
} from './templates/record.js';

/** Length of the customer service window: 24 hours from the user's last message (Meta 8). */
export const WINDOW_MS = 24 * 3_600_000;

/** Most records kept; the oldest that are over go first. */
export interface WorldLimits {
  messagesMax: number;
  webhooksMax: number;
}

/** Limits unless told otherwise: 470 MB resident, measured with both full of short texts. */
export const WORLD_LIMITS: WorldLimits = { messagesMax: 200_000, webhooksMax: 100_000 };

/** Reviews unless told otherwise; Meta takes 100 creations an hour (Meta 7.1). */
export const REVIEWS_DEFAULT: Reviews = {
  mode: 'approve',
  delayMs: 2000,
  reason: 'INVALID_FORMAT',
  creationsPerHour: 100,
};

const SETTINGS_ID = 'settings';
const USER_IDS_MAX = 200_000;

/** State and the few questions that every part asks of it. */
export interface World {
  clock: VirtualClock;
  limits: WorldLimits;
  apps: Table<App>;
  wabas: Table<Waba>;
  numbers: Table<BusinessNumber>;
  users: Table<User>;
  pairs: Table<Pair>;
  /** By the decimal `seq`. */
  messages: Table<Message>;
  /** By the decimal `seq`, which is the webhook's id. */
  webhooks: Table<Webhook>;
  faults: Table<Fault>;
  /** Files by media id; the bytes are in the media library. */
  media: Table<Media>;
  /** By `templateKey`. */
  templates: Table<Template>;
  flows: Table<Flow>;
  /** Resumable uploads by the id of their session. */
  uploads: Table<Upload>;
  /** The settings; call `saveSettings` after a change. */
  settings(): Settings;
  saveSettings(): void;
  /** The message of that wamid, either way. */
  messageOf(wamid: string): Message | undefined;
  addMessage(message: Message): void;
  /** The user with that number, as a fresh object with defaults when never touched. */
  userOf(number: string): User;
  /** The BSUID of a user, and the user of a BSUID that was given out before. */
  userIdOf(number: string): string;
  numberOfUserId(userId: string): string | undefined;
  /** Whether free-form messages to `user` are allowed now. */
  isWindowOpen(phoneNumberId: string, user: string): boolean;
  /** Lets the user count as having just written to the number. Returns the pair. */
  openWindow(phoneNumberId: string, user: string): Pair;
  /** All tables, in the order in which they must be loaded. */
  tables: readonly StoredTable[];
  /** Rebuilds what is derived from the tables, after a load. */
  loaded(): void;
  /** Back to the start: messages, webhooks, faults, users, progress, window and clock are cleared; WABAs, numbers, tokens, URLs, templates, flows and uploaded media stay. */
  reset(): void;
}

/** An empty world. `touch` hears of every changed record. */
export function createWorld(touch: TouchListener, limits: WorldLimits = WORLD_LIMITS): World {
  const clock = createVirtualClock();
  const settings = createTable('settings', SettingsRecord, touch);
  const tables = {
    apps: createTable('apps', AppRecord, touch),
    wabas: createTable('wabas', WabaRecord, touch),
    numbers: createTable('numbers', NumberRecord, touch),
    users: createTable('users', UserRecord, touch),
    pairs: createTable('pairs', PairRecord, touch),
    messages: createTable('messages', MessageRecord, touch),
    webhooks: createTable('webhooks', WebhookRecord, touch, (webhook) => webhook.state === 'waiting'),
    faults: createTable('faults', FaultRecord, touch),
    media: createTable('media', MediaRecord, touch),
    templates: createTable('templates', TemplateRecord, touch),
    flows: createTable('flows', FlowRecord, touch),
    uploads: createTable('uploads', UploadRecord, touch),
  };
  const { wabas, users, pairs, messages, webhooks, faults, media, templates, uploads } = tables;
  const seqOfWamid = new Map<string, string>();
  const userIds = createUserIds(users);
  settings.put(SETTINGS_ID, defaultSettings());
  const world: World = {
    clock,
    limits,
    ...tables,
    tables: [settings, ...Object.values(tables)],
    settings: () => settings.get(SETTINGS_ID) ?? defaultSettings(),
    saveSettings: () => settings.put(SETTINGS_ID, world.settings()),
    messageOf(wamid) {
      const seq = seqOfWamid.get(wamid);
      return seq === undefined ? undefined : messages.get(seq);
    },
    addMessage(message) {
      messages.put(String(message.seq), message);
      seqOfWamid.set(message.id, String(message.seq));
      for (const dropped of trim(
        messages,
        limits.messagesMax,
        (old) => old.plan.length === 0 && old.awaitsMedia !== true,
      )) {
        seqOfWamid.delete(dropped.id);
      }
    },
    userOf: (number) => users.get(number) ?? defaultUser(number),
    userIdOf: userIds.idOf,
    numberOfUserId: userIds.numberOf,
    isWindowOpen(phoneNumberId, user) {
      if (world.settings().window === 'open') return true;
      const pair = pairs.get(`${phoneNumberId}:${user}`);
      return pair !== undefined && clock.now() - pair.lastInboundAt < WINDOW_MS;
    },
    openWindow(phoneNumberId, user) {
      const id = `${phoneNumberId}:${user}`;
      const pair = pairs.get(id) ?? { phoneNumberId, user, lastInboundAt: 0, unread: [] };
      pair.lastInboundAt = clock.now();
      pairs.put(id, pair);
      return pair;
    },
    loaded() {
      if (settings.size === 0) settings.put(SETTINGS_ID, defaultSettings());
      clock.setOffsetMs(world.settings().clockOffsetMs);
      seqOfWamid.clear();
      for (const message of messages.values()) seqOfWamid.set(message.id, String(message.seq));
    },
    reset() {
      for (const table of [users, pairs, messages, webhooks, faults]) table.clear();
      for (const each of [...media.values()]) if (each.source !== 'upload') media.delete(each.id);
      const { nextMessageSeq, nextWebhookSeq, verified } = world.settings();
      settings.put(SETTINGS_ID, { ...defaultSettings(), nextMessageSeq, nextWebhookSeq, verified });
      world.loaded();
      uploads.clear();
      for (const template of templates.values()) {
        rewind(template, clock.now());
        templates.put(templateKey(template.wabaId, template.name, template.language), template);
      }
      for (const waba of wabas.values()) openFirstWindows(world, waba);
    },
  };
  return world;
}

/** Lets the users named in `openFor` of a WABA count as having just written to all of its numbers. */
export function openFirstWindows(world: World, waba: Waba): void {
  for (const user of waba.openFor) {
    for (const phoneNumberId of waba.phoneNumberIds) {
      world.openWindow(phoneNumberId, user);
      world.users.put(user, { ...world.userOf(user), lastPhoneNumberId: phoneNumberId });
    }
  }
}

function defaultSettings(): Settings {
  return {
    progress: { mode: 'immediate', sentMs: 0, deliveredMs: 0, readMs: 0, batchMax: 1 },
    window: 'enforced',
    reviews: REVIEWS_DEFAULT,
    clockOffsetMs: 0,
    nextMessageSeq: 1,
    nextWebhookSeq: 1,
    verified: [],
  };
}

function defaultUser(number: string): User {
  return {
    number,
    exists: true,
    online: true,
    readReceipts: true,
    blocked: false,
    profileName: `User ${number.slice(-4)}`,
    lastPhoneNumberId: null,
  };
}

function createUserIds(users: Table<User>): { idOf(number: string): string; numberOf(id: string): string | undefined } {
  const idOfNumber = new Map<string, string>();
  const numberOfId = new Map<string, string>();
  function idOf(number: string): string {
    const known = idOfNumber.get(number);
    if (known !== undefined) return known;
    if (idOfNumber.size >= USER_IDS_MAX) {
      idOfNumber.clear();
      numberOfId.clear();
    }
    const id = businessScopedId('sandbox', number);
    idOfNumber.set(number, id);
    numberOfId.set(id, number);
    return id;
  }
  return {
    idOf,
    numberOf(id) {
      if (!numberOfId.has(id)) for (const user of users.values()) if (idOf(user.number) === id) break;
      return numberOfId.get(id);
    },
  };
}

/** How many of the oldest records are looked at for one that may be dropped. */
const TRIM_LOOK_MAX = 100;

/** Drops the oldest records that `canDrop` until at most `max` are left; the very oldest when none of the first hundred may go. Returns them. */
function trim<V extends { seq: number }>(table: Table<V>, max: number, canDrop: (value: V) => boolean): V[] {
  const dropped: V[] = [];
  while (table.size > max) {
    let oldest: V | undefined;
    let choice: V | undefined;
    let looked = 0;
    for (const value of table.values()) {
      oldest ??= value;
      if (canDrop(value)) choice = value;
      if (choice !== undefined || ++looked >= TRIM_LOOK_MAX) break;
    }
    const victim = choice ?? oldest;
    if (victim === undefined) break;
    table.delete(String(victim.seq));
    dropped.push(victim);
  }
  return dropped;
}

const SNAPSHOT_FORMAT = 1;
const Snapshot = checkerOf(
  Type.Object({
    format: Type.Literal(SNAPSHOT_FORMAT),
    records: Type.Array(Type.Tuple([Type.String(), Type.String(), Type.Unknown()])),
  }),
);

/** The whole state as one JSON value; finished webhooks are not part of it. */
export function takeSnapshot(world: World): { format: number; records: [string, string, unknown][] } {
  const records: [string, string, unknown][] = [];
  for (const table of world.tables) {
    for (const id of table.ids()) {
      const value = table.stored(id);
      if (value !== undefined) records.push([table.name, id, value]);
    }
  }
  return { format: SNAPSHOT_FORMAT, records };
}

/** Replaces the state by a snapshot. Throws Error, with the state untouched, when it is not one. */
export function restoreSnapshot(world: World, snapshot: unknown): void {
  if (!Snapshot.Check(snapshot)) throw new Error('not a snapshot');
  const trial = createWorld(() => {}, world.limits);
  for (const target of [trial, world]) {
    const tables = new Map(target.tables.map((table) => [table.name, table]));
    for (const table of target.tables) table.clear();
    for (const [name, id, value] of snapshot.records) {
      const table = tables.get(name);
      if (table === undefined) throw new Error(`no table ${name}`);
      table.load(id, structuredClone(value));
    }
    target.loaded();
  }
}
