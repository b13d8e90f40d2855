// The composition root: configuration -> parts -> { url, stop }. All wiring is here; parts receive what they use.
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import type { FastifyError } from 'fastify';
import { registerAccountRoutes } from './api/account-route.js';
import { withChallenges } from './api/acme-challenges.js';
import { registerAdminApi } from './api/admin/register.js';
import { sendErrorAsApiError } from './api/api-errors.js';
import { registerApiKeys } from './api/api-keys.js';
import { noteChange } from './api/audit.js';
import { createAuthenticator } from './api/authenticate.js';
import { registerDomainAllowed } from './api/domain-allowed.js';
import { sendError, sendServiceException, sendUnroutable } from './api/errors.js';
import { registerEvents } from './api/events.js';
import { registerFlows } from './api/flows.js';
import { createGate } from './api/gate.js';
import { registerHealth } from './api/health.js';
import { registerIdentity } from './api/identity.js';
import { readJsonOnly } from './api/json.js';
import { createLimits } from './api/limits.js';
import { registerLogins } from './api/logins.js';
import { managementRoutes } from './api/management.js';
import { mediaPath, registerMedia } from './api/media.js';
import { addMessageRoutes } from './api/messages.js';
import { registerMetaWebhook } from './api/meta-webhook.js';
import { registerOpenApi } from './api/openapi.js';
import { registerPublicKey } from './api/public-key.js';
import { registerPull } from './api/pull.js';
import { registerReadMarks } from './api/read-marks.js';
import { beforeRoutes, onlyRedirects } from './api/redirects.js';
import { registerSmsReports } from './api/sms-reports.js';
import type { TemplateApiParts } from './api/template-answers.js';
import { addTemplateSends } from './api/template-sends.js';
import { registerTemplates } from './api/templates.js';
import { registerAllTemplates } from './api/templates-all.js';
import { registerTemplatesV1 } from './api/templates-v1.js';
import { traceCalls } from './api/traced.js';
import type { Config } from './config.js';
import { EventKind } from './contract/statuses.js';
import { createWebhookClient } from './customer/webhook-client.js';
import { scanScreens } from './flows/entry-screens.js';
import { createDirectRoutes, type FirstRoutes } from './http/direct.js';
import { createServer, listen } from './http/server.js';
import { startTlsServer } from './http/tls-server.js';
import type { Clock } from './lib/clock.js';
import { armCrashPoint } from './lib/crash-point.js';
import { dayOf } from './lib/day.js';
import { createLifecycle } from './lib/lifecycle.js';
import { createLockout } from './lib/lockout.js';
import type { Log } from './lib/log.js';
import { createMetrics, type Metrics } from './lib/metrics.js';
import { createCallerAddress } from './lib/networks.js';
import { createPasswords } from './lib/passwords.js';
import { createSafeDownload } from './lib/safe-download.js';
import { createSafeFetch } from './lib/safe-fetch.js';
import { createSecretBox } from './lib/secrets.js';
import { openTraces, type Traces } from './lib/traces.js';
import { createProveHost } from './links/dns.js';
import { readHost } from './links/host.js';
import { createLinkIds } from './links/link-id.js';
import { openPlaces, type Places } from './links/places.js';
import { createVisitors } from './links/visitor.js';
import { ensureDevAccount } from './manage/accounts.js';
import { createLogins } from './manage/logins.js';
import { createSharedLockout } from './manage/shared-lockout.js';
import { createTokens } from './manage/tokens.js';
import { createMediaStore } from './media/media-store.js';
import { createGraphClient } from './meta/graph-client.js';
import { createAccept } from './pipeline/accept.js';
import { ageLanes } from './pipeline/ageing.js';
import { openCertificates } from './pipeline/certificates.js';
import { createDeliver, IN_FLIGHT_MAX as DELIVERIES_MAX, type Deliver } from './pipeline/deliver.js';
import { createDispatch, type Dispatch } from './pipeline/dispatch.js';
import { createDomainChecks } from './pipeline/domain-checks.js';
import { createFailover, type Failover } from './pipeline/failover.js';
import { observeFlows } from './pipeline/flow-changes.js';
import { createFollows } from './pipeline/follows.js';
import { registerGauges } from './pipeline/gauges.js';
import { observeIdentity } from './pipeline/identities.js';
import { createJanitor } from './pipeline/janitor.js';
import { createMedia, type Media } from './pipeline/media.js';
import { createMediaLibrary } from './pipeline/media-library.js';
import { createMediaSweep } from './pipeline/media-sweep.js';
import { createMediaUploads } from './pipeline/media-upload.js';
import { createMessageLinks } from './pipeline/message-links.js';
import { createOwnership, type Owner } from './pipeline/ownership.js';
import { createPlatformDirectory } from './pipeline/platform-directory.js';
import { createPreparation } from './pipeline/preparation.js';
import { createReceive } from './pipeline/receive.js';
import { createReceiveLag } from './pipeline/receive-lag.js';
import { createRedirects } from './pipeline/redirects.js';
import { type MediaUrl, messageReport, type Report } from './pipeline/report.js';
import { createSchedule } from './pipeline/schedule.js';
import { createSmsProvider, isReportAddress } from './pipeline/sms-provider.js';
import { createSmsRoutes } from './pipeline/sms-routes.js';
import { createTemplateBook } from './pipeline/template-book.js';
import { observeTemplate } from './pipeline/template-changes.js';
import { createTemplateSync } from './pipeline/template-sync.js';
import { createTyping } from './pipeline/typing.js';
import { createUrlDirectory } from './pipeline/url-directory.js';
import { observeCalls } from './pipeline/user-calls.js';
import { readInfobipReports } from './sms/infobip.js';
import { type Database, openDatabase } from './store/database.js';
import { ping } from './store/depths.js';
import { type Directory, type DirectorySender, openDirectory } from './store/directory.js';
import { openDomainDirectory } from './store/domain-directory.js';
import type { AppendedEvent } from './store/events.js';
import { ensurePartitions } from './store/partitions.js';
import { openProfileDirectory } from './store/profile-directory.js';
import { ReportKind } from './store/reports.js';

