// A fault proxy in front of PostgreSQL: passes bytes, and on demand lets a statement reach the server and cuts the connection instead of
// passing the answer on: the COMMIT that is lost on the wire.
import { once } from 'node:events';
import { connect, createServer, type NetConnectOpts, type Socket } from 'node:net';

/** A proxy on a free loopback port. */
export interface FaultProxy {
  /** libpq URL through the proxy for the user and database of `upstreamUrl`. */
  url: string;
  /** New connections go here; those to another server are cut. */
  setUpstream(upstreamUrl: string): void;
  /** The answers to the next `times` runs of the prepared statement `name` are lost after the server gave them. */
  loseAnswers(name: string, times: number): void;
  /** How many answers were lost so far. */
  lost(): number;
  stop(): Promise<void>;
}

/** The end of an answer, ReadyForQuery outside of a transaction: what was autocommitted is committed. */
const READY_FOR_QUERY = Buffer.from([0x5a, 0, 0, 0, 5, 0x49]);

/** Starts one in front of the server of `upstreamUrl`, which may name a socket's folder (`?host=/path`). */
export async function startFaultProxy(upstreamUrl: string): Promise<FaultProxy> {
  const sockets = new Set<Socket>();
  const losing = new Map<string, number>();
  let upstream = addressOf(upstreamUrl);
  let lost = 0;
  function doomedBy(chunk: Buffer): boolean {
    for (const [name, times] of losing) {
      // Bind names the statement after the portal's empty name, both ended by NUL.
      if (times === 0 || !chunk.includes(`\u0000${name}\u0000`)) continue;
      losing.set(name, times - 1);
      return true;
    }
    return false;
  }
  function join(client: Socket): void {
    const server = connect(upstream);
    let isDoomed = false;
    for (const socket of [client, server]) {
      sockets.add(socket);
      socket.on('error', () => socket.destroy());
      socket.on('close', () => sockets.delete(socket));
    }
    client.on('close', () => server.destroy());
    server.on('close', () => client.destroy());
    client.on('data', (chunk) => {
      isDoomed ||= doomedBy(chunk);
      server.write(chunk);
    });
    server.on('data', (chunk) => {
      if (!isDoomed) client.write(chunk);
      else if (chunk.subarray(-READY_FOR_QUERY.length).equals(READY_FOR_QUERY)) {
        lost += 1;
        client.resetAndDestroy();
      }
    });
  }
  const proxy = createServer(join);
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  const address = proxy.address();
  if (address === null || typeof address === 'string') throw new Error('no TCP address');
  const cutAll = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    url: throughPort(upstreamUrl, address.port),
    setUpstream(url) {
      upstream = addressOf(url);
      cutAll();
    },
    loseAnswers: (name, times) => void losing.set(name, times),
    lost: () => lost,
    async stop() {
      cutAll();
      proxy.close();
      await once(proxy, 'close');
    },
  };
}

function addressOf(text: string): NetConnectOpts {
  // The form `postgresql:///db?host=/folder&user=u` has no host of its own, which URL does not take.
  const url = new URL(text.replace(':///', '://socket/'));
  const folder = url.searchParams.get('host');
  if (folder !== null) return { path: `${folder}/.s.PGSQL.5432` };
  return { host: url.hostname, port: Number(url.port === '' ? 5432 : url.port) };
}

function throughPort(text: string, port: number): string {
  const url = new URL(text.replace(':///', '://socket/'));
  const user = url.searchParams.get('user') ?? url.username;
  const password = url.password === '' ? '' : `:${url.password}`;
  return `postgresql://${user}${password}@127.0.0.1:${port}${url.pathname}`;
}
