// The other end of `child.ts`: what every program of the benchmark does to tell its URL, take commands, and end with its parent.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createDoor, type Server as Door } from 'node:net';

/** Answers one request; `body` is the whole request body. */
export type Handler = (request: IncomingMessage, body: string, response: ServerResponse) => void;

const HOST = '127.0.0.1';
const KEEP_ALIVE_MS = 60_000;

/** Serves `handler` on a free loopback port with bare node:http; resolves with the base URL. */
export function serve(handler: Handler): Promise<string> {
  return listen(createHttp(handler));
}

/** Serves `handler` on `count` ports at once, each an origin of its own; resolves with the base URLs. */
export function serveMany(handler: Handler, count: number): Promise<string[]> {
  const server = createHttp(handler);
  const doors = Array.from({ length: count }, () => createDoor((socket) => void server.emit('connection', socket)));
  return Promise.all(doors.map(listen));
}

function createHttp(handler: Handler): Server {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () =>
      handler(request, chunks.length === 1 ? String(chunks[0]) : String(Buffer.concat(chunks)), response),
    );
  });
  server.keepAliveTimeout = KEEP_ALIVE_MS;
  return server;
}

function listen(server: Door): Promise<string> {
  return new Promise((resolve) => {
    server.listen(0, HOST, () => {
      const address = server.address();
      resolve(`http://${HOST}:${typeof address === 'object' && address !== null ? address.port : 0}`);
    });
  });
}

/** Sends `body` as JSON with a length, as every server of the benchmark does. */
export function sendJson(response: ServerResponse, body: string): void {
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) });
  response.end(body);
}

/** Tells `url` to the parent, answers its commands with `answer` one by one, and ends when the parent does. */
export function report<Command, Answer>(url: string, answer: (command: Command) => Promise<Answer>): void {
  const tell = (message: object): void => void process.send?.(message);
  process.on('disconnect', () => process.exit(0));
  process.on('SIGTERM', () => process.exit(0));
  process.on('message', (command) => {
    // Parse boundary: both ends of the channel are built together.
    answer(command as Command).then(
      (value) => tell({ answer: value }),
      (error: unknown) => tell({ error: error instanceof Error ? error.message : String(error) }),
    );
  });
  tell({ url });
}
