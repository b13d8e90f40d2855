// HTTP to Meta's Graph: keep-alive pool, total timeout, and an exact answer to "did any byte of the request leave?" (P8).
// undici's dispatch tells it: `onRequestStart` comes before the first byte is written, and the body is never retried on its own.
import { setMaxListeners } from 'node:events';
import { Readable } from 'node:stream';
import { type Dispatcher, Pool } from 'undici';
import { flowJsonForm, type UploadForm, uploadForm } from './upload-form.js';

/** How a request to Graph ended. */
export type GraphAnswer =
  /** An HTTP answer was read whole. `body` is its JSON, undefined when it is none. */
  | { kind: 'answered'; status: number; body: unknown; usage: string | undefined }
  /** Nothing was sent: DNS, refused, TLS, connect timeout, pool closed. Trying again is safe. */
  | { kind: 'notWritten'; reason: string; cause: unknown }
  /** The request may have been processed: timeout, reset, truncated or unreadable answer. */
  | { kind: 'unknown'; reason: string; cause: unknown };

/** Where Graph is and how long it may take. */
export interface GraphClientOptions {
  /** Base URL without a final slash (`https://graph.facebook.com`); a path in it is kept. */
  baseUrl: string;
  /** `v23.0`. */
  version: string;
  /** Sockets at most; also the most requests in flight. */
  connections?: number;
  /** From the call to the last byte of the answer, ms. */
  timeoutMs?: number;
  connectTimeoutMs?: number;
}

/** A file to be uploaded. */
export interface GraphUpload {
  mimeType: string;
  bytes: AsyncIterable<Buffer>;
  /** How many bytes come; undefined when nobody knows. */
  length: number | undefined;
  /** From the call to the last byte of the answer, ms. */
  timeoutMs: number;
}

/** Client of one Graph. All promises resolve; none rejects. */
export interface GraphClient {
  /** Most requests that are on sockets at once; more wait inside the client, which callers should avoid. */
  readonly connections: number;
  readonly timeoutMs: number;
  /** `POST /{phone-number-id}/messages`. `body` is JSON text. */
  send(
    phoneNumberId: string,
    token: string,
    body: string,
    options?: { signal?: AbortSignal; traceparent?: string | undefined },
  ): Promise<GraphAnswer>;
  /** `path` without slash and version in front, query included: `123?fields=id`. */
  get(path: string, token: string, signal?: AbortSignal): Promise<GraphAnswer>;
  post(path: string, token: string, body?: object, signal?: AbortSignal): Promise<GraphAnswer>;
  delete(path: string, token: string): Promise<GraphAnswer>;
  /** `POST /upload:<session>`: the bytes of a resumable upload, whole (Meta 3). */
  uploadSession(session: string, token: string, bytes: Buffer): Promise<GraphAnswer>;
  /** `POST /{flow-id}/assets`: the JSON of a flow, streamed (Meta 5.1). What its bytes throw is the answer's `cause`, and Meta changes nothing then. */
  postFlowJson(flowId: string, token: string, json: Pick<GraphUpload, 'bytes' | 'length'>): Promise<GraphAnswer>;
  /** `POST /{phone-number-id}/media`; the bytes are streamed. What they throw is the answer's `cause`, and nothing is kept at Meta then. */
  upload(phoneNumberId: string, token: string, file: GraphUpload): Promise<GraphAnswer>;
  /** Ends idle sockets, waits for running requests at most their timeout, then cuts what is left. Safe to call twice. */
  close(): Promise<void>;
}

const CONNECTIONS = 64;
const TIMEOUT_MS = 10_000;
const CONNECT_TIMEOUT_MS = 5_000;
/** A page of templates can be long. */
const ANSWER_BYTES_MAX = 4 * 1024 * 1024;
const UPLOAD_TIMEOUT_MS = 60_000;
/** Meta's tokens have over a hundred; what is much shorter may be part of an ordinary word or number. */
const TOKEN_LENGTH_MIN = 16;