/** What a gateway is started with. */
export interface GatewayOptions {
  config: Config;
  /** libpq URL of a migrated database. */
  databaseUrl: string;
  log: Log;
  clock: Clock;
}

/** A running gateway. */
export interface Gateway {
  /** Base URL without a final slash. */
  url: string;
  /** Drains: nothing new is taken, what is under way is finished and committed. */
  stop(): Promise<void>;
}

/** Connections of a process at most, beside those of accept, of its lease and of maintenance; processes share what the embedded server takes (60). */
const CONNECTIONS_MAX = 6;
const CONNECTIONS_MIN = 3;
const CONNECTIONS_SHARED = 50;
const GRAPH_CONNECTIONS = 128;
/** Callers pace the uploads of Flow JSON: on sockets of their own the slow ones keep no message waiting. */
const FLOW_UPLOADS_MAX = 8;
/** Requests to token endpoints under way, beside the deliveries that wait for them. */
const TOKENS_IN_FLIGHT_MAX = 100;
const DIRECTORY_POLL_MS = 500;
const PLACES_LOOK_MS = 3_600_000;
/** Longer than a request to Meta may take: one that is cut off has an unknown outcome. */
const DRAIN_MS = 12_000;
/** Stopping takes at most so long and a second more, whatever does not answer: a PostgreSQL that is gone, a slow upload. */
const STOP_LIMITS = { stepMs: 15_000, totalMs: 16_000 };

/** Starts the roles of `config` in this process. Throws DatabaseError, or the socket's error. */
export async function startGateway({ config, databaseUrl, log, clock }: GatewayOptions): Promise<Gateway> {
  const lifecycle = createLifecycle(
    (part, error) => log.error({ event: 'stop.failed', part, err: error }),
    STOP_LIMITS,
  );
  try {
    return await wire({ config, databaseUrl, log, clock }, lifecycle);
  } catch (error) {
    await lifecycle.stop();
    throw error;
  }
}

