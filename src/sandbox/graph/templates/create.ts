// POST /{waba-id}/message_templates (Meta 4.1).
import { newObjectId } from '../../ids.js';
import type { Component } from '../../templates/component.js';
import { isOwnHandle } from '../../templates/handle.js';
import { NAME_LOCK_MS, type TemplateLife } from '../../templates/life.js';
import { withPresets } from '../../templates/preset.js';
import { type Content, type Template, templateKey } from '../../templates/record.js';
import { refuseTemplate } from '../../templates/refusals.js';
import { checkContent, checkTtl } from '../../templates/rules.js';
import type { World } from '../../world.js';
import { type GraphAnswer, type GraphCall, notFound, ownWaba, refuse } from '../call.js';
import type { Refusal } from '../errors.js';
import { checkFlowJson, type FlowMakingParts, withFlowsMade } from './flow-json.js';
import { type Creation, readCreation } from './spec.js';

const HOUR_MS = 3_600_000;
/** Names that a WABA of a verified business may have. */
const NAMES_MAX = 6000;

/** What the template nodes work on. */
export interface TemplateParts extends FlowMakingParts {
  templates: TemplateLife;
}

/** Keeps a new template, which then waits for its review. */
export function createTemplate(parts: TemplateParts, call: GraphCall): GraphAnswer {
  const { world, templates } = parts;
  const waba = ownWaba(world, call);
  if (waba === undefined) return notFound(call);
  const read = readCreation(call);
  if (!('spec' in read)) return refuse(read);
  const { spec } = read;
  const content: Content = { components: spec.components, parameterFormat: spec.parameter_format ?? 'POSITIONAL' };
  const refusal =
    checkContent(content, spec.category) ??
    checkTtl(spec.message_send_ttl_seconds ?? null, spec.category) ??
    checkHandles(call, content.components) ??
    checkName(world, waba.wabaId, spec) ??
    checkFlowJson(content.components);
  if (refusal !== null) return refuse(refusal);
  const components = withFlowsMade(parts, { ...spec, wabaId: waba.wabaId }, content.components);
  const template = newTemplate(world, waba.wabaId, spec, { ...content, components });
  templates.submit(template);
  return { body: { id: template.id, status: template.status, category: template.category } };
}

/** Refuses an example file that was not uploaded with the caller's app. */
export function checkHandles(call: GraphCall, components: readonly Component[]): Refusal | null {
  for (const { example, format, cards = [] } of components) {
    for (const handle of example?.header_handle ?? []) {
      if (!isOwnHandle(call.app, handle, format ?? ''))
        return refuseTemplate(2388047, `The example of the ${format} header is not an uploaded file of that kind.`);
    }
    for (const card of cards) {
      const refusal = checkHandles(call, card.components);
      if (refusal !== null) return refusal;
    }
  }
  return null;
}

/** Refuses a name that is taken in that language or still locked, and more than the WABA may have. */
function checkName(world: World, wabaId: string, { name, language }: Creation): Refusal | null {
  const own = [...world.templates.values()].filter((template) => template.wabaId === wabaId);
  const now = world.clock.now();
  const isLocked = ({ deletedAt }: Template): boolean => deletedAt !== null && deletedAt + NAME_LOCK_MS > now;
  const same = own.filter((template) => template.name === name);
  const twin = same.find((template) => template.language === language);
  if (twin !== undefined && twin.deletedAt === null)
    return refuseTemplate(2388024, `There is already ${language} content for this template.`);
  if ((twin !== undefined && isLocked(twin)) || (same.length > 0 && same.every(isLocked)))
    return refuseTemplate(
      2388023,
      `New ${language} content cannot be added while the old is being deleted. Try again in 30 days.`,
    );
  const { creationsPerHour } = world.settings().reviews;
  if (own.filter(({ createdAt }) => createdAt > now - HOUR_MS).length >= creationsPerHour)
    return { code: 80007, details: `At most ${creationsPerHour} templates can be created in an hour.` };
  const names = new Set(own.filter(({ deletedAt }) => deletedAt === null).map((template) => template.name));
  return names.size >= NAMES_MAX && !names.has(name)
    ? refuseTemplate(2388019, `There are already ${NAMES_MAX} message templates.`)
    : null;
}

function newTemplate(world: World, wabaId: string, spec: Creation, content: Content): Template {
  const now = world.clock.now();
  const { name, language, category } = spec;
  world.templates.delete(templateKey(wabaId, name, language));
  return {
    id: newObjectId(),
    wabaId,
    name,
    language,
    category,
    status: 'PENDING',
    parameterFormat: content.parameterFormat,
    components: withPresets(content.components, category),
    live: null,
    subCategory: spec.sub_category ?? null,
    ttlSeconds: spec.message_send_ttl_seconds ?? null,
    isTrackingOff: spec.cta_url_link_tracking_opted_out ?? false,
    previousCategory: null,
    rejectedReason: 'NONE',
    quality: { score: 'UNKNOWN', at: now },
    pauses: 0,
    createdAt: now,
    approvedAt: null,
    edits: [],
    reviewAt: null,
    pausedUntil: null,
    recategorisation: null,
    deletedAt: null,
  };
}
