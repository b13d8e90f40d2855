// Erasing somebody: rows of streams stay, so that no position moves, and what they said goes; what is no stream is deleted.
import type { Database } from './database.js';
import { eraseSliced } from './erase-slices.js';
import { type Person, readDaysOf } from './persons.js';

/** What the content of an erased message says. Such a message is not sent. */
export const ERASED = '{"erased":true}';
/** What stands where a person's number or user id was; append_events of the migrations knows it too. */
const NOBODY = 'erased';

/** A message without what it said of somebody. */
export interface ErasedMessage {
  seq: number;
  id: string;
  envelope: string | null;
  /** Whether it went to them; otherwise it only named them. */
  isTheirs: boolean;
}

const MESSAGES = {
  name: 'erase_messages',
  text: `WITH input AS MATERIALIZED (
      SELECT * FROM unnest($3::bigint[], $4::uuid[], $5::text[], $6::boolean[]) AS i (seq, id, envelope, is_theirs)
    ), unnamed AS (
      DELETE FROM message_keys k USING input i JOIN messages m ON m.day = $1 AND m.lane = $2 AND m.seq = i.seq
      WHERE m.message_id ~ $8 AND k.account = $7 AND k.message_id = m.message_id
    ), stripped AS (
      UPDATE events e SET wamid = NULL, detail = NULL FROM input i WHERE e.day = $1 AND e.message = i.id AND i.is_theirs
    ), unaddressed AS (
      UPDATE reports r SET url = '' FROM input i WHERE r.ref = i.id AND r.url ~ $8
    ), silenced AS (
      DELETE FROM sms_pieces p USING input i WHERE p.message = i.id
    ), unsent AS (
      DELETE FROM sms s USING input i WHERE s.message = i.id
    )
    UPDATE messages m SET content = '${ERASED}', envelope = i.envelope, recipient = CASE WHEN i.is_theirs THEN '${NOBODY}' ELSE m.recipient END,
      message_id = CASE WHEN m.message_id ~ $8 THEN NULL ELSE m.message_id END
    FROM input i WHERE m.day = $1 AND m.lane = $2 AND m.seq = i.seq`,
};

/** Empties messages of one day and lane, with their events, reports' addresses and short messages. */
export async function eraseMessages(
  database: Database,
  { account, pattern }: Person,
  place: { day: number; lane: number },
  rows: readonly ErasedMessage[],
): Promise<void> {
  await database.run(MESSAGES, [
    place.day,
    place.lane,
    rows.map(({ seq }) => seq),
    rows.map(({ id }) => id),
    rows.map(({ envelope }) => envelope),
    rows.map(({ isTheirs }) => isTheirs),
    account,
    pattern,
  ]);
}

/** An inbound message without what it said. `raw`: of one that only named somebody, what is left; null: it was theirs, all goes. */
export interface ErasedInbound {
  wamid: string;
  id: string;
  raw: string | null;
}

const INBOUND = {
  name: 'erase_inbound',
  text: `WITH input AS MATERIALIZED (
      SELECT * FROM unnest($3::text[], $4::uuid[], $5::text[]) AS i (wamid, id, raw)
    ), nowhere AS (
      UPDATE reports r SET url = '' FROM input i WHERE r.ref = i.id AND i.raw IS NULL
    ), fileless AS (
      UPDATE media f SET state = CASE WHEN f.state < 3 THEN 4 ELSE f.state END, media_id = '${NOBODY}', sha256 = NULL, filename = NULL,
        error = NULL, malware = NULL, url = NULL, endpoint = NULL, settled_at = coalesce(f.settled_at, f.created_at), reported = coalesce(f.reported, 1)
      FROM input i WHERE f.id = i.id
    )
    UPDATE inbound b SET wamid = CASE WHEN i.raw IS NULL THEN '${NOBODY}:' || b.id ELSE b.wamid END,
      raw = coalesce(i.raw, json_build_object('wamid', '${NOBODY}', 'phoneNumberId', '', 'from', '${NOBODY}', 'at', b.sent_at, 'type', 'UNSUPPORTED',
        'content', '{}'::json, 'contact', '{}'::json)::text),
      paired_id = NULL, paired_envelope = NULL, keyword = NULL, pull_account = CASE WHEN i.raw IS NOT NULL THEN b.pull_account END
    FROM input i WHERE b.day = $1 AND b.lane = $2 AND b.wamid = i.wamid`,
};

