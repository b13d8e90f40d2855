// Which flow a message opens, and how: of an interactive message, or of a button of a template (Meta 1.5, 1.6).
import type { Message } from '../records.js';
import type { RenderedButton } from '../templates/rendered.js';
import type { World } from '../world.js';
import { field } from './document.js';
import type { Flow } from './record.js';

/** What a message says of the flow that it opens. */
export interface SentFlow {
  flowId: string | undefined;
  flowName: string | undefined;
  mode: 'draft' | 'published';
  /** Meta's word for a message without one is `unused`. */
  token: string;
  action: 'navigate' | 'data_exchange';
  /** The first screen and its data, of a navigate action that names them. */
  screen: string | undefined;
  data: Record<string, unknown>;
}

/** The flow behind a message, or behind a button of its template; undefined when there is none. The first such button unless `button` says another. */
export function sentFlowOf(message: Message, button?: number, card?: number): SentFlow | undefined {
  const interactive = field(message.payload, 'interactive');
  if (field(interactive, 'type') === 'flow') return ofParameters(field(field(interactive, 'action'), 'parameters'));
  const rendered = message.template?.rendered;
  const buttons = (card === undefined ? rendered?.buttons : rendered?.cards?.[card]?.buttons) ?? [];
  const found = button === undefined ? buttons.find(({ type }) => type === 'flow') : buttons[button];
  return found === undefined ? undefined : sentFlowIn(found);
}

/** The flow behind a button of a template; undefined when it opens none. */
export function sentFlowIn({ type, action }: RenderedButton): SentFlow | undefined {
  return type === 'flow' ? ofButton(action) : undefined;
}

function ofParameters(parameters: unknown): SentFlow {
  const payload = field(parameters, 'flow_action_payload');
  return {
    flowId: text(field(parameters, 'flow_id')),
    flowName: text(field(parameters, 'flow_name')),
    mode: field(parameters, 'mode') === 'draft' ? 'draft' : 'published',
    token: text(field(parameters, 'flow_token')) ?? 'unused',
    action: actionOf(field(parameters, 'flow_action')),
    screen: text(field(payload, 'screen')),
    data: object(field(payload, 'data')),
  };
}

function ofButton(action: unknown): SentFlow {
  return {
    flowId: text(field(action, 'flow_id')),
    flowName: text(field(action, 'flow_name')),
    mode: 'published',
    token: text(field(action, 'flow_token')) ?? 'unused',
    action: actionOf(field(action, 'flow_action')),
    screen: text(field(action, 'navigate_screen')),
    data: object(field(action, 'flow_action_data')),
  };
}

/** The flow that is meant, of the WABA that sent it; undefined when the sandbox does not know it. */
export function knownFlow(world: World, wabaId: string, { flowId, flowName }: Partial<SentFlow>): Flow | undefined {
  if (flowId !== undefined) {
    const flow = world.flows.get(flowId);
    return flow?.wabaId === wabaId ? flow : undefined;
  }
  return [...world.flows.values()].find((flow) => flow.wabaId === wabaId && flow.name === flowName);
}

function actionOf(value: unknown): SentFlow['action'] {
  return String(value).toLowerCase() === 'data_exchange' ? 'data_exchange' : 'navigate';
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function object(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {};
}
