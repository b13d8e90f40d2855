// Template messages with short links: the id of a link in place of each URL that the template was registered with. Pure.
import { filledUrl, slotOf } from '../templates/short-urls.js';
import type { Card, TemplateButton, TemplateContent } from './template.js';

type CardButton = NonNullable<Card['buttons']>[number];

/** Fills URL buttons with ids; `idOf` is asked for each URL in the order of the template. Content without short links stays. */
export function withLinkIds(content: TemplateContent, idOf: (url: string) => string): TemplateContent {
  const { shortLinks, templateData: data, places = [], cardPlaces = [], ...rest } = content;
  if (shortLinks === undefined) return content;
  const own = filled<TemplateButton>(data.buttons ?? [], places, urlsOf(shortLinks.urls), idOf);
  const cards = (data.carousel?.cards ?? []).map((card, i) => {
    const { buttons, places: at } = filled<CardButton>(
      card.buttons ?? [],
      cardPlaces[i] ?? [],
      urlsOf(shortLinks.urls, i),
      idOf,
    );
    return { card: { ...card, ...(buttons.length === 0 ? {} : { buttons }) }, at };
  });
  return {
    ...rest,
    templateData: {
      ...data,
      ...(own.buttons.length === 0 ? {} : { buttons: own.buttons }),
      ...(data.carousel === undefined ? {} : { carousel: { cards: cards.map(({ card }) => card) } }),
    },
    places: own.places,
    cardPlaces: cards.map(({ at }) => at),
  };
}

/** The URLs of one set of buttons, by place. */
function urlsOf(urls: Readonly<Record<string, string>>, card?: number): Map<number, string> {
  const found = new Map<number, string>();
  for (let place = 0; place < BUTTONS_MAX; place += 1) {
    const url = urls[slotOf(place, card)];
    if (url !== undefined) found.set(place, url);
  }
  return found;
}

const BUTTONS_MAX = 10;

/** Buttons with ids for their parameters, and those that the message did not bring since nothing of them changes. */
function filled<B extends { type: string }>(
  given: readonly B[],
  places: readonly number[],
  urls: ReadonlyMap<number, string>,
  idOf: (url: string) => string,
): { buttons: (B | CardButton)[]; places: number[] } {
  const brought = new Map(given.map((button, i) => [places[i] ?? i, button]));
  const all = [...new Set([...brought.keys(), ...urls.keys()])].sort((a, b) => a - b);
  const buttons = all.flatMap((place): (B | CardButton)[] => {
    const button = brought.get(place);
    const url = urls.get(place);
    if (url === undefined) return button === undefined ? [] : [button];
    const parameter = button !== undefined && 'parameter' in button ? String(button.parameter) : '';
    return [{ type: 'URL', parameter: idOf(filledUrl(url, parameter)) }];
  });
  return { buttons, places: all };
}
