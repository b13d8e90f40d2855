// Debian's Caddy and nginx with configurations as our pages show them: nothing is replaced but addresses, ports and paths.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request as startRequest } from 'node:https';
import { join } from 'node:path';
import { newAuthority } from './certificates.js';
import { temporaryFolder } from './dev-world.js';
import { freePort } from './free-port.js';
import { until } from './until.js';

/** The public host of the pages. */
export const PUBLIC_HOST = 'parley.example.com';

/** A request through a proxy. `from` is the address that the caller has. */
export interface Ask {
  method?: string;
  headers?: Record<string, string>;
  body?: string | Buffer;
  host?: string;
  from?: string;
}

/** What came back. */
export interface ProxyAnswer {
  status: number;
  headers: NodeJS.Dict<string | string[]>;
  body: Buffer;
}

/** A running proxy on a free loopback port. */
export interface TlsProxy {
  /** Asks over TLS, on a connection of its own. Throws when the handshake or the answer fails. */
  ask(path: string, ask?: Ask): Promise<ProxyAnswer>;
  stop(): Promise<void>;
}

const CADDY = '/usr/bin/caddy';
const NGINX = '/usr/sbin/nginx';
const READY_TIMEOUT_MS = 30_000;
const ANSWER_TIMEOUT_MS = 20_000;
const OUTPUT_CHARACTERS_MAX = 20_000;

/** Starts Caddy with a Caddyfile, in front of the gateway at `gateway` (`host:port`). Its certificates are its own, so that it needs no internet. */
export async function startCaddy(caddyfile: string, gateway: string): Promise<TlsProxy> {
  const folder = temporaryFolder('caddy');
  const port = await freePort();
  const own = [
    'admin off',
    'default_bind 127.0.0.1',
    `http_port ${await freePort()}`,
    `https_port ${port}`,
    'local_certs',
    'skip_install_trust',
  ].join('\n\t');
  const site = caddyfile.replaceAll('127.0.0.1:8080', gateway);
  const text = site.startsWith('{\n') ? site.replace('{\n', `{\n\t${own}\n`) : `{\n\t${own}\n}\n${site}`;
  const file = join(folder, 'Caddyfile');
  writeFileSync(file, text);
  const env = { HOME: folder, XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder, PUBLIC_DOMAIN: PUBLIC_HOST };
  const running = run(CADDY, ['run', '--config', file, '--adapter', 'caddyfile'], env);
  const root = join(folder, 'caddy', 'pki', 'authorities', 'local', 'root.crt');
  const ca = (): string => readFileSync(root, 'utf8');
  return whenReady({ running, folder, port, ca, nameOf: (host) => host });
}

/** Starts nginx with what a page shows of a site, in front of the gateway at `gateway` (`host:port`). */
export async function startNginx(site: string, gateway: string): Promise<TlsProxy> {
  const folder = temporaryFolder('nginx');
  const port = await freePort();
  const authority = newAuthority('Test authority');
  const { cert, key } = authority.issue('nginx');
  writeFileSync(join(folder, 'fullchain.pem'), cert);
  writeFileSync(join(folder, 'privkey.pem'), key);
  const own = site
    .replaceAll('listen 443', `listen 127.0.0.1:${port}`)
    .replaceAll('127.0.0.1:8080', gateway)
    .replaceAll(`/etc/letsencrypt/live/${PUBLIC_HOST}`, folder);
  const file = join(folder, 'nginx.conf');
  writeFileSync(file, nginxAround(own, folder));
  const running = run(NGINX, ['-c', file, '-p', folder], {});
  // Its certificate is good for localhost; with one site, every name leads to it.
  return whenReady({ running, folder, port, ca: () => authority.ca, nameOf: () => 'localhost' });
}

/** What Debian's nginx.conf has around a site, in a folder of its own and in the foreground. */
function nginxAround(site: string, folder: string): string {
  const user = process.getuid?.() === 0 ? 'user root;' : '';
  return `${user} daemon off; pid ${folder}/nginx.pid; error_log stderr; worker_processes 1; events {}
http {
  access_log off;
  client_body_temp_path ${folder}/body;
  proxy_temp_path ${folder}/proxy;
  ${site}
}
`;
}

interface Running {
  child: ChildProcess;
  output(): string;
}

function run(program: string, args: readonly string[], env: Record<string, string>): Running {
  if (!existsSync(program)) throw new Error(`no ${program}: apt-get install caddy nginx-light`);
  const child = spawn(program, args, { env: { PATH: process.env.PATH, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  const text = { said: '' };
  const note = (chunk: string): void => {
    text.said = (text.said + chunk).slice(-OUTPUT_CHARACTERS_MAX);
  };
  child.stdout.setEncoding('utf8').on('data', note);
  child.stderr.setEncoding('utf8').on('data', note);
  return { child, output: () => text.said };
}

interface Started {
  running: Running;
  folder: string;
  port: number;
  /** The authority to trust, in PEM; throws while there is none. */
  ca(): string;
  /** The name in the handshake for a host. */
  nameOf(host: string): string;
}

async function whenReady({ running, folder, port, ca, nameOf }: Started): Promise<TlsProxy> {
  const { child, output } = running;
  const hasEnded = (): boolean => child.exitCode !== null || child.signalCode !== null;
  const ask = (path: string, given: Ask = {}): Promise<ProxyAnswer> =>
    request(port, path, given, { ca: ca(), servername: nameOf(given.host ?? PUBLIC_HOST) });
  async function stop(): Promise<void> {
    if (!hasEnded()) {
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      await ended;
    }
    rmSync(folder, { recursive: true, force: true });
  }
  try {
    await until('the proxy answers', async () => hasEnded() || (await ask('/')).status > 0, READY_TIMEOUT_MS);
    if (hasEnded()) throw new Error('it ended');
  } catch (error) {
    await stop();
    throw new Error(`the proxy did not get ready:\n${output()}`, { cause: error });
  }
  return { ask, stop };
}

function request(
  port: number,
  path: string,
  { method, headers = {}, body, host = PUBLIC_HOST, from = '127.0.0.1' }: Ask,
  tls: { ca: string; servername: string },
): Promise<ProxyAnswer> {
  return new Promise((resolve, reject) => {
    const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) };
    const options = {
      method: method ?? (body === undefined ? 'GET' : 'POST'),
      headers: { host, ...length, ...headers },
      localAddress: from,
      agent: false,
      timeout: ANSWER_TIMEOUT_MS,
      ...tls,
    };
    const asked = startRequest({ host: '127.0.0.1', port, path, ...options }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject).on('end', () => {
        const { statusCode = 0, headers: got } = response;
        resolve({ status: statusCode, headers: got, body: Buffer.concat(chunks) });
      });
    });
    asked.on('error', reject).on('timeout', () => asked.destroy(new Error('no answer')));
    asked.end(body);
  });
}
