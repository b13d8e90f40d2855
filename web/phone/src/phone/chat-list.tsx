// The list of chats: those with messages first, newest on top, then businesses one could write to.
import { useState } from 'preact/hooks';
import { useNow } from '../parts/hooks.js';
import { Icon, Ticks } from '../parts/icons.js';
import { Avatar, Empty } from '../parts/parts.js';
import { formatNumber } from '../pure/numbers.js';
import { summaryOf } from '../pure/summary.js';
import { listTime } from '../pure/times.js';
import {
  type Business,
  type Chat,
  chatKey,
  furthest,
  isOnPhone,
  isSmsThread,
  type Message,
  smsSender,
  type User,
} from '../state/model.js';
import { changePhone, type PhoneState, page } from '../state/phones.js';
import { sandbox } from '../state/sandbox.js';
import { useStore } from '../state/store.js';
import { texts } from '../texts.js';
import { Me } from './me.js';

interface Line {
  business: Business;
  last: Message | null;
}

/** The first screen of a phone. */
export function ChatList({ phone, user }: { phone: PhoneState; user: User }) {
  const businesses = useStore(sandbox, (state) => state.businesses);
  const chats = useStore(sandbox, (state) => state.chats);
  const connection = useStore(sandbox, (state) => state.connection);
  const [search, setSearch] = useState('');
  const [isMeOpen, setMeOpen] = useState(false);
  const lines = linesOf(businesses, chats, user.number).filter(({ business, last }) => matches(search, business, last));
  const busy = lines.filter(({ last }) => last !== null);
  const quiet = lines.filter(({ last }) => last === null);
  const row = (line: Line) => <ChatRow key={line.business.phoneNumberId} line={line} phone={phone} user={user} />;
  return (
    <section class="screen chat-list" aria-label={texts.chats.title}>
      <header class="list-head">
        <h2>{texts.chats.title}</h2>
        <button type="button" class="me-button" onClick={() => setMeOpen(true)}>
          <span class="hidden">{texts.me.switch}</span>
          <span>
            <strong>{user.profileName}</strong>
            <small>{formatNumber(user.number)}</small>
          </span>
          <Avatar name={user.profileName} seed={user.number} size={38} />
        </button>
      </header>
      {businesses.length > 3 || search !== '' ? (
        <label class="search">
          <Icon name="search" size={18} />
          <input
            type="search"
            value={search}
            placeholder={texts.chats.search}
            aria-label={texts.chats.search}
            onInput={(event) => setSearch(event.currentTarget.value)}
          />
        </label>
      ) : null}
      <div class="list-body">
        {busy.length > 0 ? <ul>{busy.map(row)}</ul> : null}
        {busy.length > 0 && quiet.length > 0 ? <h3>{texts.chats.others}</h3> : null}
        {quiet.length > 0 ? <ul>{quiet.map(row)}</ul> : null}
        {lines.length === 0 && connection !== 'connecting' ? <NoLines isSearching={search !== ''} /> : null}
      </div>
      {isMeOpen ? <Me phone={phone} user={user} close={() => setMeOpen(false)} /> : null}
    </section>
  );
}

function NoLines({ isSearching }: { isSearching: boolean }) {
  if (isSearching) return <Empty icon="search" title={texts.chats.noMatch} hint="" />;
  return <Empty icon="message" title={texts.chats.noBusiness} hint={texts.chats.noBusinessHint} />;
}

function linesOf(businesses: readonly Business[], chats: ReadonlyMap<string, Chat>, user: string): Line[] {
  const ofSms = [...chats.values()].filter((chat) => chat.user === user && isSmsThread(chat.phoneNumberId));
  const senders = ofSms.map(({ phoneNumberId }) => smsSender(phoneNumberId));
  const lines = [...businesses, ...senders].map((business) => ({
    business,
    last: chats.get(chatKey(business.phoneNumberId, user))?.last ?? null,
  }));
  return lines.sort(
    (a, b) => (b.last?.seq ?? 0) - (a.last?.seq ?? 0) || a.business.number.localeCompare(b.business.number),
  );
}

function matches(search: string, business: Business, last: Message | null): boolean {
  const text = `${business.name} ${business.number} ${last === null ? '' : summaryOf(last, texts.bubble)}`;
  return text.toLowerCase().includes(search.trim().toLowerCase());
}

function ChatRow({ line: { business, last }, phone, user }: { line: Line; phone: PhoneState; user: User }) {
  const key = chatKey(business.phoneNumberId, user.number);
  const typingUntil = useStore(sandbox, (state) => state.pairs.get(key)?.typingUntil ?? 0);
  const seen = useStore(page, (state) => state.seen[key] ?? 0);
  const now = useNow(typingUntil > 0 ? 1000 : 30_000);
  const isNew =
    last !== null && last.direction === 'out' && last.seq > seen && isOnPhone(last) && furthest(last) !== 'read';
  return (
    <li>
      <button
        type="button"
        class={`chat-row${isNew ? ' chat-new' : ''}`}
        data-chat={business.phoneNumberId}
        onClick={() => changePhone(phone.id, { chat: business.phoneNumberId })}
      >
        <Avatar name={business.name} seed={business.phoneNumberId} size={48} isBusiness />
        <span class="chat-row-text">
          <span>
            <strong>{business.name}</strong>
            {last === null ? null : <time>{listTime(last.acceptedAt, now)}</time>}
          </span>
          <span>
            {typingUntil > now ? <em>{texts.chats.typing}</em> : <Preview last={last} />}
            {isNew ? <i class="unread-dot" role="img" aria-label={texts.chat.newMessages} /> : null}
          </span>
        </span>
      </button>
    </li>
  );
}

function Preview({ last }: { last: Message | null }) {
  if (last === null) return <small>{texts.chats.start}</small>;
  const isMine = last.direction === 'in';
  const state = furthest(last);
  return (
    <small>
      {isMine ? (
        <Ticks state={state === 'read' ? 'read' : 'delivered'} label={texts.status.yours} />
      ) : state === 'failed' ? (
        <Ticks state="failed" label={texts.status.failed} />
      ) : null}
      {summaryOf(last, texts.bubble)}
    </small>
  );
}
