// What happens to flows: their JSON, their states and what webhooks tell of these (Meta 2.8, 5.1).
import { randomBytes } from 'node:crypto';
import { checkFlow } from '../../flows/check.js';
import type { Callbacks } from '../callbacks.js';
import { newObjectId } from '../ids.js';
import type { Update } from '../records.js';
import type { World } from '../world.js';
import type { Flow, FlowStatus } from './record.js';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const PREVIEW_MS = 30 * DAY_MS;
/** Messages an hour of a throttled flow (Meta 5.1). */
const THROTTLED_PER_HOUR = 10;

/** What a new flow has until JSON is uploaded. */
export const FIRST_JSON = `{
  "version": "7.3",
  "screens": [
    {
      "id": "WELCOME_SCREEN",
      "title": "Welcome",
      "terminal": true,
      "success": true,
      "layout": {
        "type": "SingleColumnLayout",
        "children": [
          { "type": "TextHeading", "text": "Hello World" },
          { "type": "Footer", "label": "Complete", "on-click-action": { "name": "complete", "payload": {} } }
        ]
      }
    }
  ]
}
`;

/** A draft, not kept yet and without JSON; `now` is epoch ms. */
export function newFlow(about: Pick<Flow, 'wabaId' | 'name' | 'categories' | 'endpointUri'>, now: number): Flow {
  return {
    ...about,
    id: newObjectId(),
    status: 'DRAFT',
    json: '',
    version: null,
    errors: [],
    fileKey: newKey(),
    preview: null,
    sentAt: [],
    createdAt: now,
  };
}

/** Gives a flow this JSON, checked. */
export function setJson(world: World, flow: Flow, json: string): void {
  const { errors, version } = checkFlow(json);
  world.flows.put(flow.id, { ...flow, json, errors, version: version ?? null });
}

/** A key for a URL that needs no token. */
function newKey(): string {
  return randomBytes(16).toString('hex');
}

/** A preview that is good for 30 days; the one there is unless it ended or `isNew`. */
export function previewOf(world: World, flow: Flow, isNew: boolean): { key: string; expiresAt: number } {
  const now = world.clock.now();
  if (!isNew && flow.preview !== null && flow.preview.expiresAt > now) return flow.preview;
  const preview = { key: newKey(), expiresAt: now + PREVIEW_MS };
  world.flows.put(flow.id, { ...flow, preview });
  return preview;
}

/** Moves a flow to a state and tells the business. */
export function moveFlow(world: World, callbacks: Callbacks, flow: Flow, status: FlowStatus): void {
  if (flow.status === status) return;
  world.flows.put(flow.id, { ...flow, status });
  const value = {
    event: 'FLOW_STATUS_CHANGE',
    message: `Flow ${flow.name} changed status from ${flow.status} to ${status}`,
    flow_id: flow.id,
    old_status: flow.status,
    new_status: status,
  };
  callbacks.publish(flowNews(world, flow, value));
}

/** A webhook of the field `flows`. */
export function flowNews(world: World, flow: Flow, value: object): Update {
  return {
    kind: 'field',
    field: 'flows',
    time: Math.floor(world.clock.now() / 1000),
    key: `flow:${flow.id}`,
    wabaId: flow.wabaId,
    phoneNumberId: '',
    number: '',
    user: '',
    contact: null,
    fragment: value,
  };
}

/** The code with which Meta refuses to send the flow now; null when it may be sent. Counts against the limit of a throttled one. */
export function takeFlow(world: World, flow: Flow, mode: 'published' | 'draft'): 132068 | 132069 | null {
  if (flow.status === 'DEPRECATED' || flow.status === 'BLOCKED') return 132068;
  if (flow.status === 'DRAFT') return mode === 'draft' ? null : 132068;
  if (flow.status === 'PUBLISHED') return null;
  const now = world.clock.now();
  const sentAt = flow.sentAt.filter((at) => at > now - HOUR_MS);
  if (sentAt.length >= THROTTLED_PER_HOUR) return 132069;
  world.flows.put(flow.id, { ...flow, sentAt: [...sentAt, now] });
  return null;
}
