// POST to URLs that customers name, without letting them reach what is not theirs (SSRF guard).
import { setMaxListeners } from 'node:events';
import { isIP } from 'node:net';
import type { Agent, Dispatcher } from 'undici';
import { type AddressRule, createAddressRule } from './safe-fetch-address.js';
import { type ClientTls, CODE_BLOCKED, createGuardedAgents, type GuardedAgentOptions } from './safe-fetch-agent.js';
import { readUrl } from './url.js';

/** Why a POST has no answer. */
export type SafeFetchFailure = 'blocked' | 'connect' | 'timeout' | 'other';

/** Thrown by `post`. `reason` is short, stable and safe to show; `cause` is for logs. */
export class SafeFetchError extends Error {
  readonly kind: SafeFetchFailure;
  readonly reason: string;
  readonly durationMs: number;

  constructor(kind: SafeFetchFailure, reason: string, durationMs: number, cause?: unknown) {
    super(`${kind}: ${reason}`, { cause });
    this.name = 'SafeFetchError';
    this.kind = kind;
    this.reason = reason;
    this.durationMs = durationMs;
  }
}

/** One POST. */
export interface SafePost {
  headers: Readonly<Record<string, string>>;
  body: string;
  /** From the call to the answer's head and body, ms. */
  timeoutMs: number;
  /** From the call to the first byte written, waiting for a socket included; `timeoutMs` when absent. */
  connectTimeoutMs?: number;
  /** How TLS is spoken, when it is spoken. */
  tls?: ClientTls;
  /** How much of the answer's body is kept, 1 KiB unless said; at most 64 KiB are read. */
  keepBytes?: number;
  signal?: AbortSignal;
}

/** An answer of any status; redirects are answers and never followed. */
export interface SafeAnswer {
  status: number;
  headers: Readonly<Record<string, string | string[] | undefined>>;
  /** The beginning of the body as text, NUL replaced. */
  firstBytes: string;
  durationMs: number;
}

/** Posts under the guard. */
export interface SafeFetch {
  /** Throws SafeFetchError only. */
  post(url: string, request: SafePost): Promise<SafeAnswer>;
  /** Why `url` can never be posted to, as far as its text says; undefined when it may be tried. */
  check(url: string): string | undefined;
  /** Cuts every connection. */
  close(): Promise<void>;
}

/** Limits and what is allowed. */
export interface SafeFetchOptions extends GuardedAgentOptions {
  /** Requests in flight in all; more wait, within their own timeouts. */
  inFlightMax?: number;
}

const METADATA_NAMES = new Set(['metadata', 'metadata.google.internal', 'metadata.goog', 'instance-data']);
const IN_FLIGHT_MAX = 512;
const BODY_BYTES_MAX = 64 * 1024;
const FIRST_BYTES = 1024;
const NO_URL = 'not a URL';

/** Creates the guard. Throws TypeError when `allowNetworks` has an entry that is no network. */
export function createSafeFetch(options: SafeFetchOptions): SafeFetch {
  const rule = createAddressRule(options.allowNetworks);
  const agents = createGuardedAgents(options);
  const slots = createSlots(options.inFlightMax ?? IN_FLIGHT_MAX);
  const check = (url: string): string | undefined => staticReason(url, rule);
  return {
    check,
    post(url, request) {
      return new Promise((resolve, reject) => {
        const parsed = readUrl(url);
        const reason = parsed === undefined ? NO_URL : parsedReason(parsed, rule);
        const posting = new Posting(request, resolve, reject);
        if (parsed === undefined || reason !== undefined) posting.fail('blocked', reason ?? NO_URL);
        else if (request.signal?.aborted === true) posting.fail('other', 'aborted');
        else slots.enter(posting, () => posting.start(agents.agentFor(request.tls), parsed, agents.isCrowded()));
      });
    },
    close() {
      slots.close();
      return agents.close();
    },
  };
}

/** Why `url` can never be reached under `rule`, as far as its text says. */
export function staticReason(url: string, rule: AddressRule): string | undefined {
  const parsed = readUrl(url);
  return parsed === undefined ? NO_URL : parsedReason(parsed, rule);
}

function parsedReason({ protocol, hostname, username, password }: URL, rule: AddressRule): string | undefined {
  if (protocol !== 'http:' && protocol !== 'https:') return 'not http or https';
  if (username !== '' || password !== '') return 'credentials in the URL';
  // The URL parser has already turned decimal, octal and hex spellings of IPv4 into dotted form.
  const literal = hostname.startsWith('[') ? hostname.slice(1, -1) : hostname;
  return isIP(literal) === 0 ? nameReason(literal, rule) : rule(literal);
}

/** Names that lead to the same place wherever they are asked for: this machine (RFC 6761), and the metadata of clouds. */
function nameReason(hostname: string, rule: AddressRule): string | undefined {
  const name = hostname.replace(/\.+$/, '');
  if (METADATA_NAMES.has(name)) return 'metadata address';
  return name === 'localhost' || name.endsWith('.localhost') ? rule('127.0.0.1') && rule('::1') : undefined;
}

/** Who waits for a slot or holds one. */
interface Waiting {
  readonly isDone: boolean;
  onDone: (() => void) | undefined;
  fail(kind: SafeFetchFailure, reason: string): void;
}

