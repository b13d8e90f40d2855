// The northbound API: each family of endpoints with what it uses, and in which of the two forms its errors are told.
import type { FastifyError, FastifyInstance } from 'fastify';
import { registerAccountRoutes } from '../api/account-route.js';
import { registerAdminApi } from '../api/admin/register.js';
import { sendErrorAsApiError } from '../api/api-errors.js';
import { registerApiKeys } from '../api/api-keys.js';
import { registerDomainAllowed } from '../api/domain-allowed.js';
import { sendError } from '../api/errors.js';
import { registerEvents } from '../api/events.js';
import { registerFlows } from '../api/flows.js';
import { registerIdentity } from '../api/identity.js';
import { readJsonOnly } from '../api/json.js';
import { registerLogins } from '../api/logins.js';
import { managementRoutes } from '../api/management.js';
import { registerMedia } from '../api/media.js';
import { addMessageRoutes } from '../api/messages.js';
import { registerOpenApi } from '../api/openapi.js';
import { registerPublicKey } from '../api/public-key.js';
import { registerPull } from '../api/pull.js';
import { registerReadMarks } from '../api/read-marks.js';
import type { TemplateApiParts } from '../api/template-answers.js';
import { addTemplateSends } from '../api/template-sends.js';
import { registerTemplates } from '../api/templates.js';
import { registerAllTemplates } from '../api/templates-all.js';
import { registerTemplatesV1 } from '../api/templates-v1.js';
import { scanScreens } from '../flows/entry-screens.js';
import type { DirectRoutes } from '../http/direct.js';
import type { Log } from '../lib/log.js';
import { createMediaLibrary } from '../pipeline/media-library.js';
import { createPlatformDirectory, type PlatformDirectory } from '../pipeline/platform-directory.js';
import { createTemplateBook } from '../pipeline/template-book.js';
import type { Access } from './access.js';
import type { Background } from './background.js';
import type { Clients } from './clients.js';
import type { Foundation } from './foundation.js';
import type { Intake } from './intake.js';
import type { Links } from './links.js';
import type { Pipeline } from './pipeline.js';
import { version } from './version.js';

/** Everything that routes are given parts of. */
export interface Parts extends Foundation, Clients, Pipeline, Background, Intake, Access, Links {}

/** How a family of endpoints tells an error. */
type TellError = typeof sendError;

/** Serves all of it; `direct` takes the sends, which go before the framework. */
export function registerApi(app: FastifyInstance, direct: DirectRoutes, parts: Parts): void {
  const { database, clock, directory, domains, secrets, safeFetch, webhooks, log } = parts;
  const { authenticator, gate, limits, logins, tokens } = parts;
  const { trustedProxies, roles } = parts.config;
  const platforms = createPlatformDirectory(database, clock, directory);
  addSends(direct, parts, platforms);
  registerMessageEndpoints(app, parts, platforms);
  registerTemplateEndpoints(app, parts, platforms);
  registerFlowEndpoints(app, parts);
  registerReadMarkEndpoint(app, parts);
  const management = managementRoutes({ database, clock, secrets, webhooks, checkUrl: safeFetch.check });
  addScope(app, log, sendError, (scope) => {
    readJsonOnly(scope);
    registerAccountRoutes(scope, gate, management);
  });
  registerLogins(app, { directory, authenticator, gate, limits, logins, tokens, log });
  const adminRoutes = registerAdmin(app, parts);
  registerDomainAllowed(app, { domains, publicUrl: parts.address.publicUrl, trustedProxies });
  registerOpenApi(app, { version: version(), adminRoutes, management, hasWebhook: roles.has('receive') });
}

/** Endpoints that tell errors in one form. */
export function addScope(
  app: FastifyInstance,
  log: Log,
  tell: TellError,
  register: (scope: FastifyInstance) => void,
): void {
  app.register(async (scope) => {
    scope.setErrorHandler<FastifyError>((error, _, reply) => tell(reply, error, log));
    register(scope);
  });
}

