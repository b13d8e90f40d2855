// Client certificates: uploaded, shown and removed. Their keys leave only to be used.

import type { KeyOwner } from '../contract/key-platform.js';
import type { WebhookClient } from '../customer/webhook-client.js';
import { readCertificate, readClientCertificate, writeCertificate } from '../lib/client-certificate.js';
import type { Clock } from '../lib/clock.js';
import { uuidv7 } from '../lib/id.js';
import type { SecretBox } from '../lib/secrets.js';
import {
  type CertificateRow,
  deleteCertificate,
  findCertificate,
  insertCertificate,
  isCertificateLinked,
  readCertificateContent,
} from '../store/certificates.js';
import type { Database } from '../store/database.js';
import { giveUp, type Refusal, refuse, transactOrRefuse } from './refusal.js';

/** What these operations need. */
export interface CertificateParts {
  database: Database;
  clock: Clock;
  secrets: SecretBox;
  /** Posts as deliveries are posted. */
  webhooks: WebhookClient;
  /** Why a URL can never be posted to, as far as its text says (the SSRF guard's static check). */
  checkUrl(url: string): string | undefined;
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
  { account, platform }: KeyOwner,
  { certificateId, content, passphrase }: CertificateRequest,
): Promise<CertificateRow | Refusal> {
  const certificate = { content, passphrase };
  const read = await readClientCertificate(certificate);
  if (!read.ok) return refuse('invalid', read.reason, 'certificateContent');
  const sealed = secrets.seal(writeCertificate(certificate));
  return transactOrRefuse(database, async (tx) => {
    const isNew = await insertCertificate(tx, account, { certificateId, content: sealed, ...read.facts }, clock.now());
    if (!isNew) giveUp('conflict', 'there is a certificate with this certificateId already', 'certificateId');
    return (await findCertificate(tx, account, certificateId, platform)) ?? giveUp('notFound', 'no such certificate');
  });
}

/** Removes a certificate that no profile uses. */
export function removeCertificate(
  { database }: Pick<CertificateParts, 'database'>,
  { account, platform }: KeyOwner,
  certificateId: string,
): Promise<CertificateRow | Refusal> {
  return transactOrRefuse(database, async (tx) => {
    const found =
      (await findCertificate(tx, account, certificateId, platform)) ?? giveUp('notFound', 'no such certificate');
    if (await isCertificateLinked(tx, found.id)) giveUp('conflict', 'a profile uses this certificate');
    await deleteCertificate(tx, found.id);
    return found;
  });
}

/** What a test showed (Infobip 5: CertificateConnectionTestResponse). */
export interface CertificateTest {
  result: 'SUCCESS' | 'FAIL';
  failReasons: string[];
  hint?: string;
}

/** An empty list of reports: what every receiver of reports takes. */
const TEST_BODY = '{"results":[]}';

/** Posts an empty list of reports to `url`, showing the certificate. Refused when there is none, or the URL can never be posted to. */
export async function testCertificate(
  { database, clock, secrets, webhooks, checkUrl }: CertificateParts,
  { account, platform }: KeyOwner,
  certificateId: string,
  url: string,
): Promise<CertificateTest | Refusal> {
  const reason = checkUrl(url);
  if (reason !== undefined) return refuse('invalid', `cannot be posted to: ${reason}`, 'webhookUrl');
  const found = await findCertificate(database, account, certificateId, platform);
  const sealed = found && (await readCertificateContent(database, account, certificateId));
  if (sealed === undefined) return refuse('notFound', 'no such certificate');
  if (!url.toLowerCase().startsWith('https:'))
    return failed('the URL is not https', 'Certificates are shown over TLS only.');
  const now = clock.now();
  const profile = { clientCertificate: readCertificate(secrets.open(sealed)) };
  const post = { account, url, id: uuidv7(now), body: TEST_BODY, secrets: [], profile, now };
  const answer = await webhooks.post(post);
  if (answer.kind === 'failed')
    return failed(answer.reason, 'Look whether the server trusts the issuer of the certificate.');
  if (answer.isSuccess) return { result: 'SUCCESS', failReasons: [] };
  return failed(`http ${answer.status}`, 'The connection was made; the server did not take the request.');
}

function failed(reason: string, hint: string): CertificateTest {
  return { result: 'FAIL', failReasons: [reason], hint };
}

/** Infobip's word for a stored certificate: everything is checked at once, so none is ever PROCESSING. */
export function certificateStatus({ validUntil }: CertificateRow, now: number): 'READY' | 'EXPIRED' {
  return validUntil < now ? 'EXPIRED' : 'READY';
}