/** Creates the client; no socket is opened before the first request. Throws TypeError on a base URL that is no http(s) URL. */
export function createGraphClient(options: GraphClientOptions): GraphClient {
  const base = new URL(options.baseUrl);
  const prefix = `${base.pathname.replace(/\/$/, '')}/${options.version}/`;
  const connections = options.connections ?? CONNECTIONS;
  const timeoutMs = options.timeoutMs ?? TIMEOUT_MS;
  const pool = new Pool(base.origin, {
    connections,
    pipelining: 1,
    allowH2: false,
    connectTimeout: options.connectTimeoutMs ?? CONNECT_TIMEOUT_MS,
    // The timer of `exchange` covers the whole; undici's own would only fire later.
    headersTimeout: 0,
    bodyTimeout: 0,
  });
  let closing: Promise<void> | undefined;
  const call = (
    method: 'GET' | 'POST' | 'DELETE',
    path: string,
    token: string,
    body: string | null,
    signal?: AbortSignal,
    traceparent?: string,
  ) => {
    const headers = ['authorization', `Bearer ${token}`];
    if (body !== null) headers.push('content-type', 'application/json');
    if (traceparent !== undefined) headers.push('traceparent', traceparent);
    return exchange(pool, timeoutMs, signal, token, { method, path: prefix + path, headers, body });
  };
  const postForm = (path: string, token: string, { contentType, length, chunks }: UploadForm, formTimeoutMs: number) =>
    exchange(pool, formTimeoutMs, undefined, token, {
      method: 'POST',
      path: prefix + path,
      headers: {
        authorization: `Bearer ${token}`,
        'content-type': contentType,
        ...(length === undefined ? {} : { 'content-length': String(length) }),
      },
      body: Readable.from(chunks),
    });
  return {
    connections,
    timeoutMs,
    send: (phoneNumberId, token, body, { signal, traceparent } = {}) =>
      call('POST', `${encodeURIComponent(phoneNumberId)}/messages`, token, body, signal, traceparent),
    get: (path, token, signal) => call('GET', path, token, null, signal),
    post: (path, token, body, signal) => call('POST', path, token, JSON.stringify(body ?? {}), signal),
    delete: (path, token) => call('DELETE', path, token, null),
    uploadSession: (session, token, bytes) =>
      exchange(pool, UPLOAD_TIMEOUT_MS, undefined, token, {
        method: 'POST',
        path: prefix + session,
        headers: ['authorization', `OAuth ${token}`, 'file_offset', '0', 'content-type', 'application/octet-stream'],
        body: bytes,
      }),
    postFlowJson: (flowId, token, json) =>
      postForm(`${encodeURIComponent(flowId)}/assets`, token, flowJsonForm(json), UPLOAD_TIMEOUT_MS),
    upload: (phoneNumberId, token, file) =>
      postForm(`${encodeURIComponent(phoneNumberId)}/media`, token, uploadForm(file), file.timeoutMs),
    close() {
      closing ??= closePool(pool, timeoutMs);
      return closing;
    },
  };
}

async function closePool(pool: Pool, timeoutMs: number): Promise<void> {
  const cut = setTimeout(() => void pool.destroy(), timeoutMs);
  try {
    await pool.close();
  } finally {
    clearTimeout(cut);
  }
}

function exchange(
  pool: Pool,
  timeoutMs: number,
  signal: AbortSignal | undefined,
  token: string,
  request: Dispatcher.DispatchOptions,
): Promise<GraphAnswer> {
  return new Promise((resolve) => {
    const exchanging = new Exchange(resolve, timeoutMs, signal, token);
    if (signal?.aborted === true) {
      exchanging.giveUp('aborted');
      return;
    }
    try {
      pool.dispatch(request, exchanging);
    } catch (error) {
      // A header or path that undici refuses (a token with a line break, say): nothing was sent.
      exchanging.fail(error);
    }
  });
}

