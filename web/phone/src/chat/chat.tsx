// A chat: its head, its messages, and where the user writes.
import { useCallback, useEffect, useMemo, useRef, useState } from 'preact/hooks';
import * as actions from '../api/actions.js';
import { Bubble } from '../bubbles/bubble.js';
import { noticeText } from '../bubbles/content.js';
import type { BubbleContext, SheetRequest } from '../bubbles/context.js';
import { useNow } from '../parts/hooks.js';
import { Icon } from '../parts/icons.js';
import { Avatar, Empty, IconButton } from '../parts/parts.js';
import { formatNumber } from '../pure/numbers.js';
import { summaryOf } from '../pure/summary.js';
import { dayName } from '../pure/times.js';
import { loadEarlier, openThread } from '../state/following.js';
import { type Business, chatKey, isOnPhone, isSmsThread, type Message, type User } from '../state/model.js';
import { changePhone, markSeen, type PhoneState, page } from '../state/phones.js';
import { sandbox, sandboxNow, type Thread } from '../state/sandbox.js';
import { useStore } from '../state/store.js';
import { attempt } from '../state/toasts.js';
import { texts } from '../texts.js';
import { Composer } from './composer.js';
import { FlowDoor } from './flow-door.js';
import { ChatMenu, MessageMenu } from './menus.js';
import { ChatSheet } from './sheets.js';
import { type Entry, guessHeight, isSteady, type Row, rowsOf } from './thread.js';
import { VirtualList } from './virtual-list.js';

const NO_THREAD: Thread = { messages: [], earlier: null };
/** Messages that came within this time slide in, ms. */
const FRESH_MS = 1500;

/** The chat of a phone with a business. */
export function Chat({ phone, business, user }: { phone: PhoneState; business: Business; user: User }) {
  const key = chatKey(business.phoneNumberId, user.number);
  const address = useMemo(
    () => ({ user: user.number, phoneNumberId: business.phoneNumberId }),
    [user.number, business.phoneNumberId],
  );
  const thread = useStore(sandbox, (state) => state.threads.get(key));
  const [sheet, setSheet] = useState<SheetRequest>();
  const [quoted, setQuoted] = useState<Message>();
  const [menu, setMenu] = useState<{ entry: Entry; at: DOMRect }>();
  const [jump, setJump] = useState(0);
  const [isAtEnd, setAtEnd] = useState(true);
  const isLoaded = thread !== undefined;
  const isSms = isSmsThread(business.phoneNumberId);
  useEffect(() => {
    if (!isLoaded) void attempt(() => openThread(business.phoneNumberId, user.number));
  }, [isLoaded, business.phoneNumberId, user.number]);
  const firstUnread = useFirstUnread(key, thread);
  useReading(address, thread, user, key);
  const messages = (thread ?? NO_THREAD).messages;
  const rows = useMemo(() => rowsOf(messages, firstUnread), [messages, firstUnread]);
  const context: BubbleContext = {
    address,
    businessName: business.name,
    open: setSheet,
    answer(message, fragment) {
      void attempt(() => actions.say(address, fragment, message.id));
      setJump((count) => count + 1);
    },
  };
  const find = useCallback((wamid: string) => messages.find(({ id }) => id === wamid), [messages]);
  const nearTop = useCallback(
    () => void attempt(() => loadEarlier(business.phoneNumberId, user.number)),
    [business.phoneNumberId, user.number],
  );
  const toEnd = () => setJump((count) => count + 1);
  const draw = (row: Row) => (
    <RowView row={row} context={context} find={find} openMenu={(entry, at) => setMenu({ entry, at })} />
  );
  return (
    <section class="screen chat" aria-label={business.name}>
      <Head phone={phone} business={business} user={user} />
      <Banner user={user} />
      <div class="chat-body">
        {isLoaded && rows.length === 0 ? (
          <Empty icon="message" title={texts.chat.empty} hint={texts.chat.emptyHint} />
        ) : (
          <VirtualList
            label={texts.chat.messages}
            rows={rows}
            guess={guessHeight}
            isSteady={isSteady}
            draw={draw}
            nearTop={nearTop}
            atEnd={setAtEnd}
            jump={jump}
          />
        )}
        {isAtEnd || rows.length === 0 ? null : (
          <IconButton icon="down" class="to-end" label={texts.chat.toEnd} onClick={toEnd} />
        )}
        <Typing chat={key} />
      </div>
      {isSms ? (
        <p class="banner">{texts.chat.smsOnly}</p>
      ) : (
        <Composer
          address={address}
          quoted={quoted}
          stopQuoting={() => setQuoted(undefined)}
          open={setSheet}
          sent={() => {
            setQuoted(undefined);
            toEnd();
          }}
        />
      )}
      {menu === undefined ? null : (
        <MessageMenu
          entry={menu.entry}
          at={menu.at}
          context={context}
          close={() => setMenu(undefined)}
          reply={setQuoted}
        />
      )}
      {sheet?.kind === 'flow' ? (
        <FlowDoor request={sheet} context={context} user={user} close={() => setSheet(undefined)} />
      ) : null}
      {sheet === undefined || sheet.kind === 'flow' ? null : (
        <ChatSheet request={sheet} context={context} user={user} close={() => setSheet(undefined)} />
      )}
    </section>
  );
}