async function wire(
  { config, databaseUrl, log, clock }: GatewayOptions,
  lifecycle: ReturnType<typeof createLifecycle>,
): Promise<Gateway> {
  const { roles } = config;
  if (config.crashPoint !== undefined) armCrashPoint(config.crashPoint.point, config.crashPoint.hits);
  const metrics = createMetrics(true);
  const traces = await tracesOf(config, metrics, log);
  lifecycle.add('traces', () => traces?.stop());
  const secrets = createSecretBox(config.secretKey, config.otherSecretKeys);
  const database = openDatabase({
    url: databaseUrl,
    log,
    connectionsMax: Math.max(
      CONNECTIONS_MIN,
      Math.min(CONNECTIONS_MAX, Math.floor(CONNECTIONS_SHARED / config.processes) - 3),
    ),
    onMissingPartition: (on) => ensurePartitions(on, dayOf(clock.now())),
  });
  lifecycle.add('database', () => database.stop());
  await ensureDevAccount({
    database,
    clock,
    adminKey: config.adminKey,
    devApiKey: config.dev ? config.devApiKey : undefined,
  });
  const directory = await openDirectory(database);
  const profiles = await openProfileDirectory(database, secrets.open);
  const domains = await openDomainDirectory(database);
  const stopPolling = pollDirectory([directory, profiles, domains], log);
  lifecycle.add('directory', stopPolling);

  const meta = { baseUrl: config.metaUrl, version: config.metaVersion };
  const graph = createGraphClient({ ...meta, connections: GRAPH_CONNECTIONS });
  lifecycle.add('graph', () => graph.close());
  const flowUploads = createGraphClient({ ...meta, connections: FLOW_UPLOADS_MAX });
  lifecycle.add('flowUploads', () => flowUploads.close());
  const safeFetch = createSafeFetch({
    allowNetworks: config.allowNetworks,
    // What may be under way to one origin is for deliver to say: accounts that share one must not wait for each other.
    connectionsPerOrigin: DELIVERIES_MAX,
    inFlightMax: DELIVERIES_MAX + TOKENS_IN_FLIGHT_MAX,
  });
  lifecycle.add('webhooks', () => safeFetch.close());
  const webhooks = createWebhookClient(safeFetch, version());
  const downloads = createSafeDownload({ allowNetworks: config.allowNetworks });
  lifecycle.add('downloads', () => downloads.close());

  const secretsOf = createSecretCache(directory, secrets.open);
  const tokenOf = (sender: DirectorySender): string | undefined => openToken(sender, secretsOf.token, log);
  const sink = createEventSink();
  let url = '';
  const publicUrl = (): string => (config.publicUrl.endsWith(':0') ? url : config.publicUrl);
  const mediaUrl: MediaUrl = (sender, id) => `${publicUrl()}${mediaPath(sender, id)}`;
  const files = createMediaStore(config);
  lifecycle.add('media.store', () => files.blobs.stop());
  const receiveLag = createReceiveLag(clock);
  const urls = createUrlDirectory(database, clock, safeFetch.check);
  const linkIdOf = createLinkIds(config.secretKey);
  const dispatch = roles.has('dispatch')
    ? createDispatch({
        database,
        clock,
        log,
        directory,
        graph,
        tokenOf,
        preparation: createPreparation({
          database,
          directory,
          uploads: createMediaUploads({ database, clock, graph, downloads, tokenOf }),
          links: createMessageLinks({ database, directory, domains, urls, clock, idOf: linkIdOf, publicUrl }),
        }),
        mayAct: (ms) => ownership.mayAct(ms),
        traces,
        processId: () => ownership.processId(),
        onLost: () => ownership.lost(),
        receiveReadySince: () => ownership.receiveReadySince(),
        receiveBehindMs: receiveLag.behindMs,
        hasPeers: () => !roles.has('api') || ownership.alive('api') > 1,
        onEvents: sink.events,
        count: (outcome, code) => metrics.dispatched.inc({ outcome, meta_code: codeText(code) }),
      })
    : undefined;
  const smsKeys = [config.secretKey, ...config.otherSecretKeys];
  const failover: Failover = createFailover({
    database,
    clock,
    log,
    routes: createSmsRoutes({
      database,
      secrets,
      create: (account, name, settings, events) =>
        createSmsProvider(
          { safeFetch, publicUrl, keys: smsKeys },
          { account, name, settings },
          {
            ...events,
            onReceipt: (receipt) => failover.receive(account, receipt),
          },
        ),
      onTrouble: (account, reason) => log.warn({ event: 'sms.provider', account, reason }),
    }),
    processId: () => ownership.processId(),
    onLost: () => ownership.lost(),
    onEvents: sink.events,
    count: (outcome) => metrics.sms.inc({ outcome }),
  });
  const deliver = roles.has('deliver')
    ? createDeliver({
        database,
        clock,
        log,
        client: webhooks,
        mediaUrl,
        secretsOf: secretsOf.signing,
        profileOf: profiles.profileOf,
        findProfile: profiles.findProfile,
        traces,
        processId: () => ownership.processId(),
        onLost: () => ownership.lost(),
        hasPeers: () => !roles.has('receive') || ownership.alive('receive') > 1,
        count(verdict, results) {
          metrics.deliveries.inc({ verdict });
          metrics.results.inc({ verdict }, results);
        },
        countDisabled: (by) => metrics.endpointsDisabled.inc({ by }),
      })
    : undefined;
  sink.connect(dispatch, deliver, roles.has('dispatch') ? failover : undefined);
  const media = roles.has('receive')
    ? createMedia({
        database,
        clock,
        log,
        directory,
        graph,
        ...files,
        tokenOf,
        mediaUrl,
        processId: () => ownership.processId(),
        onReports: sink.reports,
        count: (outcome) => metrics.files.inc({ outcome }),
      })
    : undefined;
  const owners = [dispatch, deliver, media].filter(
    (owner): owner is (Dispatch | Deliver | Media) & Owner => owner !== undefined,
  );
  const ownership = createOwnership({ database, clock, log, roles: [...roles], owners });
  const janitor = createJanitor({
    database,
    clock,
    log,
    retentionDays: config.retentionDays,
    age: () => ageLanes({ database, clock, onEvents: sink.events }, dispatch?.lanes() ?? []),
  });
  await janitor.start();
  lifecycle.add('janitor', () => janitor.stop());
  await ownership.start();
  lifecycle.add('ownership', () => ownership.stop());
  const drain = drainOnce(owners);
  lifecycle.add('drain', drain);
  if (dispatch !== undefined) {
    const detach = directory.onChange(() => dispatch.refresh());
    lifecycle.add('dispatch.refresh', () => void detach());
  }
  if (media !== undefined) {
    const sweep = createMediaSweep({ database, clock, log, ...files, retentionDays: config.retentionDays });
    sweep.start();
    lifecycle.add('media.sweep', () => sweep.stop());
  }

  if (roles.has('dispatch')) failover.wake();
  lifecycle.add('failover', () => failover.stop());

  const typing = roles.has('dispatch')
    ? createTyping({ database, clock, log, directory, graph, tokenOf: (sender) => secretsOf.token(sender.accessToken) })
    : undefined;
  const schedule =
    dispatch === undefined
      ? undefined
      : createSchedule({ database, clock, log, onAccepted: (messages) => dispatch.offer(messages) });
  schedule?.wake();
  lifecycle.add('schedule', () => schedule?.stop());
  typing?.wake();
  lifecycle.add('typing', () => typing?.stop());

  const templateSync = createTemplateSync({
    database,
    clock,
    log,
    directory,
    graph,
    tokenOf,
    onReports: sink.reports,
  });
  if (roles.has('receive')) templateSync.start();
  lifecycle.add('templates', () => templateSync.stop());
  const platforms = createPlatformDirectory(database, clock, directory);
  const accept = createAccept({
    database,
    clock,
    onAccepted: (messages) => dispatch?.offer(messages),
    onEvents: sink.events,
  });
  const receive = createReceive({
    database,
    clock,
    directory,
    appSecrets: config.metaAppSecrets,
    oldestDay: () => janitor.oldestDay(),
    observeTemplate: (wire) => observeTemplate({ database, clock, sync: templateSync, onReports: sink.reports }, wire),
    observeIdentity: (wire) => observeIdentity({ database, directory }, wire),
    observeChange: (change) => observeCalls({ database, directory }, change) ?? observeFlows(database, change),
    onStatus: receiveLag.note,
    onEvents: sink.events,
    onReports: sink.reports,
    onMedia: () => media?.wake(),
    mediaUrl,
    traces,
    count: (what, by) => metrics.received.inc({ what }, by),
    countFailed: (code) => metrics.failedStatuses.inc({ meta_code: codeText(code) }),
  });
  registerGauges(metrics, { database, clock, dispatch, deliver, media, janitor });

  const callerAddress = createCallerAddress(config.trustedProxies);
  const apiProcesses = (): number => ownership.alive('api');
  const lockout = createLockout(clock.monotonic, apiProcesses);
  const shared = createSharedLockout(database, clock);
  const passwords = createPasswords(Math.max(1, Math.floor(availableParallelism() / 2)));
  const logins = createLogins({ directory, clock, passwords, lockout, shared, log });
  const tokens = createTokens({ database, directory, clock });
  const authenticator = createAuthenticator({
    directory,
    clock,
    callerAddress,
    logins,
    tokens,
    lockout: config.dev ? undefined : lockout,
    count: (scheme) => metrics.refused.inc({ scheme }),
  });
  const limits = createLimits({
    database,
    clock,
    published: config.rateLimits,
    share: apiProcesses,
  });
  const gate = createGate({
    authenticator,
    limits,
    note: (request, caller) => noteChange({ database, clock, directory, authenticator }, request, caller),
  });
  const direct = createDirectRoutes();
  const follows = createFollows({ database, clock, onReports: sink.reports });
  // Tens of megabytes: only who follows links has them.
  const { geoFile } = config;
  const places = geoFile === undefined || !roles.has('links') ? undefined : await openPlaces(geoFile);
  lifecycle.add('places', renewPlaces(places, log));
  const redirects = createRedirects({
    domains,
    follows,
    places,
    visitorOf: createVisitors(),
    count: (outcome) => metrics.redirects.inc({ outcome }),
  });
  const domainChecks = createDomainChecks({
    database,
    clock,
    log,
    domains,
    prove: createProveHost({ servers: config.dnsServers, target: () => new URL(publicUrl()).hostname }),
  });
  if (roles.has('links')) domainChecks.start();
  lifecycle.add('domain.checks', () => domainChecks.stop());
  const redirectServer = { redirects, callerAddress, log };
  const certificates =
    config.acme === undefined || !roles.has('links')
      ? undefined
      : await openCertificates({
          database,
          clock,
          log,
          secrets,
          domains,
          metrics,
          acme: { ...config.acme, ca: config.acme.caFile && readFileSync(config.acme.caFile, 'utf8') },
          publicHost: config.acme.hasPublicHost ? (readHost(new URL(config.publicUrl).hostname) ?? null) : null,
        });
  lifecycle.add('certificates', () => certificates?.stop());
  const withProofs = <Routes extends FirstRoutes>(first: Routes): Routes =>
    certificates === undefined ? first : withChallenges(certificates.challengeAnswer, first);
  const routes = roles.has('links') ? withProofs(beforeRoutes(redirectServer, direct)) : direct;
  const app = createServer(log, {}, sendUnroutable, routes);
  if (traces !== undefined) traceCalls(app, traces);
  const isStopping = { now: false };
  registerHealth(app, { metrics, unready: () => unready(database, isStopping, ownership.processId() !== undefined) });
  if (roles.has('receive')) registerMetaWebhook(app, direct, { receive, verifyToken: config.metaVerifyToken, log });
  if (roles.has('receive'))
    app.register(async (scope) => {
      readJsonOnly(scope);
      scope.setErrorHandler<FastifyError>((error, _, reply) => sendError(reply, error, log));
      registerSmsReports(scope, {
        isOurs: (account, signature) => isReportAddress(smsKeys, account, signature),
        async take(account, body) {
          for (const receipt of readInfobipReports(body)) await failover.receive(account, receipt);
        },
      });
    });
  if (roles.has('api')) {
    const sends = {
      database,
      directory,
      gate,
      clock,
      log,
      accept,
      urls,
      platforms,
      traces,
      count: (outcome: string) => metrics.accepted.inc({ outcome }),
    };
    addMessageRoutes(direct, sends);
    addTemplateSends(direct, {
      ...sends,
      book: createTemplateBook({ database, clock, sync: templateSync }),
      onScheduled: () => schedule?.wake(),
    });
    app.register(async (scope) => {
      readJsonOnly(scope);
      scope.setErrorHandler<FastifyError>((error, _, reply) => sendErrorAsApiError(reply, error, log));
      scope.register(async (own) => registerApiKeys(own, { database, directory, clock, gate, platforms }));
      scope.register(async (own) => registerPull(own, { database, gate, clock, mediaUrl }));
      scope.register(async (own) =>
        registerEvents(own, { database, directory, gate, clock, platforms, onTyping: () => typing?.wake() }),
      );
    });
    app.register(async (scope) => {
      readJsonOnly(scope);
      scope.setErrorHandler<FastifyError>((error, _, reply) => sendError(reply, error, log));
      scope.register(async (own) => registerIdentity(own, { database, directory, gate }));
      scope.register(async (own) =>
        registerMedia(own, { gate, library: createMediaLibrary({ database, clock, blobs: files.blobs }) }),
      );
    });
    const templates: TemplateApiParts = {
      database,
      directory,
      clock,
      log,
      graph,
      downloads,
      tokenOf,
      sync: templateSync,
      platforms,
      onReports: sink.reports,
      isLenient: config.templateExamples === 'lenient',
      gate,
    };
    app.register(async (scope) => {
      scope.setErrorHandler<FastifyError>((error, _, reply) => sendError(reply, error, log));
      scope.register(async (own) => registerTemplates(own, templates));
      scope.register(async (own) => registerTemplatesV1(own, templates));
    });
    app.register(async (scope) => {
      scope.setErrorHandler<FastifyError>((error, _, reply) => sendErrorAsApiError(reply, error, log));
      registerAllTemplates(scope, templates);
    });
    app.register(async (scope) => {
      scope.setErrorHandler<FastifyError>((error, _, reply) => sendErrorAsApiError(reply, error, log));
      const flowGraph = { ...graph, postFlowJson: flowUploads.postFlowJson };
      const flows = { database, directory, gate, clock, graph: flowGraph, tokenOf, scanScreens };
      scope.register(async (own) => registerFlows(own, flows));
      scope.register(async (own) => registerPublicKey(own, flows));
    });
    app.register(async (scope) => {
      scope.setErrorHandler<FastifyError>((error, _, reply) => sendError(reply, error, log));
      registerReadMarks(scope, { database, directory, clock, graph, log, tokenOf, gate });
    });
    const management = managementRoutes({ database, clock, secrets, webhooks, checkUrl: safeFetch.check });
    app.register(async (scope) => {
      readJsonOnly(scope);
      scope.setErrorHandler<FastifyError>((error, _, reply) => sendError(reply, error, log));
      registerAccountRoutes(scope, gate, management);
    });
    registerLogins(app, { directory, authenticator, gate, limits, logins, tokens, log });
    const adminRoutes = registerAdminApi(app, {
      database,
      directory,
      authenticator,
      passwords,
      clock,
      secrets,
      graph,
      log,
      blobs: files.blobs,
      isDev: config.dev,
      publicUrl,
      domains,
      domainChecks,
      metaVerifyToken: config.metaVerifyToken,
      checkUrl: safeFetch.check,
    });
    registerDomainAllowed(app, { domains, publicUrl, trustedProxies: config.trustedProxies });
    registerOpenApi(app, { version: version(), adminRoutes, management, hasWebhook: roles.has('receive') });
  }
  app.setNotFoundHandler((_, reply) => void sendServiceException(reply, 404));
  app.setErrorHandler<FastifyError>((error, _, reply) => void sendError(reply, error, log));
  lifecycle.add('pipeline', async () => {
    await accept.drain();
    await receive.drain();
    await follows.drain();
  });
  url = await listen(app, config.host, config.port);
  lifecycle.add('http', () => app.close());
  if (roles.has('links') && config.linksPort !== undefined) {
    const links = createServer(log, {}, undefined, withProofs(onlyRedirects(redirectServer)));
    log.info({ event: 'links.listening', url: await listen(links, config.host, config.linksPort) });
    lifecycle.add('links', () => links.close());
  }
  if (certificates !== undefined && config.acme !== undefined) {
    const { contextOf } = certificates;
    const { host, acme } = config;
    const shown = withProofs(onlyRedirects(redirectServer));
    const links = await startTlsServer({ log, host, port: acme.port, contextOf, routes: shown });
    log.info({ event: 'links.listening', url: links.url });
    lifecycle.add('links.tls', links.close);
    certificates.start();
    if (acme.hasPublicHost && readHost(new URL(config.publicUrl).hostname) === undefined)
      log.warn({ event: 'config.hint', hint: 'PARLEY_ACME_PUBLIC_HOST is on, and PARLEY_PUBLIC_URL has no host name' });
  }
  if (roles.has('receive') && config.metaAppSecrets.length === 0)
    log.warn({ event: 'config.hint', hint: 'PARLEY_META_APP_SECRET is not set: every webhook of Meta is refused' });
  log.info({ event: 'gateway.listening', url, roles: [...roles] });
  return {
    url,
    stop() {
      isStopping.now = true;
      // What is under way to Meta and to customers ends while the last calls are answered; both take their time. A failure is told by the step.
      void drain().catch(() => undefined);
      return lifecycle.stop();
    },
  };
}

