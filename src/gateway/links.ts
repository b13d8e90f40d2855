// Who follows short links: redirects, the hosts of domains and their certificates, and the listeners that serve nothing else.
import { readFileSync } from 'node:fs';
import { withChallenges } from '../api/acme-challenges.js';
import { beforeRoutes, onlyRedirects, type RedirectServerParts } from '../api/redirects.js';
import type { DirectRoutes, FirstRoutes } from '../http/direct.js';
import { createServer, listen } from '../http/server.js';
import { startTlsServer } from '../http/tls-server.js';
import type { Log } from '../lib/log.js';
import { createProveHost } from '../links/dns.js';
import { readHost } from '../links/host.js';
import { openPlaces, type Places } from '../links/places.js';
import { createVisitors } from '../links/visitor.js';
import { type Certificates, openCertificates } from '../pipeline/certificates.js';
import { createDomainChecks, type DomainChecks } from '../pipeline/domain-checks.js';
import { createFollows, type Follows } from '../pipeline/follows.js';
import { createRedirects } from '../pipeline/redirects.js';
import type { Access } from './access.js';
import type { Foundation } from './foundation.js';
import type { Pipeline } from './pipeline.js';

/** What serves links. */
export interface Links {
  follows: Follows;
  domainChecks: DomainChecks;
  redirectServer: RedirectServerParts;
  /** Undefined: this process orders none. */
  certificates: Certificates | undefined;
}

const PLACES_LOOK_MS = 3_600_000;

/** Opens what this process has the role for; nobody listens yet. Throws DatabaseError, or what is wrong with the file of places. */
export async function openLinks(foundation: Foundation, { sink }: Pipeline, { callerAddress }: Access): Promise<Links> {
  const { config, database, clock, log, lifecycle, metrics, domains, address } = foundation;
  const isServing = config.roles.has('links');
  const follows = createFollows({ database, clock, onReports: sink.reports });
  // Tens of megabytes: only who follows links has them.
  const { geoFile } = config;
  const places = geoFile === undefined || !isServing ? undefined : await openPlaces(geoFile);
  lifecycle.add('places', renewPlaces(places, log));
  const redirects = createRedirects({
    domains,
    follows,
    places,
    visitorOf: createVisitors(),
    count: (outcome) => metrics.redirects.inc({ outcome }),
  });
  const target = (): string => new URL(address.publicUrl()).hostname;
  const prove = createProveHost({ servers: config.dnsServers, target });
  const domainChecks = createDomainChecks({ database, clock, log, domains, prove });
  if (isServing) domainChecks.start();
  lifecycle.add('domain.checks', () => domainChecks.stop());
  const certificates = await openCertificatesOf(foundation);
  lifecycle.add('certificates', () => certificates?.stop());
  return { follows, domainChecks, redirectServer: { redirects, callerAddress, log }, certificates };
}

/** Looks now and then whether the file of places was replaced. */
function renewPlaces(places: Places | undefined, log: Log): () => void {
  const timer = setInterval(() => {
    places?.refresh().catch((error: unknown) => log.warn({ event: 'places.refresh', err: String(error) }));
  }, PLACES_LOOK_MS);
  timer.unref();
  return () => clearInterval(timer);
}

async function openCertificatesOf(foundation: Foundation): Promise<Certificates | undefined> {
  const { config, database, clock, log, secrets, domains, metrics } = foundation;
  const { acme } = config;
  if (acme === undefined || !config.roles.has('links')) return undefined;
  return openCertificates({
    database,
    clock,
    log,
    secrets,
    domains,
    metrics,
    acme: { ...acme, ca: acme.caFile && readFileSync(acme.caFile, 'utf8') },
    publicHost: acme.hasPublicHost ? (readHost(new URL(config.publicUrl).hostname) ?? null) : null,
  });
}

/** The routes of the public listener: links and challenges, where this process serves them, go before `direct`. */
export function withLinks({ config }: Foundation, links: Links, direct: DirectRoutes): DirectRoutes {
  return config.roles.has('links') ? withProofs(links, beforeRoutes(links.redirectServer, direct)) : direct;
}

function withProofs<Routes extends FirstRoutes>({ certificates }: Links, first: Routes): Routes {
  return certificates === undefined ? first : withChallenges(certificates.challengeAnswer, first);
}

/** Starts the listeners that serve links only, as far as they are wanted. Throws the socket's error. */
export async function startLinkServers({ config, log, lifecycle }: Foundation, links: Links): Promise<void> {
  const { host, acme, roles, linksPort } = config;
  if (roles.has('links') && linksPort !== undefined) {
    const server = createServer(log, {}, undefined, withProofs(links, onlyRedirects(links.redirectServer)));
    log.info({ event: 'links.listening', url: await listen(server, host, linksPort) });
    lifecycle.add('links', () => server.close());
  }
  const { certificates } = links;
  if (certificates === undefined || acme === undefined) return;
  const { contextOf } = certificates;
  const routes = withProofs(links, onlyRedirects(links.redirectServer));
  const server = await startTlsServer({ log, host, port: acme.port, contextOf, routes });
  log.info({ event: 'links.listening', url: server.url });
  lifecycle.add('links.tls', server.close);
  certificates.start();
  if (acme.hasPublicHost && readHost(new URL(config.publicUrl).hostname) === undefined)
    log.warn({ event: 'config.hint', hint: 'PARLEY_ACME_PUBLIC_HOST is on, and PARLEY_PUBLIC_URL has no host name' });
}
