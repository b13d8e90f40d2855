// The cards of a carousel message: each with its picture, text and buttons.
import { at, listAt, textAt } from '../pure/json.js';
import type { Message } from '../state/model.js';
import { texts } from '../texts.js';
import type { BubbleContext } from './context.js';
import { Action, Actions, LinkAction, reply } from './interactive.js';
import { Markup } from './markup.js';
import { Film, fileUrl, Picture } from './media.js';
import { ProductThumb } from './products.js';
import { Strip } from './strip.js';

interface Props {
  message: Message;
  value: unknown;
  context: BubbleContext;
  chosen: string;
}

/** The cards of a carousel. */
export function Carousel({ message, value, context, chosen }: Props) {
  const cards = [...listAt(value, 'action', 'cards')].sort((a, b) => indexOf(a) - indexOf(b));
  return (
    <Strip>
      {cards.map((card) => (
        <Card key={indexOf(card)} message={message} card={card} context={context} chosen={chosen} />
      ))}
    </Strip>
  );
}

function Card({ message, card, context, chosen }: Omit<Props, 'value'> & { card: unknown }) {
  return (
    <>
      <CardBody message={message} card={card} />
      <Actions>
        <CardActions message={message} card={card} context={context} chosen={chosen} />
      </Actions>
    </>
  );
}

function indexOf(card: unknown): number {
  const index = at(card, 'card_index');
  return typeof index === 'number' ? index : 0;
}

function CardBody({ message, card }: { message: Message; card: unknown }) {
  const kind = textAt(card, 'header', 'type');
  const path = `interactive['action']['cards'][${indexOf(card)}]['header']['${kind}']`;
  const url = fileUrl(message, path, at(card, 'header', kind));
  const product = textAt(card, 'action', 'product_retailer_id');
  const body = textAt(card, 'body', 'text');
  return (
    <>
      {product === '' ? null : <ProductThumb id={product} />}
      {kind === 'image' ? <Picture url={url} alt={texts.bubble.photo} /> : null}
      {kind === 'video' ? <Film url={url} label={texts.bubble.video} /> : null}
      {body === '' ? null : <Markup text={body} />}
    </>
  );
}

function CardActions({
  message,
  card,
  context,
  chosen,
}: {
  message: Message;
  card: unknown;
  context: BubbleContext;
  chosen: string;
}) {
  const parameters = at(card, 'action', 'parameters');
  if (parameters !== undefined) return <LinkAction value={parameters} />;
  const buttons = listAt(card, 'action', 'buttons');
  if (buttons.length === 0) {
    return (
      <Action icon="cart" text={texts.bubble.viewItem} press={() => context.open({ kind: 'products', message })} />
    );
  }
  return (
    <>
      {buttons.map((button) => {
        const [id, title] = [textAt(button, 'quick_reply', 'id'), textAt(button, 'quick_reply', 'title')];
        const press = () => context.answer(message, reply('button_reply', { id, title }));
        return <Action key={id} icon="reply" text={title} press={press} isChosen={chosen === id} />;
      })}
    </>
  );
}
