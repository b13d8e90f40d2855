// A real DNS server, Debian's dnsmasq, that knows what a test tells it and nothing of the machine.
import { type ChildProcess, spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { Resolver } from 'node:dns/promises';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { until } from './until.js';

const PROGRAM = '/usr/sbin/dnsmasq';

/** A DNS server on a free loopback port, authoritative for everything under `example`. */
export interface DnsServer {
  /** `address:port`, as PARLEY_DNS_SERVERS takes it. */
  address: string;
  /** Has these records and no others from now on: lines of dnsmasq's configuration (`txt-record=...`, `cname=...`). */
  serve(records: readonly string[]): Promise<void>;
  /** Ends the server; `serve` starts it again. */
  pause(): Promise<void>;
  stop(): Promise<void>;
}

/** Starts one without records. Throws when there is no dnsmasq on this machine. */
export async function startDns(): Promise<DnsServer> {
  if (!existsSync(PROGRAM)) throw new Error(`no ${PROGRAM}: apt-get install dnsmasq-base`);
  const folder = mkdtempSync(join(tmpdir(), 'parley-dns-'));
  const port = await freePort();
  let running: ChildProcess | undefined;
  const server: DnsServer = {
    address: `127.0.0.1:${port}`,
    async serve(records) {
      await server.pause();
      const file = join(folder, 'dnsmasq.conf');
      writeFileSync(file, `${[...configurationOf(port), ...records].join('\n')}\n`);
      running = spawn(PROGRAM, ['-C', file, `--pid-file=${join(folder, 'dnsmasq.pid')}`], { stdio: 'ignore' });
      const resolver = new Resolver({ timeout: 500, tries: 1 });
      resolver.setServers([server.address]);
      await until(
        'dnsmasq answers',
        async () => (await resolver.resolveTxt('ready.example')).length === 1 || undefined,
      );
    },
    async pause() {
      if (running === undefined || running.exitCode !== null) return;
      const ended = once(running, 'exit');
      running.kill('SIGTERM');
      await ended;
    },
    async stop() {
      await server.pause();
      rmSync(folder, { recursive: true, force: true });
    },
  };
  await server.serve([]);
  return server;
}

function configurationOf(port: number): string[] {
  return [
    'no-resolv',
    'no-hosts',
    'no-daemon',
    'bind-interfaces',
    'listen-address=127.0.0.1',
    `port=${port}`,
    'user=root',
    'local=/example/',
    'txt-record=ready.example,yes',
  ];
}

async function freePort(): Promise<number> {
  const socket = createSocket('udp4').bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const { port } = socket.address();
  socket.close();
  await once(socket, 'close');
  return port;
}
