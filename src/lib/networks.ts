// Networks that addresses are compared with, and who really calls when proxies stand between.
import ipaddr from 'ipaddr.js';

/** Some networks. */
export interface NetworkList {
  /** Whether an address lies in one of them. False for what is no address. */
  has(address: string): boolean;
}

/** Whether `text` is an address or a network in CIDR form. */
export function isNetwork(text: string): boolean {
  return ipaddr.isValidCIDR(text) || isAddress(text);
}

/** IPv4 with fewer than four parts, or parts in octal, is what nobody means. */
function isAddress(text: string): boolean {
  return ipaddr.IPv4.isValidFourPartDecimal(text) || ipaddr.IPv6.isValid(text);
}

/** A list of networks and addresses. IPv4 in IPv6's form (`::ffff:10.0.0.1`) counts as IPv4. Throws TypeError naming an entry that is neither. */
export function createNetworkList(entries: readonly string[]): NetworkList {
  const networks = entries.map(parseNetwork);
  return {
    has(address) {
      if (!isAddress(address)) return false;
      const ip = ipaddr.process(address);
      return networks.some(([network, bits]) => network.kind() === ip.kind() && ip.match(network, bits));
    },
  };
}

function parseNetwork(text: string): [ipaddr.IPv4 | ipaddr.IPv6, number] {
  if (ipaddr.isValidCIDR(text)) return ipaddr.parseCIDR(text);
  if (!isAddress(text)) throw new TypeError(`neither a network nor an address: ${text}`);
  const ip = ipaddr.process(text);
  return [ip, ip.kind() === 'ipv4' ? 32 : 128];
}

/** Tells who calls from the socket's other end and X-Forwarded-For. */
export type CallerAddress = (remoteAddress: string | undefined, forwardedFor: string | undefined) => string;

/** An address that is none: nothing allows it, and all who have it are one. */
const NOBODY = 'unknown';
/** What stands in one header at most is walked. */
const HOPS_MAX = 50;

/**
 * Reads X-Forwarded-For only as far as proxies of ours wrote it: from the right, as long as the address before is one of `trustedProxies`.
 * What a caller wrote itself stands further left and is not looked at. Addresses are told in one form, IPv4 as such.
 */
export function createCallerAddress(trustedProxies: readonly string[]): CallerAddress {
  const trusted = createNetworkList(trustedProxies);
  // A proxy's, or that of a client which keeps its connection: reading one costs as much as the rest of a redirect's head.
  const remembered = new Map<string, string>();
  function remoteOf(text: string): string {
    const known = remembered.get(text);
    if (known !== undefined) return known;
    const read = plainAddress(text) ?? NOBODY;
    if (remembered.size >= REMEMBERED_MAX) remembered.clear();
    remembered.set(text, read);
    return read;
  }
  return (remoteAddress, forwardedFor) => {
    let address = remoteOf(remoteAddress ?? '');
    if (trustedProxies.length === 0 || forwardedFor === undefined) return address;
    const hops = forwardedFor.split(',').slice(-HOPS_MAX);
    for (let hop = hops.pop(); hop !== undefined && trusted.has(address); hop = hops.pop()) {
      const before = plainAddress(hop.trim());
      // What a proxy of ours wrote can be read; if not, the proxy is all we know.
      if (before === undefined) return address;
      address = before;
    }
    return address;
  };
}

const REMEMBERED_MAX = 10_000;

/** Without port, brackets and zone; undefined when it is no address. */
function plainAddress(text: string): string | undefined {
  const bare = text
    .replace(/^\[([^\]]*)\](?::\d+)?$/, '$1')
    .replace(/^(\d+\.\d+\.\d+\.\d+):\d+$/, '$1')
    .replace(/%.*$/, '');
  return isAddress(bare) ? ipaddr.process(bare).toString() : undefined;
}
