// A provider that speaks Infobip's SMS API (Infobip 12): POST /sms/3/messages, reports by webhook. Without HTTP itself: that is given.
import type { PieceAnswer, Receipt, Sms, SmsEvents, SmsProvider } from './provider.js';

/** Where and with which key. */
export interface InfobipSettings {
  /** Scheme and host, without a final slash. */
  baseUrl: string;
  apiKey: string;
}

/** An answer, or whether the request may have arrived all the same. */
export type SmsHttpAnswer = { status: number; body: string } | { isWritten: boolean; reason: string };

/** How it posts and where reports are to come. */
export interface InfobipWays {
  post(url: string, headers: Readonly<Record<string, string>>, body: string): Promise<SmsHttpAnswer>;
  /** The address of the reports of a message; undefined: nobody reaches us. */
  reportUrl(sms: Sms): string | undefined;
}

/** Longest wait for what cannot be delivered at once, as ours is (Infobip 12). */
const VALIDITY_HOURS = 48;
const PENDING = new Set([0, 1, 3]);
const SLOW_DOWN_MS = 1_000;
const STOP_MS = 5_000;
const STOP_STEP_MS = 20;

/** A provider that is ready at once. */
export function createInfobip(settings: InfobipSettings, ways: InfobipWays, events: SmsEvents): SmsProvider {
  const state = { inFlight: 0, pausedUntil: 0, isStopped: false };
  function slowDown(): void {
    state.pausedUntil = performance.now() + SLOW_DOWN_MS;
    setTimeout(() => events.onReady(), SLOW_DOWN_MS).unref();
  }
  return {
    isReady: () => !state.isStopped && performance.now() >= state.pausedUntil,
    piecesOf: () => 1,
    async send(sms) {
      state.inFlight += 1;
      const url = `${settings.baseUrl}/sms/3/messages`;
      const headers = {
        authorization: `App ${settings.apiKey}`,
        'content-type': 'application/json',
        accept: 'application/json',
      };
      const answer = await ways.post(url, headers, JSON.stringify(requestOf(sms, ways.reportUrl(sms))));
      state.inFlight -= 1;
      if ('status' in answer && (answer.status === 429 || answer.status === 503)) slowDown();
      return [{ piece: 0, ...read(answer, sms.message) }];
    },
    async stop() {
      state.isStopped = true;
      for (let waitedMs = 0; state.inFlight > 0 && waitedMs < STOP_MS; waitedMs += STOP_STEP_MS)
        await new Promise((resolve) => {
          setTimeout(resolve, STOP_STEP_MS);
        });
    },
  };
}

function requestOf({ from, to, text, message }: Sms, url: string | undefined): object {
  return {
    messages: [
      {
        sender: from,
        destinations: [{ to, messageId: message }],
        content: { text },
        options: { validityPeriod: { amount: VALIDITY_HOURS, timeUnit: 'HOURS' } },
        ...(url === undefined ? {} : { webhooks: { delivery: { url }, contentType: 'application/json' } }),
      },
    ],
  };
}

type Read =
  | Omit<Extract<PieceAnswer, { kind: 'taken' }>, 'piece'>
  | Omit<Exclude<PieceAnswer, { kind: 'taken' }>, 'piece'>;

/** A status of a group other than accepted, pending and delivered is a refusal; a 5xx may have been taken (Infobip 3). */
function read(answer: SmsHttpAnswer, id: string): Read {
  if ('isWritten' in answer) return { kind: answer.isWritten ? 'unknown' : 'later', reason: answer.reason };
  const { status, body } = answer;
  if (status === 429 || status === 503) return { kind: 'later', reason: `HTTP ${status}` };
  if (status >= 500) return { kind: 'unknown', reason: `HTTP ${status}` };
  if (status >= 300) return { kind: 'refused', reason: `HTTP ${status}` };
  const found = dig(parse(body), 'messages', 0, 'status');
  const group = dig(found, 'groupId');
  if (typeof group !== 'number') return { kind: 'unknown', reason: 'the answer has no status' };
  return PENDING.has(group)
    ? { kind: 'taken', id }
    : { kind: 'refused', reason: String(dig(found, 'name') ?? `group ${group}`) };
}

/** The final reports in a body that the provider posted; those of messages still under way are left out. */
export function readInfobipReports(body: unknown): Receipt[] {
  const results = dig(body, 'results');
  if (!Array.isArray(results)) return [];
  return results.flatMap((result: unknown) => {
    const [id, group, name] = [
      dig(result, 'messageId'),
      dig(result, 'status', 'groupId'),
      dig(result, 'status', 'name'),
    ];
    const outcome = typeof group === 'number' ? OUTCOMES[group] : undefined;
    return typeof id !== 'string' || outcome === undefined ? [] : [{ id, outcome, detail: String(name ?? group) }];
  });
}

/** By group of status: undeliverable, delivered, expired, rejected (Infobip 3). */
const OUTCOMES: Readonly<Record<number, Receipt['outcome']>> = {
  2: 'failed',
  3: 'delivered',
  4: 'expired',
  5: 'failed',
};

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function dig(value: unknown, ...path: (string | number)[]): unknown {
  let at = value;
  for (const key of path) {
    if (typeof at !== 'object' || at === null) return undefined;
    at = Reflect.get(at, key);
  }
  return at;
}
