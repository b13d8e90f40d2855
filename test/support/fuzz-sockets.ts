// A client without manners: writes bytes to a socket as a test says, and tells what came back.
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** What a conversation left. */
export interface Conversation {
  /** All that the server wrote, as Latin-1. */
  text: string;
  /** Whether the server ended the connection within the time. */
  isClosed: boolean;
  /** From connecting to the end, ms. */
  durationMs: number;
}

/** A raw connection. */
export interface RawClient {
  socket: Socket;
  /** All that the server wrote so far, as Latin-1. */
  text(): string;
  /** Whether the server, or an error, ended it. */
  isClosed(): boolean;
  /** Resolves when it is closed. */
  closed: Promise<void>;
}

/** Opens one. Rejects when the server does not take the connection. */
export async function openRaw(url: string): Promise<RawClient> {
  const { hostname, port } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port), noDelay: true });
  const chunks: Buffer[] = [];
  let isClosed = false;
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  const closed = new Promise<void>((resolve) => {
    socket.on('close', () => {
      isClosed = true;
      resolve();
    });
  });
  const connected = once(socket, 'connect');
  // Resets are an answer too: after the connection stands, what matters is that it is closed.
  connected.then(
    () => socket.on('error', () => {}),
    () => {},
  );
  await connected;
  socket.on('end', () => socket.end());
  return { socket, text: () => Buffer.concat(chunks).toString('latin1'), isClosed: () => isClosed, closed };
}

/** Writes `bytes`, ends our side unless `holds`, and waits until the server closes, at most `timeoutMs`. */
export async function converse(
  url: string,
  bytes: string | Uint8Array,
  { timeoutMs = 5_000, holds = false }: { timeoutMs?: number; holds?: boolean } = {},
): Promise<Conversation> {
  const startedAt = performance.now();
  const client = await openRaw(url);
  const content = typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes;
  if (holds) client.socket.write(content);
  else client.socket.end(content);
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, timeoutMs);
  });
  await Promise.race([client.closed, late]);
  clearTimeout(timer);
  const isClosed = client.isClosed();
  client.socket.destroy();
  return { text: client.text(), isClosed, durationMs: performance.now() - startedAt };
}

/** Every status in what a server wrote, in order. */
export function statusesOf(text: string): number[] {
  return [...text.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => Number(status));
}
