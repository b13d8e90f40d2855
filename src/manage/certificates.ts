// Client certificates: uploaded, shown and removed. Their keys leave only to be used.

import { readClientCertificate, writeCertificate } from '../lib/client-certificate.js';
import type { Clock } from '../lib/clock.js';
import type { SecretBox } from '../lib/secrets.js';
import {
  type CertificateRow,
  deleteCertificate,
  findCertificate,
  insertCertificate,
  isCertificateLinked,
} from '../store/certificates.js';
import type { Database } from '../store/database.js';
import { giveUp, type Refusal, refuse, transactOrRefuse } from './refusal.js';

/** What these operations need. */
export interface CertificateParts {
  database: Database;
  clock: Clock;
  secrets: SecretBox;
}

/** A certificate to be stored: the bytes as they were before base64. */
export interface CertificateRequest {
  certificateId: string;
  content: Buffer;
  passphrase: string | undefined;
}

/** Stores a certificate of an account. Refused when it cannot be used, or its id is taken. */
export async function createCertificate(
  { database, clock, secrets }: CertificateParts,
  account: number,
  { certificateId, content, passphrase }: CertificateRequest,
): Promise<CertificateRow | Refusal> {
  const certificate = { content, passphrase };
  const read = await readClientCertificate(certificate);
  if (!read.ok) return refuse('invalid', read.reason, 'certificateContent');
  const sealed = secrets.seal(writeCertificate(certificate));
  return transactOrRefuse(database, async (tx) => {
    const isNew = await insertCertificate(tx, account, { certificateId, content: sealed, ...read.facts }, clock.now());
    if (!isNew) giveUp('conflict', 'there is a certificate with this certificateId already', 'certificateId');
    return (await findCertificate(tx, account, certificateId)) ?? giveUp('notFound', 'no such certificate');
  });
}

/** Removes a certificate that no profile uses. */
export function removeCertificate(
  { database }: Pick<CertificateParts, 'database'>,
  account: number,
  certificateId: string,
): Promise<CertificateRow | Refusal> {
  return transactOrRefuse(database, async (tx) => {
    const found = (await findCertificate(tx, account, certificateId)) ?? giveUp('notFound', 'no such certificate');
    if (await isCertificateLinked(tx, found.id)) giveUp('conflict', 'a profile uses this certificate');
    await deleteCertificate(tx, found.id);
    return found;
  });
}

/** Infobip's word for a stored certificate: everything is checked at once, so none is ever PROCESSING. */
export function certificateStatus({ validUntil }: CertificateRow, now: number): 'READY' | 'EXPIRED' {
  return validUntil < now ? 'EXPIRED' : 'READY';
}
