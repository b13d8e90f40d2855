// Menus: what can be done with a message, and with a chat.
import type { ComponentChildren } from 'preact';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import * as actions from '../api/actions.js';
import type { BubbleContext } from '../bubbles/context.js';
import { copyText } from '../parts/hooks.js';
import { Icon, type IconName } from '../parts/icons.js';
import { IconButton } from '../parts/parts.js';
import { at, textAt } from '../pure/json.js';
import { type Business, isOnPhone, type Message, type User } from '../state/model.js';
import { inspect } from '../state/phones.js';
import { attempt } from '../state/toasts.js';
import { texts } from '../texts.js';
import type { Entry } from './thread.js';

const QUICK = ['👍', '❤️', '😂', '😮', '😢', '🙏'];
const MARGIN_PX = 8;

/** A menu beside what it belongs to: arrow keys move, Escape and a click elsewhere close. */
export function Menu({
  at: anchor,
  close,
  label,
  children,
}: {
  at: DOMRect;
  close(): void;
  label: string;
  children: ComponentChildren;
}) {
  const box = useRef<HTMLDivElement>(null);
  const [position, setPosition] = useState('opacity:0');
  useLayoutEffect(() => {
    // Its own size, not the smaller one with which it appears.
    const { offsetWidth: width = 0, offsetHeight: height = 0 } = box.current ?? {};
    const { left: first, right: last } = edgesAround(anchor);
    const left = Math.max(first + MARGIN_PX, Math.min(anchor.left, last - width - MARGIN_PX));
    const below = anchor.bottom + MARGIN_PX;
    const top = below + height < innerHeight ? below : Math.max(MARGIN_PX, anchor.top - height - MARGIN_PX);
    setPosition(`left:${left}px;top:${Math.min(top, innerHeight - height - MARGIN_PX)}px`);
  }, [anchor]);
  useEffect(() => {
    const before = document.activeElement;
    itemsOf(box.current)[0]?.focus();
    return () => {
      if (before instanceof HTMLElement && before.isConnected && document.activeElement === document.body)
        before.focus();
    };
  }, []);
  return (
    <>
      <button type="button" class="menu-shade" aria-label={texts.close} tabIndex={-1} onClick={close} />
      <div
        class="menu"
        role="menu"
        aria-label={label}
        style={position}
        ref={box}
        tabIndex={-1}
        onKeyDown={(event) => moveFocus(event, box.current, close)}
      >
        {children}
      </div>
    </>
  );
}

/** The left and right edge of the phone that the anchor is in. */
function edgesAround(anchor: DOMRect): { left: number; right: number } {
  const under = document.elementsFromPoint(anchor.left + anchor.width / 2, anchor.top + anchor.height / 2);
  const phone = under.find((element) => element.matches('.phone'));
  return phone?.getBoundingClientRect() ?? { left: 0, right: innerWidth };
}

function itemsOf(box: HTMLElement | null): HTMLElement[] {
  return [...(box?.querySelectorAll<HTMLElement>('[role=menuitem]') ?? [])];
}

function moveFocus(event: KeyboardEvent, box: HTMLElement | null, close: () => void): void {
  if (event.key === 'Escape' || event.key === 'Tab') {
    event.preventDefault();
    close();
  }
  const step =
    event.key === 'ArrowDown' || event.key === 'ArrowRight'
      ? 1
      : event.key === 'ArrowUp' || event.key === 'ArrowLeft'
        ? -1
        : 0;
  if (step === 0) return;
  event.preventDefault();
  const items = itemsOf(box);
  const index = items.findIndex((item) => item.matches(':focus'));
  items[(index + step + items.length) % items.length]?.focus();
}

/** One line of a menu. */
export function MenuItem({
  icon,
  text,
  press,
  isDanger = false,
}: {
  icon: IconName;
  text: string;
  press(): void;
  isDanger?: boolean;
}) {
  return (
    <button type="button" role="menuitem" class={isDanger ? 'danger' : ''} onClick={press}>
      <Icon name={icon} size={18} />
      {text}
    </button>
  );
}