/** At most `max` at work; the others wait in order, and leave the queue by their own timeouts. */
function createSlots(max: number): { enter(waiting: Waiting, start: () => void): void; close(): void } {
  let used = 0;
  const queue: { waiting: Waiting; start: () => void }[] = [];
  function run(waiting: Waiting, start: () => void): void {
    used += 1;
    waiting.onDone = () => {
      used -= 1;
      for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
        if (next.waiting.isDone) continue;
        run(next.waiting, next.start);
        return;
      }
    };
    start();
  }
  return {
    enter(waiting, start) {
      if (used < max) run(waiting, start);
      else queue.push({ waiting, start });
    },
    close() {
      for (const { waiting } of queue.splice(0)) waiting.fail('other', 'closed');
    },
  };
}

/** A code says more than a message, and holds nothing that must not be shown. */
export function codeOf(error: unknown): string {
  return error instanceof Error ? String(Reflect.get(error, 'code') ?? error.name) : 'error';
}

/** One POST's life, from the call to its one answer or error. */
class Posting implements Dispatcher.DispatchHandler, Waiting {
  isDone = false;
  onDone: (() => void) | undefined;
  readonly #request: SafePost;
  readonly #resolve: (answer: SafeAnswer) => void;
  readonly #reject: (error: SafeFetchError) => void;
  readonly #startedAt = performance.now();
  readonly #timer: NodeJS.Timeout;
  readonly #connectTimer: NodeJS.Timeout;
  readonly #onAbort = (): void => this.#cut('other', 'aborted');
  #controller: Dispatcher.DispatchController | undefined;
  #status: number | undefined;
  #headers: SafeAnswer['headers'] = {};
  #chunks: Buffer[] = [];
  #bytes = 0;

  constructor(request: SafePost, resolve: (answer: SafeAnswer) => void, reject: (error: SafeFetchError) => void) {
    this.#request = request;
    this.#resolve = resolve;
    this.#reject = reject;
    this.#timer = setTimeout(() => this.#cut('timeout', 'no answer in time'), request.timeoutMs);
    const connectMs = Math.min(request.connectTimeoutMs ?? request.timeoutMs, request.timeoutMs);
    this.#connectTimer = setTimeout(() => this.#cut('timeout', 'no connection in time'), connectMs);
    if (request.signal === undefined) return;
    setMaxListeners(0, request.signal);
    request.signal.addEventListener('abort', this.#onAbort);
  }

  /** `isLast`: the connection ends with the answer. */
  start(agent: Agent, url: URL, isLast: boolean): void {
    const { headers, body } = this.#request;
    const options = { origin: url.origin, path: url.pathname + url.search, headers: { ...headers }, body };
    try {
      agent.dispatch({ ...options, method: 'POST', ...(isLast ? { reset: true } : {}) }, this);
    } catch (error) {
      this.fail('other', 'request refused by the client', error);
    }
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    if (this.isDone || this.#controller !== undefined) {
      controller.abort(new Error('request is over'));
      return;
    }
    this.#controller = controller;
    clearTimeout(this.#connectTimer);
  }

  onResponseStart(_: Dispatcher.DispatchController, status: number, headers: SafeAnswer['headers']): void {
    this.#status = status;
    this.#headers = headers;
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    const keepBytes = this.#request.keepBytes ?? FIRST_BYTES;
    if (this.#bytes < keepBytes) this.#chunks.push(chunk.subarray(0, keepBytes - this.#bytes));
    this.#bytes += chunk.length;
    if (this.#bytes <= BODY_BYTES_MAX) return;
    this.#answer(this.#status ?? 0);
    controller.abort(new Error('answer too large'));
  }

  onResponseEnd(): void {
    this.#answer(this.#status ?? 0);
  }

  onResponseError(_: Dispatcher.DispatchController, error: unknown): void {
    // The head of the answer is the answer; what happened to the body after it does not matter to the sender of a webhook.
    if (this.#status !== undefined) {
      this.#answer(this.#status);
      return;
    }
    const code = codeOf(error);
    if (error instanceof Error && code === CODE_BLOCKED) this.fail('blocked', error.message, error);
    else this.fail(this.#controller === undefined ? 'connect' : 'other', code, error);
  }

  fail(kind: SafeFetchFailure, reason: string, cause?: unknown): void {
    if (this.#finish()) this.#reject(new SafeFetchError(kind, reason, this.#durationMs(), cause));
  }

  #cut(kind: SafeFetchFailure, reason: string): void {
    const controller = this.#controller;
    if (this.#status === undefined) this.fail(kind, reason);
    else this.#answer(this.#status);
    controller?.abort(new Error(reason));
  }

  #answer(status: number): void {
    if (!this.#finish()) return;
    const firstBytes = Buffer.concat(this.#chunks).toString('utf8').replaceAll('\0', '\ufffd');
    this.#resolve({ status, headers: this.#headers, firstBytes, durationMs: this.#durationMs() });
  }

  #durationMs(): number {
    return Math.round(performance.now() - this.#startedAt);
  }

  #finish(): boolean {
    if (this.isDone) return false;
    this.isDone = true;
    clearTimeout(this.#timer);
    clearTimeout(this.#connectTimer);
    this.#request.signal?.removeEventListener('abort', this.#onAbort);
    this.onDone?.();
    return true;
  }
}
