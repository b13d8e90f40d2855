// A stand-in for ClamAV's daemon: reads INSTREAM as clamd does and finds the files that hold a certain text.
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';

/** A running stub. */
export interface ScannerStub {
  /** `host:port`. */
  address: string;
  /** Bytes of each file that was looked at whole. */
  scanned: number[];
  /** Answers this instead of a verdict; null hangs up without a word; undefined = as usual. */
  answer(text: string | null | undefined): void;
  stop(): Promise<void>;
}

/** What the stub finds. */
export const MALWARE = { text: 'PARLEY-TEST-MALWARE', name: 'Parley.Test-1' };

const STREAM_BYTES_MAX = 8 * 1024 * 1024;

/** Starts one on a free loopback port. Streams above 8 MiB are refused, as `StreamMaxLength` does. */
export async function startScannerStub(): Promise<ScannerStub> {
  const scanned: number[] = [];
  const sockets = new Set<Socket>();
  let fixed: string | null | undefined;
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    if (fixed === null) return void socket.destroy();
    void talk(socket, scanned, () => fixed ?? undefined);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no TCP address');
  return {
    address: `127.0.0.1:${address.port}`,
    scanned,
    answer(text) {
      fixed = text;
    },
    async stop() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

async function talk(socket: Socket, scanned: number[], fixed: () => string | undefined): Promise<void> {
  let waiting = Buffer.alloc(0);
  let file = Buffer.alloc(0);
  let isOpen = false;
  for await (const chunk of socket) {
    waiting = Buffer.concat([waiting, chunk]);
    if (!isOpen) {
      const end = waiting.indexOf(0);
      if (end < 0) continue;
      if (waiting.subarray(0, end).toString() !== 'zINSTREAM') return void socket.end('UNKNOWN COMMAND\0');
      waiting = waiting.subarray(end + 1);
      isOpen = true;
    }
    while (waiting.length >= 4) {
      const length = waiting.readUInt32BE(0);
      if (length === 0) {
        scanned.push(file.length);
        const verdict = file.includes(MALWARE.text) ? `stream: ${MALWARE.name} FOUND` : 'stream: OK';
        return void socket.end(`${fixed() ?? verdict}\0`);
      }
      if (waiting.length < 4 + length) break;
      file = Buffer.concat([file, waiting.subarray(4, 4 + length)]);
      waiting = waiting.subarray(4 + length);
      if (file.length > STREAM_BYTES_MAX) return void socket.end('INSTREAM size limit exceeded. ERROR\0');
    }
  }
}
