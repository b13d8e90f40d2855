// Everything that an account has of one person: looked through in slices, so that no statement takes long however much there is.
import type { Database } from './database.js';
import { listPartitions } from './partitions.js';

/** A person as one account knows them. */
export interface Person {
  account: number;
  /** Digits of their numbers and user ids of WhatsApp: whole values. */
  ids: readonly string[];
  /** Finds any of `ids` inside a text; PostgreSQL and JavaScript read it alike. */
  pattern: string;
}

/** Separators that people write between the digits of a number. */
const GAP = '[ .()/-]{0,2}';

/** Whoever has one of `ids`. */
export function personOf(account: number, ids: readonly string[]): Person {
  const forms = ids.map((id) => (/^\d+$/.test(id) ? [...id].join(GAP) : id.replaceAll('.', '\\.')));
  return { account, ids, pattern: `(^|[^0-9A-Za-z]|\\\\[nrt])(${forms.join('|')})($|[^0-9A-Za-z])` };
}

/** Whether a text names the person. */
export function namesPerson({ pattern }: Pick<Person, 'pattern'>, text: string): boolean {
  return new RegExp(pattern).test(text);
}

/** A message to the person, or one that names them. */
export interface PersonMessage {
  day: number;
  lane: number;
  seq: number;
  id: string;
  acceptedAt: number;
  messageId: string | null;
  sender: string | null;
  recipient: string;
  type: string;
  content: string;
  envelope: string | null;
}

/** An inbound message of the person, or one that names them. */
export interface PersonInbound {
  day: number;
  lane: number;
  wamid: string;
  id: string;
  sentAt: number;
  raw: string;
}

const LANES = {
  name: 'person_lanes',
  text: 'SELECT id, waba_id AS "wabaId" FROM senders WHERE account = $1 ORDER BY id',
};

/** The lanes of an account, removed senders among them, and the WABAs that they belong to. */
async function readLanesOf(database: Database, account: number): Promise<{ lanes: number[]; wabaIds: string[] }> {
  const rows = await database.run<{ id: number; wabaId: string }>(LANES, [account]);
  return { lanes: rows.map(({ id }) => id), wabaIds: [...new Set(rows.map(({ wabaId }) => wabaId))] };
}

/** Days that there is a partition of a table for, oldest first. */
export async function readDaysOf(
  database: Database,
  table: 'messages' | 'inbound' | 'attempts' | 'notices' | 'meta_changes',
): Promise<number[]> {
  return (await listPartitions(database)).filter((one) => one.table === table).map(({ day }) => day);
}

const SLICE_ROWS = 2_000;
// The last row of a slice comes too, so that the next one begins after it.
const MESSAGES = {
  name: 'person_messages',
  text: `WITH slice AS MATERIALIZED (
      SELECT day, lane, seq, id, accepted_at AS "acceptedAt", message_id AS "messageId", sender, recipient, type, content, envelope
      FROM messages WHERE day = $1 AND lane = $2 AND seq > $3 AND account = $4 ORDER BY seq LIMIT ${SLICE_ROWS}
    ), looked AS (
      SELECT s.*, s.recipient = ANY ($5::text[]) OR s.content ~ $6 OR coalesce(s.envelope, '') ~ $6 OR coalesce(s."messageId", '') ~ $6 AS "isHit"
      FROM slice s
    )
    SELECT l.* FROM looked l WHERE l."isHit" OR l.seq = (SELECT max(seq) FROM slice) ORDER BY l.seq`,
};
const INBOUND = {
  name: 'person_inbound',
  text: `WITH slice AS MATERIALIZED (
      SELECT day, lane, wamid, id, sent_at AS "sentAt", raw, paired_envelope
      FROM inbound WHERE day = $1 AND lane = $2 AND wamid > $3 ORDER BY wamid LIMIT ${SLICE_ROWS}
    ), looked AS (
      SELECT s.day, s.lane, s.wamid, s.id, s."sentAt", s.raw, s.raw ~ $4 OR coalesce(s.paired_envelope, '') ~ $4 AS "isHit" FROM slice s
    )
    SELECT l.* FROM looked l WHERE l."isHit" OR l.wamid = (SELECT max(wamid) FROM slice) ORDER BY l.wamid`,
};

/** Messages to the person and messages that name them, in groups, day by day. */
export async function* readMessagesOf(database: Database, person: Person): AsyncGenerator<PersonMessage[]> {
  const { lanes } = await readLanesOf(database, person.account);
  for (const day of await readDaysOf(database, 'messages')) {
    // Lane 0 has what was refused at once, of all accounts.
    for (const lane of [0, ...lanes]) {
      for (let after = 0; ; ) {
        const values = [day, lane, after, person.account, person.ids, person.pattern];
        const rows = await database.run<PersonMessage & { isHit: boolean }>(MESSAGES, values);
        const hits = rows.filter(({ isHit }) => isHit);
        if (hits.length > 0) yield hits;
        const last = rows.at(-1);
        if (last === undefined) break;
        after = last.seq;
      }
    }
  }
}

/** Inbound messages of the person and those that name them, in groups, day by day. */
export async function* readInboundOf(database: Database, person: Person): AsyncGenerator<PersonInbound[]> {
  const { lanes } = await readLanesOf(database, person.account);
  for (const day of await readDaysOf(database, 'inbound')) {
    for (const lane of lanes) {
      for (let after = ''; ; ) {
        const rows = await database.run<PersonInbound & { isHit: boolean }>(INBOUND, [
          day,
          lane,
          after,
          person.pattern,
        ]);
        const hits = rows.filter(({ isHit }) => isHit);
        if (hits.length > 0) yield hits;
        const last = rows.at(-1);
        if (last === undefined) break;
        after = last.wamid;
      }
    }
  }
}

