// A TCP balancer: one address for many gateway processes, as an operator's load balancer would be. It knows nothing of what passes.
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

/** A balancer on a free loopback port. */
export interface Balancer {
  /** `http://127.0.0.1:<port>`. */
  url: string;
  /** New connections go to these in turn, base URLs; one that refuses is passed over. Connections to others are cut, as health checks would. */
  setUpstreams(urls: readonly string[]): void;
  stop(): Promise<void>;
}

/** Starts one without upstreams: connections are closed at once. */
export async function startBalancer(): Promise<Balancer> {
  const sockets = new Set<Socket>();
  const portOf = new Map<Socket, number>();
  let ports: number[] = [];
  let turn = 0;
  function open(client: Socket, tries: number): void {
    const port = ports[turn % Math.max(1, ports.length)];
    turn += 1;
    if (port === undefined || tries <= 0) {
      client.destroy();
      return;
    }
    const upstream = connect({ port, host: '127.0.0.1' });
    let isOpen = false;
    upstream.once('connect', () => {
      isOpen = true;
      track(upstream);
      portOf.set(upstream, port);
      client.pipe(upstream).pipe(client);
    });
    upstream.on('error', () => (isOpen ? client.destroy() : open(client, tries - 1)));
    upstream.on('close', () => {
      portOf.delete(upstream);
      if (isOpen) client.destroy();
    });
    client.on('error', () => upstream.destroy());
    client.on('close', () => upstream.destroy());
  }
  function track(socket: Socket): void {
    socket.setNoDelay(true);
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  }
  const server = createServer((client) => {
    track(client);
    client.on('error', () => client.destroy());
    open(client, ports.length);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no TCP address');
  return {
    url: `http://127.0.0.1:${address.port}`,
    setUpstreams(urls) {
      ports = urls.map((url) => Number(new URL(url).port));
      for (const [socket, port] of portOf) if (!ports.includes(port)) socket.destroy();
    },
    async stop() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
