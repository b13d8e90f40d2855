// Asks ClamAV about a file: the INSTREAM command of clamd over TCP (man clamd).
import { createReadStream } from 'node:fs';
import { connect, type Socket } from 'node:net';

/** What a scanner says of a file: undefined when it found nothing, else the name of what it found. Throws when it cannot tell. */
export type Scan = (path: string, signal: AbortSignal) => Promise<string | undefined>;

const CHUNK_BYTES = 256 * 1024;
const CONNECT_TIMEOUT_MS = 5_000;
/** Without a byte either way. A big archive takes clamd some seconds. */
const IDLE_TIMEOUT_MS = 60_000;
const ANSWER_LENGTH_MAX = 4_096;

/** A scanner at `address`, `host:port`. */
export function createClamavScan(address: string): Scan {
  const at = address.lastIndexOf(':');
  const host = address.slice(0, at).replace(/^\[|\]$/g, '');
  const port = Number(address.slice(at + 1));
  return async (path, signal) => {
    signal.throwIfAborted();
    const socket = connect({ host, port });
    socket.setTimeout(CONNECT_TIMEOUT_MS, () => socket.destroy(new Error('the scanner does not answer')));
    const onAbort = (): void => void socket.destroy(new Error('aborted'));
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      const answer = answerOf(socket);
      // Whatever fails first says why; the other is cut off by it.
      const [text] = await Promise.all([answer, stream(socket, path)]);
      return verdictOf(text);
    } finally {
      signal.removeEventListener('abort', onAbort);
      socket.destroy();
    }
  };
}

async function stream(socket: Socket, path: string): Promise<void> {
  await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject));
  socket.setTimeout(IDLE_TIMEOUT_MS);
  await write(socket, Buffer.from('zINSTREAM\0'));
  for await (const chunk of createReadStream(path, { highWaterMark: CHUNK_BYTES })) {
    // clamd answers and closes in the middle when the file is larger than its StreamMaxLength.
    if (socket.readableEnded || socket.destroyed) return;
    await write(socket, lengthOf(chunk.length));
    await write(socket, chunk);
  }
  await write(socket, lengthOf(0));
}

function lengthOf(bytes: number): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes);
  return length;
}

function write(socket: Socket, bytes: Buffer): Promise<void> {
  return new Promise((resolve, reject) => socket.write(bytes, (error) => (error ? reject(error) : resolve())));
}

function answerOf(socket: Socket): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    socket.setEncoding('utf8');
    socket.on('data', (chunk: string) => {
      text += chunk;
      if (text.includes('\0') || text.length > ANSWER_LENGTH_MAX) resolve(text);
    });
    socket.once('end', () => resolve(text));
    socket.once('error', reject);
    socket.once('close', () => reject(new Error('the scanner hung up')));
  });
}

/** `stream: OK`, `stream: Eicar-Signature FOUND`, or some text that ends in ERROR. */
function verdictOf(answer: string): string | undefined {
  const text = answer.replace(/\0.*$/s, '').trim();
  if (text === 'stream: OK') return undefined;
  const found = /^stream: (.{1,200}) FOUND$/.exec(text)?.[1];
  if (found !== undefined) return found;
  throw new Error(`the scanner says: ${text.slice(0, 200)}`);
}