/** Lets all parts finish what is under way, at once and once; every call resolves when they have, or after DRAIN_MS. */
function drainOnce(parts: readonly { drain(timeoutMs: number): Promise<void> }[]): () => Promise<void> {
  let draining: Promise<unknown> | undefined;
  return async () => {
    draining ??= Promise.all(parts.map((part) => part.drain(DRAIN_MS)));
    await draining;
  };
}

/** Events and reports of this process go straight to those of its parts that wait for them. */
function createEventSink(): {
  events(events: AppendedEvent[]): void;
  reports(reports: Report[]): void;
  connect(dispatch: Dispatch | undefined, deliver: Deliver | undefined, failover: Failover | undefined): void;
} {
  let toDispatch: Dispatch | undefined;
  let toDeliver: Deliver | undefined;
  let toFailover: Failover | undefined;
  return {
    events(events) {
      for (const event of events) if (event.wasUnknown) toDispatch?.adopt(event.lane, event.laneSeq);
      toDeliver?.offer(events.flatMap(toReport).sort(bySeq));
      if (events.some(({ kind }) => kind === EventKind.failed || kind === EventKind.expired)) toFailover?.wake();
    },
    reports: (reports) => toDeliver?.offer([...reports].sort(bySeq)),
    connect(dispatch, deliver, failover) {
      toDispatch = dispatch;
      toDeliver = deliver;
      toFailover = failover;
    },
  };
}

