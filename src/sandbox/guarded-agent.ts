// Connections of the sandbox to URLs that somebody gave it: anywhere but metadata addresses, since what a developer runs is on private hosts.
import { lookup as dnsLookup, type LookupAddress } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import { Agent } from 'undici';
import { type AddressRule, createAddressRule } from '../lib/safe-fetch-address.js';

/** Everything but metadata addresses, which the rule refuses always. */
const REACHABLE = ['0.0.0.0/0', '::/0'];

/** An agent, and what refuses addresses that a URL names itself. */
export interface GuardedAgent {
  agent: Agent;
  /** Why the host of a URL, when it is an address, may not be reached; undefined when it may. */
  refusalOf(url: URL): string | undefined;
}

/** At most `connections` to each origin; a connection is given up after `timeoutMs`. Whole exchanges are ended by their signal. */
export function createGuardedAgent(
  connections: number,
  timeoutMs: number,
  answerBytesMax: number | undefined = undefined,
): GuardedAgent {
  const rule = createAddressRule(REACHABLE);
  return {
    agent: new Agent({
      connections,
      connect: { lookup: guardedLookup(rule), timeout: timeoutMs },
      headersTimeout: 0,
      bodyTimeout: 0,
      ...(answerBytesMax === undefined ? {} : { maxResponseSize: answerBytesMax }),
    }),
    refusalOf({ hostname }) {
      const literal = hostname.replace(/^\[|\]$/g, '');
      return isIP(literal) === 0 ? undefined : rule(literal);
    },
  };
}

/** Names only addresses that the rule lets pass. */
function guardedLookup(rule: AddressRule): LookupFunction {
  return (hostname, options, callback) => {
    dnsLookup(hostname, { ...options, all: true }, (error, addresses: LookupAddress[]) => {
      const open = error === null ? addresses.filter(({ address }) => rule(address) === undefined) : [];
      const [first] = open;
      if (first === undefined) return callback(error ?? new Error('address not allowed'), '', 0);
      if (options.all === true) callback(null, open);
      else callback(null, first.address, first.family);
    });
  };
}
