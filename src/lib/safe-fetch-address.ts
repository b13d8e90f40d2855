// Which IP addresses a customer's URL may lead to: public ones, and private ones that the operator listed (SSRF guard).
import ipaddr from 'ipaddr.js';

type Ip = ipaddr.IPv4 | ipaddr.IPv6;
type Network = [Ip, number];

/** Says why an address is refused, or undefined when it may be reached. `address` is an IP in any text form. */
export type AddressRule = (address: string) => string | undefined;

// Instance metadata and credentials of the clouds: AWS, GCP, Azure and most others; AWS ECS and EKS; Azure's wire server;
// Alibaba; Oracle; AWS and GCP on IPv6. Never allowed, whatever is listed.
const METADATA = new Set([
  '169.254.169.254',
  '169.254.169.253',
  '169.254.170.2',
  '169.254.170.23',
  '168.63.129.16',
  '100.100.100.200',
  '192.0.0.192',
  'fd00:ec2::254',
  'fd00:ec2::253',
  'fd00:ec2::23',
  'fd20:ce::254',
]);

const GLOBAL_UNICAST: Network = [ipaddr.IPv6.parse('2000::'), 3];
const NAT64: Network = [ipaddr.IPv6.parse('64:ff9b::'), 96];
const NAT64_LOCAL: Network = [ipaddr.IPv6.parse('64:ff9b:1::'), 48];
const SIX_TO_FOUR: Network = [ipaddr.IPv6.parse('2002::'), 16];
const V4_COMPATIBLE: Network = [ipaddr.IPv6.parse('::'), 96];
const V4_TRANSLATED: Network = [ipaddr.IPv6.parse('::ffff:0:0:0'), 96];
// RFC 3849, 9637 (documentation), 4843 and 7343 (ORCHID), which not every version of ipaddr.js names.
const NOT_ROUTED: readonly Network[] = ['2001:db8::/32', '3fff::/20', '2001:10::/28', '2001:20::/28'].map((cidr) =>
  ipaddr.parseCIDR(cidr),
);

/** Builds the rule. Throws TypeError naming the entry that is neither a CIDR nor an address. */
export function createAddressRule(allowNetworks: readonly string[]): AddressRule {
  const allowed = allowNetworks.map(parseNetwork);
  return (address) => {
    const ip = parseIp(address);
    if (ip === undefined) return 'not an IP address';
    const inner = embedded(ip);
    const forms = inner === undefined ? [ip] : [ip, inner];
    if (forms.some((form) => METADATA.has(form.toString()))) return 'metadata address';
    if (forms.some((form) => allowed.some((network) => isWithin(form, network)))) return undefined;
    return kindOf(ip);
  };
}

function parseNetwork(text: string): Network {
  const trimmed = text.trim();
  if (ipaddr.isValidCIDR(trimmed)) return ipaddr.parseCIDR(trimmed);
  const ip = parseIp(trimmed);
  if (ip === undefined) throw new TypeError(`not a network in CIDR form: ${text}`);
  return [ip, ip.kind() === 'ipv4' ? 32 : 128];
}

/** Undefined when `text` is no address. A zone (`%eth0`) is dropped: it chooses the interface, not the address. */
function parseIp(text: string): Ip | undefined {
  const bare = text.replace(/%.*$/, '');
  if (!ipaddr.isValid(bare)) return undefined;
  return ipaddr.parse(bare);
}

function isWithin(ip: Ip, [network, bits]: Network): boolean {
  return ip.kind() === network.kind() && ip.match(network, bits);
}

/** The IPv4 address that a transition form carries and that packets may end at. */
function embedded(ip: Ip): Ip | undefined {
  if (ip.kind() === 'ipv4') return undefined;
  const bytes = ip.toByteArray();
  const at = isWithin(ip, SIX_TO_FOUR) ? 2 : 12;
  const v6 = ip instanceof ipaddr.IPv6 && ip.isIPv4MappedAddress();
  const carries =
    v6 || at === 2 || [NAT64, NAT64_LOCAL, V4_COMPATIBLE, V4_TRANSLATED].some((network) => isWithin(ip, network));
  return carries ? ipaddr.fromByteArray(bytes.slice(at, at + 4)) : undefined;
}

/** The name of the special range `ip` lies in; undefined for plain public unicast. */
function kindOf(ip: Ip): string | undefined {
  const range = ip.range();
  if (range !== 'unicast') return `${range} address`;
  if (ip.kind() === 'ipv4') return undefined;
  if (!isWithin(ip, GLOBAL_UNICAST) || NOT_ROUTED.some((network) => isWithin(ip, network))) return 'reserved address';
  return undefined;
}
