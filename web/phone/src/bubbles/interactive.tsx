// Bubbles of interactive messages: header, body, footer, and what can be pressed.
import type { ComponentChildren } from 'preact';
import { Icon, type IconName } from '../parts/icons.js';
import { listAt, numberAt, textAt } from '../pure/json.js';
import { formatMoney } from '../pure/numbers.js';
import type { Message } from '../state/model.js';
import { toast } from '../state/toasts.js';
import { texts } from '../texts.js';
import { Carousel } from './carousel.js';
import type { BubbleContext } from './context.js';
import { Markup } from './markup.js';
import { Document, Film, fileUrl, Picture } from './media.js';
import { MapTile } from './places.js';
import { ProductThumb } from './products.js';

interface Part {
  message: Message;
  value: unknown;
  context: BubbleContext;
  /** What the user chose, where an answer was given. */
  chosen: string;
}

/** One button under a bubble. */
export function Action({
  icon,
  text,
  press,
  isChosen = false,
}: {
  icon?: IconName;
  text: string;
  press(): void;
  isChosen?: boolean;
}) {
  return (
    <button type="button" class={`action${isChosen ? ' action-chosen' : ''}`} onClick={press}>
      {icon === undefined ? null : <Icon name={isChosen ? 'check' : icon} size={17} />}
      <span>{text}</span>
    </button>
  );
}

/** The whole message but its frame. */
export function Interactive({ message, context, chosen }: Omit<Part, 'value'>) {
  const value = Reflect.get(Object(message.payload), 'interactive');
  const kind = textAt(value, 'type');
  const part = { message, value, context, chosen };
  return (
    <>
      <Header {...part} />
      <Before {...part} kind={kind} />
      <Text value={value} />
      <Actions>{ACTIONS[kind]?.(part) ?? null}</Actions>
      {kind === 'carousel' ? <Carousel {...part} /> : null}
    </>
  );
}

/** The list of buttons; nothing when there are none. */
export function Actions({ children }: { children: ComponentChildren }) {
  return children === null ? null : <div class="actions">{children}</div>;
}

function Header({ message, value }: Part) {
  const header = Reflect.get(Object(value), 'header');
  const kind = textAt(header, 'type');
  const file = Reflect.get(Object(header), kind);
  const path = `interactive['header']['${kind}']`;
  switch (kind) {
    case 'text':
      return <div class="bubble-title">{textAt(header, 'text')}</div>;
    case 'image':
      return <Picture url={fileUrl(message, path, file)} alt={texts.bubble.photo} />;
    case 'video':
      return <Film url={fileUrl(message, path, file)} label={texts.bubble.video} />;
    case 'document':
      return <Document message={message} value={file} path={path} />;
    default:
      return null;
  }
}

/** What stands above the text without being a header. */
function Before({ value, kind, context }: Part & { kind: string }) {
  switch (kind) {
    case 'location_request_message':
      return (
        <div class="map-strip">
          <MapTile latitude={51.5} longitude={context.address.user.length} />
        </div>
      );
    case 'product':
      return <ProductThumb id={textAt(value, 'action', 'product_retailer_id')} />;
    case 'catalog_message':
      return (
        <ProductThumb
          id={textAt(value, 'action', 'parameters', 'thumbnail_product_retailer_id') || context.businessName}
        />
      );
    case 'order_details':
      return <OrderSummary value={value} />;
    case 'order_status':
      return <OrderStatus value={value} />;
    case 'call_permission_request':
      return (
        <div class="call-card">
          <Icon name="phone" size={20} />
          <span>
            <strong>{context.businessName}</strong> {texts.bubble.callRequest}
          </span>
        </div>
      );
    default:
      return null;
  }
}

function Text({ value }: { value: unknown }) {
  const body = textAt(value, 'body', 'text');
  const footer = textAt(value, 'footer', 'text');
  return (
    <>
      {body === '' ? null : <Markup text={body} />}
      {footer === '' ? null : <div class="bubble-footer">{footer}</div>}
    </>
  );
}

