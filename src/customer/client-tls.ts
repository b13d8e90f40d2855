// What a profile says about TLS: the certificate that Parley shows, and the versions it speaks.
import { createHash } from 'node:crypto';
import type { ClientCertificate, DeliveryProfile } from '../contract/delivery-profile.js';
import type { ClientTls } from '../lib/safe-fetch-agent.js';

const PEM = '-----BEGIN ';

/** The TLS settings of profiles; undefined when a profile has none. Equal settings have equal ids, so their connections are shared. */
export function createClientTls(): (profile: DeliveryProfile) => ClientTls | undefined {
  const known = new WeakMap<DeliveryProfile, ClientTls>();
  return (profile) => {
    const { clientCertificate, enabledSSLProtocols } = profile;
    if (clientCertificate === undefined && (enabledSSLProtocols ?? []).length === 0) return undefined;
    const found = known.get(profile) ?? tlsOf(clientCertificate, enabledSSLProtocols ?? []);
    known.set(profile, found);
    return found;
  };
}

function tlsOf(certificate: ClientCertificate | undefined, versions: readonly ('TLSv1.2' | 'TLSv1.3')[]): ClientTls {
  const has12 = versions.length === 0 || versions.includes('TLSv1.2');
  const has13 = versions.length === 0 || versions.includes('TLSv1.3');
  const minVersion = has12 ? 'TLSv1.2' : 'TLSv1.3';
  const maxVersion = has13 ? 'TLSv1.3' : 'TLSv1.2';
  const hash = createHash('sha256').update(`${minVersion} ${maxVersion} ${certificate?.passphrase ?? ''}\n`);
  if (certificate !== undefined) hash.update(certificate.content);
  return { id: hash.digest('base64'), minVersion, maxVersion, ...identityOf(certificate) };
}

function identityOf(certificate: ClientCertificate | undefined): Partial<ClientTls> {
  if (certificate === undefined) return {};
  const { content, passphrase } = certificate;
  const secret = passphrase === undefined ? {} : { passphrase };
  return content.includes(PEM) ? { cert: content, key: content, ...secret } : { pfx: content, ...secret };
}
