// POST /{template-id}, POST /{template-id}/unpause and DELETE /{waba-id}/message_templates (Meta 4.1).
import { withPresets } from '../../templates/preset.js';
import type { Template } from '../../templates/record.js';
import { refuseParameter } from '../../templates/refusals.js';
import { checkContent, checkTtl } from '../../templates/rules.js';
import { type GraphAnswer, type GraphCall, notFound, ownWaba, queryText, refuse } from '../call.js';
import type { Refusal } from '../errors.js';
import { checkHandles, type TemplateParts } from './create.js';
import { checkFlowJson, withFlowsMade } from './flow-json.js';
import { ownTemplate } from './read.js';
import { type Edit, readEdit } from './spec.js';

const DAY_MS = 86_400_000;
const EDITS_A_DAY_MAX = 1;
const EDITS_A_MONTH_MAX = 10;
const MONTH_MS = 30 * DAY_MS;
const EDIT_TITLE = 'Template Cannot Be Edited';

/** Replaces what the edit names; the template goes back to review, what was approved stays usable until that decides. */
export function editTemplate(parts: TemplateParts, call: GraphCall): GraphAnswer {
  const { world, templates } = parts;
  const template = ownTemplate(world, call);
  if (template === undefined) return notFound(call);
  const read = readEdit(call);
  if (!('spec' in read)) return refuse(read);
  const now = world.clock.now();
  const refusal = checkState(template, read.spec, now) ?? checkEdit(call, template, read.spec);
  if (refusal !== null) return refuse(refusal);
  apply(parts, template, read.spec);
  templates.submit(template);
  return { body: { success: true } };
}

function checkState({ status, category, edits }: Template, spec: Edit, now: number): Refusal | null {
  if (!['APPROVED', 'REJECTED', 'PAUSED'].includes(status))
    return refuseParameter('Only approved, rejected and paused templates can be edited.', EDIT_TITLE);
  if (status !== 'APPROVED') return null;
  if (spec.category !== undefined && spec.category !== category)
    return refuseParameter('The category of an approved template cannot be changed.', EDIT_TITLE);
  if (edits.filter((at) => now - at < DAY_MS).length >= EDITS_A_DAY_MAX)
    return refuseParameter('An approved template can be edited once in 24 hours.', EDIT_TITLE);
  return edits.filter((at) => now - at < MONTH_MS).length >= EDITS_A_MONTH_MAX
    ? refuseParameter('An approved template can be edited 10 times in 30 days.', EDIT_TITLE)
    : null;
}

function checkEdit(call: GraphCall, template: Template, spec: Edit): Refusal | null {
  const category = spec.category ?? template.category;
  const ttl = checkTtl(spec.message_send_ttl_seconds ?? null, category);
  if (spec.components === undefined) return ttl;
  const content = { components: spec.components, parameterFormat: spec.parameter_format ?? template.parameterFormat };
  return (
    checkContent(content, category) ??
    ttl ??
    checkHandles(call, content.components) ??
    checkFlowJson(content.components)
  );
}

function apply(parts: TemplateParts, template: Template, spec: Edit): void {
  const now = parts.world.clock.now();
  if (template.status === 'APPROVED') template.edits = [...template.edits.filter((at) => now - at < MONTH_MS), now];
  template.category = spec.category ?? template.category;
  template.parameterFormat = spec.parameter_format ?? template.parameterFormat;
  template.ttlSeconds = spec.message_send_ttl_seconds ?? template.ttlSeconds;
  template.isTrackingOff = spec.cta_url_link_tracking_opted_out ?? template.isTrackingOff;
  if (spec.components !== undefined)
    template.components = withPresets(withFlowsMade(parts, template, spec.components), template.category);
  if (template.status === 'PAUSED') template.live = null;
  template.pausedUntil = null;
}

/** Ends a pause before its time. */
export function unpauseTemplate({ world, templates }: TemplateParts, call: GraphCall): GraphAnswer {
  const template = ownTemplate(world, call);
  if (template === undefined) return notFound(call);
  if (template.status !== 'PAUSED') return { body: { success: false, reason: 'The template is not paused.' } };
  templates.unpause(template);
  return { body: { success: true } };
}

/** Removes all languages of a name, or the one that `hsm_id` names. */
export function deleteTemplates({ world, templates }: TemplateParts, call: GraphCall): GraphAnswer {
  const waba = ownWaba(world, call);
  if (waba === undefined) return notFound(call);
  const [name, id] = [queryText(call.query, 'name'), queryText(call.query, 'hsm_id')];
  if (name === undefined) return refuse(refuseParameter('The parameter name is required.'));
  const found = [...world.templates.values()].filter(
    (template) =>
      template.wabaId === waba.wabaId &&
      template.deletedAt === null &&
      template.name === name &&
      (id === undefined || template.id === id),
  );
  if (found.length === 0) {
    const text = `There is no message template ${name}${id === undefined ? '' : ` with the id ${id}`}.`;
    return refuse({ ...refuseParameter(text, 'Message Template Not Found'), httpStatus: 404 });
  }
  if (found.some(({ status }) => status === 'DISABLED'))
    return refuse(refuseParameter('A disabled template cannot be deleted.', 'Template Cannot Be Deleted'));
  for (const template of found) templates.remove(template);
  return { body: { success: true } };
}