function bySeq(a: Report, b: Report): number {
  return a.endpoint - b.endpoint || a.seq - b.seq;
}

function toReport(event: AppendedEvent): Report[] {
  if (event.report === undefined) return [];
  const { url: own, body, trace } = messageReport(event);
  const url = event.report.url ?? own;
  if (url === undefined) return [];
  const kind = event.kind === EventKind.read ? ReportKind.seen : ReportKind.delivery;
  return [{ ...event.report, kind, at: event.recordedAt, ref: event.message, url, body, trace }];
}

/** Meta's code as a label. */
function codeText(code: number | undefined): string {
  return code === undefined ? 'none' : String(code);
}

/** Undefined, with nothing loaded, when nobody wants any. */
async function tracesOf({ traces }: Config, { spans }: Metrics, log: Log): Promise<Traces | undefined> {
  if (traces === undefined) return undefined;
  return openTraces({ ...traces, version: version(), log, count: (outcome, by) => spans.inc({ outcome }, by) });
}

/** Opened secrets, by their sealed bytes, so that each is opened once. */
function createSecretCache(
  directory: Directory,
  open: (sealed: Buffer) => string,
): { token(sealed: Buffer): string; signing(account: number): string[] } {
  const opened = new WeakMap<Buffer, string>();
  function token(sealed: Buffer): string {
    const known = opened.get(sealed);
    if (known !== undefined) return known;
    const clear = open(sealed);
    opened.set(sealed, clear);
    return clear;
  }
  return { token, signing: (account) => directory.signingSecrets(account).map(token) };
}

