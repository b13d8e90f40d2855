// One step of a flow at its data endpoint: what is asked, and what the answer means for the screen (Meta 5.2).
import Type from 'typebox';
import type { World } from '../world.js';
import { signFlowToken } from './cipher.js';
import { type FlowDocument, field, mayLead, readDocument } from './document.js';
import type { EndpointFailure, FlowEndpoints } from './endpoint.js';
import type { Flow } from './record.js';

/** A flow that somebody has open. */
export interface FlowRun {
  flow: Flow;
  /** The number that sent it: its key encrypts. */
  phoneNumberId: string;
  token: string;
}

/** What a phone asks. `screen` is where it is; absent at the start. */
export const stepFields = {
  action: Type.Enum(['INIT', 'BACK', 'data_exchange']),
  screen: Type.Optional(Type.String({ maxLength: 200 })),
  data: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
};

interface Step {
  action: 'INIT' | 'BACK' | 'data_exchange';
  screen?: string | undefined;
  data?: Record<string, unknown> | undefined;
}

/** The next screen with its data, the end with what is reported to the business, or what went wrong. */
export type StepOutcome =
  | { next: { screen: string; data: Record<string, unknown> } }
  | { completed: Record<string, unknown> }
  | { error: EndpointFailure };

/** The screen that ends a flow of an endpoint (Meta 5.2). */
const SUCCESS = 'SUCCESS';

/** A flow as whoever runs it needs it. */
export function runView({ id, name, status, json }: Flow): Record<string, unknown> {
  return { id, name, status, json };
}

/** Asks the endpoint. When its answer cannot be used, it is told so, as phones do. Never throws. */
export async function takeStep(world: World, endpoints: FlowEndpoints, run: FlowRun, step: Step): Promise<StepOutcome> {
  const document = readDocument(run.flow);
  const said = await endpoints.ask(run.flow, run.phoneNumberId, requestOf(world, document, run, step));
  if ('failure' in said) return { error: said.failure };
  const outcome = judge(document, said.answer, step);
  if ('error' in outcome) {
    const { kind, message } = outcome.error;
    const notice = { ...step, data: { error: kind, error_message: message } };
    await endpoints.ask(run.flow, run.phoneNumberId, requestOf(world, document, run, notice));
  }
  return outcome;
}

function requestOf(world: World, { dataApiVersion = '3.0' }: FlowDocument, run: FlowRun, step: Step): object {
  const waba = world.wabas.get(run.flow.wabaId);
  const secret = waba === undefined ? undefined : world.apps.get(waba.appToken)?.appSecret;
  const isSigned = dataApiVersion !== '3.0' && secret !== undefined;
  return {
    version: dataApiVersion,
    action: step.action,
    ...(step.screen === undefined ? {} : { screen: step.screen }),
    ...(step.data === undefined ? {} : { data: step.data }),
    flow_token: run.token,
    ...(isSigned ? { flow_token_signature: signFlowToken(run.token, secret, world.clock.now()) } : {}),
  };
}

function judge(document: FlowDocument, answer: unknown, step: Step): StepOutcome {
  const screen = field(answer, 'screen');
  const data = field(answer, 'data') ?? {};
  const wrong = (kind: string, message: string): StepOutcome => ({
    error: { kind, httpStatus: 200, message, said: null },
  });
  if (typeof data !== 'object' || data === null || Array.isArray(data))
    return wrong('invalid-response', "The endpoint's answer has no data object.");
  if (screen === SUCCESS) {
    const params = field(field(data, 'extension_message_response'), 'params');
    return typeof params === 'object' && params !== null
      ? { completed: { ...params } }
      : wrong('invalid-response', 'The screen SUCCESS came without data.extension_message_response.params.');
  }
  if (typeof screen !== 'string' || !document.screens.has(screen))
    return wrong(
      'invalid-screen-transition',
      `The endpoint leads to ${named(screen)}, which is no screen of the flow.`,
    );
  if (step.action === 'data_exchange' && !mayLead(document, step.screen ?? screen, screen))
    return wrong('invalid-screen-transition', `The routing model does not lead from ${step.screen} to ${screen}.`);
  return { next: { screen, data: { ...data } } };
}

function named(screen: unknown): string {
  return typeof screen === 'string' ? screen.slice(0, 100) : 'nothing';
}
