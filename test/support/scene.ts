// What tests of the whole way share: sending, looking at lives, moving the clock, speaking as Meta, all on one running world.
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { type IncomingMessage, request as startRequest } from 'node:http';
import { type Call, type DevWorld, type Reply, startDev } from './dev-world.js';
import type { Receiver } from './receiver.js';
import { until } from './until.js';

/** The answer of a send. */
export interface SendAnswer {
  to: string;
  messageCount: number;
  messageId: string;
  status: { groupId: number; groupName: string; id: number; name: string; description: string };
}

/** One result of a delivery report, a seen report or an inbound message, as far as tests look at it. */
export interface Result {
  eventId: string;
  messageId: string;
  to: string;
  from: string;
  sentAt: string;
  doneAt?: string;
  seenAt?: string;
  bulkId?: string;
  callbackData?: string;
  status?: { id: number; name: string; groupName: string };
  error?: { id: number; name: string; permanent: boolean; metaCode?: number };
  message?: { type: string; text?: string };
}

/** The life of a message as the admin API shows it, as far as tests look at it. */
export interface Life {
  id: string;
  state: string;
  waiting: { reason: string; attempt: number; ahead: number; dueAt: string | null; isInFlight: boolean } | null;
  events: {
    kind: string;
    at: string;
    attempt: number;
    wamid: string | null;
    metaCode: number | null;
    detail: string | null;
  }[];
  reports: {
    eventId: string;
    endpointId: number;
    state: string;
    deadReason: string | null;
    nextAttemptAt: string | null;
    attempts: { webhookId: string; httpStatus: number | null; verdict: string; error: string | null }[];
  }[];
}

/** An endpoint as the admin API shows it. */
export interface EndpointView {
  id: number;
  origin: string;
  downReason: string | null;
  downSince: string | null;
  nextProbeAt: string | null;
  disabledAt: string | null;
  waiting: number;
  retrying: number;
  dead: number;
}

/** A message as the sandbox, Meta's side, has it. */
export interface MetaMessage {
  id: string;
  to: string;
  bizOpaque: string | null;
  payload: { text?: { body: string } };
  statuses: { status: string }[];
}

/** A sender with its account and key. */
export interface Tenant {
  accountId: string;
  key: string;
  sender: string;
  phoneNumberId: string;
  wabaId: string;
  graphToken: string;
}

/** One status for `postStatuses`. */
export interface StatusFragment {
  id: string;
  status: string;
  bizOpaque: string;
  /** Seconds. */
  timestamp?: number;
  code?: number;
}

/** A running world and the ways to act on it. */
export interface Scene {
  readonly world: DevWorld;
  /** A user that no other test writes to; inside its customer service window. */
  newUser(): string;
  /** Sends a text and returns the 200's body; anything else throws. `key` and `from` are the demo's unless given. */
  send(
    fields: { to: string } & Record<string, unknown>,
    call?: { key?: string; headers?: Record<string, string> },
  ): Promise<SendAnswer>;
  life(messageId: string): Promise<Life>;
  /** Waits until the life of a message is as `predicate` says. */
  lifeUntil(
    description: string,
    messageId: string,
    predicate: (life: Life) => boolean,
    timeoutMs?: number,
  ): Promise<Life>;
  /** Waits until Parley knows Meta’s id of a message, which is a moment after Meta has the message. */
  wamidOf(messageId: string): Promise<string>;
  /** What Meta has of messages to `user`, oldest first. */
  atMeta(user: string): Promise<MetaMessage[]>;
  /** Waits until Meta has as many messages to `user`. */
  atMetaUntil(user: string, count: number, timeoutMs?: number): Promise<MetaMessage[]>;
  /** Makes a fault at Meta; returns its id. */
  fault(fault: { on: 'graph' | 'webhook'; match?: object; effect: object; when: object }): Promise<string>;
  removeFault(id: string): Promise<void>;
  /** How often a fault took effect. */
  hits(id: string): Promise<number>;
  /** Moves the gateway's clock forward. */
  advance(seconds: number): Promise<void>;
  /** Calls the admin API with the admin's key; throws unless the status is 2xx. */
  admin<T = Record<string, unknown>>(path: string, call?: Call): Promise<T>;
  /** The endpoint of the demo account, or of `key`'s, whose origin is that of `url`. */
  endpointOf(url: string): Promise<EndpointView>;
  /** A new account with a key, a WABA and a sender of its own. */
  newTenant(settings?: { account?: object; sender?: object }): Promise<Tenant>;
  /** Posts a body to the gateway as Meta would, signed. */
  postWebhook(body: object | Buffer, headers?: Record<string, string>): Promise<Reply>;
  /** Posts statuses of one number as one webhook. */
  postStatuses(phoneNumberId: string, statuses: readonly StatusFragment[]): Promise<Reply>;
  /** The value of a counter or gauge, summed over the label sets that hold `labels`. */
  metric(name: string, labels?: string): Promise<number>;
  stop(): Promise<void>;
}

