// The load of the crash ledger: messages of mixed senders and recipients at a steady rate, some pairs hot, and the book of what was accepted.
// A third of the requests is plain and not repeated; a third brings its own messageId, a third an Idempotency-Key, and both are repeated
// until they are answered, as a careful client would.
import { Pool } from 'undici';
import { between, type Random } from './ledger-random.js';

/** A message that was answered 200. */
export interface AcceptedMessage {
  n: number;
  sender: string;
  recipient: string;
  messageId: string;
  /** Epoch ms of the first request and of the 200. */
  requestedAt: number;
  acceptedAt: number;
}

/** What to send and where. */
export interface LoadOptions {
  /** Base URL of the API. */
  api: string;
  apiKey: string;
  senders: readonly string[];
  notifyUrl: string;
  perSecond: number;
  random: Random;
  /** Requests under way at most; above it the load holds back, as clients do. */
  outstandingMax?: number;
}

/** A running load. */
export interface Load {
  accepted: Map<number, AcceptedMessage>;
  /** Requests not answered 200, by what happened instead. */
  refusals: Map<string, number>;
  /** Messages tried so far. */
  issued(): number;
  /** Sends nothing new; resolves when what is under way is answered, 30 s at most. */
  stop(): Promise<void>;
}

/** Of one pair at most: Meta lets 45 through at once (Meta 7.1), and pace is not what is tested. */
const PAIR_MESSAGES_MAX = 38;
const HOT_SHARE = 0.4;
const TICK_MS = 10;
const REPEAT_MS_MIN = 200;
const REPEAT_MS_MAX = 600;
const REQUEST_TIMEOUT_MS = 30_000;
const STOP_TIMEOUT_MS = 30_000;

/** The order of one pair: its next message is sent after the answer to the one before, so that acceptance has an order to keep. */
interface Pair {
  sender: string;
  recipient: string;
  messages: number;
  isBusy: boolean;
}

/** Starts at once. */
export function startLoad(options: LoadOptions): Load {
  return new RunningLoad(options);
}

class RunningLoad implements Load {
  readonly accepted = new Map<number, AcceptedMessage>();
  readonly refusals = new Map<string, number>();
  readonly #options: LoadOptions;
  readonly #pool: Pool;
  readonly #hot = new Map<string, Pair>();
  readonly #timer: NodeJS.Timeout;
  readonly #startedAt = performance.now();
  #issued = 0;
  #skipped = 0;
  #recipients = 0;
  #outstanding = 0;
  #isStopping = false;

  constructor(options: LoadOptions) {
    this.#options = options;
    this.#pool = new Pool(options.api, { connections: 64, headersTimeout: REQUEST_TIMEOUT_MS });
    this.#timer = setInterval(() => this.#tick(), TICK_MS);
  }

  issued(): number {
    return this.#issued;
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    this.#isStopping = true;
    const deadline = performance.now() + STOP_TIMEOUT_MS;
    while (this.#outstanding > 0 && performance.now() < deadline) await pause(20);
    if (!this.#pool.destroyed) await this.#pool.destroy();
  }

  #tick(): void {
    const { perSecond, outstandingMax = 400 } = this.#options;
    const due = Math.floor(((performance.now() - this.#startedAt) / 1000) * perSecond);
    while (this.#issued + this.#skipped < due) {
      if (this.#outstanding >= outstandingMax) this.#skipped += 1;
      else void this.#send(this.#nextPair());
    }
  }

  #nextPair(): Pair {
    const { senders, random } = this.#options;
    const sender = senders[between(random, 0, senders.length - 1)] ?? '';
    if (random() >= HOT_SHARE) return this.#newPair(sender);
    let pair = this.#hot.get(sender);
    if (pair === undefined || pair.messages >= PAIR_MESSAGES_MAX) {
      pair = this.#newPair(sender);
      this.#hot.set(sender, pair);
    }
    return pair.isBusy ? this.#newPair(sender) : pair;
  }

  #newPair(sender: string): Pair {
    this.#recipients += 1;
    return { sender, recipient: String(447_700_000_000 + this.#recipients), messages: 0, isBusy: false };
  }

  async #send(pair: Pair): Promise<void> {
    const n = this.#issued;
    this.#issued += 1;
    this.#outstanding += 1;
    pair.isBusy = true;
    pair.messages += 1;
    const requestedAt = Date.now();
    const repeats = n % 3 !== 0;
    for (;;) {
      const messageId = await this.#post(n, pair);
      if (messageId !== undefined) {
        const { sender, recipient } = pair;
        this.accepted.set(n, { n, sender, recipient, messageId, requestedAt, acceptedAt: Date.now() });
      }
      if (messageId !== undefined || !repeats || this.#isStopping) break;
      await pause(REPEAT_MS_MIN + Math.random() * (REPEAT_MS_MAX - REPEAT_MS_MIN));
    }
    pair.isBusy = false;
    this.#outstanding -= 1;
  }

  /** The messageId once it is accepted; undefined when the request may be repeated. */
  async #post(n: number, { sender, recipient }: Pair): Promise<string | undefined> {
    const { apiKey, notifyUrl } = this.#options;
    const content = { from: sender, to: recipient, content: { text: `n-${n}` }, callbackData: String(n), notifyUrl };
    try {
      const { statusCode, body } = await this.#pool.request({
        method: 'POST',
        path: '/whatsapp/1/message/text',
        headers: {
          'content-type': 'application/json',
          authorization: `App ${apiKey}`,
          ...(n % 3 === 2 ? { 'idempotency-key': `load-${n}` } : {}),
        },
        body: JSON.stringify(n % 3 === 1 ? { ...content, messageId: `own-${n}` } : content),
        bodyTimeout: REQUEST_TIMEOUT_MS,
      });
      const text = await body.text();
      if (statusCode !== 200) return this.#refused(`http ${statusCode}`);
      const answer = JSON.parse(text);
      const status: string = answer.status?.name ?? '';
      // A repeated messageId says that an earlier try had been accepted.
      if (status === 'PENDING_ENROUTE' || status === 'REJECTED_DUPLICATE_MESSAGE_ID') return String(answer.messageId);
      return this.#refused(status);
    } catch (error) {
      const code = error instanceof Error ? Reflect.get(error, 'code') : undefined;
      return this.#refused(typeof code === 'string' ? code : String(error));
    }
  }

  #refused(what: string): undefined {
    this.refusals.set(what, (this.refusals.get(what) ?? 0) + 1);
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