/** Empties inbound messages of one day and lane, their reports and the rows of their files. The files themselves are the caller's. */
export async function eraseInbound(
  database: Database,
  place: { day: number; lane: number },
  rows: readonly ErasedInbound[],
): Promise<void> {
  await database.run(INBOUND, [
    place.day,
    place.lane,
    rows.map(({ wamid }) => wamid),
    rows.map(({ id }) => id),
    rows.map(({ raw }) => raw),
  ]);
}

const OF_ACCOUNT = '(SELECT id FROM senders WHERE account = $1)';
const AT_ENDPOINTS = '(SELECT id FROM endpoints WHERE account = $1)';
/** Small, or found by an index. By account, ids and pattern; each gives a row for each that it changed. */
const TABLES = {
  held: `UPDATE held SET recipient = '${NOBODY}' WHERE lane IN ${OF_ACCOUNT} AND recipient = ANY ($2::text[]) AND $3 <> '' RETURNING 1`,
  typing: `DELETE FROM typing WHERE lane IN ${OF_ACCOUNT} AND recipient = ANY ($2::text[]) AND $3 <> '' RETURNING 1`,
  identities: `DELETE FROM identities WHERE lane IN ${OF_ACCOUNT} AND user_id = ANY ($2::text[]) AND $3 <> '' RETURNING 1`,
  calls: `DELETE FROM user_calls WHERE lane IN ${OF_ACCOUNT} AND user_id = ANY ($2::text[]) AND $3 <> '' RETURNING 1`,
  batches: `DELETE FROM batches WHERE endpoint IN ${AT_ENDPOINTS} AND cardinality($2::text[]) > 0 AND url ~ $3 RETURNING 1`,
} as const;

/** What was erased of tables that hold no stream, in rows. */
export interface OthersErased {
  scheduled: number;
  others: number;
}

/** Removes the person from all tables that hold no stream. */
export async function eraseOthers(database: Database, person: Person): Promise<OthersErased> {
  const { account, ids, pattern } = person;
  const scheduled = await eraseSliced(database, person, 'scheduled');
  let others = 0;
  for (const [table, text] of Object.entries(TABLES))
    others += (await database.run({ name: `erase_${table}`, text }, [account, ids, pattern])).length;
  for (const table of ['sms', 'idempotency', 'keys', 'links', 'deadLetters'] as const)
    others += await eraseSliced(database, person, table);
  for (const table of ['attempts', 'notices', 'meta_changes'] as const)
    for (const day of await readDaysOf(database, table)) others += await eraseSliced(database, person, table, day);
  return { scheduled, others };
}

const NOTE = { name: 'erasure_note', text: 'INSERT INTO erasures (account, at) VALUES ($1, $2) RETURNING id' };
const BEHIND = {
  name: 'erasure_behind',
  text: 'SELECT count(*) AS behind FROM processes WHERE alive AND lease_until > clock_timestamp() AND erasure < $1',
};

/** Notes that somebody of an account is being erased: processes forget what they remember. Returns the erasure's number. */
export async function noteErasure(database: Database, account: number, now: number): Promise<number> {
  const [row] = await database.run<{ id: number }>(NOTE, [account, now]);
  if (row === undefined) throw new Error('an erasure was not noted');
  return row.id;
}

/** How many processes may still remember something from before an erasure. */
export async function countBehind(database: Database, erasure: number): Promise<number> {
  const [row] = await database.run<{ behind: number }>(BEHIND, [erasure]);
  return row?.behind ?? 0;
}
