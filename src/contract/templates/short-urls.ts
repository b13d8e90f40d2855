// URL buttons of templates whose links are short (Infobip 7, 9): Meta knows `https://<domain>/{{1}}`, filled with the id of a link in every
// message, so that a button whose URL is always the same tells who clicked, too. Where they lead is ours to remember. Pure.
import { itemsAt, textAt } from '../json.js';
import { parseUrl } from '../url.js';
import type { DefaultStructure } from './structure.js';

/** Where the URL buttons of a template lead, by slot. */
export type Destinations = Readonly<Record<string, string>>;

/** With which domain the URL buttons of a template were registered. */
export interface Shortening {
  customDomain?: string | undefined;
  destinations?: Destinations | undefined;
  /** What was before the last edit, for as long as Meta has not approved that. */
  earlier?: Shortening | undefined;
}

const PLACEHOLDER = '{{1}}';
/** An id of a link as one could look; Meta wants an example. */
const EXAMPLE_ID = '7k2m9q4x5c8d';

/** The host that a domain means, in the form of DNS; undefined when it is none. */
export function hostOf(domain: string): string | undefined {
  const host = /[\s/\\?#@:]/.test(domain) ? undefined : parseUrl(`https://${domain}`)?.hostname;
  return host?.includes('.') ? host : undefined;
}

/** The name of a button: its place in the template, or the number of its card and its place there. */
export function slotOf(place: number, card?: number): string {
  return card === undefined ? String(place) : `${card}.${place}`;
}

/** Meta's URL of a button with short links, and its example. */
export function shortUrl(domain: string): { url: string; example: [string] } {
  const host = hostOf(domain) ?? domain;
  return { url: `https://${host}/${PLACEHOLDER}`, example: [`https://${host}/${EXAMPLE_ID}`] };
}

/** Whether messages bring a part of the URL themselves. */
export function isDynamic(destination: string): boolean {
  return destination.endsWith(PLACEHOLDER);
}

/** The URL of a button in one message. */
export function filledUrl(destination: string, parameter: string): string {
  return isDynamic(destination) ? destination.slice(0, -PLACEHOLDER.length) + parameter : destination;
}

/** The URL that reads show in place of Meta's: what Parley fills in by itself is not shown. */
export function shownUrl(url: string, destination: string): string {
  return isDynamic(destination) || !url.endsWith(PLACEHOLDER) ? url : url.slice(0, -PLACEHOLDER.length);
}

/** Where a button leads that Meta knows by `url`; undefined when that is no short URL of the template's. */
export function destinationOf(shortening: Shortening | undefined, url: string, slot: string): string | undefined {
  return shorteningOf(shortening, url)?.destinations?.[slot];
}

/** The shortening that gave a button its URL. */
function shorteningOf(shortening: Shortening | undefined, url: string): Shortening | undefined {
  if (shortening === undefined) return undefined;
  const { customDomain, earlier } = shortening;
  return customDomain !== undefined && shortUrl(customDomain).url === url ? shortening : shorteningOf(earlier, url);
}

/** The buttons of Meta's components that have short links, as messages need them; undefined when there are none. */
export function shortLinksOf(
  components: readonly unknown[],
  shortening: Shortening,
): { domain: string; urls: Record<string, string> } | undefined {
  const urls: Record<string, string> = {};
  let domain: string | undefined;
  for (const { url, slot } of urlButtonsOf(components)) {
    const own = shorteningOf(shortening, url);
    const destination = own?.destinations?.[slot];
    if (destination === undefined) continue;
    urls[slot] = destination;
    domain ??= own?.customDomain;
  }
  return domain === undefined ? undefined : { domain, urls };
}

function urlButtonsOf(components: readonly unknown[], card?: number): { url: string; slot: string }[] {
  return components.flatMap((component) => [
    ...itemsAt(component, 'buttons').flatMap((button, place) => {
      const url = textAt(button, 'url');
      return url === undefined ? [] : [{ url, slot: slotOf(place, card) }];
    }),
    ...itemsAt(component, 'cards').flatMap((own, i) => urlButtonsOf(itemsAt(own, 'components'), i)),
  ]);
}

/** What is kept of the shortening when a structure takes the place of one that had `before`. */
export function earlierOf(domain: string | undefined, before: Shortening): Shortening | undefined {
  const { customDomain, destinations, earlier } = before;
  if (customDomain === undefined) return earlier;
  return customDomain === domain ? undefined : { customDomain, destinations };
}

/** Where the URL buttons of a structure lead. */
export function destinationsOf({ buttons = [], carousel }: DefaultStructure): Destinations {
  const found: Record<string, string> = {};
  for (const [place, button] of buttons.entries()) if (button.type === 'URL') found[slotOf(place)] = button.url;
  for (const [i, card] of (carousel?.cards ?? []).entries())
    for (const [place, button] of card.buttons.entries())
      if (button.type === 'URL') found[slotOf(place, i)] = button.url;
  return found;
}
