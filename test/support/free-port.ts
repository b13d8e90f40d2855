// Ports for programs that are told theirs and take it later, or give it up for a while and take it again.
import { randomInt } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer } from 'node:net';

/** Below the ports that kernels give by themselves (32768 and up on Linux): no connection and no `listen(0)` takes one of these meanwhile. */
const PORT_MIN = 20_000;
const PORT_MAX = 32_000;
const TRIES_MAX = 1_000;

/** What this process was given, which it is not given again. */
const given = new Set<number>();

/** A loopback port that is free for TCP and for UDP, chosen at random, since other processes choose too. Throws when a thousand are taken. */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < TRIES_MAX; tries += 1) {
    const port = randomInt(PORT_MIN, PORT_MAX);
    if (given.has(port) || !(await isFree(port))) continue;
    given.add(port);
    return port;
  }
  throw new Error(`no free port between ${PORT_MIN} and ${PORT_MAX}`);
}

async function isFree(port: number): Promise<boolean> {
  const tcp = createServer();
  const udp = createSocket('udp4');
  try {
    tcp.listen(port, '127.0.0.1');
    udp.bind(port, '127.0.0.1');
    await Promise.all([once(tcp, 'listening'), once(udp, 'listening')]);
    return true;
  } catch {
    return false;
  } finally {
    await Promise.all([closed(tcp), closed(udp)]);
  }
}

/** Resolves when it holds the port no longer; one that never got it holds none. */
function closed(socket: { close(callback: () => void): unknown }): Promise<void> {
  return new Promise((resolve) => {
    try {
      socket.close(() => resolve());
    } catch {
      resolve();
    }
  });
}