/** Longer than the wait after a lost answer, at whose end Meta’s id is taken from a status that came before. */
const WAMID_TIMEOUT_MS = 40_000;

/** Starts a world in which every user is inside the customer service window. */
export async function startScene(env: Record<string, string> = {}): Promise<Scene> {
  const world = await startDev({ env });
  const opened = await world.sandbox('/_sandbox/window', { method: 'PUT', json: { mode: 'open' } });
  assert.equal(opened.status, 200);
  return createScene(world);
}

/** Acts on a world that runs already. */
export function createScene(world: DevWorld): Scene {
  let users = 1;
  let tenants = 0;
  const scene: Scene = {
    world,
    newUser() {
      users += 1;
      return String(441_134_960_000 + users);
    },
    async send(fields, { key, headers } = {}) {
      const json = { from: world.info.sender, content: { text: 'Hello' }, ...fields };
      const call: Call = { json };
      if (key !== undefined) call.key = key;
      if (headers !== undefined) call.headers = headers;
      const { status, body } = await world.api<SendAnswer>('/whatsapp/1/message/text', call);
      assert.equal(status, 200, JSON.stringify(body));
      return body;
    },
    life: (messageId) => scene.admin<Life>(`/messages/${encodeURIComponent(messageId)}`),
    lifeUntil: (description, messageId, predicate, timeoutMs) =>
      until(
        description,
        async () => {
          const life = await scene.life(messageId);
          if (predicate(life)) return life;
          throw new Error(JSON.stringify(life));
        },
        timeoutMs,
      ),
    async wamidOf(messageId) {
      // Quotes are found by `submitted` alone, and a status may be on disk before it.
      const isKnown = ({ kind, wamid }: Life['events'][number]): boolean => kind === 'submitted' && wamid !== null;
      const isIn = ({ events }: Life): boolean => events.some(isKnown);
      const { events } = await scene.lifeUntil('Meta’s id is known', messageId, isIn, WAMID_TIMEOUT_MS);
      return events.find(isKnown)?.wamid ?? '';
    },
    async atMeta(user) {
      const { body } = await world.sandbox<{ messages: MetaMessage[] }>(`/_sandbox/messages?user=${user}&limit=1000`);
      return body.messages;
    },
    atMetaUntil: (user, count, timeoutMs) =>
      until(
        `${count} messages to ${user} at Meta`,
        async () => {
          const messages = await scene.atMeta(user);
          return messages.length >= count ? messages : undefined;
        },
        timeoutMs,
      ),
    async fault(json) {
      const { status, body } = await world.sandbox<{ id: string }>('/_sandbox/faults', { json });
      assert.equal(status, 201, JSON.stringify(body));
      return body.id;
    },
    async removeFault(id) {
      assert.equal((await world.sandbox(`/_sandbox/faults/${id}`, { method: 'DELETE' })).status, 204);
    },
    async hits(id) {
      const { body } = await world.sandbox<{ faults: { id: string; hits: number }[] }>('/_sandbox/faults');
      return body.faults.find((fault) => fault.id === id)?.hits ?? 0;
    },
    async advance(advanceSeconds) {
      await scene.admin('/dev/clock', { json: { advanceSeconds } });
    },
    async admin<T>(path: string, call: Call = {}) {
      const reply = await world.api<T>(`/parley/1${path}`, { key: world.info.adminKey, ...call });
      assert.ok(reply.status >= 200 && reply.status < 300, `${path}: ${reply.status} ${JSON.stringify(reply.body)}`);
      return reply.body;
    },
    async endpointOf(url) {
      const { results } = await scene.admin<{ results: EndpointView[] }>('/endpoints?size=1000');
      const found = results.find(({ origin }) => origin === new URL(url).origin);
      if (found === undefined) throw new Error(`no endpoint for ${url}`);
      return found;
    },
    async newTenant(settings) {
      tenants += 1;
      return makeTenant(scene, tenants, settings);
    },
    postWebhook: (body, headers = {}) => {
      const bytes = Buffer.isBuffer(body) ? body : Buffer.from(JSON.stringify(body));
      return world.api('/meta/webhook', {
        method: 'POST',
        body: bytes,
        key: null,
        headers: {
          'content-type': 'application/json',
          'x-hub-signature-256': signedByMeta(bytes, world.info.metaAppSecret),
          ...headers,
        },
      });
    },
    postStatuses: (phoneNumberId, statuses) =>
      scene.postWebhook(statusesBody(world.info.wabaId, phoneNumberId, statuses)),
    async metric(name, labels = '') {
      const { body } = await world.api<string>('/metrics', { key: null });
      const lines = body.split('\n').filter((line) => line.startsWith(name) && line.includes(labels));
      return lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
    },
    stop: () => world.stop(),
  };
  return scene;
}

