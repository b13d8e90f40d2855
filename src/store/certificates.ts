// Client certificates of accounts, with their keys sealed.
import type { KeyPlatform } from '../contract/key-platform.js';
import type { Page, Runner, Slice } from './accounts.js';
import { rangeValues, seenBy } from './key-range.js';

/** A certificate as it is shown. Times are epoch ms. */
export interface CertificateRow {
  id: number;
  certificateId: string;
  issuedBy: string;
  issuedTo: string;
  serialNumber: string;
  validFrom: number;
  validUntil: number;
}

const COLUMNS = `id, certificate_id AS "certificateId", issued_by AS "issuedBy", issued_to AS "issuedTo", serial_number AS "serialNumber",
  valid_from AS "validFrom", valid_until AS "validUntil"`;
const seen = (first: number): string => seenBy('h.certificate = x.id', first);
const FIND = {
  name: 'certificate_find',
  text: `SELECT ${COLUMNS} FROM certificates x WHERE account = $1 AND certificate_id = $2 AND ${seen(3)}`,
};
const SEARCH = `account = $1 AND ($2::text IS NULL OR strpos(lower(certificate_id), lower($2)) > 0) AND ${seen(3)}`;
const page = (direction: 'ASC' | 'DESC') => ({
  name: `certificate_page_${direction.toLowerCase()}`,
  text: `SELECT ${COLUMNS} FROM certificates x WHERE ${SEARCH} ORDER BY certificate_id ${direction} LIMIT $5 OFFSET $6`,
});
const PAGES = { ASC: page('ASC'), DESC: page('DESC') };
const COUNT = { name: 'certificate_count', text: `SELECT count(*) AS total FROM certificates x WHERE ${SEARCH}` };
const CONTENT = {
  name: 'certificate_content',
  text: 'SELECT content FROM certificates WHERE account = $1 AND certificate_id = $2',
};
const INSERT = {
  name: 'certificate_insert',
  text: `INSERT INTO certificates (account, certificate_id, content, issued_by, issued_to, serial_number, valid_from, valid_until, created_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING RETURNING id`,
};
const IS_LINKED = { name: 'certificate_is_linked', text: 'SELECT FROM profiles WHERE certificate = $1 LIMIT 1' };
const DELETE = { name: 'certificate_delete', text: 'DELETE FROM certificates WHERE id = $1 RETURNING id' };

/** An account's certificate by the client's id, as far as a key bound to `platform` may see it. */
export async function findCertificate(
  db: Runner,
  account: number,
  certificateId: string,
  platform: readonly KeyPlatform[] = [],
): Promise<CertificateRow | undefined> {
  const [row] = await db.run<CertificateRow>(FIND, [account, certificateId, ...rangeValues(platform)]);
  return row;
}

/** What a list of certificates asks for. `search`: part of the id, whatever its case. */
export interface CertificateSearch extends Slice {
  search: string | null;
  direction: 'ASC' | 'DESC';
}

/** An account's certificates that a key bound to `platform` may see, by id. */
export async function pageCertificates(
  db: Runner,
  account: number,
  platform: readonly KeyPlatform[],
  { search, direction, limit, offset }: CertificateSearch,
): Promise<Page<CertificateRow>> {
  const values = [account, search, ...rangeValues(platform)];
  const [count] = await db.run<{ total: number }>(COUNT, values);
  const rows = await db.run<CertificateRow>(PAGES[direction], [...values, limit, offset]);
  return { rows, total: count?.total ?? 0 };
}

/** The sealed content of an account's certificate. */
export async function readCertificateContent(
  db: Runner,
  account: number,
  certificateId: string,
): Promise<Buffer | undefined> {
  const [row] = await db.run<{ content: Buffer }>(CONTENT, [account, certificateId]);
  return row?.content;
}

/** Adds one; false when the id is taken. */
export async function insertCertificate(
  db: Runner,
  account: number,
  { certificateId, content, ...facts }: Omit<CertificateRow, 'id'> & { content: Buffer },
  now: number,
): Promise<boolean> {
  const { issuedBy, issuedTo, serialNumber, validFrom, validUntil } = facts;
  const values = [account, certificateId, content, issuedBy, issuedTo, serialNumber, validFrom, validUntil, now];
  return (await db.run(INSERT, values)).length === 1;
}

/** Whether a profile uses it. */
export async function isCertificateLinked(db: Runner, id: number): Promise<boolean> {
  return (await db.run(IS_LINKED, [id])).length > 0;
}

/** Removes one that no profile uses. */
export async function deleteCertificate(db: Runner, id: number): Promise<void> {
  await db.run(DELETE, [id]);
}
