// What tests of templates share: structures of every kind, and ways to register one and wait for what Meta decides.
import assert from 'node:assert/strict';
import type { Reply } from './dev-world.js';
import type { Receiver } from './receiver.js';
import type { Scene, Tenant } from './scene.js';
import { until } from './until.js';

/** A template as reads show it, as far as tests look at it. */
export interface Template {
  id: string;
  name: string;
  language: string;
  status: string;
  category: string;
  quality: string;
  structure: Record<string, unknown>;
  platform?: object;
  validityPeriod?: object;
  subCategory?: string;
}

/** A TEMPLATE_UPDATE as customers get it. */
export interface TemplateUpdate {
  messageTemplateId: string;
  messageTemplateName: string;
  messageTemplateLanguage: string;
  timestamp: string;
  change: Record<string, string>;
  applicationId?: string;
  eventId: string;
}

/** A body with the error of Infobip's old form. */
export interface Exception {
  requestError: { serviceException: { messageId: string; text: string; validationErrors?: Record<string, string[]> } };
}

/** Calls the templates of a tenant's sender; `tail` goes on after `/templates`. */
export function templatesOf(scene: Scene, tenant: Tenant, tail = '', call: object = {}): Promise<Reply<Template>> {
  return scene.world.api(`/whatsapp/2/senders/${tenant.sender}/templates${tail}`, { key: tenant.key, ...call });
}

/** Registers a template; throws unless that is answered with 201. */
export async function register(scene: Scene, tenant: Tenant, template: object): Promise<Template> {
  const json = { language: 'en_GB', category: 'MARKETING', ...template };
  const { status, body } = await templatesOf(scene, tenant, '', { json });
  assert.equal(status, 201, JSON.stringify(body));
  return body;
}

/** Has Meta decide about a template now. */
export async function decide(scene: Scene, id: string, decision: string, reason?: string): Promise<void> {
  const json = { decision, ...(reason === undefined ? {} : { reason }) };
  const { status, body } = await scene.world.sandbox(`/_sandbox/templates/${id}/review`, { json });
  assert.ok(status === 200 || status === 409, JSON.stringify(body));
}

/** Waits until a template is shown with this status. */
export function statusUntil(scene: Scene, tenant: Tenant, id: string, status: string): Promise<Template> {
  return until(
    `template ${id} is ${status}`,
    async () => {
      const { body } = await templatesOf(scene, tenant, `/${id}`);
      if (body.status === status) return body;
      throw new Error(JSON.stringify(body));
    },
    30_000,
  );
}

/** Registers a template and has it approved. */
export async function approved(scene: Scene, tenant: Tenant, template: object): Promise<Template> {
  const { id } = await register(scene, tenant, template);
  await decide(scene, id, 'approve');
  return statusUntil(scene, tenant, id, 'APPROVED');
}

/** Every TEMPLATE_UPDATE that came, oldest first. */
export function updatesAt(receiver: Receiver): TemplateUpdate[] {
  return receiver.requests.flatMap(({ body }) => {
    const value: TemplateUpdate | { change?: undefined } = JSON.parse(body);
    return value.change === undefined ? [] : [value];
  });
}

/** The fields that a 400 names. */
export function fieldsOf(body: unknown): string[] {
  const { requestError }: Partial<Exception> = JSON.parse(JSON.stringify(body));
  return Object.keys(requestError?.serviceException.validationErrors ?? {});
}
