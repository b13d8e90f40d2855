// A provider that speaks SMPP 3.4: one transceiver with a window, a rate, pauses when the other side is throttled, and a way back.
import { randomInt } from 'node:crypto';
import type { Pdu } from 'smpp';
import type { PieceAnswer, Sms, SmsEvents, SmsProvider } from './provider.js';
import { parseReceipt } from './receipts.js';
import { openSmppSession, type SmppAddress, type SmppSession } from './smpp-session.js';
import { countParts, toSms } from './text.js';

/** An SMSC and how fast it may be fed. */
export interface SmppSettings extends SmppAddress {
  /** Requests without an answer at once. */
  window: number;
  /** Short messages a second. */
  throughput: number;
}

const BACKOFF_MS_MIN = 1_000;
const BACKOFF_MS_MAX = 60_000;
const THROTTLED_MS_MIN = 1_000;
const THROTTLED_MS_MAX = 30_000;
const STOP_MS = 5_000;
const ESM_HAS_HEADER = 0x40;
const ESM_KIND_MASK = 0x3c;
const ESM_RECEIPT = 0x04;
const CODING_UCS2 = 0x08;
const TRY_AGAIN = 0x64;
/** System error, queue full, throttled, try again: the same request may succeed a little later. */
const FOR_NOW: ReadonlySet<number> = new Set([0x08, 0x14, 0x58, TRY_AGAIN]);
/** Of these the connection as a whole has to slow down. */
const THROTTLED: ReadonlySet<number> = new Set([0x14, 0x58]);

/** A provider that connects at once and again whenever it has to. */
export function createSmpp(settings: SmppSettings, events: SmsEvents): SmsProvider {
  return new Smpp(settings, events);
}

class Smpp implements SmsProvider {
  readonly #settings: SmppSettings;
  readonly #events: SmsEvents;
  readonly #slots: (() => void)[] = [];
  #session: SmppSession | undefined;
  #inFlight = 0;
  #failures = 0;
  #throttles = 0;
  #pausedUntil = 0;
  #nextAt = 0;
  #timer: NodeJS.Timeout | undefined;
  #isStopped = false;

  constructor(settings: SmppSettings, events: SmsEvents) {
    this.#settings = settings;
    this.#events = events;
    void this.#connect();
  }

  isReady(): boolean {
    return this.#session !== undefined && !this.#isStopped && performance.now() >= this.#pausedUntil;
  }

  piecesOf(text: string): number {
    return countParts(text);
  }

