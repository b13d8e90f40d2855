// Files of inbound messages: what is wanted, what became of it, and the report that waits for it.
import type { Database } from './database.js';

/** What became of a file. `removed`: by its owner or after 30 days; `lost`: Meta no longer had it. */
export const MediaState = { wanted: 1, stored: 2, infected: 3, removed: 4, lost: 5 } as const;

/** How a message with a file was reported: with its url, or as infected. */
export const MediaReported = { withUrl: 1, infected: 2 } as const;

/** A file that is to be fetched. `id` is that of its message, `createdAt` when the message was committed. */
export interface WantedMedia {
  id: string;
  lane: number;
  mediaId: string;
  mimeType: string | null;
  sha256: string | null;
  createdAt: number;
  tries: number;
}

/** What becomes of a wanted file. */
export interface MediaChange {
  id: string;
  state: number;
  /** Whether its message is to be reported now, if it has not been. */
  isReported: boolean;
  /** When a file that is still wanted is tried again. */
  dueAt: number;
  /** Whether this ends a try. */
  isTry: boolean;
  error: string | null;
  bytes: number | null;
  mimeType: string | null;
  malware: string | null;
}

/** A file whose state changed; with what its report needs when one was appended. */
export interface SettledMedia {
  id: string;
  lane: number;
  report:
    | {
        endpoint: number;
        seq: number;
        day: number;
        url: string;
        raw: string;
        reported: number;
        malware: string | null;
        pairedId: string | null;
        pairedEnvelope: string | null;
        applicationId: string | null;
        entityId: string | null;
        keyword: null;
      }
    | undefined;
}

const WANTED = {
  name: 'wanted_media',
  text: `SELECT id, lane, media_id AS "mediaId", mime_type AS "mimeType", sha256, created_at AS "createdAt", tries FROM media
    WHERE state = 1 AND due_at <= $1 AND lane % $2 = ANY ($3::smallint[]) AND NOT id = ANY ($4::uuid[]) ORDER BY due_at LIMIT $5`,
};
const LATE = {
  name: 'late_media',
  text: `SELECT id, due_at AS "dueAt" FROM media WHERE state = 1 AND reported IS NULL AND created_at <= $1 AND lane % $2 = ANY ($3::smallint[])
    ORDER BY created_at LIMIT $4`,
};
const SETTLE = {
  name: 'settle_media',
  text: 'SELECT * FROM settle_media($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12)',
};

/** Files of some groups of lanes (id modulo `groups`) that are due, longest due first, without those in `except`. */
export async function readWantedMedia(
  database: Database,
  now: number,
  groups: number,
  wanted: readonly number[],
  except: readonly string[],
  limit: number,
): Promise<WantedMedia[]> {
  return database.run<WantedMedia>(WANTED, [now, groups, wanted, except, limit]);
}

/** Files still wanted whose message came before `before` and has not been reported. */
export async function readLateMedia(
  database: Database,
  before: number,
  groups: number,
  wanted: readonly number[],
  limit: number,
): Promise<{ id: string; dueAt: number }[]> {
  return database.run(LATE, [before, groups, wanted, limit]);
}

/** Commits what became of files, with the reports that follow. Files not wanted any more are not among the answer. Throws DatabaseError of kind lease. */
export async function settleMedia(
  database: Database,
  processId: number,
  now: number,
  today: number,
  changes: readonly MediaChange[],
): Promise<SettledMedia[]> {
  const rows = await database.run<SettledRow>(SETTLE, [
    processId,
    now,
    today,
    changes.map((c) => c.id),
    changes.map((c) => c.state),
    changes.map((c) => c.isReported),
    changes.map((c) => c.dueAt),
    changes.map((c) => c.isTry),
    changes.map((c) => c.error),
    changes.map((c) => c.bytes),
    changes.map((c) => c.mimeType),
    changes.map((c) => c.malware),
  ]);
  return rows.map(fromRow);
}

interface SettledRow {
  id: string;
  lane: number;
  endpoint: number | null;
  url: string | null;
  seq: number | null;
  report_day: number | null;
  reported: number;
  malware: string | null;
  raw: string | null;
  paired_id: string | null;
  paired_envelope: string | null;
  application_id: string | null;
  entity_id: string | null;
}

