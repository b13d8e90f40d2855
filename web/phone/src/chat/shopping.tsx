// Shopping: products into a cart and off as an order; an order's details and its payment.
import { useState } from 'preact/hooks';
import * as actions from '../api/actions.js';
import type { BubbleContext } from '../bubbles/context.js';
import { moneyAt } from '../bubbles/interactive.js';
import { actionOf, CURRENCY, offerOf, ProductThumb } from '../bubbles/products.js';
import { useNow } from '../parts/hooks.js';
import { Icon } from '../parts/icons.js';
import { IconButton, Sheet } from '../parts/parts.js';
import { at, listAt, numberAt, textAt } from '../pure/json.js';
import { formatMoney, priceOf } from '../pure/numbers.js';
import { span } from '../pure/times.js';
import type { Message } from '../state/model.js';
import { attempt } from '../state/toasts.js';
import { texts } from '../texts.js';

const QUANTITY_MAX = 99;

interface Props {
  message: Message;
  context: BubbleContext;
  close(): void;
}

/** Products with how many of each, and the order of them. */
export function ProductsSheet({ message, context, close }: Props) {
  const { catalogId, shelves } = offerOf(message);
  const [cart, setCart] = useState<ReadonlyMap<string, number>>(new Map());
  const put = (id: string, quantity: number) => {
    const next = new Map(cart);
    if (quantity <= 0) next.delete(id);
    else next.set(id, Math.min(quantity, QUANTITY_MAX));
    setCart(next);
  };
  const total = [...cart].reduce((sum, [id, quantity]) => sum + priceOf(id) * quantity, 0);
  const count = [...cart.values()].reduce((sum, quantity) => sum + quantity, 0);
  const send = () => {
    const items = [...cart].map(([id, quantity]) => ({
      product_retailer_id: id,
      quantity,
      item_price: priceOf(id),
      currency: CURRENCY,
    }));
    context.answer(message, { type: 'order', order: { catalog_id: catalogId, product_items: items } });
    close();
  };
  return (
    <Sheet
      title={textAt(message.payload, 'interactive', 'header', 'text') || context.businessName}
      close={close}
      foot={
        <>
          <span class="cart-total" aria-live="polite">
            <Icon name="cart" size={18} />{' '}
            {count === 0 ? texts.bubble.emptyCart : `${texts.bubble.items(count)} · ${formatMoney(total, CURRENCY)}`}
          </span>
          <button type="button" class="primary" disabled={count === 0} onClick={send}>
            {texts.bubble.sendOrder}
          </button>
        </>
      }
    >
      <p class="hint">{texts.bubble.price}</p>
      {shelves.map(({ title, products }, index) => (
        <section class="shelf" key={index}>
          {title === '' ? null : <h3>{title}</h3>}
          {products.map((id) => (
            <div class="shelf-row" key={id}>
              <ProductThumb id={id} isSmall />
              <span>
                <strong>{id}</strong>
                <small>{formatMoney(priceOf(id), CURRENCY)}</small>
              </span>
              <span class="stepper">
                <IconButton
                  icon="minus"
                  size={16}
                  label={texts.bubble.takeOne(id)}
                  disabled={!cart.has(id)}
                  onClick={() => put(id, (cart.get(id) ?? 0) - 1)}
                />
                <output>{cart.get(id) ?? 0}</output>
                <IconButton
                  icon="plus"
                  size={16}
                  label={texts.bubble.addOne(id)}
                  onClick={() => put(id, (cart.get(id) ?? 0) + 1)}
                />
              </span>
            </div>
          ))}
        </section>
      ))}
    </Sheet>
  );
}

/** What an order costs, and paying it. */
export function OrderSheet({ message, context, close }: Props) {
  const action = actionOf(message);
  const parameters = at(action, 'parameters') ?? at(action, 'order_details');
  const order = at(parameters, 'order');
  const currency = textAt(parameters, 'currency');
  const expiry = expiryOf(order);
  const now = useNow();
  const isOver = expiry !== undefined && expiry <= now;
  const pay = (status: 'captured' | 'failed') => () => {
    void attempt(() => actions.pay(context.address.user, message.id, status)).then((isDone) => isDone && close());
  };
  const lines = [
    [texts.bubble.subtotal, at(order, 'subtotal')],
    [texts.bubble.tax, at(order, 'tax')],
    [texts.bubble.shipping, at(order, 'shipping')],
    [texts.bubble.discount, at(order, 'discount')],
  ] as const;
  return (
    <Sheet
      title={`${texts.bubble.order} ${textAt(parameters, 'reference_id')}`}
      close={close}
      foot={
        <>
          <button type="button" class="secondary" disabled={isOver} onClick={pay('failed')}>
            {texts.bubble.payFail}
          </button>
          <button type="button" class="primary" data-autofocus disabled={isOver} onClick={pay('captured')}>
            {texts.bubble.payNow} {moneyAt(at(parameters, 'total_amount'), currency)}
          </button>
        </>
      }
    >
      {listAt(order, 'items').map((item) => (
        <div class="shelf-row" key={textAt(item, 'retailer_id')}>
          <ProductThumb id={textAt(item, 'retailer_id')} isSmall />
          <span>
            <strong>{textAt(item, 'name')}</strong>
            <small>
              {texts.bubble.quantity} {textAt(item, 'quantity')}
            </small>
          </span>
          <b>{moneyAt(at(item, 'sale_amount') ?? at(item, 'amount'), currency)}</b>
        </div>
      ))}
      <dl class="bill">
        {lines.map(([name, value]) =>
          value === undefined ? null : <Line key={name} name={name} value={moneyAt(value, currency)} />,
        )}
        <Line name={texts.bubble.total} value={moneyAt(at(parameters, 'total_amount'), currency)} />
      </dl>
      {expiry === undefined ? null : (
        <p class="hint">
          {texts.bubble.expires}: {span(expiry - now)}
        </p>
      )}
    </Sheet>
  );
}

function Line({ name, value }: { name: string; value: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  );
}

/** When an order can no longer be paid, epoch ms; undefined when it always can. */
function expiryOf(order: unknown): number | undefined {
  const seconds = numberAt(order, 'expiration', 'timestamp');
  return seconds === undefined ? undefined : seconds * 1000;
}
