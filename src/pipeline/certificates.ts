// Certificates of the hosts of short links in one process: ordered and renewed, shown to who connects, and the answers that the CA looks for.
import type { Clock } from '../lib/clock.js';
import type { Log } from '../lib/log.js';
import type { Metrics } from '../lib/metrics.js';
import type { SecretBox } from '../lib/secrets.js';
import { type AcmeSettings, openAcme } from '../links/acme.js';
import { findChallengeAnswer } from '../store/acme.js';
import type { Database } from '../store/database.js';
import type { DomainDirectory } from '../store/domain-directory.js';
import { readCertificateHealth } from '../store/host-certificates.js';
import { type ContextOf, createCertificateContexts } from './certificate-contexts.js';
import { createCertificateOrders } from './certificate-orders.js';

/** Certificates of this process. */
export interface Certificates {
  contextOf: ContextOf;
  /** What `host` answers when the CA asks for `token`. Rejects with DatabaseError. */
  challengeAnswer(host: string, token: string): Promise<string | undefined>;
  /** Begins to order. */
  start(): void;
  stop(): Promise<void>;
}

/** What they need. */
export interface CertificateParts {
  database: Database;
  clock: Clock;
  log: Log;
  secrets: SecretBox;
  domains: DomainDirectory;
  acme: AcmeSettings;
  /** A host beside those of domains. */
  publicHost: string | null;
  metrics: Pick<Metrics, 'certificateOrders' | 'gauge'>;
}

/** Opens them; nothing is ordered before `start`. */
export async function openCertificates(parts: CertificateParts): Promise<Certificates> {
  const { database, domains, acme, metrics } = parts;
  const ca = await openAcme(acme);
  const orders = createCertificateOrders({
    ...parts,
    order: ca.order,
    directory: acme.directory,
    random: Math.random,
    count: (outcome) => metrics.certificateOrders.inc({ outcome }),
  });
  registerGauges(parts);
  // A domain that was just proved waits for nobody.
  const detach = domains.onChange(() => orders.wake());
  return {
    contextOf: createCertificateContexts(parts),
    challengeAnswer: (host, token) => findChallengeAnswer(database, host, token),
    start: orders.wake,
    async stop() {
      detach();
      await orders.stop();
      await ca.close();
    },
  };
}

/** Asked whenever Prometheus asks; what is not known is NaN. */
function registerGauges({ database, clock, publicHost, metrics }: CertificateParts): void {
  const health = () => readCertificateHealth(database, publicHost);
  metrics.gauge('parley_certificates_first_end_seconds', 'Time until the first certificate in use ends', () =>
    health().then(
      ({ firstEnd }) => (firstEnd === null ? Number.NaN : (firstEnd - clock.now()) / 1000),
      () => Number.NaN,
    ),
  );
  metrics.gauge('parley_certificates_failing', 'Hosts whose last order of a certificate failed', () =>
    health().then(
      ({ failing }) => failing,
      () => Number.NaN,
    ),
  );
}
