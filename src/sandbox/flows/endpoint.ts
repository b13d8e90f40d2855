// Asking the business's data endpoint as a phone does: encrypted, signed, timed, and watched (Meta 5.2, 2.8).
import { request as ask } from 'undici';
import type { Callbacks } from '../callbacks.js';
import { createGuardedAgent, type GuardedAgent } from '../guarded-agent.js';
import type { App, BusinessNumber } from '../records.js';
import type { World } from '../world.js';
import { type SealedRequest, sealRequest, signatureOf } from './cipher.js';
import { readDocument } from './document.js';
import { type Health, NO_HEALTH, noteCall } from './health.js';
import { flowNews } from './life.js';
import type { Flow } from './record.js';

/** No official figure was found; 10 s is what people report (Meta 5.2). A setting changes it. */
export const ENDPOINT_TIMEOUT_MS = 10_000;
/** 10 MB before encryption and base64. */
const ANSWER_BYTES_MAX = 15 * 1024 * 1024;
const CONNECTIONS_MAX = 16;
const USER_AGENT = 'facebookexternalua';

/** Why an endpoint gave no usable answer. `said` is what the business wants the user to read (427). */
export interface EndpointFailure {
  kind: string;
  httpStatus: number | null;
  message: string;
  said: string | null;
}

/** The decrypted answer, or why there is none. */
export type EndpointAnswer = { answer: unknown } | { failure: EndpointFailure };

/** Asks endpoints. */
export interface FlowEndpoints {
  /** Asks the flow's endpoint on behalf of a number; a failed decryption (421) is tried once more with the key as it is then. Never throws. */
  ask(flow: Flow, phoneNumberId: string, request: object): Promise<EndpointAnswer>;
  /** The health check of publishing: why the flow's endpoint cannot be used; null when it can, or there is none. */
  check(flow: Flow): Promise<string | null>;
  stop(): Promise<void>;
}

interface State {
  world: World;
  callbacks: Callbacks;
  guarded: GuardedAgent;
  stopping: AbortController;
  health: Map<string, Health>;
}

/** Nothing asked yet. Health is kept in memory only. */
export function createFlowEndpoints(world: World, callbacks: Callbacks): FlowEndpoints {
  const guarded = createGuardedAgent(CONNECTIONS_MAX, ENDPOINT_TIMEOUT_MS, ANSWER_BYTES_MAX);
  const state: State = { world, callbacks, guarded, stopping: new AbortController(), health: new Map() };
  return {
    async ask(flow, phoneNumberId, request) {
      const first = await askOnce(state, flow, phoneNumberId, request);
      const isStale = 'failure' in first && first.failure.httpStatus === 421;
      return isStale ? askOnce(state, flow, phoneNumberId, request) : first;
    },
    check: (flow) => check(state, flow),
    async stop() {
      state.stopping.abort();
      await guarded.agent.destroy();
    },
  };
}

/** Where a flow's endpoint is; undefined when it has none. */
function endpointOf(flow: Flow): string | undefined {
  const { dataApiVersion, dataChannelUri } = readDocument(flow);
  return dataApiVersion === undefined ? undefined : (flow.endpointUri ?? dataChannelUri);
}

async function check(state: State, flow: Flow): Promise<string | null> {
  const { dataApiVersion } = readDocument(flow);
  if (dataApiVersion === undefined) return null;
  if (endpointOf(flow) === undefined) return 'The flow needs an endpoint_uri.';
  const ids = state.world.wabas.get(flow.wabaId)?.phoneNumberIds ?? [];
  const keyed = ids.find((id) => state.world.numbers.get(id)?.flowKey !== undefined);
  if (keyed === undefined) return 'No phone number of the account has a public key for flows.';
  const said = await askOnce(state, flow, keyed, { version: dataApiVersion, action: 'ping' });
  if ('failure' in said) return `The endpoint's health check failed. ${said.failure.message}`;
  const status = Reflect.get(Object(Reflect.get(Object(said.answer), 'data')), 'status');
  return status === 'active' ? null : "The endpoint's health check failed. It does not say that it is active.";
}

