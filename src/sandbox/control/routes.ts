// The control API under /_sandbox: what people and tests use to set up and steer the sandbox.
import type { FastifyInstance } from 'fastify';
import { type Access, guardControl } from './access.js';
import { setControlForm } from './answer.js';
import { registerChats } from './chats.js';
import { registerEvents } from './events.js';
import { registerFaults } from './faults.js';
import { registerFlowRuns } from './flow-runs.js';
import { registerFlows } from './flows.js';
import { registerMedia } from './media.js';
import { registerMessages } from './messages.js';
import type { ControlParts } from './parts.js';
import { registerPaying } from './pay.js';
import { registerSettings } from './settings.js';
import { registerSmsc } from './smsc.js';
import { registerSpeaking } from './speak.js';
import { registerTemplates } from './templates.js';
import { registerUsers } from './users.js';
import { registerWabas } from './wabas.js';
import { registerWebhooks } from './webhooks.js';
import { registerWorlds } from './worlds.js';

/** Registers every control route on `app`, a plugin's own instance under the prefix. */
export function registerControl(app: FastifyInstance, parts: ControlParts, access: Access): void {
  setControlForm(app);
  guardControl(app, access);
  registerUsers(app, parts);
  registerSpeaking(app, parts);
  registerPaying(app, parts);
  registerMedia(app, parts);
  registerMessages(app, parts);
  registerChats(app, parts);
  registerEvents(app, parts);
  registerSettings(app, parts);
  registerFaults(app, parts);
  registerTemplates(app, parts);
  registerFlows(app, parts);
  registerFlowRuns(app, parts);
  registerSmsc(app, parts);
  registerWabas(app, parts);
  registerWebhooks(app, parts);
  registerWorlds(app, parts);
}
