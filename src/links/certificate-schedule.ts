// When certificates are ordered: again in the last third of their life, and later and later while orders fail. Pure.

const HOUR_MS = 3_600_000;
/** However a certificate or a clock looks: so long nothing is ordered after a success. */
const PAUSE_MS_MIN = HOUR_MS;
/** Let's Encrypt takes 5 failed proofs of a host an hour. */
const RETRY_MS_MIN = 15 * 60_000;
const RETRY_MS_MAX = 12 * HOUR_MS;
const RETRY_DOUBLINGS_MAX = 10;

/**
 * When a certificate that has just come is renewed: once two thirds of its life are over, or up to a twelfth of it later, so that hosts
 * that came together do not stay together. Never within an hour. `random` is from 0 to 1; times are epoch ms.
 */
export function renewalAt(
  { validFrom, validUntil }: { validFrom: number; validUntil: number },
  now: number,
  random: number,
): number {
  const life = validUntil - validFrom;
  const at = validFrom + (life * 2) / 3 + (life / 12) * random;
  return Math.round(Math.max(at, now + PAUSE_MS_MIN));
}

/** When an order is tried again that failed `failures` times in a row, this time included: after 15 minutes, doubling to 12 hours, and up to a fifth more. */
export function retryAt(failures: number, now: number, random: number): number {
  const doublings = Math.min(Math.max(failures, 1) - 1, RETRY_DOUBLINGS_MAX);
  const wait = Math.min(RETRY_MS_MIN * 2 ** doublings, RETRY_MS_MAX);
  return Math.round(now + wait * (1 + random / 5));
}

/** What people see of a certificate. */
export type CertificateState = 'waiting' | 'valid' | 'expired';

/** waiting: none has come yet. */
export function certificateState(validUntil: number | null, now: number): CertificateState {
  if (validUntil === null) return 'waiting';
  return validUntil > now ? 'valid' : 'expired';
}
