// Which registered template a message is made from, and what it then shows; or why Meta refuses it (Meta 1.6).
import type { BusinessNumber, Message } from '../records.js';
import { fitTemplate } from '../templates/fit.js';
import { templateKey } from '../templates/record.js';
import type { World } from '../world.js';
import type { Refusal } from './errors.js';
import { admitFlowButtons } from './flow-send.js';
import type { SentTemplate } from './messages/template.js';

/** What a message keeps of its template. */
export type MessageTemplate = NonNullable<Message['template']>;

/** The template of a checked message; `major` is the version of the call. */
export function findTemplate(
  world: World,
  number: BusinessNumber,
  { name, language, components = [] }: SentTemplate,
  major: number,
): MessageTemplate | Refusal {
  const template = world.templates.get(templateKey(number.wabaId, name, language.code));
  if (template?.status === 'PAUSED') return { code: 132015, details: `template name (${name}) is paused` };
  if (template?.status === 'DISABLED') return { code: 132016, details: `template name (${name}) is disabled` };
  if (template === undefined || template.live === null)
    return { code: 132001, details: `template name (${name}) does not exist in ${language.code}` };
  const { id, category } = template;
  const fit = fitTemplate(template.live, category, components, major);
  if ('code' in fit) return fit;
  return admitFlowButtons(world, number.wabaId, fit) ?? { id, category, rendered: fit };
}
