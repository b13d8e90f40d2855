// A real CA that speaks ACME, Debian's pebble, which looks at hosts through a DNS server of the test and forgets everything when it stops.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Authority, newAuthority } from './certificates.js';
import { freePort } from './free-port.js';
import { until } from './until.js';

const PROGRAM = '/usr/bin/pebble';

/** A CA that is not yet there. */
export interface Pebble {
  /** The URL of its directory. */
  directory: string;
  /** File (PEM) with the authority that vouches for the CA's own server. */
  caFile: string;
  /** Starts it. It connects to hosts at `httpPort`, by what `dns` (`address:port`) says. */
  start(options: { httpPort: number; dns: string }): Promise<void>;
  /** The root of the certificates that it issues, in PEM. */
  root(): Promise<string>;
  stop(): Promise<void>;
}

/** How it is. */
interface PebbleOptions {
  /** How long its certificates are valid. */
  lifeSeconds: number;
  /** The one account that may be bound to; it serves nobody else then. */
  binding?: { keyId: string; hmacKey: string };
  /** It believes every host. */
  isTrusting?: true;
}

/** Chooses where it will be. Throws when there is no pebble on this machine. */
export async function preparePebble({ lifeSeconds, binding, isTrusting }: PebbleOptions): Promise<Pebble> {
  if (!existsSync(PROGRAM)) throw new Error(`no ${PROGRAM}: apt-get install pebble`);
  const folder = mkdtempSync(join(tmpdir(), 'parley-pebble-'));
  const authority = newAuthority('pebble test');
  const [port, managementPort] = [await freePort(), await freePort()];
  const caFile = join(folder, 'ca.pem');
  const management = `https://127.0.0.1:${managementPort}`;
  let running: ChildProcess | undefined;
  writeFileSync(caFile, authority.ca);
  return {
    directory: `https://127.0.0.1:${port}/dir`,
    caFile,
    async start({ httpPort, dns }) {
      const file = join(folder, 'pebble.json');
      const addresses = { listenAddress: `127.0.0.1:${port}`, managementListenAddress: `127.0.0.1:${managementPort}` };
      const bound = binding && {
        externalAccountBindingRequired: true,
        externalAccountMACKeys: { [binding.keyId]: binding.hmacKey },
      };
      const more = { httpPort, tlsPort: 1, certificateValidityPeriod: lifeSeconds, ...bound };
      writeFileSync(file, JSON.stringify({ pebble: { ...addresses, ...identityFiles(folder, authority), ...more } }));
      const env = {
        PATH: process.env.PATH,
        PEBBLE_VA_NOSLEEP: '1',
        ...(isTrusting && { PEBBLE_VA_ALWAYS_VALID: '1' }),
      };
      const isThere = async (): Promise<boolean> => {
        // It ends at once when somebody has a port of it just now; the gateway was told where it will be, so it is tried there again.
        if (running === undefined || hasEnded(running))
          running = spawn(PROGRAM, ['-config', file, '-strict', '-dnsserver', dns], { env, stdio: 'ignore' });
        return (await get(`${management}/roots/0`, authority.ca)) !== '';
      };
      await until('pebble answers', isThere, 20_000);
    },
    root: () => get(`${management}/roots/0`, authority.ca),
    async stop() {
      if (running !== undefined && !hasEnded(running)) {
        const ended = once(running, 'exit');
        running.kill('SIGTERM');
        await ended;
      }
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

function identityFiles(folder: string, authority: Authority): { certificate: string; privateKey: string } {
  const { cert, key } = authority.issue('localhost');
  const files = { certificate: join(folder, 'server.pem'), privateKey: join(folder, 'server-key.pem') };
  writeFileSync(files.certificate, cert);
  writeFileSync(files.privateKey, key);
  return files;
}

function get(url: string, ca: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const asked = request(url, { ca, timeout: 5_000 }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => resolve(Buffer.concat(chunks).toString('utf8')));
    });
    asked.on('error', reject).on('timeout', () => asked.destroy(new Error('no answer')));
    asked.end();
  });
}
