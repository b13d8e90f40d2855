// Files that were uploaded to Meta, by number and source, so that each is uploaded once in its life there.
import type { Database } from './database.js';

/** Which file: of whose number, as what, from where. */
export interface UploadKey {
  phoneNumberId: string;
  /** `image`, `video` ... */
  kind: string;
  /** SHA-256 of the URL. */
  urlHash: Buffer;
}

/** What is known of it. Times are epoch ms. */
export interface UploadRow {
  mediaId: string;
  /** The host's validator, if it gave one. */
  etag: string | null;
  uploadedAt: number;
  /** When the host last said that it is still the same. */
  checkedAt: number;
}

const FIND = {
  name: 'upload_find',
  text: `SELECT media_id AS "mediaId", etag, uploaded_at AS "uploadedAt", checked_at AS "checkedAt" FROM uploads
    WHERE phone_number_id = $1 AND kind = $2 AND url_hash = $3`,
};
const PUT = {
  name: 'upload_put',
  text: `INSERT INTO uploads (phone_number_id, kind, url_hash, media_id, etag, uploaded_at, checked_at) VALUES ($1, $2, $3, $4, $5, $6, $7)
    ON CONFLICT (phone_number_id, kind, url_hash)
      DO UPDATE SET media_id = excluded.media_id, etag = excluded.etag, uploaded_at = excluded.uploaded_at, checked_at = excluded.checked_at`,
};
const FORGET_ROWS = 5_000;
const FORGET = {
  name: 'upload_forget',
  text: `DELETE FROM uploads WHERE ctid = ANY (ARRAY(SELECT ctid FROM uploads WHERE uploaded_at < $1 LIMIT ${FORGET_ROWS})) RETURNING 1`,
};

/** What is known of a file. */
export async function findUpload(
  database: Database,
  { phoneNumberId, kind, urlHash }: UploadKey,
): Promise<UploadRow | undefined> {
  const [row] = await database.run<UploadRow>(FIND, [phoneNumberId, kind, urlHash]);
  return row;
}

/** Keeps what is known of a file, in place of what was known before. */
export async function putUpload(database: Database, key: UploadKey, row: UploadRow): Promise<void> {
  const { mediaId, etag, uploadedAt, checkedAt } = row;
  await database.run(PUT, [key.phoneNumberId, key.kind, key.urlHash, mediaId, etag, uploadedAt, checkedAt]);
}

/** Forgets, in small batches, what was uploaded before `before`, epoch ms. */
export async function forgetUploads(database: Database, before: number): Promise<void> {
  while ((await database.run(FORGET, [before])).length === FORGET_ROWS);
}
