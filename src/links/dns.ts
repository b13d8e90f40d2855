// Asks DNS whether a host is its claimant's: by a TXT record that only the owner can make, else by a CNAME that points at us.
import { Resolver } from 'node:dns/promises';

/** What DNS says of a claim. */
export type DnsProof =
  | { kind: 'proved'; proof: 'cname' | 'txt' }
  /** There is an answer, and it proves nothing. */
  | { kind: 'missing'; reason: string }
  /** There is none: nobody knows. */
  | { kind: 'unanswered'; reason: string };

/** Asks for a host in the form of DNS and the token of its claim. Never rejects. */
export type ProveHost = (host: string, token: string) => Promise<DnsProof>;

/** Where it asks. */
export interface DnsOptions {
  /** `address:port` of resolvers; none: those of the system. */
  servers: readonly string[];
  /** The host that a CNAME must lead to. */
  target(): string;
}

const TIMEOUT_MS = 2_000;
const TRIES = 2;
/** CNAMEs that lead to CNAMEs. */
const HOPS_MAX = 8;

/** Name of the record that proves a host; at the host itself a CNAME suffers no other. */
export function txtNameOf(host: string): string {
  return `_parley.${host}`;
}

/** What that record must say. */
export function txtValueOf(token: string): string {
  return `parley-verification=${token}`;
}

/** Creates it. */
export function createProveHost({ servers, target }: DnsOptions): ProveHost {
  const resolver = new Resolver({ timeout: TIMEOUT_MS, tries: TRIES });
  if (servers.length > 0) resolver.setServers([...servers]);
  return async (host, token) => {
    const wanted = txtValueOf(token);
    const texts = await ask(() => resolver.resolveTxt(txtNameOf(host)));
    if (texts.kind === 'records' && texts.records.some((chunks) => chunks.join('') === wanted))
      return { kind: 'proved', proof: 'txt' };
    const name = await follow(resolver, host, target());
    if (name === true) return { kind: 'proved', proof: 'cname' };
    const silent = [texts, name].find((answer) => answer.kind === 'unanswered');
    if (silent !== undefined) return { kind: 'unanswered', reason: `DNS did not answer: ${silent.code}` };
    return {
      kind: 'missing',
      reason: `neither has ${txtNameOf(host)} the TXT record, nor is ${host} a CNAME of ${target()}`,
    };
  };
}

type Answer<T> = { kind: 'records'; records: readonly T[] } | { kind: 'unanswered'; code: string };

/** What is not there is an empty list. */
async function ask<T>(query: () => Promise<readonly T[]>): Promise<Answer<T>> {
  try {
    return { kind: 'records', records: await query() };
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
    return code === 'ENOTFOUND' || code === 'ENODATA' ? { kind: 'records', records: [] } : { kind: 'unanswered', code };
  }
}

async function follow(resolver: Resolver, host: string, target: string): Promise<Answer<string> | true> {
  let names = [host];
  for (let hops = 0; hops < HOPS_MAX; hops += 1) {
    const [name] = names;
    if (name === undefined) break;
    const answer = await ask(() => resolver.resolveCname(name));
    if (answer.kind === 'unanswered') return answer;
    names = answer.records.map((record) => record.toLowerCase().replace(/\.$/, ''));
    if (names.includes(target)) return true;
  }
  return { kind: 'records', records: [] };
}
