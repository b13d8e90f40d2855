// The requests that the load generator makes: many recipients, many senders, texts of ordinary length.
import { createHmac } from 'node:crypto';
import { getHead, requestHead } from './http-client.js';

/** A business number of the benchmark. */
export interface BenchSender {
  sender: string;
  phoneNumberId: string;
}

/** An application and an entity that sends name. */
export interface BenchPlatform {
  applicationId: string;
  entityId: string;
}

/** What to post where. */
export type Target =
  /** Sends through the northbound API; with `notifyUrl` both reports are asked for. */
  | { kind: 'text'; url: string; apiKey: string; senders: BenchSender[]; notifyUrl: string; platform?: BenchPlatform }
  /** The same with images, all of one file. */
  | { kind: 'image'; url: string; apiKey: string; senders: BenchSender[]; notifyUrl: string; mediaUrl: string }
  /** Template messages, all of a run in one request. */
  | { kind: 'bulk'; url: string; apiKey: string; senders: BenchSender[]; notifyUrl: string }
  /** Signed inbound texts to the gateway's Meta webhook, one a request. */
  | { kind: 'inbound'; url: string; appSecret: string; senders: BenchSender[] }
  /** Graph sends to the sandbox. */
  | { kind: 'graph'; url: string; token: string; senders: BenchSender[] }
  /** Short links, each of `links` in turn, as a phone's browser follows them. */
  | { kind: 'link'; url: string; links: number };

/** One request: the head without its length, and the body. */
export interface LoadRequest {
  head: string;
  body: string;
}

/** Enough that a pair's pace (Meta: a burst of 45) is never felt. */
const RECIPIENTS = 50_000;
const TEXT = 'Your parcel is on its way and will be with you tomorrow between 9 and 12.';

/** Makes request number `n` of run `run`. Numbers never repeat within one load process. */
export function createRequests(target: Target): (run: number, n: number) => LoadRequest {
  switch (target.kind) {
    case 'text':
      return sendRequests(target, 'text', { text: TEXT }, target.platform);
    case 'image':
      return sendRequests(target, 'image', { mediaUrl: target.mediaUrl, caption: TEXT });
    case 'bulk':
      throw new Error('a bulk is one request');
    case 'inbound':
      return inboundRequests(target);
    case 'graph':
      return graphRequests(target);
    case 'link':
      return linkRequests(target);
  }
}

function recipientOf(n: number): string {
  return `44770${String(n % RECIPIENTS).padStart(7, '0')}`;
}

function senderAt(senders: readonly BenchSender[], n: number): BenchSender {
  const sender = senders[n % senders.length];
  if (sender === undefined) throw new Error('no senders');
  return sender;
}

function sendRequests(
  { url, apiKey, senders, notifyUrl }: Extract<Target, { kind: 'text' | 'image' }>,
  path: string,
  content: object,
  platform?: BenchPlatform,
) {
  const head = requestHead(`${url}/whatsapp/1/message/${path}`, { authorization: `App ${apiKey}` });
  return (run: number, n: number) => ({
    head,
    body: JSON.stringify({
      from: senderAt(senders, n).sender,
      to: recipientOf(n),
      content,
      callbackData: `${run}:${n}`,
      notifyUrl,
      ...platform,
    }),
  });
}

/** One request with `count` template messages of run `run`. */
export function bulkRequest(target: Extract<Target, { kind: 'bulk' }>, run: number, count: number): LoadRequest {
  const { url, apiKey, senders, notifyUrl } = target;
  const head = requestHead(`${url}/whatsapp/1/message/template`, { authorization: `App ${apiKey}` });
  const messages = Array.from({ length: count }, (_, n) => ({
    from: senderAt(senders, n).sender,
    to: recipientOf(n),
    content: {
      templateName: 'parcel_out',
      language: 'en_GB',
      templateData: { body: { placeholders: [`user ${n}`, `P-${run}-${n}`] } },
    },
    callbackData: `${run}:${n}`,
    notifyUrl,
  }));
  return { head, body: JSON.stringify({ messages }) };
}

function inboundRequests({ url, appSecret, senders }: Extract<Target, { kind: 'inbound' }>) {
  const head = requestHead(`${url}/meta/webhook`);
  return (run: number, n: number) => {
    const { sender, phoneNumberId } = senderAt(senders, n);
    const from = recipientOf(n);
    const body = JSON.stringify({
      object: 'whatsapp_business_account',
      entry: [
        {
          id: '1020304050',
          changes: [{ field: 'messages', value: inboundValue(sender, phoneNumberId, from, run, n) }],
        },
      ],
    });
    return { head: `${head}x-hub-signature-256: ${sign(appSecret, body)}\r\n`, body };
  };
}

/** The form of Meta 2.2. */
function inboundValue(sender: string, phoneNumberId: string, from: string, run: number, n: number): object {
  return {
    messaging_product: 'whatsapp',
    metadata: { display_phone_number: sender, phone_number_id: phoneNumberId },
    contacts: [{ profile: { name: 'Joan' }, wa_id: from }],
    messages: [
      {
        from,
        id: `wamid.HBgMNDQ3NzAwMDAwMDAwFQIAEhgU${process.pid}.${run}.${n}`,
        timestamp: String(Math.floor(Date.now() / 1000)),
        type: 'text',
        text: { body: TEXT },
      },
    ],
  };
}

function graphRequests({ url, token, senders }: Extract<Target, { kind: 'graph' }>) {
  const heads = new Map(
    senders.map(({ phoneNumberId }) => [
      phoneNumberId,
      requestHead(`${url}/v25.0/${phoneNumberId}/messages`, { authorization: `Bearer ${token}` }),
    ]),
  );
  return (run: number, n: number) => ({
    head: heads.get(senderAt(senders, n).phoneNumberId) ?? '',
    body: JSON.stringify({
      messaging_product: 'whatsapp',
      recipient_type: 'individual',
      to: recipientOf(n),
      type: 'text',
      text: { body: TEXT },
      biz_opaque_callback_data: `p1:20260101:01890000-0000-7000-8000-${String(n).padStart(12, '0')}:${run}`,
    }),
  });
}

/** Ids of links are 48 bits in hexadecimal digits, which links may have too. */
export const LINK_IDS = 2 ** 48;
/** Odd, so that no two numbers have one id; times a million exact in a double; far from round, so that ids lie scattered. */
export const LINK_FACTOR = 2_654_435_761;

/** The id of link number `n`, which is below 3 million. */
export function linkIdAt(n: number): string {
  return ((n * LINK_FACTOR) % LINK_IDS).toString(16).padStart(12, '0');
}

const MODELS = ['Pixel 9', 'SM-S938B', 'M2101K6G', 'CPH2609'];

/** A stride that shares no factor with a million visits all of them, in no order that a cache would like. */
const STRIDE = 387_413;
const RUN_STRIDE = 100_000;

function linkRequests({ url, links }: Extract<Target, { kind: 'link' }>) {
  const heads = MODELS.map((model) =>
    getHead(`${url}/ID`, {
      'user-agent': `Mozilla/5.0 (Linux; Android 15; ${model}) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Mobile Safari/537.36`,
    }),
  );
  return (run: number, n: number) => ({
    head: (heads[n % heads.length] ?? '').replace('ID', linkIdAt((((run * RUN_STRIDE + n) % links) * STRIDE) % links)),
    body: '',
  });
}

/** X-Hub-Signature-256 (Meta 2.1). */
export function sign(secret: string, body: string): string {
  return `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`;
}
