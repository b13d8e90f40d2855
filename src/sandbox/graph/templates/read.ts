// GET /{waba-id}/message_templates and GET /{template-id} (Meta 4.1).
import type { Template } from '../../templates/record.js';
import type { World } from '../../world.js';
import { type GraphAnswer, type GraphCall, notFound, ownWaba, queryText } from '../call.js';
import { pickFields } from '../fields.js';
import { answerPage } from '../paging.js';

const NODE_TYPE = 'WhatsAppMessageTemplate';
const PAGE_MAX = 100;
const ALWAYS = ['name', 'parameter_format', 'components', 'language', 'status', 'category', 'id'];
/** Answered unless `fields` says otherwise when there is something to say. */
const WHEN_SET = ['sub_category', 'previous_category', 'correct_category', 'message_send_ttl_seconds'];

/** The template that the call addresses, if it belongs to the caller's app and is not gone. */
export function ownTemplate(world: World, call: GraphCall): Template | undefined {
  for (const template of world.templates.values()) {
    if (template.id !== call.id) continue;
    const isOwn = world.wabas.get(template.wabaId)?.appToken === call.app.token;
    return isOwn && template.status !== 'DELETED' ? template : undefined;
  }
  return undefined;
}

/** Answers a read of the template. */
export function readTemplate(call: GraphCall, template: Template): GraphAnswer {
  const node = nodeOf(template);
  const byDefault = [...ALWAYS, ...WHEN_SET.filter((name) => node[name] !== undefined && node[name] !== null)];
  return pickFields(node, { fields: queryText(call.query, 'fields'), byDefault, nodeType: NODE_TYPE });
}

function nodeOf(template: Template): Record<string, unknown> {
  const { quality, recategorisation } = template;
  return {
    id: template.id,
    name: template.name,
    language: template.language,
    status: template.status,
    category: template.category,
    parameter_format: template.parameterFormat,
    components: template.components,
    sub_category: template.subCategory,
    previous_category: template.previousCategory,
    correct_category: recategorisation?.category ?? null,
    rejected_reason: template.rejectedReason,
    quality_score: { score: quality.score, date: Math.floor(quality.at / 1000) },
    message_send_ttl_seconds: template.ttlSeconds,
    library_template_name: null,
    cta_url_link_tracking_opted_out: template.isTrackingOff,
    degrees_of_freedom_spec: null,
  };
}

/** Answers the list of a WABA's templates, filtered and paged by cursor; deleted ones are not in it. */
export function listTemplates(world: World, call: GraphCall): GraphAnswer {
  const waba = ownWaba(world, call);
  if (waba === undefined) return notFound(call);
  const all = [...world.templates.values()].filter(
    (template) => template.wabaId === waba.wabaId && template.status !== 'DELETED' && isMatch(call, template),
  );
  const view = (template: Template) => readTemplate(call, template);
  return answerPage(call, all, { edge: 'message_templates', max: PAGE_MAX, view });
}

function isMatch({ query }: GraphCall, template: Template): boolean {
  const [name, text] = [queryText(query, 'name'), queryText(query, 'name_or_content')];
  const { name: own, language, status, category } = template;
  if (name !== undefined && own !== name) return false;
  if (text !== undefined && !isAbout(template, text.toLowerCase())) return false;
  return (
    isOneOf(queryText(query, 'language'), language) &&
    isOneOf(queryText(query, 'status'), status) &&
    isOneOf(queryText(query, 'category'), category)
  );
}

function isAbout({ name, components }: Template, text: string): boolean {
  return name.includes(text) || components.some((component) => component.text?.toLowerCase().includes(text) === true);
}

/** Whether a filter, one value or a JSON list of them, lets the value through. */
function isOneOf(filter: string | undefined, value: string): boolean {
  if (filter === undefined || filter === '') return true;
  const wanted = filter.replace(/[[\]"\s]/g, '').split(',');
  return wanted.some((each) => each.toUpperCase() === value.toUpperCase());
}
