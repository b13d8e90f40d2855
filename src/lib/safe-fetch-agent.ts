// Sockets under the SSRF guard: every address is checked when the connection is made, so neither a name that changes its mind nor a
// clever spelling of an IP gets through. One pool for each way of speaking TLS.
import { lookup as dnsLookup, type LookupAddress, type LookupAllOptions } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import { Agent, buildConnector } from 'undici';
import { type AddressRule, createAddressRule } from './safe-fetch-address.js';

/** Finds every address of a name, as `dns.lookup` does. */
export type Resolve = (
  hostname: string,
  options: LookupAllOptions,
  callback: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void;

/** How to speak TLS to a server. Settings of one `id` are the same. */
export interface ClientTls {
  id: string;
  minVersion: 'TLSv1.2' | 'TLSv1.3';
  maxVersion: 'TLSv1.2' | 'TLSv1.3';
  /** Certificate and key in PEM. */
  cert?: Buffer;
  key?: Buffer;
  /** Or both as PKCS#12. */
  pfx?: Buffer;
  passphrase?: string;
}

/** Limits and what is allowed. */
export interface GuardedAgentOptions {
  /** CIDRs or addresses that may be reached although private; metadata addresses never. */
  allowNetworks: readonly string[];
  /** Sockets to one origin. */
  connectionsPerOrigin?: number;
  /** Sockets in all, after which an answer ends its connection: descriptors are few and origins are not. */
  keptSocketsMax?: number;
  /** Resolves names; for tests. */
  resolve?: Resolve;
  /** Authorities to trust instead of the system's, in PEM; for tests. */
  ca?: string;
}

/** The pools of all ways of speaking TLS. */
export interface GuardedAgents {
  /** The pool for these settings; undefined: the usual ones. */
  agentFor(tls: ClientTls | undefined): Agent;
  /** Whether so many sockets are open that none is to be kept. */
  isCrowded(): boolean;
  /** Cuts every connection. */
  close(): Promise<void>;
}

/** Code of the error of a connection that the guard refused; its message says why. */
export const CODE_BLOCKED = 'PARLEY_BLOCKED';

const CONNECTIONS_PER_ORIGIN = 32;
const KEPT_SOCKETS_MAX = 2_048;
/** However long a server would keep a connection that is idle. */
const KEEP_ALIVE_MS_MAX = 15_000;
/** Pools of their own; the one used longest ago goes first. */
const POOLS_MAX = 1_000;

/** Sockets for any request under the guard; timeouts are the caller's. Throws TypeError when `allowNetworks` has an entry that is no network. */
export function createGuardedAgent(
  options: GuardedAgentOptions,
  tls?: ClientTls,
  sockets: { open: number } = { open: 0 },
): Agent {
  const { allowNetworks, connectionsPerOrigin, resolve, ca } = options;
  return new Agent({
    connections: connectionsPerOrigin ?? CONNECTIONS_PER_ORIGIN,
    pipelining: 1,
    allowH2: false,
    headersTimeout: 0,
    bodyTimeout: 0,
    keepAliveMaxTimeout: KEEP_ALIVE_MS_MAX,
    connect: counted(
      sockets,
      guardedConnector(createAddressRule(allowNetworks), resolve ?? dnsLookup, { ...tls, ...(ca && { ca }) }),
    ),
  });
}

/** Creates the pools, each when it is first used. Throws TypeError as `createGuardedAgent` does. */
export function createGuardedAgents(options: GuardedAgentOptions): GuardedAgents {
  const sockets = { open: 0 };
  const keptMax = options.keptSocketsMax ?? KEPT_SOCKETS_MAX;
  const common = createGuardedAgent(options, undefined, sockets);
  const own = new Map<string, Agent>();
  return {
    agentFor(tls) {
      if (tls === undefined) return common;
      const agent = own.get(tls.id) ?? createGuardedAgent(options, tls, sockets);
      // The last in the map is the one used last.
      own.delete(tls.id);
      own.set(tls.id, agent);
      const [oldest] = own.keys();
      if (own.size > POOLS_MAX && oldest !== undefined) {
        void own.get(oldest)?.close();
        own.delete(oldest);
      }
      return agent;
    },
    isCrowded: () => sockets.open >= keptMax,
    async close() {
      await Promise.all([common, ...own.values()].map((agent) => agent.destroy()));
    },
  };
}

function counted(sockets: { open: number }, connect: buildConnector.connector): buildConnector.connector {
  return (options, callback) =>
    connect(options, (...made) => {
      const [error, socket] = made;
      if (error === null && socket !== null) {
        sockets.open += 1;
        socket.once('close', () => {
          sockets.open -= 1;
        });
      }
      callback(...made);
    });
}

function blocked(reason: string): Error {
  return Object.assign(new Error(reason), { code: CODE_BLOCKED });
}

/** A connector whose every address passed the rule: literals before the socket is made, names in the lookup of the socket itself. */
export function guardedConnector(
  rule: AddressRule,
  resolve: Resolve,
  tls: Partial<ClientTls> & { ca?: string } = {},
): buildConnector.connector {
  const guardedLookup: LookupFunction = (hostname, lookupOptions, callback) => {
    resolve(hostname, { ...lookupOptions, all: true }, (error, addresses) => {
      if (error !== null) return callback(error, '', 0);
      const reasons = addresses.map(({ address }) => rule(address));
      const open = addresses.filter((_, i) => reasons[i] === undefined);
      const [first] = open;
      if (first === undefined) return callback(blocked(reasons[0] ?? 'name without address'), '', 0);
      if (lookupOptions.all === true) callback(null, open);
      else callback(null, first.address, first.family);
    });
  };
  const { id: _, ...settings } = tls;
  const connect = buildConnector({ lookup: guardedLookup, timeout: 30_000, ...settings });
  return (connectOptions, callback) => {
    const reason = isIP(connectOptions.hostname) === 0 ? undefined : rule(connectOptions.hostname);
    if (reason !== undefined) callback(blocked(reason), null);
    else connect(connectOptions, callback);
  };
}
