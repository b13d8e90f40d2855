// Templates as the user sees them: header, offer, text, cards and buttons, with the parameters in place.
import { copyText, useNow } from '../parts/hooks.js';
import { Icon } from '../parts/icons.js';
import { at, flagAt, listAt, numberAt, textAt } from '../pure/json.js';
import { span } from '../pure/times.js';
import type { Message } from '../state/model.js';
import { toast } from '../state/toasts.js';
import { texts } from '../texts.js';
import type { BubbleContext } from './context.js';
import { Action, Actions, LinkAction } from './interactive.js';
import { Markup } from './markup.js';
import { Document, Film, fileUrl, Picture } from './media.js';
import { Place } from './places.js';
import { ProductThumb } from './products.js';
import { Strip } from './strip.js';

interface Part {
  message: Message;
  context: BubbleContext;
}

/** A template message; by its name alone when the sandbox did not say what it shows. */
export function Template({ message, context }: Part) {
  const { rendered } = message;
  if (rendered === undefined) {
    return (
      <>
        <div class="bubble-title">{textAt(message.payload, 'template', 'name')}</div>
        <div class="bubble-footer">{texts.bubble.template}</div>
      </>
    );
  }
  const offer = at(rendered, 'offer');
  const cards = listAt(rendered, 'cards');
  const asksForCalls = flagAt(rendered, 'asksForCalls');
  return (
    <>
      <Header message={message} header={at(rendered, 'header')} />
      {offer === undefined ? null : <Offer offer={offer} />}
      <Markup text={textAt(rendered, 'body')} />
      {textAt(rendered, 'footer') === '' ? null : <div class="bubble-footer">{textAt(rendered, 'footer')}</div>}
      <Buttons message={message} context={context} buttons={listAt(rendered, 'buttons')} />
      {asksForCalls ? (
        <Actions>
          <Action icon="phone" text={texts.bubble.callChoose} press={() => context.open({ kind: 'call', message })} />
        </Actions>
      ) : null}
      {cards.length === 0 ? null : <Cards message={message} context={context} cards={cards} />}
    </>
  );
}

function Header({ message, header }: { message: Message; header: unknown }) {
  const path = textAt(header, 'path');
  switch (textAt(header, 'type')) {
    case 'text':
      return <div class="bubble-title">{textAt(header, 'text')}</div>;
    case 'image':
      return <Picture url={fileUrl(message, path, undefined)} alt={texts.bubble.photo} />;
    case 'video':
    case 'gif':
      return <Film url={fileUrl(message, path, undefined)} label={texts.bubble.video} />;
    case 'document':
      return <Document message={message} value={header} path={path} />;
    case 'location':
      return <Place value={at(header, 'location')} />;
    case 'product':
      return <ProductThumb id={textAt(header, 'product', 'product_retailer_id')} />;
    default:
      return null;
  }
}

/** An offer that ends: how long it is still good. */
function Offer({ offer }: { offer: unknown }) {
  const expiresAt = numberAt(offer, 'expiresAt');
  const left = (expiresAt ?? 0) - useNow();
  return (
    <div class="offer">
      <Icon name="clock" size={20} />
      <span>
        <strong>{textAt(offer, 'text')}</strong>
        {expiresAt === undefined ? null : (
          <small>{left > 0 ? `${texts.bubble.offerEnds} ${span(left)}` : texts.bubble.offerOver}</small>
        )}
      </span>
    </div>
  );
}

function Buttons({ message, context, buttons, card }: Part & { buttons: readonly unknown[]; card?: number }) {
  if (buttons.length === 0) return null;
  return (
    <Actions>
      {buttons.map((button, index) => (
        <Button
          key={index}
          message={message}
          context={context}
          button={button}
          place={{ button: index, ...(card === undefined ? {} : { card }) }}
        />
      ))}
    </Actions>
  );
}

/** Which button of the message it is. */
interface ButtonPlace {
  button: number;
  card?: number;
}

function Button({ message, context, button, place }: Part & { button: unknown; place: ButtonPlace }) {
  const text = textAt(button, 'text');
  switch (textAt(button, 'type')) {
    case 'quick_reply': {
      const payload = textAt(button, 'payload') || text;
      return (
        <Action
          icon="reply"
          text={text}
          press={() => context.answer(message, { type: 'button', button: { payload, text } })}
        />
      );
    }
    case 'url':
      return <LinkAction value={{ url: textAt(button, 'url'), display_text: text }} />;
    case 'copy_code':
      return <Action icon="copy" text={text} press={() => void copyText(textAt(button, 'code'))} />;
    case 'otp':
      return <CodeButton kind={textAt(button, 'otp')} text={text} code={textAt(button, 'code')} />;
    case 'request_contact_info':
      return <Action icon="person" text={text} press={() => context.open({ kind: 'contact', quoted: message.id })} />;
    case 'flow':
      return <Action icon="message" text={text} press={() => context.open({ kind: 'flow', message, ...place })} />;
    case 'catalog':
    case 'mpm':
    case 'spm':
      return <Action icon="cart" text={text} press={() => context.open({ kind: 'products', message })} />;
    case 'order_details':
      return <Action icon="cart" text={text} press={() => context.open({ kind: 'order', message })} />;
    default:
      return <Action icon="phone" text={text} press={() => toast(texts.bubble.callNote)} />;
  }
}

/** One tap hands the code to the app that asked for it; copying it is always possible. */
function CodeButton({ kind, text, code }: { kind: string; text: string; code: string }) {
  const isOneTap = kind === 'one_tap';
  const copyLabel = kind === 'copy_code' && text !== '' ? text : texts.bubble.copyCode;
  return (
    <>
      {isOneTap ? (
        <Action icon="bolt" text={text || texts.bubble.autofill} press={() => toast(texts.bubble.filled(code))} />
      ) : null}
      <Action icon="copy" text={copyLabel} press={() => void copyText(code)} />
      {kind === 'zero_tap' ? <p class="action-note">{texts.bubble.handed}</p> : null}
    </>
  );
}

function Cards({ message, context, cards }: Part & { cards: readonly unknown[] }) {
  return (
    <Strip>
      {cards.map((card, index) => (
        <Card key={index} message={message} context={context} card={card} index={index} />
      ))}
    </Strip>
  );
}

function Card({ message, context, card, index }: Part & { card: unknown; index: number }) {
  return (
    <>
      <Header message={message} header={at(card, 'header')} />
      {textAt(card, 'body') === '' ? null : <Markup text={textAt(card, 'body')} />}
      <Buttons message={message} context={context} buttons={listAt(card, 'buttons')} card={index} />
    </>
  );
}