async function askOnce(state: State, flow: Flow, phoneNumberId: string, request: object): Promise<EndpointAnswer> {
  const url = endpointOf(flow);
  const number = state.world.numbers.get(phoneNumberId);
  const app = appOf(state.world, number);
  if (url === undefined || app === undefined) return failure('endpoint-missing', null, 'The flow has no endpoint_uri.');
  if (number?.flowKey === undefined)
    return failure('public-key-missing', null, 'The phone number has no public key for flows.');
  const sealed = sealRequest(number.flowKey, request);
  const startedAt = performance.now();
  const answer = await post(state, url, sealed, app);
  watch(state, flow, answer, Math.round(performance.now() - startedAt));
  return answer;
}

function appOf(world: World, number: BusinessNumber | undefined): App | undefined {
  const waba = number === undefined ? undefined : world.wabas.get(number.wabaId);
  return waba === undefined ? undefined : world.apps.get(waba.appToken);
}

async function post(state: State, url: string, sealed: SealedRequest, app: App): Promise<EndpointAnswer> {
  const timeoutMs = state.world.settings().flowTimeoutMs ?? ENDPOINT_TIMEOUT_MS;
  try {
    const refusal = state.guarded.refusalOf(new URL(url));
    if (refusal !== undefined) return failure('no_http_response_error', null, `Its address is a ${refusal}.`);
    const answer = await ask(url, {
      method: 'POST',
      dispatcher: state.guarded.agent,
      signal: AbortSignal.any([AbortSignal.timeout(timeoutMs), state.stopping.signal]),
      headers: {
        'content-type': 'application/json',
        'user-agent': USER_AGENT,
        'x-hub-signature-256': signatureOf(sealed.body, app.appSecret),
      },
      body: sealed.body,
    });
    return judge(answer.statusCode, await answer.body.text(), sealed);
  } catch (error) {
    if (error instanceof Error && error.name === 'TimeoutError')
      return failure('timeout_error', null, `The endpoint did not answer within ${timeoutMs} ms.`);
    return failure('no_http_response_error', null, `The endpoint cannot be reached: ${reasonOf(error)}.`);
  }
}

/** What an answer of the endpoint means (Meta 5.2). */
function judge(status: number, body: string, sealed: SealedRequest): EndpointAnswer {
  const opened = opens(sealed, body);
  switch (status) {
    case 200:
      if (opened !== undefined) return { answer: opened };
      return failure('response-decryption-error', 200, 'The endpoint gave an answer that cannot be decrypted.');
    case 421:
      return failure('request-decryption-error', 421, 'The endpoint could not decrypt the request.');
    case 427: {
      const said: unknown = Reflect.get(Object(opened), 'error_msg');
      const text = typeof said === 'string' ? said : null;
      return failure('flow-token-expired', 427, 'The endpoint says that the flow token is no longer valid.', text);
    }
    case 432:
      return failure('signature-error', 432, 'The endpoint did not accept the signature.');
    default:
      return failure('unexpected_http_status_code', status, `The endpoint answered ${status}.`);
  }
}

function opens(sealed: SealedRequest, body: string): unknown {
  try {
    const value = sealed.open(body);
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

function failure(
  kind: string,
  httpStatus: number | null,
  message: string,
  said: string | null = null,
): EndpointAnswer & { failure: EndpointFailure } {
  return { failure: { kind, httpStatus, message, said } };
}

/** Counts a call, and tells the business of alerts that it raises or ends. An expired token is an answer as any other. */
function watch(state: State, flow: Flow, answer: EndpointAnswer, durationMs: number): void {
  const failed = 'failure' in answer ? answer.failure : undefined;
  const isError = failed !== undefined && failed.httpStatus !== 427;
  const { health, alerts } = noteCall(state.health.get(flow.id) ?? NO_HEALTH, {
    at: state.world.clock.now(),
    durationMs,
    error: isError ? failed.kind : null,
    isAvailable: failed === undefined || failed.httpStatus !== null,
  });
  state.health.set(flow.id, health);
  for (const alert of alerts) state.callbacks.publish(flowNews(state.world, flow, { flow_id: flow.id, ...alert }));
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown error';
  const code = 'code' in error && typeof error.code === 'string' ? error.code : error.message;
  return code.slice(0, 200);
}