interface MessageMenuProps {
  entry: Entry;
  at: DOMRect;
  context: BubbleContext;
  close(): void;
  reply(message: Message): void;
}

/** What can be done with a message. */
export function MessageMenu({ entry, at: anchor, context, close, reply }: MessageMenuProps) {
  const { message, reactions, isRemoved } = entry;
  const then = (work: () => void) => () => {
    close();
    work();
  };
  const react = (emoji: string) => then(() => void attempt(() => actions.react(context.address, message, emoji)));
  const text = textOf(message);
  const isOwn = message.direction === 'in' && !isRemoved;
  const canAnswer = isOnPhone(message) && !isRemoved && message.type !== 'sms';
  return (
    <Menu at={anchor} close={close} label={texts.actions.menu}>
      {canAnswer ? (
        <div class="menu-reactions">
          {QUICK.map((emoji) => (
            <button
              key={emoji}
              type="button"
              role="menuitem"
              class={reactions.in === emoji ? 'chosen' : ''}
              aria-label={`${texts.actions.react} ${emoji}`}
              onClick={react(reactions.in === emoji ? '' : emoji)}
            >
              {emoji}
            </button>
          ))}
          <button
            type="button"
            role="menuitem"
            aria-label={texts.actions.more}
            onClick={then(() => context.open({ kind: 'emoji', message }))}
          >
            <Icon name="plus" size={18} />
          </button>
        </div>
      ) : null}
      {canAnswer ? <MenuItem icon="reply" text={texts.actions.reply} press={then(() => reply(message))} /> : null}
      {text === '' ? null : <MenuItem icon="copy" text={texts.actions.copy} press={then(() => void copyText(text))} />}
      <MenuItem icon="curtain" text={texts.actions.inspect} press={then(() => inspect(message.id))} />
      {isOwn && message.type === 'text' ? (
        <MenuItem
          icon="edit"
          text={texts.actions.edit}
          press={then(() =>
            context.open({ kind: 'edit', message, text: textAt(entry.edited, 'text', 'body') || text }),
          )}
        />
      ) : null}
      {isOwn ? (
        <MenuItem icon="trash" text={texts.actions.remove} press={then(() => void revoke(context, message))} isDanger />
      ) : null}
    </Menu>
  );
}

function revoke(context: BubbleContext, message: Message): Promise<boolean> {
  return attempt(() => actions.say(context.address, { type: 'revoke', revoke: { original_message_id: message.id } }));
}

function textOf({ type, payload }: Message): string {
  const object = at(payload, type);
  return (
    textAt(object, 'body') || textAt(object, 'caption') || textAt(object, 'body', 'text') || textAt(object, 'text')
  );
}

/** What can be done with a chat. */
export function ChatMenu({ business, user }: { business: Business; user: User }) {
  const [anchor, setAnchor] = useState<DOMRect>();
  const close = () => setAnchor(undefined);
  const address = { user: user.number, phoneNumberId: business.phoneNumberId };
  const then = (work: () => Promise<unknown>) => () => {
    close();
    void attempt(work);
  };
  return (
    <>
      <IconButton
        icon="more"
        label={texts.chat.more}
        aria-haspopup="menu"
        onClick={(event) => setAnchor(event.currentTarget.getBoundingClientRect())}
      />
      {anchor === undefined ? null : (
        <Menu at={anchor} close={close} label={texts.chat.more}>
          <MenuItem icon="check" text={texts.chat.markRead} press={then(() => actions.readChat(address))} />
          <MenuItem
            icon="block"
            text={user.blocked ? texts.chat.unblock : texts.chat.block}
            press={then(() => actions.changeUser(user.number, { blocked: !user.blocked }))}
            isDanger={!user.blocked}
          />
        </Menu>
      )}
    </>
  );
}
