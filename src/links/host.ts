// Hosts of short links as DNS has them. Pure.
import { isIP } from 'node:net';
import { readUrl } from '../lib/url.js';

const LENGTH_MAX = 253;
const LABEL = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;

/** A host name in the form of DNS, lower case and in punycode; undefined when it is none, or an address. */
export function readHost(text: string): string | undefined {
  const bare = text.trim().replace(/\.$/, '');
  const host = /[\s/\\?#@:%[\]]/.test(bare) ? undefined : readUrl(`http://${bare}`)?.hostname;
  if (host === undefined) return undefined;
  const labels = host.split('.');
  const isName = host.length <= LENGTH_MAX && labels.length >= 2 && labels.every((label) => LABEL.test(label));
  return isName && isIP(host) === 0 ? host : undefined;
}
