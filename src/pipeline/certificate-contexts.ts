// The certificate of each host as TLS takes it, remembered until the version of domains says that one may have changed.
import { createSecureContext, type SecureContext } from 'node:tls';
import type { Log } from '../lib/log.js';
import type { SecretBox } from '../lib/secrets.js';
import { readCertificateText } from '../links/certificate-text.js';
import { type Database, DatabaseError } from '../store/database.js';
import type { DomainDirectory } from '../store/domain-directory.js';
import { readCertificateOf } from '../store/host-certificates.js';
import { complain } from './complain.js';

/** What shakes hands for a host (lower case); undefined: nothing does. Never rejects. */
export type ContextOf = (host: string) => Promise<SecureContext | undefined>;

/** What it works with. */
export interface CertificateContextParts {
  database: Pick<Database, 'run'>;
  log: Log;
  secrets: SecretBox;
  domains: Pick<DomainDirectory, 'ownerOf' | 'version'>;
  /** A host that has a certificate beside those of domains. */
  publicHost: string | null;
}

/** Some 30 KB each. */
const HOSTS_MAX = 1_000;

interface Remembered {
  /** Of domains, before it was read. */
  version: number;
  /** As it was sealed; undefined: there is none. */
  content: Buffer | undefined;
  context: SecureContext | undefined;
}

/** Creates it. Hosts that are nobody's cost no read. */
export function createCertificateContexts(parts: CertificateContextParts): ContextOf {
  const { database, log, domains, publicHost } = parts;
  // The last asked for is the last.
  const remembered = new Map<string, Remembered>();
  const loading = new Map<string, Promise<SecureContext | undefined>>();

  async function load(host: string, known: Remembered | undefined): Promise<SecureContext | undefined> {
    // A change while it is read moves the version: it is then read once more.
    const version = domains.version();
    try {
      const content = await readCertificateOf(database, host);
      const isSame = known?.content !== undefined && content?.equals(known.content) === true;
      remember(host, isSame ? { ...known, version } : { version, content, context: contextFrom(parts, content) });
    } catch (error) {
      complain(log, 'certificate.load', error);
      // While the database is away what was known serves; what cannot be opened is not tried again before it changes.
      if (!(error instanceof DatabaseError)) remember(host, { version, content: undefined, context: undefined });
    }
    return remembered.get(host)?.context;
  }

  function remember(host: string, entry: Remembered): void {
    remembered.delete(host);
    remembered.set(host, entry);
    const [oldest] = remembered.size > HOSTS_MAX ? remembered.keys() : [];
    if (oldest !== undefined) remembered.delete(oldest);
  }

  return async (host) => {
    if (host !== publicHost && domains.ownerOf(host) === undefined) return undefined;
    const known = remembered.get(host);
    if (known?.version === domains.version()) {
      remember(host, known);
      return known.context;
    }
    const begun = loading.get(host) ?? load(host, known).finally(() => loading.delete(host));
    loading.set(host, begun);
    return begun;
  };
}

function contextFrom({ secrets }: CertificateContextParts, sealed: Buffer | undefined): SecureContext | undefined {
  if (sealed === undefined) return undefined;
  const { key, chain } = readCertificateText(secrets.open(sealed));
  return createSecureContext({ key, cert: chain });
}
