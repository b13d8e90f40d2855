// A bubble: its content with time and ticks, what it quotes, reactions, and the button for its options.

import type { Entry } from '../chat/thread.js';
import { Icon, Ticks } from '../parts/icons.js';
import { at, textAt } from '../pure/json.js';
import { quotedId, summaryOf } from '../pure/summary.js';
import { clockTime, exactTime } from '../pure/times.js';
import { furthest, isOnPhone, type Message } from '../state/model.js';
import { texts } from '../texts.js';
import { Content, TextContent } from './content.js';
import type { BubbleContext } from './context.js';

interface Props {
  entry: Entry;
  context: BubbleContext;
  /** The message with that wamid, when it is loaded. */
  find(wamid: string): Message | undefined;
  /** Goes to a message. */
  show(wamid: string): void;
  openMenu(entry: Entry, at: DOMRect): void;
  isFresh: boolean;
}

/** One message of either side. */
export function Bubble({ entry, context, find, show, openMenu, isFresh }: Props) {
  const { message, reactions, isRemoved, isFollowing } = entry;
  const isMine = message.direction === 'in';
  const state = furthest(message);
  const isBare = message.type === 'sticker' && !isRemoved;
  const classes = ['bubble', isMine ? 'mine' : 'theirs', `type-${message.type}`];
  if (isFollowing) classes.push('following');
  if (isBare) classes.push('bare');
  if (isFresh) classes.push('fresh');
  if (!isOnPhone(message)) classes.push(state === 'failed' ? 'failed' : 'ghost');
  const open = (element: Element) => openMenu(entry, element.getBoundingClientRect());
  const reaction = [...new Set([reactions.in, reactions.out])].filter((emoji) => emoji !== '');
  return (
    <div class={`bubble-line ${isMine ? 'line-mine' : 'line-theirs'}${reaction.length > 0 ? ' has-reaction' : ''}`}>
      {/* biome-ignore lint/a11y/noStaticElementInteractions: a shortcut; the same menu has a button. */}
      <div
        class={classes.join(' ')}
        data-wamid={message.id}
        onContextMenu={(event) => {
          event.preventDefault();
          open(event.currentTarget);
        }}
      >
        <Quote message={message} find={find} show={show} businessName={context.businessName} />
        <Body entry={entry} context={context} />
        <Foot entry={entry} state={state} context={context} />
        <button
          type="button"
          class="bubble-menu"
          aria-label={`${texts.actions.menu}: ${labelOf(message)}`}
          aria-haspopup="menu"
          onClick={(event) => open(event.currentTarget)}
        >
          <Icon name="chevron" size={18} />
        </button>
        {reaction.length === 0 ? null : (
          <button
            type="button"
            class="reaction"
            aria-label={`${texts.actions.react}: ${reaction.join(' ')}`}
            onClick={() => context.open({ kind: 'emoji', message })}
          >
            {reaction.join('')}
          </button>
        )}
      </div>
    </div>
  );
}

function labelOf(message: Message): string {
  return summaryOf(message, texts.bubble).slice(0, 80);
}

function Body({ entry, context }: { entry: Entry; context: BubbleContext }) {
  const { message, isRemoved, edited, answer } = entry;
  if (isRemoved) {
    return (
      <div class="muted-line">
        <Icon name="block" size={16} /> {message.direction === 'in' ? texts.bubble.removedYours : texts.bubble.removed}
      </div>
    );
  }
  if (edited !== undefined && textAt(edited, 'type') === 'text')
    return <TextContent text={textAt(edited, 'text', 'body')} hasPreview={false} />;
  return <Content message={message} context={context} chosen={chosenOf(answer)} />;
}

function chosenOf(answer: Message | undefined): string {
  const kind = textAt(answer?.payload, 'interactive', 'type');
  return textAt(answer?.payload, 'interactive', kind, 'id');
}

function Foot({ entry, state, context }: { entry: Entry; state: string; context: BubbleContext }) {
  const { message, edited } = entry;
  const isMine = message.direction === 'in';
  const shown = isMine ? (state === 'read' ? 'read' : 'delivered') : state;
  const label = isMine
    ? state === 'read'
      ? texts.status.yoursRead
      : texts.status.yours
    : labelOfState(message, state);
  const ticks = <Ticks state={shown} label={label} />;
  return (
    <div class="foot">
      {edited === undefined ? null : <span>{texts.bubble.edited}</span>}
      <time dateTime={new Date(message.acceptedAt).toISOString()}>{clockTime(message.acceptedAt)}</time>
      {state === 'failed' ? (
        <button type="button" class="foot-failed" onClick={() => context.open({ kind: 'failure', message })}>
          {ticks}
          {texts.bubble.failed} · {message.failure?.code}
        </button>
      ) : (
        <span class="foot-ticks" title={label}>
          {ticks}
        </span>
      )}
    </div>
  );
}

function labelOfState(message: Message, state: string): string {
  const name = Object.entries(texts.status).find(([key]) => key === state)?.[1] ?? state;
  const reached = message.statuses.find(({ status }) => status === state);
  return reached === undefined ? name : `${name}, ${exactTime(reached.at)}`;
}

function Quote({
  message,
  find,
  show,
  businessName,
}: {
  message: Message;
  find: Props['find'];
  show: Props['show'];
  businessName: string;
}) {
  const id = quotedId(message);
  if (id === '') {
    const isForwarded = at(message.payload, 'context', 'forwarded') === true;
    return isForwarded ? <div class="forwarded">{texts.bubble.forwarded}</div> : null;
  }
  const quoted = find(id);
  return (
    <button type="button" class="quote" onClick={() => show(id)}>
      <strong>
        {quoted === undefined ? texts.bubble.quoteGone : quoted.direction === 'in' ? texts.bubble.you : businessName}
      </strong>
      <span>{quoted === undefined ? '' : summaryOf(quoted, texts.bubble)}</span>
    </button>
  );
}
