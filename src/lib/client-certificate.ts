// Certificates with which we prove who we are to a server (mutual TLS): PEM with its private key, or PKCS#12.
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { duplexPair } from 'node:stream';
import { createSecureContext, type SecureContext, TLSSocket, connect as tlsConnect } from 'node:tls';

/** A certificate with its private key: PEM, or PKCS#12 (DER). */
export interface CertificateContent {
  content: Buffer;
  passphrase?: string | undefined;
}

/** What a certificate says of itself. Times are epoch ms. */
export interface CertificateFacts {
  issuedBy: string;
  issuedTo: string;
  serialNumber: string;
  validFrom: number;
  validUntil: number;
}

/** A certificate that was read, or why it cannot be used, in words for its owner. */
export type ReadCertificate = { ok: true; facts: CertificateFacts } | { ok: false; reason: string };

const HANDSHAKE_MS = 5_000;

/** Reads a certificate and checks that its key is there, opens and belongs to it. */
export async function readClientCertificate({ content, passphrase }: CertificateContent): Promise<ReadCertificate> {
  const secret = passphrase === undefined ? {} : { passphrase };
  try {
    if (content.includes('-----BEGIN ')) return readPem(content.toString('latin1'), secret);
    const x509 = await leafOf(createSecureContext({ pfx: content, ...secret }));
    return x509 === undefined ? wrong('has no certificate') : { ok: true, facts: factsOf(x509) };
  } catch {
    // What OpenSSL says of it may hold parts of the content.
    return wrong('must be PEM with a certificate and its private key, or PKCS#12, and the passphrase must open it');
  }
}

function readPem(pem: string, secret: { passphrase?: string }): ReadCertificate {
  const x509 = new X509Certificate(pem);
  const privateKey = createPrivateKey({ key: pem, format: 'pem', ...secret });
  if (!x509.checkPrivateKey(privateKey)) return wrong('has a private key of another certificate');
  createSecureContext({ cert: pem, key: pem, ...secret });
  return { ok: true, facts: factsOf(x509) };
}

function wrong(reason: string): ReadCertificate {
  return { ok: false, reason };
}

function factsOf(x509: X509Certificate): CertificateFacts {
  const { issuer, subject, serialNumber, validFrom, validTo } = x509;
  return {
    issuedBy: oneLine(issuer),
    issuedTo: oneLine(subject),
    serialNumber,
    validFrom: Date.parse(validFrom),
    validUntil: Date.parse(validTo),
  };
}

/** A name has one part a line, and may hold anything. */
function oneLine(name: string): string {
  return name.split('\n').join(', ').replaceAll('\0', '\ufffd').toWellFormed();
}

/** Node reads PKCS#12 only to speak TLS with it: a handshake with ourselves shows the certificate. */
async function leafOf(secureContext: SecureContext): Promise<X509Certificate | undefined> {
  const [near, far] = duplexPair();
  const server = new TLSSocket(far, { isServer: true, secureContext });
  // The certificate is the one that was just given; whether anybody trusts it is not the question.
  const client = tlsConnect({ socket: near, rejectUnauthorized: false });
  try {
    return await new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error('no handshake')), HANDSHAKE_MS);
      const end = (settle: () => void) => () => {
        clearTimeout(timer);
        settle();
      };
      server.on('error', (error) => end(() => reject(error))());
      client.on('error', (error) => end(() => reject(error))());
      client.on(
        'secureConnect',
        end(() => resolve(client.getPeerX509Certificate())),
      );
    });
  } finally {
    client.destroy();
    server.destroy();
  }
}

/** The text that is sealed and stored. */
export function writeCertificate({ content, passphrase }: CertificateContent): string {
  return JSON.stringify({ content: content.toString('base64'), passphrase });
}

/** Reads what `writeCertificate` wrote. */
export function readCertificate(text: string): CertificateContent {
  // Parse boundary: only writeCertificate makes this text.
  const { content, passphrase } = JSON.parse(text) as { content: string; passphrase?: string };
  return { content: Buffer.from(content, 'base64'), ...(passphrase === undefined ? {} : { passphrase }) };
}
