// Orders the certificates of verified domains, and renews them. A host is ordered for by one process at a time: who took it holds a lease that outlasts
// the order, and an answer that comes later is nobody's.
import type { Clock } from '../lib/clock.js';
import type { Log } from '../lib/log.js';
import type { SecretBox } from '../lib/secrets.js';
import { type IssuedCertificate, newAccountKey, type OrderCertificate, OrderRefused } from '../links/acme.js';
import { renewalAt, retryAt } from '../links/certificate-schedule.js';
import { certificateText } from '../links/certificate-text.js';
import { addAccountKey, forgetChallenges, publishChallenge, readAccountKey } from '../store/acme.js';
import { type Database, DatabaseError } from '../store/database.js';
import { failOrder, keepCertificate, releaseOrder, type TakenOrder, takeOrders } from '../store/host-certificates.js';
import { complain } from './complain.js';
import { createDueLoop } from './due-loop.js';

/** Orders what is due. */
export interface CertificateOrders {
  /** Looks now. */
  wake(): void;
  /** Gives up what is under way; it is due again. */
  stop(): Promise<void>;
}

/** What it works with. */
export interface CertificateOrderParts {
  database: Database;
  clock: Clock;
  log: Log;
  secrets: SecretBox;
  order: OrderCertificate;
  /** The CA's, which the account key belongs to. */
  directory: string;
  /** A host that is ordered for beside those of domains. */
  publicHost: string | null;
  /** From 0 to 1. */
  random(): number;
  count(outcome: 'issued' | 'failed'): void;
}

const POLL_MS = 60_000;
const AT_ONCE_MAX = 4;
/** Let's Encrypt takes 300 orders of an account in 3 hours. */
const HOURLY_MAX = 90;
const ORDER_MS = 90_000;
/** Longer than an order and the writes after it. */
const LEASE_SECONDS = 180;

/** Creates it; nothing is ordered before the first `wake`. */
export function createCertificateOrders(parts: CertificateOrderParts): CertificateOrders {
  const { database, clock, log, publicHost } = parts;
  const stopping = new AbortController();
  const loop = createDueLoop({
    clock,
    pollMs: POLL_MS,
    async run() {
      const limits = { leaseSeconds: LEASE_SECONDS, atOnce: AT_ONCE_MAX, hourlyMax: HOURLY_MAX };
      const taken = await takeOrders(database, publicHost, clock.now(), limits);
      await Promise.all(taken.map((order) => fulfil(parts, order, stopping.signal)));
      return taken.length === AT_ONCE_MAX ? clock.now() : undefined;
    },
    onError: (error) => complain(log, 'certificate.orders', error),
  });
  return {
    wake: loop.wake,
    stop() {
      stopping.abort(new Error('stopping'));
      return loop.stop();
    },
  };
}

/** Never rejects. */
async function fulfil(parts: CertificateOrderParts, order: TakenOrder, stopping: AbortSignal): Promise<void> {
  const { database, clock, log } = parts;
  try {
    const issued = await place(parts, order, stopping).catch((error: unknown) => error);
    if (isIssued(issued)) await keep(parts, order, issued);
    else if (stopping.aborted) await releaseOrder(database, order);
    else if (issued instanceof DatabaseError) throw issued;
    else await fail(parts, order, issued);
    await forgetChallenges(database, order.host, clock.now());
  } catch (error) {
    // The lease ends by itself, and the order is due again.
    complain(log, 'certificate.orders', error);
  }
}

async function place(
  parts: CertificateOrderParts,
  { host }: TakenOrder,
  stopping: AbortSignal,
): Promise<IssuedCertificate> {
  const { database, clock } = parts;
  return parts.order({
    host,
    accountKey: await accountKey(parts),
    signal: AbortSignal.any([stopping, AbortSignal.timeout(ORDER_MS)]),
    publish: (token, answer) =>
      publishChallenge(database, { token, host, answer, expiresAt: clock.now() + LEASE_SECONDS * 1000 }),
  });
}

/** The account key; of several processes that make one the first wins. */
async function accountKey({ database, clock, secrets, directory }: CertificateOrderParts): Promise<string> {
  const known = await readAccountKey(database, directory);
  if (known !== undefined) return secrets.open(known);
  await addAccountKey(database, directory, secrets.seal(newAccountKey()), clock.now());
  const kept = await readAccountKey(database, directory);
  if (kept === undefined) throw new Error('the account key that was just written is not there');
  return secrets.open(kept);
}

function isIssued(value: unknown): value is IssuedCertificate {
  return typeof value === 'object' && value !== null && 'chain' in value;
}

async function keep(parts: CertificateOrderParts, order: TakenOrder, issued: IssuedCertificate): Promise<void> {
  const { database, clock, log, secrets, random, count } = parts;
  const { validFrom, validUntil } = issued;
  const content = secrets.seal(certificateText(issued));
  const dueAt = renewalAt(issued, clock.now(), random());
  const isKept = await keepCertificate(database, order, { content, validFrom, validUntil, dueAt });
  if (!isKept) return;
  count('issued');
  log.info({ event: 'certificate.issued', host: order.host, validUntil: new Date(validUntil).toISOString() });
}

async function fail(parts: CertificateOrderParts, order: TakenOrder, error: unknown): Promise<void> {
  const { database, clock, log, random, count } = parts;
  const reason = reasonOf(error);
  const failures = order.failures + 1;
  await failOrder(database, order, { reason, dueAt: retryAt(failures, clock.now(), random()) });
  count('failed');
  if (error instanceof OrderRefused || isTimeout(error))
    log.warn({ event: 'certificate.failed', host: order.host, reason, failures });
  else log.error({ event: 'certificate.failed', host: order.host, failures, err: error });
}

function isTimeout(error: unknown): boolean {
  return error instanceof Error && error.name === 'TimeoutError';
}

/** What people are told. Errors that are not the CA's may say anything, and are in the log. */
function reasonOf(error: unknown): string {
  if (error instanceof OrderRefused) return error.message;
  return isTimeout(error) ? `the order was not done within ${ORDER_MS / 1000} s` : 'an error of ours; see the log';
}
