// URL buttons of templates whose links are short (Infobip 7, 9): Meta knows `https://<domain>/{{1}}`, filled with the id of a link in every
// message, so that a button whose URL is always the same tells who clicked, too. Where they lead is ours to remember. Pure.
import { parseUrl } from '../url.js';
import type { DefaultStructure } from './structure.js';

/** Where the URL buttons of a template lead, by slot. */
export type Destinations = Readonly<Record<string, string>>;

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

/** Where the URL buttons of a structure lead. */
export function destinationsOf({ buttons = [], carousel }: DefaultStructure): Destinations {
  const found: Record<string, string> = {};
  for (const [place, button] of buttons.entries()) if (button.type === 'URL') found[slotOf(place)] = button.url;
  for (const [i, card] of (carousel?.cards ?? []).entries())
    for (const [place, button] of card.buttons.entries())
      if (button.type === 'URL') found[slotOf(place, i)] = button.url;
  return found;
}
