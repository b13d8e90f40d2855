// A certificate authority of the test's own, and what it signs: X.509 certificates with EC keys, as PEM and as PKCS#12. Nothing but node:crypto.
import { createHash, createHmac, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';

/** A certificate with its key. */
export interface Identity {
  name: string;
  /** Certificate in PEM. */
  cert: string;
  /** Private key in PEM. */
  key: string;
  certDer: Buffer;
  privateKey: KeyObject;
}

/** Signs certificates. */
export interface Authority {
  /** Its own certificate in PEM. */
  ca: string;
  /** A new certificate for `name`, good for 127.0.0.1 and localhost, as a server or a client. */
  issue(name: string): Identity;
}

const DAY_MS = 86_400_000;
const EC_SHA256 = '1.2.840.10045.4.3.2';

/** A new authority. */
export function newAuthority(name: string): Authority {
  const own = makeIdentity(name, undefined);
  return { ca: own.cert, issue: (subject) => makeIdentity(subject, own) };
}

/** The key in PEM, encrypted with `passphrase`. */
export function encryptedKey({ privateKey }: Identity, passphrase: string): string {
  return privateKey.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase }).toString();
}

/** Certificate and key as PKCS#12 (RFC 7292): plain bags under a MAC of `passphrase`. */
export function toPkcs12({ certDer, privateKey }: Identity, passphrase: string): Buffer {
  const pkcs8 = privateKey.export({ type: 'pkcs8', format: 'der' });
  const x509 = sequence(oid('1.2.840.113549.1.9.22.1'), tagged(0xa0, octets(certDer)));
  const bags = sequence(
    sequence(oid('1.2.840.113549.1.12.10.1.3'), tagged(0xa0, x509)),
    sequence(oid('1.2.840.113549.1.12.10.1.1'), tagged(0xa0, pkcs8)),
  );
  const safe = sequence(dataInfo(bags));
  const salt = randomBytes(8);
  const mac = createHmac('sha256', pkcs12Key(passphrase, salt)).update(safe).digest();
  const digest = sequence(sequence(oid('2.16.840.1.101.3.4.2.1'), Buffer.from([5, 0])), octets(mac));
  return sequence(integer(3), dataInfo(safe), sequence(digest, octets(salt)));
}

/** RFC 7292 B.2 with SHA-256, id 3, one iteration: one block is enough. */
function pkcs12Key(passphrase: string, salt: Buffer): Buffer {
  const text = Buffer.alloc((passphrase.length + 1) * 2);
  for (let i = 0; i < passphrase.length; i += 1) text.writeUInt16BE(passphrase.charCodeAt(i), i * 2);
  const fill = (bytes: Buffer): Buffer =>
    Buffer.alloc(Math.ceil(bytes.length / 64) * 64, bytes.length === 0 ? 0 : bytes);
  return createHash('sha256')
    .update(Buffer.concat([Buffer.alloc(64, 3), fill(salt), fill(text)]))
    .digest();
}

function makeIdentity(name: string, issuer: Identity | undefined): Identity {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const now = Date.now();
  const algorithm = sequence(oid(EC_SHA256));
  const body = sequence(
    tagged(0xa0, integer(2)),
    der(0x02, Buffer.concat([Buffer.from([1]), randomBytes(8)])),
    algorithm,
    named(issuer?.name ?? name),
    sequence(time(now - DAY_MS), time(now + 30 * DAY_MS)),
    named(name),
    publicKey.export({ type: 'spki', format: 'der' }),
    tagged(0xa3, sequence(issuer === undefined ? isAuthority() : goodForLoopback())),
  );
  const signature = sign('sha256', body, issuer?.privateKey ?? privateKey);
  const certDer = sequence(body, algorithm, der(0x03, Buffer.concat([Buffer.from([0]), signature])));
  const lines = certDer.toString('base64').match(/.{1,64}/g) ?? [];
  return {
    name,
    cert: `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`,
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    certDer,
    privateKey,
  };
}

function isAuthority(): Buffer {
  return sequence(oid('2.5.29.19'), der(0x01, Buffer.from([0xff])), octets(sequence(der(0x01, Buffer.from([0xff])))));
}

function goodForLoopback(): Buffer {
  const names = sequence(der(0x82, Buffer.from('localhost')), der(0x87, Buffer.from([127, 0, 0, 1])));
  return sequence(oid('2.5.29.17'), octets(names));
}

function named(name: string): Buffer {
  return sequence(der(0x31, sequence(oid('2.5.4.3'), der(0x0c, Buffer.from(name)))));
}

function dataInfo(content: Buffer): Buffer {
  return sequence(oid('1.2.840.113549.1.7.1'), tagged(0xa0, octets(content)));
}

function time(at: number): Buffer {
  return der(0x17, Buffer.from(`${new Date(at).toISOString().slice(2, 19).replaceAll(/[-:T]/g, '')}Z`));
}

function oid(text: string): Buffer {
  const [first = 0, second = 0, ...rest] = text.split('.').map(Number);
  const bytes = [first * 40 + second];
  for (const part of rest) {
    const groups = [part % 128];
    for (let left = Math.floor(part / 128); left > 0; left = Math.floor(left / 128)) groups.unshift((left % 128) + 128);
    bytes.push(...groups);
  }
  return der(0x06, Buffer.from(bytes));
}

function integer(value: number): Buffer {
  return der(0x02, Buffer.from([value]));
}

function octets(content: Buffer): Buffer {
  return der(0x04, content);
}

function sequence(...parts: Buffer[]): Buffer {
  return der(0x30, Buffer.concat(parts));
}

function tagged(tag: number, content: Buffer): Buffer {
  return der(tag, content);
}

function der(tag: number, content: Buffer): Buffer {
  const { length } = content;
  const size = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 255];
  return Buffer.concat([Buffer.from([tag, ...size]), content]);
}
