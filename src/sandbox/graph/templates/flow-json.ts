// Buttons of templates that bring their flow along as JSON (Meta 4.3): it is made and published with the template.
import { checkFlow } from '../../../flows/check.js';
import type { Callbacks } from '../../callbacks.js';
import { readDocument } from '../../flows/document.js';
import { moveFlow, newFlow, setJson } from '../../flows/life.js';
import type { Button, Component } from '../../templates/component.js';
import { refuseParameter } from '../../templates/refusals.js';
import type { World } from '../../world.js';
import type { Refusal } from '../errors.js';

/** What such flows are made in. */
export interface FlowMakingParts {
  world: World;
  callbacks: Callbacks;
}

/** Refuses JSON that could not be published: with errors, or for an endpoint, which a button cannot name. */
export function checkFlowJson(components: readonly Component[]): Refusal | null {
  for (const { flow_json: json } of components.flatMap(buttonsOf)) {
    if (json === undefined) continue;
    const { errors } = checkFlow(json);
    const [first] = errors;
    if (first !== undefined)
      return refuseParameter(
        `The flow_json of a button has ${errors.length} errors, first in line ${first.line_start}: ${first.message}`,
      );
    if (readDocument({ json }).dataApiVersion !== undefined)
      return refuseParameter('The flow_json of a button cannot have an endpoint.');
  }
  return null;
}

/** The components with the flows made: their buttons name them by id, which is how they are read back. */
export function withFlowsMade(
  parts: FlowMakingParts,
  template: { wabaId: string; name: string; language: string },
  components: readonly Component[],
): Component[] {
  const made = (button: Button): Button => {
    const { flow_json: json, ...rest } = button;
    return json === undefined ? button : { ...rest, flow_id: publish(parts, template, json) };
  };
  const inside = <T extends Component>(component: T): T =>
    component.buttons === undefined ? component : { ...component, buttons: component.buttons.map(made) };
  return components.map((component) => ({
    ...inside(component),
    ...(component.cards === undefined
      ? {}
      : { cards: component.cards.map((card) => ({ ...card, components: card.components.map(inside) })) }),
  }));
}

function buttonsOf({ buttons = [], cards = [] }: Component): readonly Button[] {
  return [...buttons, ...cards.flatMap(({ components }) => components.flatMap(({ buttons: own = [] }) => own))];
}

/** Its id. Names of flows are unique in a WABA. */
function publish(
  { world, callbacks }: FlowMakingParts,
  { wabaId, name, language }: { wabaId: string; name: string; language: string },
  json: string,
): string {
  const taken = new Set([...world.flows.values()].filter((flow) => flow.wabaId === wabaId).map((flow) => flow.name));
  const base = `${name.slice(0, 180)}_${language}`;
  let own = base;
  for (let count = 2; taken.has(own); count += 1) own = `${base}_${count}`;
  const flow = newFlow({ wabaId, name: own, categories: ['OTHER'], endpointUri: null }, world.clock.now());
  setJson(world, flow, json);
  moveFlow(world, callbacks, world.flows.get(flow.id) ?? flow, 'PUBLISHED');
  return flow.id;
}