function fromRow(row: SettledRow): SettledMedia {
  const { id, lane, endpoint, url, seq, report_day: day, raw, reported, malware } = row;
  if (endpoint === null || url === null || seq === null || day === null || raw === null)
    return { id, lane, report: undefined };
  const paired = { pairedId: row.paired_id, pairedEnvelope: row.paired_envelope };
  const platform = { applicationId: row.application_id, entityId: row.entity_id };
  return {
    id,
    lane,
    report: { endpoint, seq, day, url, raw, reported, malware, ...paired, ...platform, keyword: null },
  };
}

/** A stored file as its owner may read it. */
export interface StoredMedia {
  id: string;
  mimeType: string | null;
  filename: string | null;
  bytes: number;
  settledAt: number;
}

const STORED = {
  name: 'stored_media',
  text: `SELECT m.id, m.mime_type AS "mimeType", m.filename, m.bytes, m.settled_at AS "settledAt"
    FROM media m JOIN senders s ON s.id = m.lane WHERE m.id = $1 AND m.state = 2 AND s.account = $2 AND s.sender = $3`,
};
const REMOVE = {
  name: 'remove_media',
  text: `UPDATE media m SET state = 4, settled_at = $4 FROM senders s WHERE m.id = $1 AND s.id = m.lane AND s.account = $2 AND s.sender = $3
    AND (m.state = 2 OR m.state = 1 AND m.reported IS NOT NULL) RETURNING m.id`,
};

/** A stored file of an account's sender, removed senders included. */
export async function readStoredMedia(
  database: Database,
  account: number,
  sender: string,
  id: string,
): Promise<StoredMedia | undefined> {
  const [row] = await database.run<StoredMedia>(STORED, [id, account, sender]);
  return row;
}

/** Marks a file of an account's sender as removed; false when there is none that its owner can know of. */
export async function removeMedia(
  database: Database,
  now: number,
  account: number,
  sender: string,
  id: string,
): Promise<boolean> {
  return (await database.run(REMOVE, [id, account, sender, now])).length === 1;
}

const EXPIRED = {
  name: 'expired_media',
  text: 'SELECT id FROM media WHERE state = 2 AND settled_at < $1 ORDER BY settled_at LIMIT $2',
};
const EXPIRED_OF_ACCOUNT = {
  name: 'expired_media_of_account',
  text: `SELECT id FROM media WHERE state = 2 AND lane = ANY (ARRAY(SELECT id FROM senders WHERE account = $1)) AND created_at < $2 LIMIT $3`,
};
const MARK_REMOVED = {
  name: 'mark_media_removed',
  text: 'UPDATE media SET state = 4, settled_at = $1 WHERE id = ANY ($2::uuid[]) AND state = 2',
};
const KNOWN = {
  name: 'known_media',
  text: 'SELECT id, state FROM media WHERE id = ANY ($1::uuid[]) AND state IN (1, 2)',
};
const FORGET = {
  name: 'forget_media',
  text: `DELETE FROM media WHERE id = ANY (ARRAY(SELECT id FROM media WHERE created_at < $1 AND state > 2 ORDER BY created_at LIMIT $2)) RETURNING 1`,
};

/** Files stored before `before`, oldest first. */
export async function readExpiredMedia(database: Database, before: number, limit: number): Promise<string[]> {
  return (await database.run<{ id: string }>(EXPIRED, [before, limit])).map(({ id }) => id);
}

/** Stored files of one account whose messages came before `before`. */
export async function readExpiredMediaOf(
  database: Database,
  account: number,
  before: number,
  limit: number,
): Promise<string[]> {
  return (await database.run<{ id: string }>(EXPIRED_OF_ACCOUNT, [account, before, limit])).map(({ id }) => id);
}

/** Marks stored files as removed. */
export async function markMediaRemoved(database: Database, now: number, ids: readonly string[]): Promise<void> {
  await database.run(MARK_REMOVED, [now, ids]);
}

/** Which of `ids` are wanted or stored, with their state. */
export async function readKnownMedia(
  database: Database,
  ids: readonly string[],
): Promise<{ id: string; state: number }[]> {
  return database.run(KNOWN, [ids]);
}

/** Forgets up to `limit` files that are gone and whose messages came before `before`; returns how many there were. */
export async function forgetMedia(database: Database, before: number, limit: number): Promise<number> {
  return (await database.run(FORGET, [before, limit])).length;
}
