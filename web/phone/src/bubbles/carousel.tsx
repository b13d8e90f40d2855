// Cards side by side, moved by swiping, by arrow keys, or by the arrows at their edges.
import { useRef, useState } from 'preact/hooks';
import { IconButton } from '../parts/parts.js';
import { at, listAt, textAt } from '../pure/json.js';
import type { Message } from '../state/model.js';
import { texts } from '../texts.js';
import type { BubbleContext } from './context.js';
import { Action, Actions, LinkAction, reply } from './interactive.js';
import { Markup } from './markup.js';
import { Film, fileUrl, Picture } from './media.js';
import { ProductThumb } from './products.js';

interface Props {
  message: Message;
  value: unknown;
  context: BubbleContext;
  chosen: string;
}

/** The cards of a carousel. */
export function Carousel({ message, value, context, chosen }: Props) {
  const strip = useRef<HTMLDivElement>(null);
  const [current, setCurrent] = useState(0);
  const cards = [...listAt(value, 'action', 'cards')].sort((a, b) => indexOf(a) - indexOf(b));
  const go = (index: number) =>
    strip.current?.children[index]?.scrollIntoView({ behavior: 'smooth', inline: 'center', block: 'nearest' });
  const look = () => {
    const box = strip.current;
    const width = box?.firstElementChild?.getBoundingClientRect().width ?? 1;
    if (box !== null) setCurrent(Math.round(box.scrollLeft / (width + 8)));
  };
  return (
    <div class="carousel">
      {/* biome-ignore-start lint/a11y: a group that scrolls must be reachable by keyboard, and is no fieldset. */}
      <div class="carousel-strip" ref={strip} onScroll={look} tabIndex={0} role="group" aria-label={texts.bubble.cards}>
        {cards.map((card, index) => (
          <div key={indexOf(card)} class="card" role="group" aria-label={texts.bubble.card(index + 1, cards.length)}>
            <CardBody message={message} card={card} />
            <Actions>
              <CardActions message={message} card={card} context={context} chosen={chosen} />
            </Actions>
          </div>
        ))}
      </div>
      {/* biome-ignore-end lint/a11y: the end of the group. */}
      {current > 0 ? (
        <IconButton
          icon="back"
          class="carousel-back"
          label={texts.bubble.card(current, cards.length)}
          onClick={() => go(current - 1)}
        />
      ) : null}
      {current < cards.length - 1 ? (
        <IconButton
          icon="back"
          class="carousel-next"
          label={texts.bubble.card(current + 2, cards.length)}
          onClick={() => go(current + 1)}
        />
      ) : null}
    </div>
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