/** The message before which the line for new ones stands: decided when the chat is opened. */
function useFirstUnread(key: string, thread: Thread | undefined): number | undefined {
  const found = useRef<{ key: string; seq: number | undefined } | undefined>(undefined);
  if (thread !== undefined && found.current?.key !== key) {
    const seen = page.get().seen[key] ?? 0;
    const isNew = ({ seq, direction, type }: Message) => seq > seen && direction === 'out' && type !== 'reaction';
    const first = seen === 0 ? undefined : thread.messages.find((message) => isNew(message) && isOnPhone(message));
    found.current = { key, seq: first?.seq };
  }
  return found.current?.seq;
}

/** Reads what arrives while the chat is open, if this user reads by looking. */
function useReading(address: actions.Address, thread: Thread | undefined, user: User, key: string): void {
  const isManual = useStore(page, (state) => state.manualReaders.includes(user.number));
  const last = thread?.messages.at(-1)?.seq ?? 0;
  const hasUnread = !isSmsThread(address.phoneNumberId) && thread?.messages.some(isUnread) === true;
  useEffect(() => {
    if (last > 0) markSeen(key, last);
  }, [key, last]);
  useEffect(() => {
    if (hasUnread && user.readReceipts && !isManual && user.online) void actions.readChat(address).catch(() => {});
  }, [hasUnread, last, user.readReceipts, isManual, user.online, address]);
}

function isUnread({ direction, type, statuses }: Message): boolean {
  if (direction !== 'out' || type === 'reaction') return false;
  return statuses.at(-1)?.status === 'delivered';
}

/** Back to the list, the focus on the chat that was left. */
function leave(id: number, phoneNumberId: string): void {
  changePhone(id, { chat: null });
  requestAnimationFrame(() => document.querySelector<HTMLElement>(`[data-chat="${phoneNumberId}"]`)?.focus());
}

function Head({ phone, business, user }: { phone: PhoneState; business: Business; user: User }) {
  const isSms = isSmsThread(business.phoneNumberId);
  return (
    <header class="chat-head">
      <IconButton icon="back" label={texts.back} onClick={() => leave(phone.id, business.phoneNumberId)} />
      <Avatar name={business.name} seed={business.phoneNumberId} size={38} isBusiness={!isSms} />
      <div class="chat-title">
        <h2>{business.name}</h2>
        <small>{isSms ? texts.chat.sms : formatNumber(business.number)}</small>
      </div>
      {isSms ? null : <ChatMenu business={business} user={user} />}
    </header>
  );
}

function Banner({ user }: { user: User }) {
  const text = user.blocked ? texts.chat.blocked : user.online ? undefined : texts.chat.offline;
  if (text === undefined) return null;
  return (
    <p class="banner" role="status">
      <Icon name={user.blocked ? 'block' : 'clock'} size={16} /> {text}
    </p>
  );
}

/** The bubble of a business that types. */
function Typing({ chat }: { chat: string }) {
  const until = useStore(sandbox, (state) => state.pairs.get(chat)?.typingUntil ?? 0);
  const now = useNow();
  if (until <= now) return null;
  return (
    <div class="typing" role="status" aria-label={texts.chat.typing}>
      <i />
      <i />
      <i />
    </div>
  );
}

interface RowProps {
  row: Row;
  context: BubbleContext;
  find(wamid: string): Message | undefined;
  openMenu(entry: Entry, at: DOMRect): void;
}

function RowView({ row, context, find, openMenu }: RowProps) {
  switch (row.kind) {
    case 'day':
      return <div class="divider">{dayName(row.at, sandboxNow())}</div>;
    case 'unread':
      return <div class="divider divider-unread">{texts.chat.newMessages}</div>;
    case 'notice':
      return <div class="divider">{noticeText(row.message) || summaryOf(row.message, texts.bubble)}</div>;
    default:
      return (
        <Bubble
          entry={row.entry}
          context={context}
          find={find}
          show={showMessage}
          openMenu={openMenu}
          isFresh={sandboxNow() - row.entry.message.acceptedAt < FRESH_MS}
        />
      );
  }
}

/** Goes to a message that is drawn, and lets it flash. */
function showMessage(wamid: string): void {
  const element = document.querySelector(`[data-wamid="${CSS.escape(wamid)}"]`);
  element?.scrollIntoView({ block: 'center', behavior: 'smooth' });
  element?.animate([{ filter: 'brightness(1.25)' }, { filter: 'none' }], { duration: 1200 });
}
