// The composition root: configuration -> parts -> { url, stop }. The order in which parts start, and stop in reverse, is here; how each
// is wired, in gateway/. Parts receive what they use.
import { createAccess } from './gateway/access.js';
import { startBackground } from './gateway/background.js';
import { openClients } from './gateway/clients.js';
import { type GatewayOptions, openFoundation } from './gateway/foundation.js';
import { createIntake } from './gateway/intake.js';
import { openLinks, startLinkServers } from './gateway/links.js';
import { startPipeline } from './gateway/pipeline.js';
import { createPublicServer } from './gateway/public-server.js';
import { listen } from './http/server.js';
import { armCrashPoint } from './lib/crash-point.js';
import { createLifecycle, type Lifecycle } from './lib/lifecycle.js';
import { registerGauges } from './pipeline/gauges.js';

/** A running gateway. */
export interface Gateway {
  /** Base URL without a final slash. */
  url: string;
  /** Drains: nothing new is taken, what is under way is finished and committed. */
  stop(): Promise<void>;
}

/** Stopping takes at most so long and a second more, whatever does not answer: a PostgreSQL that is gone, a slow upload. */
const STOP_LIMITS = { stepMs: 15_000, totalMs: 16_000 };

/** Starts the roles of `config` in this process. Throws DatabaseError, or the socket's error. */
export async function startGateway(options: GatewayOptions): Promise<Gateway> {
  const { log } = options;
  const lifecycle = createLifecycle(
    (part, error) => log.error({ event: 'stop.failed', part, err: error }),
    STOP_LIMITS,
  );
  try {
    return await wire(options, lifecycle);
  } catch (error) {
    await lifecycle.stop();
    throw error;
  }
}

async function wire(options: GatewayOptions, lifecycle: Lifecycle): Promise<Gateway> {
  const { config, log } = options;
  const { roles, crashPoint } = config;
  if (crashPoint !== undefined) armCrashPoint(crashPoint.point, crashPoint.hits);
  const foundation = await openFoundation(options, lifecycle);
  const clients = openClients(foundation);
  const pipeline = await startPipeline(foundation, clients);
  const background = startBackground(foundation, clients, pipeline);
  const intake = createIntake(foundation, pipeline, background);
  registerGauges(foundation.metrics, { ...foundation, ...pipeline });
  const access = createAccess(foundation, pipeline.ownership);
  const links = await openLinks(foundation, pipeline, access);
  const isStopping = { now: false };
  const parts = { ...foundation, ...clients, ...pipeline, ...background, ...intake, ...access, ...links };
  const app = createPublicServer(parts, isStopping);
  lifecycle.add('pipeline', async () => {
    await intake.accept.drain();
    await intake.receive.drain();
    await links.follows.drain();
  });
  const url = await listen(app, config.host, config.port);
  foundation.address.listening(url);
  lifecycle.add('http', () => app.close());
  await startLinkServers(foundation, links);
  if (roles.has('receive') && config.metaAppSecrets.length === 0)
    log.warn({ event: 'config.hint', hint: 'PARLEY_META_APP_SECRET is not set: every webhook of Meta is refused' });
  log.info({ event: 'gateway.listening', url, roles: [...roles] });
  return {
    url,
    stop() {
      isStopping.now = true;
      // What is under way to Meta and to customers ends while the last calls are answered; both take their time. A failure is told by the step.
      void pipeline.drain().catch(() => undefined);
      return lifecycle.stop();
    },
  };
}
