// A client that costs little, since what it costs is missing to what is measured on the same cores: HTTP/1.1 over kept-alive sockets,
// one request at a time on each, answers with a length only. All that is sent and answered is ASCII here, so characters are bytes.
import { connect, type Socket } from 'node:net';

/** Called once: the status and the body, or status 0 when the connection broke. */
export type Done = (status: number, body: string) => void;

/** Posts to one origin. */
export interface HttpClient {
  /** `head` is made by `requestHead`; waits for a free connection when all are busy. */
  post(head: string, body: string, done: Done): void;
  close(): void;
}

interface Request {
  text: string;
  done: Done;
}

interface Connection {
  socket: Socket;
  current: Request | undefined;
  /** What has come of the answer so far. */
  received: string;
}

/** Request line and headers of a POST of JSON, all but its length. */
export function requestHead(url: string, headers: Readonly<Record<string, string>> = {}): string {
  const { host, pathname } = new URL(url);
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return `POST ${pathname} HTTP/1.1\r\nhost: ${host}\r\ncontent-type: application/json\r\n${lines.join('')}`;
}

/** Request line and headers of a GET; the length of no body follows. */
export function getHead(url: string, headers: Readonly<Record<string, string>>): string {
  const { host, pathname } = new URL(url);
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return `GET ${pathname} HTTP/1.1\r\nhost: ${host}\r\n${lines.join('')}`;
}

/** A client of `url`'s origin with at most `connections` sockets, opened when needed. */
export function createHttpClient(url: string, connections: number): HttpClient {
  const { hostname, port } = new URL(url);
  const idle: Connection[] = [];
  const open = new Set<Connection>();
  const queue: Request[] = [];

  function start(connection: Connection, request: Request): void {
    connection.current = request;
    connection.socket.write(request.text, 'latin1');
  }

  function finish(connection: Connection, status: number, body: string): void {
    const { current } = connection;
    connection.current = undefined;
    connection.received = '';
    const next = open.has(connection) ? queue.shift() : undefined;
    if (next !== undefined) start(connection, next);
    else if (open.has(connection)) idle.push(connection);
    current?.done(status, body);
  }

  function take(connection: Connection, text: string): void {
    connection.received = connection.received === '' ? text : connection.received + text;
    const answer = readAnswer(connection.received);
    if (answer !== undefined) finish(connection, answer.status, answer.body);
  }

  function openConnection(): Connection {
    const buffer = Buffer.allocUnsafe(READ_BYTES);
    const connection: Connection = {
      // A buffer of ours is read into without a stream's events, which cost more than all the rest of an answer here.
      socket: connect({
        host: hostname,
        port: Number(port),
        noDelay: true,
        onread: {
          buffer,
          callback(bytes) {
            take(connection, buffer.toString('latin1', 0, bytes));
            return true;
          },
        },
      }),
      current: undefined,
      received: '',
    };
    open.add(connection);
    connection.socket.on('error', () => {});
    connection.socket.on('close', () => {
      open.delete(connection);
      const at = idle.indexOf(connection);
      if (at >= 0) idle.splice(at, 1);
      if (connection.current !== undefined) finish(connection, 0, '');
      const next = queue.shift();
      if (next !== undefined) start(openConnection(), next);
    });
    return connection;
  }

  return {
    post(head, body, done) {
      const request = { text: `${head}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`, done };
      const connection = idle.pop() ?? (open.size < connections ? openConnection() : undefined);
      if (connection === undefined) queue.push(request);
      else start(connection, request);
    },
    close() {
      for (const { socket } of open) socket.destroy();
    },
  };
}

/** Read at once; more comes in parts. */
const READ_BYTES = 16 * 1024;
const STATUS_AT = 'HTTP/1.1 '.length;

/** The answer, once all of it is there. Throws on an answer without length. */
function readAnswer(received: string): { status: number; body: string } | undefined {
  const headEnd = received.indexOf('\r\n\r\n');
  if (headEnd < 0) return undefined;
  const length = /\r\ncontent-length: (\d+)/i.exec(received)?.[1];
  if (length === undefined) throw new Error(`an answer without length: ${received.slice(0, 100)}`);
  const body = received.slice(headEnd + 4);
  if (body.length < Number(length)) return undefined;
  return { status: Number(received.slice(STATUS_AT, STATUS_AT + 3)), body };
}