/** The header with which Meta signs `body`: HMAC-SHA256 under the app secret. */
export function signedByMeta(body: Buffer, secret: string): string {
  return `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`;
}

/**
 * Announces a body of `bytes` bytes and sends none of it: what a server answers to a body that it will not read. Sending it all would
 * race with the server, which closes the connection.
 */
export async function announceBody(
  url: string,
  bytes: number,
  headers: Record<string, string>,
): Promise<Reply<string>> {
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const options = { method: 'POST', headers: { ...headers, 'content-length': bytes }, timeout: 10_000 };
    const request = startRequest(url, options, resolve);
    request.on('error', reject).on('timeout', () => request.destroy(new Error('no answer')));
    request.flushHeaders();
  });
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk);
  response.destroy();
  return { status: response.statusCode ?? 0, headers: new Headers(), body: Buffer.concat(chunks).toString('utf8') };
}

/** One change of a webhook with some statuses of one number. */
export function statusesChange(phoneNumberId: string, statuses: readonly StatusFragment[]): object {
  return {
    field: 'messages',
    value: {
      messaging_product: 'whatsapp',
      metadata: { display_phone_number: '441134960000', phone_number_id: phoneNumberId },
      statuses: statuses.map(({ id, status, bizOpaque, timestamp, code }) => ({
        id,
        status,
        timestamp: String(timestamp ?? Math.floor(Date.now() / 1000)),
        recipient_id: '441134960001',
        biz_opaque_callback_data: bizOpaque,
        ...(code === undefined ? {} : { errors: [{ code, title: 'Title', error_data: { details: 'Details' } }] }),
      })),
    },
  };
}

function statusesBody(wabaId: string, phoneNumberId: string, statuses: readonly StatusFragment[]): object {
  const changes = [statusesChange(phoneNumberId, statuses)];
  return { object: 'whatsapp_business_account', entry: [{ id: wabaId, changes }] };
}

/** Every result that a receiver got, oldest first, of requests whose path starts with `path`. */
export function resultsAt(receiver: Receiver, path = '/'): Result[] {
  return receiver.requests
    .filter((request) => request.path.startsWith(path))
    .flatMap((request) => {
      const { results }: { results: Result[] } = JSON.parse(request.body);
      return results;
    });
}

/** Waits until a receiver has results that `predicate` holds for. */
export function resultsUntil(
  description: string,
  receiver: Receiver,
  predicate: (results: Result[]) => boolean,
  timeoutMs?: number,
): Promise<Result[]> {
  return until(
    description,
    () => {
      const results = resultsAt(receiver);
      if (predicate(results)) return results;
      throw new Error(JSON.stringify(results));
    },
    timeoutMs,
  );
}

async function makeTenant(
  scene: Scene,
  n: number,
  settings: { account?: object; sender?: object } = {},
): Promise<Tenant> {
  const { world } = scene;
  const account = { name: `Tenant ${n}`, ...settings.account };
  const { accountId } = await scene.admin<{ accountId: string }>('/accounts', { json: account });
  const { apiKeySecret: key } = await scene.admin<{ apiKeySecret: string }>(`/accounts/${accountId}/keys`, {
    json: { name: 'key' },
  });
  const sender = String(441_134_961_000 + n);
  const [phoneNumberId, wabaId, graphToken] = [`${sender}200`, `${sender}100`, `token-${n}`];
  const made = await world.sandbox('/_sandbox/wabas', {
    json: {
      wabaId,
      numbers: [{ number: sender, phoneNumberId, throughput: 1000 }],
      app: {
        appSecret: world.info.metaAppSecret,
        verifyToken: world.info.metaVerifyToken,
        callbackUrl: `${world.info.api}/meta/webhook`,
        token: graphToken,
      },
    },
  });
  assert.equal(made.status, 201, JSON.stringify(made.body));
  await scene.admin('/senders', {
    json: { accountId, sender, phoneNumberId, wabaId, accessToken: graphToken, throughput: 1000, ...settings.sender },
  });
  return { accountId, key, sender, phoneNumberId, wabaId, graphToken };
}