const ACTIONS: Readonly<Record<string, (part: Part) => ComponentChildren>> = {
  button: ({ message, value, context, chosen }) =>
    listAt(value, 'action', 'buttons').map((button) => {
      const [id, title] = [textAt(button, 'reply', 'id'), textAt(button, 'reply', 'title')];
      const press = () => context.answer(message, reply('button_reply', { id, title }));
      return <Action key={id} icon="reply" text={title} press={press} isChosen={chosen === id} />;
    }),
  list: ({ message, value, context }) => (
    <Action
      icon="list"
      text={textAt(value, 'action', 'button')}
      press={() => context.open({ kind: 'list', message })}
    />
  ),
  cta_url: ({ value }) => (
    <LinkAction value={Reflect.get(Object(Reflect.get(Object(value), 'action')), 'parameters')} />
  ),
  voice_call: ({ value }) => (
    <Action
      icon="phone"
      text={textAt(value, 'action', 'parameters', 'display_text') || texts.bubble.call}
      press={() => toast(texts.bubble.callNote)}
    />
  ),
  flow: ({ message, value, context }) => (
    <Action
      icon="message"
      text={textAt(value, 'action', 'parameters', 'flow_cta')}
      press={() => context.open({ kind: 'flow', message })}
    />
  ),
  location_request_message: ({ message, context }) => (
    <Action
      icon="pin"
      text={texts.bubble.shareLocation}
      press={() => context.open({ kind: 'place', quoted: message.id })}
    />
  ),
  call_permission_request: ({ message, context }) => (
    <Action icon="phone" text={texts.bubble.callChoose} press={() => context.open({ kind: 'call', message })} />
  ),
  request_contact_info: ({ message, context }) => (
    <Action
      icon="person"
      text={texts.bubble.shareContact}
      press={() => context.open({ kind: 'contact', quoted: message.id })}
    />
  ),
  address_message: ({ message, context }) => (
    <Action icon="pin" text={texts.bubble.provideAddress} press={() => context.open({ kind: 'address', message })} />
  ),
  product: ({ message, context }) => productAction(message, context, texts.bubble.viewItem),
  product_list: ({ message, context }) => productAction(message, context, texts.bubble.viewItems),
  catalog_message: ({ message, context }) => productAction(message, context, texts.bubble.viewCatalog),
  order_details: ({ message, context }) => (
    <Action icon="cart" text={texts.bubble.pay} press={() => context.open({ kind: 'order', message })} />
  ),
};

function productAction(message: Message, context: BubbleContext, text: string) {
  return <Action icon="cart" text={text} press={() => context.open({ kind: 'products', message })} />;
}

/** A user's answer by pressing something. */
export function reply(kind: string, value: Record<string, unknown>): Record<string, unknown> {
  return { type: 'interactive', interactive: { type: kind, [kind]: value } };
}

/** A link that looks like a button. */
export function LinkAction({ value }: { value: unknown }) {
  return (
    <a class="action" href={textAt(value, 'url')} target="_blank" rel="noopener noreferrer">
      <Icon name="open" size={17} />
      <span>{textAt(value, 'display_text')}</span>
    </a>
  );
}

/** An amount of Meta's: value and offset. */
export function moneyAt(value: unknown, currency: string): string {
  return formatMoney((numberAt(value, 'value') ?? 0) / (numberAt(value, 'offset') ?? 100), currency);
}

function OrderSummary({ value }: { value: unknown }) {
  const parameters = Reflect.get(Object(Reflect.get(Object(value), 'action')), 'parameters');
  const items = listAt(parameters, 'order', 'items');
  const currency = textAt(parameters, 'currency');
  return (
    <div class="order-card">
      <ProductThumb id={textAt(items[0], 'retailer_id')} isSmall />
      <span>
        <strong>{textAt(items[0], 'name')}</strong>
        <small>{texts.bubble.items(items.length)}</small>
      </span>
      <b>{moneyAt(Reflect.get(Object(parameters), 'total_amount'), currency)}</b>
    </div>
  );
}

function OrderStatus({ value }: { value: unknown }) {
  const order = Reflect.get(Object(Reflect.get(Object(Reflect.get(Object(value), 'action')), 'parameters')), 'order');
  const status = textAt(order, 'status').replaceAll('-', ' ').replaceAll('_', ' ');
  return (
    <div class="order-card">
      <span class="order-badge">
        <Icon name={status === 'canceled' ? 'block' : status === 'completed' ? 'check' : 'cart'} size={20} />
      </span>
      <span>
        <strong class="capital">{status}</strong>
        <small>{textAt(order, 'description') || texts.bubble.orderStatus}</small>
      </span>
    </div>
  );
}
