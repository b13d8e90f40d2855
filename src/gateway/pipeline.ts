// Those parts of the pipeline that act by themselves, as far as this process has the role: dispatch, deliver, the files of messages,
// failover; and what says for which lanes and endpoints they act.
import { codeText } from '../lib/metrics.js';
import { createLinkIds } from '../links/link-id.js';
import { ageLanes } from '../pipeline/ageing.js';
import { createDeliver, type Deliver } from '../pipeline/deliver.js';
import { createDispatch, type Dispatch } from '../pipeline/dispatch.js';
import { createFailover, type Failover } from '../pipeline/failover.js';
import { createJanitor, type Janitor } from '../pipeline/janitor.js';
import { createMedia, type Media } from '../pipeline/media.js';
import { createMediaUploads } from '../pipeline/media-upload.js';
import { createMessageLinks } from '../pipeline/message-links.js';
import { createOwnership, type Owner, type Ownership } from '../pipeline/ownership.js';
import { createPreparation } from '../pipeline/preparation.js';
import { createReceiveLag, type ReceiveLag } from '../pipeline/receive-lag.js';
import { createSmsProvider } from '../pipeline/sms-provider.js';
import { createSmsRoutes } from '../pipeline/sms-routes.js';
import { createUrlDirectory, type UrlDirectory } from '../pipeline/url-directory.js';
import type { Clients } from './clients.js';
import { createEventSink, type EventSink } from './event-sink.js';
import type { Foundation } from './foundation.js';

/** What runs here; undefined is what this process has no role for. */
export interface Pipeline {
  dispatch: Dispatch | undefined;
  deliver: Deliver | undefined;
  media: Media | undefined;
  failover: Failover;
  ownership: Ownership;
  janitor: Janitor;
  sink: EventSink;
  receiveLag: ReceiveLag;
  urls: UrlDirectory;
  /** Lets all parts finish what is under way, at once and once; every call resolves when they have, or after DRAIN_MS. */
  drain(): Promise<void>;
}

/** What the parts ask of the ownership, which is made after them. */
type Acting = Pick<Ownership, 'mayAct' | 'processId' | 'receiveReadySince' | 'alive'> & { onLost(): void };

/** What its parts are made of. */
interface Wired extends Foundation, Clients {
  acting: Acting;
  sink: EventSink;
  receiveLag: ReceiveLag;
  urls: UrlDirectory;
}

/** Longer than a request to Meta may take: one that is cut off has an unknown outcome. */
const DRAIN_MS = 12_000;

/** Starts owning, so that the parts act. Throws DatabaseError. */
export async function startPipeline(foundation: Foundation, clients: Clients): Promise<Pipeline> {
  const { config, database, clock, log, lifecycle, directory } = foundation;
  const acting: Acting = {
    mayAct: (ms) => ownership.mayAct(ms),
    processId: () => ownership.processId(),
    onLost: () => ownership.lost(),
    receiveReadySince: () => ownership.receiveReadySince(),
    alive: (role) => ownership.alive(role),
  };
  const sink = createEventSink();
  const receiveLag = createReceiveLag(clock);
  const urls = createUrlDirectory(database, clock, clients.safeFetch.check);
  const wired = { ...foundation, ...clients, acting, sink, receiveLag, urls };
  const dispatch = wireDispatch(wired);
  const failover = wireFailover(wired);
  const deliver = wireDeliver(wired);
  sink.connect(dispatch, deliver, config.roles.has('dispatch') ? failover : undefined);
  const media = wireMedia(wired);
  const owners = [dispatch, deliver, media].filter(
    (owner): owner is (Dispatch | Deliver | Media) & Owner => owner !== undefined,
  );
  const ownership = createOwnership({ database, clock, log, roles: [...config.roles], owners });
  const janitor = await startJanitor(foundation, sink, dispatch);
  await ownership.start();
  lifecycle.add('ownership', () => ownership.stop());
  const drain = drainOnce(owners);
  lifecycle.add('drain', drain);
  if (dispatch !== undefined) {
    const detach = directory.onChange(() => dispatch.refresh());
    lifecycle.add('dispatch.refresh', () => void detach());
  }
  return { dispatch, deliver, media, failover, ownership, janitor, sink, receiveLag, urls, drain };
}

