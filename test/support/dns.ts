// A real DNS server, Debian's dnsmasq, that knows what a test tells it and nothing of the machine.
import { type ChildProcess, spawn } from 'node:child_process';
import { Resolver } from 'node:dns/promises';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from './free-port.js';
import { until } from './until.js';

const PROGRAM = '/usr/sbin/dnsmasq';
/** How many ports are tried. */
const TRIES_MAX = 3;

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

/** Starts one without records, on a port that it gets. Throws when there is no dnsmasq on this machine. */
export async function startDns(): Promise<DnsServer> {
  if (!existsSync(PROGRAM)) throw new Error(`no ${PROGRAM}: apt-get install dnsmasq-base`);
  for (let tries = 1; ; tries += 1) {
    const server = dnsAt(await freePort());
    try {
      await server.serve([]);
      return server;
    } catch (error) {
      await server.stop();
      if (tries === TRIES_MAX) throw error;
    }
  }
}

function dnsAt(port: number): DnsServer {
  const folder = mkdtempSync(join(tmpdir(), 'parley-dns-'));
  const file = join(folder, 'dnsmasq.conf');
  const resolver = new Resolver({ timeout: 500, tries: 1 });
  let running: ChildProcess | undefined;
  const server: DnsServer = {
    address: `127.0.0.1:${port}`,
    async serve(records) {
      await server.pause();
      writeFileSync(file, `${[...configurationOf(port), ...records].join('\n')}\n`);
      resolver.setServers([server.address]);
      await until('dnsmasq answers', async () => {
        // It ends at once when somebody has its port just now.
        if (running === undefined || hasEnded(running))
          running = spawn(PROGRAM, ['-C', file, `--pid-file=${join(folder, 'dnsmasq.pid')}`], { stdio: 'ignore' });
        return (await resolver.resolveTxt('ready.example')).length === 1;
      });
    },
    async pause() {
      if (running === undefined || hasEnded(running)) return;
      const ended = once(running, 'exit');
      running.kill('SIGTERM');
      await ended;
    },
    async stop() {
      await server.pause();
      rmSync(folder, { recursive: true, force: true });
    },
  };
  return server;
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
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
