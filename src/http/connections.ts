// The connections of a server, for its end. Node closes those that are idle once, when it closes: one that is answered a moment later and
// kept alive by its client, or that never says anything, holds the server for as long as it likes; and one whose answer is still being
// written counts as idle, and is cut. Here each is closed when it has nothing left to say, and no sooner.
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** Remembers one connection. */
export type Watch = (socket: Socket) => void;

interface Known {
  /** Requests whose answer is not written yet. */
  requests: number;
  /** What had been read when the last answer was written. */
  readBefore: number;
}

/** A client that has sent a part of a head when the server closes has so long for the rest. */
const HEAD_GRACE_MS = 3_000;

/** Puts what is said above in place of Node's own way with `server`; the function returned must be given every connection of which Node reads requests. */
export function closeConnectionsAtEnd(server: Server): Watch {
  const open = new Map<Socket, Known>();
  const state = { isClosing: false };
  server.on('request', ({ socket }: IncomingMessage, response: ServerResponse) => {
    const known = open.get(socket);
    if (known === undefined) return;
    known.requests += 1;
    response.once('close', () => {
      known.requests -= 1;
      known.readBefore = socket.bytesRead;
      if (state.isClosing && known.requests === 0) socket.destroySoon();
    });
  });
  server.closeIdleConnections = () => {
    if (state.isClosing) return;
    state.isClosing = true;
    for (const [socket, { requests, readBefore }] of open)
      if (requests === 0 && socket.bytesRead === readBefore) socket.destroy();
    setTimeout(() => {
      for (const [socket, { requests }] of open) if (requests === 0) socket.destroy();
    }, HEAD_GRACE_MS).unref();
  };
  return (socket) => {
    open.set(socket, { requests: 0, readBefore: 0 });
    socket.once('close', () => open.delete(socket));
  };
}