/** One request's life, from the call to its one answer. */
class Exchange implements Dispatcher.DispatchHandler {
  readonly #resolve: (answer: GraphAnswer) => void;
  readonly #timer: NodeJS.Timeout;
  readonly #signal: AbortSignal | undefined;
  readonly #token: string;
  readonly #onAbort = (): void => this.giveUp('aborted');
  readonly #chunks: Buffer[] = [];
  #controller: Dispatcher.DispatchController | undefined;
  readonly #deadline: number;
  #isDone = false;
  #status = 0;
  #usage: string | undefined;
  #bytes = 0;

  constructor(
    resolve: (answer: GraphAnswer) => void,
    timeoutMs: number,
    signal: AbortSignal | undefined,
    token: string,
  ) {
    this.#resolve = resolve;
    this.#deadline = performance.now() + timeoutMs;
    this.#token = token;
    this.#timer = setTimeout(() => this.giveUp('timeout'), timeoutMs);
    this.#signal = signal;
    if (signal === undefined) return;
    // Hundreds of requests share one signal.
    setMaxListeners(0, signal);
    signal.addEventListener('abort', this.#onAbort);
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    // Given up while it waited for a socket, or written a second time: no byte may leave.
    // Nor late, when the process was stopped meanwhile: whoever calls has a lease that ends.
    const isLate = performance.now() > this.#deadline;
    if (this.#isDone || isLate || this.#controller !== undefined) controller.abort(new Error('request is over'));
    else this.#controller = controller;
  }

  onResponseStart(
    _: Dispatcher.DispatchController,
    status: number,
    headers: Record<string, string | string[] | undefined>,
  ): void {
    this.#status = status;
    const usage = headers['x-business-use-case-usage'];
    this.#usage = typeof usage === 'string' ? usage : undefined;
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#bytes += chunk.length;
    if (this.#bytes <= ANSWER_BYTES_MAX) {
      this.#chunks.push(chunk);
      return;
    }
    this.#settle({ kind: 'unknown', reason: 'answer too large', cause: undefined });
    controller.abort(new Error('answer too large'));
  }

  onResponseEnd(): void {
    const text = Buffer.concat(this.#chunks).toString('utf8');
    const isGood = this.#status >= 200 && this.#status < 300;
    const body = parse(isGood ? text : withoutToken(text, this.#token));
    if (body === undefined && isGood) {
      this.#settle({ kind: 'unknown', reason: 'answer is not JSON', cause: undefined });
      return;
    }
    this.#settle({ kind: 'answered', status: this.#status, body, usage: this.#usage });
  }

  onResponseError(_: Dispatcher.DispatchController, error: unknown): void {
    this.fail(error);
  }

  /** Ends it with an error: before the first byte it was not written, after that nobody knows. */
  fail(cause: unknown): void {
    this.#settle({ kind: this.#controller === undefined ? 'notWritten' : 'unknown', reason: reasonOf(cause), cause });
  }

  /** Ends it without an error of the connection: time is up, or the caller stops. */
  giveUp(reason: string): void {
    const controller = this.#controller;
    this.#settle({ kind: controller === undefined ? 'notWritten' : 'unknown', reason, cause: undefined });
    controller?.abort(new Error(reason));
  }

  #settle(answer: GraphAnswer): void {
    if (this.#isDone) return;
    this.#isDone = true;
    clearTimeout(this.#timer);
    this.#signal?.removeEventListener('abort', this.#onAbort);
    this.#resolve(answer);
  }
}

/** Meta repeats a token that it cannot read ("Malformed access token .."), and what it says is kept, shown and logged. */
function withoutToken(text: string, token: string): string {
  return token.length < TOKEN_LENGTH_MIN ? text : text.replaceAll(token, '***');
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** A code (`ECONNREFUSED`, `UND_ERR_SOCKET`) says more to people and metrics than a message, and never holds a number or token. */
function reasonOf(error: unknown): string {
  const code = error instanceof Error ? Reflect.get(error, 'code') : undefined;
  return typeof code === 'string' ? code : 'error';
}
