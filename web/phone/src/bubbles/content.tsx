// What is inside a bubble, by the type of its message. A new type gets its line here.
import type { ComponentChildren } from 'preact';
import { Icon } from '../parts/icons.js';
import { Avatar } from '../parts/parts.js';
import { at, listAt, textAt } from '../pure/json.js';
import { firstLink } from '../pure/markup.js';
import { formatMoney, formatNumber } from '../pure/numbers.js';
import type { Message } from '../state/model.js';
import { texts } from '../texts.js';
import type { BubbleContext } from './context.js';
import { Interactive } from './interactive.js';
import { Markup } from './markup.js';
import { Document, Film, fileUrl, Picture, Sound, Sticker } from './media.js';
import { Place } from './places.js';
import { ProductThumb } from './products.js';
import { Template } from './template.js';

interface Part {
  message: Message;
  value: unknown;
  context: BubbleContext;
  chosen: string;
}

const CONTENT: Readonly<Record<string, (part: Part) => ComponentChildren>> = {
  text: ({ message, value }) => (
    <TextContent
      text={textAt(value, 'body')}
      hasPreview={message.direction === 'in' || at(value, 'preview_url') === true}
    />
  ),
  image: ({ message, value }) => (
    <>
      <Picture url={fileUrl(message, 'image', value)} alt={textAt(value, 'caption') || texts.bubble.photo} />
      <Caption value={value} />
    </>
  ),
  video: ({ message, value }) => (
    <>
      <Film url={fileUrl(message, 'video', value)} label={textAt(value, 'caption') || texts.bubble.video} />
      <Caption value={value} />
    </>
  ),
  audio: ({ message, value }) => <Sound message={message} value={value} path="audio" />,
  document: ({ message, value }) => (
    <>
      <Document message={message} value={value} path="document" />
      <Caption value={value} />
    </>
  ),
  sticker: ({ message, value }) => <Sticker url={fileUrl(message, 'sticker', value)} />,
  location: ({ value }) => <Place value={value} />,
  contacts: ({ value }) => <Contacts value={value} />,
  interactive: (part) => (part.message.direction === 'out' ? <Interactive {...part} /> : <Answer value={part.value} />),
  button: ({ value }) => <Markup text={textAt(value, 'text')} />,
  order: ({ value }) => <Order value={value} />,
  template: (part) => <Template {...part} />,
  sms: ({ value }) => <div class="plain-text">{textAt(value, 'text')}</div>,
};

/** The content of a message; `chosen` is the id of what the user chose of it. */
export function Content({ message, context, chosen }: Omit<Part, 'value'>) {
  const draw = CONTENT[message.type];
  const value = at(message.payload, message.type);
  if (draw === undefined) return <Unknown text={texts.chat.unknownType(message.type)} />;
  return <>{draw({ message, value, context, chosen })}</>;
}

/** A text, large when it is a few emoji and nothing else. */
export function TextContent({ text, hasPreview }: { text: string; hasPreview: boolean }) {
  const isEmoji =
    /^(\p{Extended_Pictographic}(\uFE0F|\u200D\p{Extended_Pictographic}|\p{Emoji_Modifier})*\s*){1,3}$/u.test(text);
  const link = hasPreview ? firstLink(text) : undefined;
  return (
    <>
      {link === undefined ? null : <Preview href={link} />}
      <div class={isEmoji ? 'large-emoji' : ''}>
        <Markup text={text} />
      </div>
    </>
  );
}

/** What a link leads to, as far as that can be said without asking anybody. */
function Preview({ href }: { href: string }) {
  const { host, pathname } = new URL(href);
  return (
    <a class="preview" href={href} target="_blank" rel="noopener noreferrer">
      <span class="preview-icon">
        <Icon name="link" size={20} />
      </span>
      <span>
        <strong>{host.replace(/^www\./, '')}</strong>
        <small>{pathname === '/' ? texts.bubble.noPreview : decodeURI(pathname)}</small>
      </span>
    </a>
  );
}

function Caption({ value }: { value: unknown }) {
  const caption = textAt(value, 'caption');
  return caption === '' ? null : <Markup text={caption} />;
}

function Unknown({ text }: { text: string }) {
  return (
    <div class="muted-line">
      <Icon name="alert" size={16} /> {text}
    </div>
  );
}

function Contacts({ value }: { value: unknown }) {
  return (
    <div class="contacts">
      {listAt(value).map((contact, index) => {
        const name = textAt(contact, 'name', 'formatted_name');
        const phone = textAt(contact, 'phones', 0, 'phone') || textAt(contact, 'phones', 0, 'wa_id');
        const detail = [phone, textAt(contact, 'org', 'company'), textAt(contact, 'emails', 0, 'email')].find(
          (text) => text !== '',
        );
        return (
          <div class="contact" key={index}>
            <Avatar name={name} seed={name} size={40} />
            <span>
              <strong>{name}</strong>
              <small>{detail ?? texts.bubble.contact}</small>
            </span>
          </div>
        );
      })}
    </div>
  );
}

/** A user's answer by pressing something. */
function Answer({ value }: { value: unknown }) {
  const kind = textAt(value, 'type');
  const reply = at(value, kind);
  if (kind === 'call_permission_reply') {
    const isAllowed = textAt(reply, 'response') === 'accept';
    return (
      <div class="muted-line">
        <Icon name="phone" size={16} /> {isAllowed ? texts.bubble.callsAllowed : texts.bubble.callsDenied}
      </div>
    );
  }
  if (kind === 'nfm_reply') return <FormAnswer reply={reply} />;
  return (
    <>
      <Markup text={textAt(reply, 'title')} />
      {textAt(reply, 'description') === '' ? null : <div class="bubble-footer">{textAt(reply, 'description')}</div>}
    </>
  );
}

function FormAnswer({ reply }: { reply: unknown }) {
  return (
    <div class="form-answer">
      <strong>{textAt(reply, 'body') || texts.bubble.flowAnswer}</strong>
      <code>{textAt(reply, 'response_json').slice(0, 300)}</code>
    </div>
  );
}

function Order({ value }: { value: unknown }) {
  const items = listAt(value, 'product_items');
  const currency = textAt(items[0], 'currency');
  const total = items.reduce<number>(
    (sum, item) => sum + Number(textAt(item, 'item_price')) * Number(textAt(item, 'quantity')),
    0,
  );
  return (
    <>
      <div class="order-card">
        <ProductThumb id={textAt(items[0], 'product_retailer_id')} isSmall />
        <span>
          <strong>{texts.bubble.items(items.length)}</strong>
          <small>
            {items.map((item) => `${textAt(item, 'quantity')} × ${textAt(item, 'product_retailer_id')}`).join(', ')}
          </small>
        </span>
        <b>{formatMoney(total, currency)}</b>
      </div>
      {textAt(value, 'text') === '' ? null : <Markup text={textAt(value, 'text')} />}
    </>
  );
}

/** Who a notice of the system is about, in one line. */
export function noticeText(message: Message): string {
  const body = textAt(message.payload, 'system', 'body');
  return body === '' ? `${formatNumber(message.user)} ${texts.bubble.changedNumber}` : body;
}
