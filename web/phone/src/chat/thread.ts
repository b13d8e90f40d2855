// The rows of a chat: messages with their reactions, edits and answers joined to them, and a heading for each day.
import { at, textAt } from '../pure/json.js';
import { quotedId } from '../pure/summary.js';
import { dayOf } from '../pure/times.js';
import { isOnPhone, type Message } from '../state/model.js';

/** A message with what later ones did to it. */
export interface Entry {
  message: Message;
  /** The emoji of the business and of the user; empty for none. */
  reactions: { out: string; in: string };
  edited: unknown;
  isRemoved: boolean;
  /** The user's answer to it, where there is one: what was chosen. */
  answer: Message | undefined;
  /** Whether the one before is of the same side and the same minutes. */
  isFollowing: boolean;
}

/** A row of the screen. */
export type Row =
  | { kind: 'day'; key: string; at: number }
  | { kind: 'unread'; key: string }
  | { kind: 'notice'; key: string; message: Message }
  | { kind: 'message'; key: string; entry: Entry };

const FOLLOWS_MS = 5 * 60_000;
/** These change other messages and are none themselves. */
const CHANGES = new Set(['reaction', 'edit', 'revoke']);

/** The rows of a thread, oldest first. `firstUnread` is the seq before which the line for new messages stands. */
export function rowsOf(messages: readonly Message[], firstUnread: number | undefined): Row[] {
  const entries = entriesOf(messages);
  const rows: Row[] = [];
  let before: Message | undefined;
  for (const entry of entries) {
    const { message } = entry;
    if (before === undefined || dayOf(before.acceptedAt) !== dayOf(message.acceptedAt)) {
      rows.push({ kind: 'day', key: `day-${dayOf(message.acceptedAt)}-${message.seq}`, at: message.acceptedAt });
      before = undefined;
    }
    if (message.seq === firstUnread) rows.push({ kind: 'unread', key: 'unread' });
    const isNotice = message.type === 'system' || message.type === 'request_welcome';
    if (isNotice) rows.push({ kind: 'notice', key: message.id, message });
    else rows.push({ kind: 'message', key: message.id, entry: { ...entry, isFollowing: follows(before, message) } });
    before = message;
  }
  return rows;
}

function follows(before: Message | undefined, message: Message): boolean {
  if (before === undefined || before.direction !== message.direction) return false;
  return message.acceptedAt - before.acceptedAt < FOLLOWS_MS;
}

function entriesOf(messages: readonly Message[]): Entry[] {
  const byId = new Map<string, Entry>();
  for (const message of messages) {
    if (CHANGES.has(message.type)) change(byId, message);
    else {
      byId.set(message.id, {
        message,
        reactions: { out: '', in: '' },
        edited: undefined,
        isRemoved: false,
        answer: undefined,
        isFollowing: false,
      });
      const answered = message.direction === 'in' ? byId.get(quotedId(message)) : undefined;
      if (answered !== undefined && isAnswer(message)) answered.answer = message;
    }
  }
  return [...byId.values()];
}

function isAnswer({ type }: Message): boolean {
  return type === 'interactive' || type === 'button' || type === 'order';
}

function change(byId: Map<string, Entry>, message: Message): void {
  const object = at(message.payload, message.type);
  const target = byId.get(textAt(object, 'message_id') || textAt(object, 'original_message_id'));
  if (target === undefined) return;
  if (message.type === 'reaction') {
    if (isShown(message)) target.reactions[message.direction] = textAt(object, 'emoji');
  } else if (target.message.direction === message.direction) {
    if (message.type === 'revoke') target.isRemoved = true;
    else target.edited = at(object, 'message');
  }
}

/** Whether a reaction is on the phone: those of businesses are only ever sent (Meta 1.4). */
function isShown(message: Message): boolean {
  return isOnPhone(message) || (message.failure === null && message.statuses.some(({ status }) => status === 'sent'));
}

/** Whether a row stays when earlier ones are loaded: the heading of a day may move up. */
export function isSteady(row: Row): boolean {
  return row.kind === 'message' || row.kind === 'notice';
}

/** A guess of a row's height in pixels, until it was measured. */
export function guessHeight(row: Row): number {
  if (row.kind !== 'message') return 44;
  const { message } = row.entry;
  const text = textAt(message.payload, message.type, 'body') || textAt(message.payload, 'interactive', 'body', 'text');
  const lines = Math.ceil(text.length / 36) + text.split('\n').length - 1;
  const extra: Readonly<Record<string, number>> = {
    text: 0,
    image: 240,
    video: 240,
    sticker: 160,
    location: 190,
    interactive: 110,
  };
  return 34 + Math.max(1, lines) * 20 + (extra[message.type] ?? 60);
}
