// The URLs of a text as a reader sees them: found, replaced by short links, and put back. Pure.
import { parseUrl } from '../contract/url.js';

/** A URL in a text; `start` and `end` are UTF-16 offsets. */
export interface FoundUrl {
  start: number;
  end: number;
  /** As it is written. */
  url: string;
}

/** How short links are written. */
export interface Shortening {
  /** Whether `https://` is left out, where the link is still seen to be one. */
  removeProtocol: boolean;
  /** The short link of a URL, with its protocol; undefined: it stays. `index` counts the URLs of the text. */
  linkOf(url: string, index: number): string | undefined;
}

const SCHEME = /https?:\/\//giu;
/** White space, control and bidi characters, quotation marks and the punctuation of scripts without spaces end a URL. */
const RUN =
  /[^\s\p{Cc}\p{Cs}<>"`\\«»‹›“”„‘’。．，、！？；：（）【】「」『』《》〈〉…\u200b\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]*/uy;
const CLOSES: ReadonlyMap<string, string> = new Map([
  [')', '('],
  [']', '['],
  ['}', '{'],
]);
const OPENERS: ReadonlySet<string> = new Set(CLOSES.values());
/** A URL that follows one of these is part of the URL before it, as a parameter is: `?next=https://...`. */
const HOLDS = /[/=?&#:]$/;
/** What ends a sentence, or the bold text around a URL, is no part of the URL. */
const TRAILING: ReadonlySet<string> = new Set(".,;:!?'*~|([{\u200c\u200d");
const BEGINS_ITALIC = /(?:^|[\s*~])_(?!\s)[^_]*$/u;
/** After one of these a host without protocol would not be seen as the beginning of a link. */
const GLUED = /[\p{L}\p{N}\p{M}._\-@/]$/u;
const PROTOCOL = /^https?:\/\//;

/** Every http(s) URL of `text`, in order, none inside another. */
export function findUrls(text: string): FoundUrl[] {
  const found: FoundUrl[] = [];
  let from = 0;
  for (const match of text.matchAll(SCHEME)) {
    const start = match.index;
    if (start < from) continue;
    const end = endOf(text, start, start + match[0].length);
    const url = text.slice(start, end);
    if (end === start || !isUrl(url)) continue;
    found.push({ start, end, url });
    from = end;
  }
  return found;
}

/** `text` with short links for its URLs. */
export function shortenUrls(text: string, { removeProtocol, linkOf }: Shortening): string {
  let shortened = '';
  let from = 0;
  for (const [i, { start, end, url }] of findUrls(text).entries()) {
    const link = linkOf(url, i);
    if (link === undefined) continue;
    shortened += text.slice(from, start);
    shortened += removeProtocol && !GLUED.test(shortened) ? link.replace(PROTOCOL, '') : link;
    from = end;
  }
  return shortened + text.slice(from);
}

/** The text before it was shortened. `urls` are by short link, with its protocol. */
export function expandUrls(text: string, urls: ReadonlyMap<string, string>): string {
  if (urls.size === 0) return text;
  const bare = new Map([...urls].map(([link, url]) => [link.replace(PROTOCOL, ''), url]));
  const links = [...bare.keys()].map((link) => link.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return text.replace(
    new RegExp(`(?:https?://)?(${links.join('|')})`, 'g'),
    (all, link: string) => bare.get(link) ?? all,
  );
}

/** Where the URL that begins at `start` ends; `start` itself when none does. */
function endOf(text: string, start: number, hostAt: number): number {
  RUN.lastIndex = hostAt;
  const run = RUN.exec(text)?.[0] ?? '';
  const own = withoutTail(run.slice(0, balancedLength(run)), text.slice(text.lastIndexOf('\n', start) + 1, start));
  return own === '' ? start : hostAt + own.length;
}

/** How much of `run` one URL takes: up to a bracket that it did not open, or to a URL that begins by itself. */
function balancedLength(run: string): number {
  const open: string[] = [];
  const schemes = new Set([...run.matchAll(SCHEME)].map(({ index }) => index));
  for (let i = 0; i < run.length; i += 1) {
    const character = run.charAt(i);
    if (schemes.has(i) && (i === 0 || !HOLDS.test(run.charAt(i - 1)))) return i;
    if (OPENERS.has(character)) open.push(character);
    const opener = CLOSES.get(character);
    if (opener !== undefined && open.pop() !== opener) return i;
  }
  return run.length;
}

/** `before` is the line up to the URL: an underscore ends the URL only where one before it began italics. */
function withoutTail(url: string, before: string): string {
  const isItalic = BEGINS_ITALIC.test(before);
  let end = url.length;
  while (end > 0 && (TRAILING.has(url.charAt(end - 1)) || (isItalic && url.charAt(end - 1) === '_'))) end -= 1;
  return url.slice(0, end);
}

function isUrl(text: string): boolean {
  return (parseUrl(text)?.hostname ?? '') !== '';
}