/** The clear token of a sender, or undefined: it was sealed with a key that we are not given. */
function openToken(sender: DirectorySender, open: (sealed: Buffer) => string, log: Log): string | undefined {
  try {
    return open(sender.accessToken);
  } catch {
    log.error({
      event: 'secrets.unreadable',
      lane: sender.id,
      hint: 'PARLEY_SECRET_KEY is not the key it was sealed with',
    });
    return undefined;
  }
}

function pollDirectory(directories: readonly Pick<Directory, 'refresh'>[], log: Log): () => void {
  const timer = setInterval(() => {
    Promise.all(directories.map((directory) => directory.refresh())).catch((error: unknown) =>
      log.warn({ event: 'directory.refresh', err: String(error) }),
    );
  }, DIRECTORY_POLL_MS);
  timer.unref();
  return () => clearInterval(timer);
}

/** Looks now and then whether the file of places was replaced. */
function renewPlaces(places: Places | undefined, log: Log): () => void {
  const timer = setInterval(() => {
    places?.refresh().catch((error: unknown) => log.warn({ event: 'places.refresh', err: String(error) }));
  }, PLACES_LOOK_MS);
  timer.unref();
  return () => clearInterval(timer);
}

async function unready(database: Database, isStopping: { now: boolean }, isRegistered: boolean): Promise<string[]> {
  if (isStopping.now) return ['stopping'];
  const missing: string[] = [];
  if (!(await ping(database))) missing.push('database');
  if (!isRegistered) missing.push('ownership');
  return missing;
}

function version(): string {
  // Parse boundary: our own package.json.
  const { version: text } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
    version: string;
  };
  return text;
}