function addSends(direct: DirectRoutes, parts: Parts, platforms: PlatformDirectory): void {
  const { database, directory, gate, clock, log, accept, urls, traces, metrics } = parts;
  const count = (outcome: string): void => metrics.accepted.inc({ outcome });
  const sends = { database, directory, gate, clock, log, accept, urls, platforms, traces, count };
  addMessageRoutes(direct, sends);
  addTemplateSends(direct, {
    ...sends,
    book: createTemplateBook({ database, clock, sync: parts.templateSync }),
    onScheduled: () => parts.schedule?.wake(),
  });
}

function registerMessageEndpoints(app: FastifyInstance, parts: Parts, platforms: PlatformDirectory): void {
  const { database, directory, gate, clock, log, address, files, typing } = parts;
  addScope(app, log, sendErrorAsApiError, (scope) => {
    readJsonOnly(scope);
    scope.register(async (own) => registerApiKeys(own, { database, directory, clock, gate, platforms }));
    scope.register(async (own) => registerPull(own, { database, gate, clock, mediaUrl: address.mediaUrl }));
    scope.register(async (own) =>
      registerEvents(own, { database, directory, gate, clock, platforms, onTyping: () => typing?.wake() }),
    );
  });
  addScope(app, log, sendError, (scope) => {
    readJsonOnly(scope);
    scope.register(async (own) => registerIdentity(own, { database, directory, gate }));
    scope.register(async (own) =>
      registerMedia(own, { gate, library: createMediaLibrary({ database, clock, blobs: files.blobs }) }),
    );
  });
}

function registerTemplateEndpoints(app: FastifyInstance, parts: Parts, platforms: PlatformDirectory): void {
  const { config, database, directory, clock, log, graph, downloads, gate, opened, sink } = parts;
  const templates: TemplateApiParts = {
    database,
    directory,
    clock,
    log,
    graph,
    downloads,
    tokenOf: opened.tokenOf,
    sync: parts.templateSync,
    platforms,
    onReports: sink.reports,
    isLenient: config.templateExamples === 'lenient',
    gate,
  };
  addScope(app, log, sendError, (scope) => {
    scope.register(async (own) => registerTemplates(own, templates));
    scope.register(async (own) => registerTemplatesV1(own, templates));
  });
  addScope(app, log, sendErrorAsApiError, (scope) => registerAllTemplates(scope, templates));
}

function registerFlowEndpoints(app: FastifyInstance, parts: Parts): void {
  const { database, directory, gate, clock, log, graph, flowUploads, opened } = parts;
  addScope(app, log, sendErrorAsApiError, (scope) => {
    const flowGraph = { ...graph, postFlowJson: flowUploads.postFlowJson };
    const flows = { database, directory, gate, clock, graph: flowGraph, tokenOf: opened.tokenOf, scanScreens };
    scope.register(async (own) => registerFlows(own, flows));
    scope.register(async (own) => registerPublicKey(own, flows));
  });
}

function registerReadMarkEndpoint(app: FastifyInstance, parts: Parts): void {
  const { database, directory, clock, graph, log, gate, opened } = parts;
  addScope(app, log, sendError, (scope) =>
    registerReadMarks(scope, { database, directory, clock, graph, log, tokenOf: opened.tokenOf, gate }),
  );
}

function registerAdmin(app: FastifyInstance, parts: Parts): ReturnType<typeof registerAdminApi> {
  const { config, database, directory, authenticator, passwords, clock, secrets, graph, log } = parts;
  return registerAdminApi(app, {
    database,
    directory,
    authenticator,
    passwords,
    clock,
    secrets,
    graph,
    log,
    blobs: parts.files.blobs,
    isDev: config.dev,
    publicUrl: parts.address.publicUrl,
    domains: parts.domains,
    domainChecks: parts.domainChecks,
    metaVerifyToken: config.metaVerifyToken,
    checkUrl: parts.safeFetch.check,
  });
}