/** What else is known of a person, for them to read: an object per row, each with its kind. `at` and `id` are the row's key: pages follow it. */
const PAGED = [
  {
    name: 'person_scheduled',
    kind: 'scheduled',
    at: 'dueAt',
    id: 'id',
    text: `SELECT id, bulk_id AS "bulkId", due_at AS "dueAt", sender, recipient, type, content, envelope FROM scheduled
      WHERE account = $1 AND recipient = ANY ($2::text[]) AND (due_at, id::text) > ($3, $4) ORDER BY due_at, id::text LIMIT ${SLICE_ROWS}`,
  },
  {
    name: 'person_sms',
    kind: 'sms',
    at: 'createdAt',
    id: 'message',
    text: `SELECT message, recipient, sender, text, created_at AS "createdAt" FROM sms
      WHERE account = $1 AND recipient = ANY ($2::text[]) AND (created_at, message::text) > ($3, $4) ORDER BY created_at, message::text LIMIT ${SLICE_ROWS}`,
  },
  {
    name: 'person_links',
    kind: 'link',
    at: 'createdAt',
    id: 'id',
    text: `SELECT l.id, l.target, l.created_at AS "createdAt", l.expires_at AS "expiresAt",
        (SELECT coalesce(json_agg(json_build_object('at', c.at, 'device', c.device_name, 'os', c.os, 'browser', c.browser, 'country', c.country,
          'city', c.city) ORDER BY c.at), '[]') FROM clicks c WHERE c.link = l.id) AS clicks
      FROM links l WHERE l.account = $1 AND l.recipient = ANY ($2::text[]) AND (l.created_at, l.id) > ($3, $4)
      ORDER BY l.created_at, l.id LIMIT ${SLICE_ROWS}`,
  },
] as const;
/** One row for each sender and id at most. */
const BY_SENDER = [
  {
    name: 'person_calls',
    kind: 'call',
    text: `SELECT s.sender, c.user_id AS "user", c.called_at AS "calledAt" FROM user_calls c JOIN senders s ON s.id = c.lane
      WHERE s.account = $1 AND c.user_id = ANY ($2::text[]) ORDER BY c.called_at`,
  },
  {
    name: 'person_identities',
    kind: 'identity',
    text: `SELECT s.sender, i.user_id AS "user", i.hash, i.acknowledged, i.seen_at AS "seenAt" FROM identities i JOIN senders s ON s.id = i.lane
      WHERE s.account = $1 AND i.user_id = ANY ($2::text[]) ORDER BY i.seen_at`,
  },
] as const;

/** Scheduled messages, short messages, links, calls and identities of the person. */
export async function* readOthersOf(database: Database, person: Person): AsyncGenerator<{ kind: string; row: object }> {
  for (const { kind, at, id, ...statement } of PAGED) {
    for (let after: [number, string] = [0, '']; ; ) {
      const rows = await database.run<Record<string, unknown>>(statement, [person.account, person.ids, ...after]);
      for (const row of rows) yield { kind, row };
      const last = rows.at(-1);
      if (last === undefined || rows.length < SLICE_ROWS) break;
      after = [Number(last[at]), String(last[id])];
    }
  }
  for (const { kind, ...statement } of BY_SENDER) {
    for (const row of await database.run<object>(statement, [person.account, person.ids])) yield { kind, row };
  }
}

const NOTICES = {
  name: 'person_notices',
  text: 'SELECT id, body, recorded_at AS "recordedAt" FROM notices WHERE day = $1 AND account = $2 AND body ~ $3 ORDER BY recorded_at',
};

/** What else Meta told of the person. */
export async function* readNoticesOf(
  database: Database,
  person: Person,
): AsyncGenerator<{ id: string; body: string; recordedAt: number }> {
  for (const day of await readDaysOf(database, 'notices'))
    yield* await database.run<{ id: string; body: string; recordedAt: number }>(NOTICES, [
      day,
      person.account,
      person.pattern,
    ]);
}

const FILES = {
  name: 'person_files',
  text: `SELECT m.id, s.sender, m.mime_type AS "mimeType", m.filename, m.bytes, m.state FROM media m JOIN senders s ON s.id = m.lane
    WHERE m.id = ANY ($1::uuid[])`,
};

/** A file that a person sent. */
export interface PersonFile {
  id: string;
  sender: string;
  mimeType: string | null;
  filename: string | null;
  bytes: number | null;
  state: number;
}

/** The files of inbound messages. */
export async function readFilesOf(database: Database, inbound: readonly string[]): Promise<PersonFile[]> {
  return database.run<PersonFile>(FILES, [inbound]);
}

const EVENTS = {
  name: 'person_events',
  text: `SELECT message, kind, at FROM events WHERE day = $1 AND message = ANY ($2::uuid[]) AND kind < 40 ORDER BY message, recorded_at, attempt, kind`,
};

/** What happened to messages of one day. `at`: epoch ms. */
export async function readEventsOf(
  database: Database,
  day: number,
  messages: readonly string[],
): Promise<{ message: string; kind: number; at: number }[]> {
  return database.run(EVENTS, [day, messages]);
}
