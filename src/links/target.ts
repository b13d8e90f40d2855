// Where a short link may lead: an http or https URL, which arrives as it was registered. Pure.
import { readUrl } from '../lib/url.js';

/** Characters of a target at most: a text of WhatsApp has no more. */
export const TARGET_LENGTH_MAX = 4096;

const PLAIN = /^[!-~]+$/;
// Control characters, spaces and what browsers take for a line break would end a header or vanish from the URL.
const FORBIDDEN = /[\p{Cc}\p{Zs}\p{Zl}\p{Zp}\p{Cs}]/u;

/** Why a link may not lead to `url`; undefined when it may. */
export function checkTarget(url: string): string | undefined {
  if (url.length > TARGET_LENGTH_MAX) return `is longer than ${TARGET_LENGTH_MAX} characters`;
  if (FORBIDDEN.test(url)) return 'has spaces or control characters';
  if (!/^https?:\/\//i.test(url) || readUrl(url) === undefined) return 'is not an absolute http or https URL';
  return undefined;
}

/** A target in the form of a header: as it is when it is ASCII, else as browsers write it (percent-encoded, the host in punycode). */
export function locationOf(target: string): string {
  return PLAIN.test(target) ? target : new URL(target).href;
}
