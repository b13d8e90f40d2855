// Products of a catalog that nobody has: a drawn picture, a made-up price, always the same for the same id.
import { at, listAt, textAt } from '../pure/json.js';
import { formatMoney, hueOf, priceOf, randomOf } from '../pure/numbers.js';
import type { Message } from '../state/model.js';

/** The currency of made-up prices. */
export const CURRENCY = 'EUR';

/** A drawn picture of a product, with its id and price unless it is small. */
export function ProductThumb({ id, isSmall = false }: { id: string; isSmall?: boolean }) {
  const random = randomOf(id);
  const hue = hueOf(id);
  const shapes = Array.from({ length: 4 }, () => ({ x: random() * 100, y: random() * 60, size: 12 + random() * 30 }));
  return (
    <div class={`product${isSmall ? ' product-small' : ''}`} style={`--hue:${hue}`}>
      <svg viewBox="0 0 100 60" preserveAspectRatio="xMidYMid slice" aria-hidden="true">
        <rect class="product-ground" width="100" height="60" />
        {shapes.map((shape, index) => (
          <circle key={shape.x} class={`product-shape-${index % 2}`} cx={shape.x} cy={shape.y} r={shape.size} />
        ))}
        <path class="product-bag" d="M38 24h24l3 22H35l3-22zM44 26v-4a6 6 0 0112 0v4" />
      </svg>
      {isSmall ? null : (
        <div class="product-text">
          <strong>{id}</strong>
          <span>{formatMoney(priceOf(id), CURRENCY)}</span>
        </div>
      )}
    </div>
  );
}

/** A section of products. */
export interface Shelf {
  title: string;
  products: string[];
}

/** What an interactive message, or the button of a template, carries for what it opens. */
export function actionOf({ payload, rendered }: Message): unknown {
  const ofButton = listAt(rendered, 'buttons').map((button) => at(button, 'action'));
  return at(payload, 'interactive', 'action') ?? ofButton.find((action) => action !== undefined);
}

/** The catalog and the products that a message offers; one that shows a whole catalog offers made-up ones. */
export function offerOf(message: Message): { catalogId: string; shelves: Shelf[] } {
  const action = actionOf(message);
  const catalogId = textAt(action, 'catalog_id') || textAt(action, 'cards', 0, 'action', 'catalog_id') || 'catalog';
  const one = textAt(action, 'product_retailer_id');
  const cards = listAt(action, 'cards').map((card) => textAt(card, 'action', 'product_retailer_id'));
  const sections = listAt(action, 'sections').map((section) => ({
    title: textAt(section, 'title'),
    products: listAt(section, 'product_items').map((item) => textAt(item, 'product_retailer_id')),
  }));
  if (sections.length > 0) return { catalogId, shelves: sections };
  const shown =
    textAt(action, 'parameters', 'thumbnail_product_retailer_id') || textAt(action, 'thumbnail_product_retailer_id');
  const products = one === '' ? cards.filter((id) => id !== '') : [one];
  const madeUp = [...(shown === '' ? [] : [shown]), 'sample-1', 'sample-2', 'sample-3'];
  return { catalogId, shelves: [{ title: '', products: products.length > 0 ? products : madeUp }] };
}
