// What tests of inbound messages share: a forward URL that records, users who speak through the sandbox, and files read from the API.
import assert from 'node:assert/strict';
import { type Receiver, startReceiver } from './receiver.js';
import { type Scene, startScene } from './scene.js';
import { until } from './until.js';

/** One result of an inbound message. */
export interface InboundResult {
  eventId: string;
  from: string;
  to: string;
  messageId: string;
  integrationType: string;
  receivedAt: string;
  pairedMessageId?: string;
  callbackData?: string;
  applicationId?: string;
  entityId?: string;
  message: { type: string; url?: string; caption?: string; context?: { id?: string }; [field: string]: unknown };
  contact: { name?: string; phoneNumber?: string; userId?: string };
}

/** A world whose demo sender forwards to `receiver`. */
export interface InboundScene {
  scene: Scene;
  receiver: Receiver;
  /** Sends a fragment as `user`; returns its wamid. */
  say(fragment: Record<string, unknown>, user?: string): Promise<string>;
  /** Every result so far with that wamid. */
  resultsOf(wamid: string): InboundResult[];
  /** Waits for the result of a message. */
  resultOf(wamid: string, timeoutMs?: number): Promise<InboundResult>;
  /** Reads a file from the API by the url of a report. */
  getFile(
    url: string,
    options?: { method?: string; headers?: Record<string, string>; key?: string | null },
  ): Promise<{ status: number; headers: Headers; bytes: Buffer }>;
  stop(): Promise<void>;
}

const TIMEOUT_MS = 10_000;

/** Starts one; `env` is the product's. */
export async function startInboundScene(env: Record<string, string> = {}): Promise<InboundScene> {
  const scene = await startScene(env);
  const receiver = await startReceiver();
  const { info } = scene.world;
  await scene.admin(`/senders/${info.sender}`, { method: 'PATCH', json: { forwardUrl: `${receiver.url}/inbound` } });
  function resultsOf(wamid: string): InboundResult[] {
    return receiver.requests
      .flatMap(({ body }) => {
        const { results }: { results: InboundResult[] } = JSON.parse(body);
        return results;
      })
      .filter(({ messageId, message }) => messageId === wamid && message !== undefined);
  }
  return {
    scene,
    receiver,
    async say(json, user = info.user) {
      const call = { json: { phoneNumberId: info.phoneNumberId, ...json } };
      const { status, body } = await scene.world.sandbox<{ id: string }>(`/_sandbox/users/${user}/messages`, call);
      assert.equal(status, 201, JSON.stringify(body));
      return body.id;
    },
    resultsOf,
    resultOf: (wamid, timeoutMs) => until(`the report of ${wamid}`, () => resultsOf(wamid)[0], timeoutMs),
    async getFile(url, { method = 'GET', headers = {}, key = info.apiKey } = {}) {
      const authorization: Record<string, string> = key === null ? {} : { authorization: `App ${key}` };
      const signal = AbortSignal.timeout(TIMEOUT_MS);
      const answer = await fetch(url, { method, headers: { ...authorization, ...headers }, signal });
      return { status: answer.status, headers: answer.headers, bytes: Buffer.from(await answer.arrayBuffer()) };
    },
    async stop() {
      await receiver.stop();
      await scene.stop();
    },
  };
}

/** A webhook with one message to the demo sender, as Meta sends it. */
export function inboundBody(scene: Scene, message: Record<string, unknown>, contact?: object): object {
  const { info } = scene.world;
  const value = {
    messaging_product: 'whatsapp',
    metadata: { display_phone_number: info.sender, phone_number_id: info.phoneNumberId },
    ...(contact === undefined ? {} : { contacts: [contact] }),
    messages: [{ from: info.user, timestamp: String(Math.floor(Date.now() / 1000)), ...message }],
  };
  return { object: 'whatsapp_business_account', entry: [{ id: info.wabaId, changes: [{ field: 'messages', value }] }] };
}
