// Whether a message may open the flow that it names (Meta 5.1). A flow that the sandbox does not know counts as published.
import { takeFlow } from '../flows/life.js';
import { knownFlow, type SentFlow, sentFlowIn } from '../flows/sent.js';
import type { Rendered } from '../templates/rendered.js';
import type { World } from '../world.js';
import type { Refusal } from './errors.js';

/** Refuses what is in the wrong state. What may be sent counts against the limit of a throttled flow. */
export function admitFlow(
  world: World,
  wabaId: string,
  sent: Pick<SentFlow, 'flowId' | 'flowName' | 'mode'>,
): Refusal | null {
  const known = knownFlow(world, wabaId, sent);
  const code = known === undefined ? null : takeFlow(world, known, sent.mode);
  return code === null
    ? null
    : { code, details: `Flow ${known?.id} is ${known?.status} and cannot be sent as ${sent.mode}.` };
}

/** The same for the buttons of a template and of its cards; a flow that several of them open is one message of it. */
export function admitFlowButtons(world: World, wabaId: string, { buttons, cards = [] }: Rendered): Refusal | null {
  const sent = [buttons, ...cards.map((card) => card.buttons)].flat().flatMap((button) => sentFlowIn(button) ?? []);
  const names = sent.map(({ flowId, flowName }) => flowId ?? flowName);
  for (const [index, flow] of sent.entries()) {
    const refusal = names.indexOf(names[index]) < index ? null : admitFlow(world, wabaId, flow);
    if (refusal !== null) return refusal;
  }
  return null;
}