function wireDispatch(wired: Wired): Dispatch | undefined {
  const { config, database, clock, log, directory, domains, graph, downloads, opened, address, acting } = wired;
  const { roles } = config;
  if (!roles.has('dispatch')) return undefined;
  const { tokenOf } = opened;
  const { publicUrl } = address;
  const idOf = createLinkIds(config.secretKey);
  return createDispatch({
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
      links: createMessageLinks({ database, directory, domains, urls: wired.urls, clock, idOf, publicUrl }),
    }),
    mayAct: acting.mayAct,
    traces: wired.traces,
    processId: acting.processId,
    onLost: acting.onLost,
    receiveReadySince: acting.receiveReadySince,
    receiveBehindMs: wired.receiveLag.behindMs,
    hasPeers: () => !roles.has('api') || acting.alive('api') > 1,
    onEvents: wired.sink.events,
    count: (outcome, code) => wired.metrics.dispatched.inc({ outcome, meta_code: codeText(code) }),
  });
}

function wireFailover(wired: Wired): Failover {
  const { database, clock, log, secrets, secretKeys: keys, safeFetch, metrics, acting } = wired;
  const { publicUrl } = wired.address;
  const failover: Failover = createFailover({
    database,
    clock,
    log,
    routes: createSmsRoutes({
      database,
      secrets,
      create: (account, name, settings, events) =>
        createSmsProvider(
          { safeFetch, publicUrl, keys },
          { account, name, settings },
          { ...events, onReceipt: (receipt) => failover.receive(account, receipt) },
        ),
      onTrouble: (account, reason) => log.warn({ event: 'sms.provider', account, reason }),
    }),
    processId: acting.processId,
    onLost: acting.onLost,
    onEvents: wired.sink.events,
    count: (outcome) => metrics.sms.inc({ outcome }),
  });
  return failover;
}

function wireDeliver({ config, metrics, acting, ...wired }: Wired): Deliver | undefined {
  const { roles } = config;
  if (!roles.has('deliver')) return undefined;
  return createDeliver({
    database: wired.database,
    clock: wired.clock,
    log: wired.log,
    client: wired.webhooks,
    mediaUrl: wired.address.mediaUrl,
    secretsOf: wired.opened.signing,
    profileOf: wired.profiles.profileOf,
    findProfile: wired.profiles.findProfile,
    traces: wired.traces,
    processId: acting.processId,
    onLost: acting.onLost,
    hasPeers: () => !roles.has('receive') || acting.alive('receive') > 1,
    count(verdict, results) {
      metrics.deliveries.inc({ verdict });
      metrics.results.inc({ verdict }, results);
    },
    countDisabled: (by) => metrics.endpointsDisabled.inc({ by }),
  });
}

function wireMedia({ config, database, clock, log, directory, graph, files, ...wired }: Wired): Media | undefined {
  if (!config.roles.has('receive')) return undefined;
  return createMedia({
    database,
    clock,
    log,
    directory,
    graph,
    ...files,
    tokenOf: wired.opened.tokenOf,
    mediaUrl: wired.address.mediaUrl,
    processId: wired.acting.processId,
    onReports: wired.sink.reports,
    count: (outcome) => wired.metrics.files.inc({ outcome }),
  });
}

async function startJanitor(
  { config, database, clock, log, lifecycle }: Foundation,
  sink: EventSink,
  dispatch: Dispatch | undefined,
): Promise<Janitor> {
  const { retentionDays } = config;
  const age = (): Promise<void> => ageLanes({ database, clock, onEvents: sink.events }, dispatch?.lanes() ?? []);
  const janitor = createJanitor({ database, clock, log, retentionDays, age });
  await janitor.start();
  lifecycle.add('janitor', () => janitor.stop());
  return janitor;
}

function drainOnce(parts: readonly { drain(timeoutMs: number): Promise<void> }[]): () => Promise<void> {
  let draining: Promise<unknown> | undefined;
  return async () => {
    draining ??= Promise.all(parts.map((part) => part.drain(DRAIN_MS)));
    await draining;
  };
}