  async send(sms: Sms): Promise<PieceAnswer[]> {
    const { coding, parts } = toSms(sms.text);
    const reference = referenceOf(sms.message);
    const answers = parts.map(async (octets, piece): Promise<PieceAnswer | undefined> => {
      if (sms.taken.has(piece)) return undefined;
      const header = Buffer.from([5, 0, 3, reference, parts.length, piece + 1]);
      const isAlone = parts.length === 1;
      return this.#submit(piece, {
        ...addressesOf(sms),
        esm_class: isAlone ? 0 : ESM_HAS_HEADER,
        data_coding: coding === 'ucs2' ? CODING_UCS2 : 0,
        registered_delivery: 1,
        short_message: isAlone ? octets : Buffer.concat([header, octets]),
      });
    });
    return (await Promise.all(answers)).filter((answer) => answer !== undefined);
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    const deadline = performance.now() + STOP_MS;
    while (this.#inFlight > 0 && performance.now() < deadline) await waitMs(20);
    await this.#session?.close();
  }

  async #submit(piece: number, fields: Readonly<Record<string, unknown>>): Promise<PieceAnswer> {
    await this.#slot();
    try {
      if (!this.isReady()) return { piece, kind: 'later', reason: 'not connected' };
      const answer = await (this.#session?.request('submit_sm', fields) ?? { isWritten: false });
      if ('isWritten' in answer)
        return answer.isWritten
          ? { piece, kind: 'unknown', reason: 'no answer to the submit' }
          : { piece, kind: 'later', reason: 'not connected' };
      return this.#read(piece, answer);
    } finally {
      this.#inFlight -= 1;
      this.#slots.shift()?.();
    }
  }

  #read(piece: number, { command_status: status, message_id: id = '' }: Pdu): PieceAnswer {
    if (status === 0) {
      this.#throttles = 0;
      return { piece, kind: 'taken', id };
    }
    if (THROTTLED.has(status)) this.#slowDown();
    return { piece, kind: FOR_NOW.has(status) ? 'later' : 'refused', reason: `SMPP status ${status}` };
  }

  /** Nothing is sent for a while, twice as long each time until something is taken. */
  #slowDown(): void {
    if (performance.now() < this.#pausedUntil) return;
    const ms = Math.min(THROTTLED_MS_MAX, THROTTLED_MS_MIN * 2 ** this.#throttles);
    this.#throttles += 1;
    this.#pausedUntil = performance.now() + ms;
    setTimeout(() => this.#events.onReady(), ms).unref();
  }

  /** Waits for a place in the window and for the turn that the rate gives. */
  async #slot(): Promise<void> {
    const { window, throughput } = this.#settings;
    if (this.#inFlight >= window) await new Promise<void>((resolve) => void this.#slots.push(resolve));
    this.#inFlight += 1;
    const at = Math.max(performance.now(), this.#nextAt);
    this.#nextAt = at + 1000 / throughput;
    const ms = at - performance.now();
    if (ms > 1) await waitMs(ms);
  }

  async #connect(): Promise<void> {
    try {
      const session = await openSmppSession(this.#settings, {
        onDeliver: (pdu) => this.#deliver(pdu),
        onClosed: (reason) => this.#closed(reason),
      });
      if (this.#isStopped) {
        await session.close();
        return;
      }
      this.#session = session;
      this.#failures = 0;
      this.#events.onReady();
    } catch (error) {
      this.#closed(error instanceof Error ? error.message : String(error));
    }
  }

  #closed(reason: string): void {
    this.#session = undefined;
    if (this.#isStopped) return;
    this.#events.onTrouble(reason);
    const ms = Math.min(BACKOFF_MS_MAX, BACKOFF_MS_MIN * 2 ** this.#failures);
    this.#failures += 1;
    this.#timer = setTimeout(() => void this.#connect(), ms / 2 + randomInt(Math.ceil(ms / 2)));
    this.#timer.unref();
  }

  /** A receipt is acknowledged when it is on disk; messages of users are not wanted here. */
  async #deliver(pdu: Pdu): Promise<number> {
    if (((pdu.esm_class ?? 0) & ESM_KIND_MASK) !== ESM_RECEIPT) return 0;
    const id = textOf(pdu.receipted_message_id);
    const state = typeof pdu.message_state === 'number' ? pdu.message_state : undefined;
    const receipt = parseReceipt(textOf(messageOf(pdu)) ?? '', { id, state });
    if (receipt === null || receipt === undefined) return 0;
    const recipient = textOf(pdu.source_addr)?.replace(/\D/g, '');
    try {
      await this.#events.onReceipt(recipient === undefined ? receipt : { ...receipt, recipient });
      return 0;
    } catch {
      return TRY_AGAIN;
    }
  }
}

function messageOf({ short_message: message }: Pdu): unknown {
  return message === undefined || Buffer.isBuffer(message) ? message : message.message;
}

function textOf(value: unknown): string | undefined {
  if (Buffer.isBuffer(value)) return value.toString('latin1').replace(/\0+$/, '');
  return typeof value === 'string' && value !== '' ? value.replace(/\0+$/, '') : undefined;
}

/** Parts of one message share a number; every attempt has the same, so that a phone knows a part that comes twice. */
function referenceOf(message: string): number {
  return Number.parseInt(message.slice(-2), 16);
}

const INTERNATIONAL = { ton: 1, npi: 1 } as const;
const ALPHANUMERIC = { ton: 5, npi: 0 } as const;
const SHORT_CODE = { ton: 3, npi: 0 } as const;
const SHORT_CODE_DIGITS_MAX = 6;

function addressesOf({ from, to }: Sms): Readonly<Record<string, unknown>> {
  const digits = from.replace(/^\+/, '');
  const isNumber = /^\d+$/.test(digits);
  const source = !isNumber ? ALPHANUMERIC : digits.length <= SHORT_CODE_DIGITS_MAX ? SHORT_CODE : INTERNATIONAL;
  return {
    source_addr_ton: source.ton,
    source_addr_npi: source.npi,
    source_addr: isNumber ? digits : from,
    dest_addr_ton: INTERNATIONAL.ton,
    dest_addr_npi: INTERNATIONAL.npi,
    destination_addr: to,
  };
}

function waitMs(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
