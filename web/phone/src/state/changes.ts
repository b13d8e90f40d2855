// What the event stream tells, put in its place.
import { at, textAt, timeAt } from '../pure/json.js';
import {
  chatKey,
  type Message,
  readBusinesses,
  readFault,
  readMessage,
  readPair,
  readProgress,
  readTemplate,
  readUser,
  readWebhook,
} from './model.js';
import { putThread, sandbox } from './sandbox.js';

/** How many webhooks the page keeps. */
export const WEBHOOKS_MAX = 200;

const APPLY: Readonly<Record<string, (value: unknown, id: string) => void>> = {
  messages: applyMessage,
  webhooks: applyWebhook,
  users(value, id) {
    const users = new Map(sandbox.get().users);
    if (value === null) users.delete(id);
    else users.set(id, readUser(value));
    sandbox.set({ users });
  },
  pairs(value, id) {
    const pairs = new Map(sandbox.get().pairs);
    const chats = new Map(sandbox.get().chats);
    if (value === null) {
      pairs.delete(id);
      chats.delete(id);
    } else {
      const pair = readPair(value);
      pairs.set(id, pair);
      if (!chats.has(id)) chats.set(id, { phoneNumberId: pair.phoneNumberId, user: pair.user, last: null });
    }
    sandbox.set({ pairs, chats });
  },
  faults(value, id) {
    const others = sandbox.get().faults.filter((fault) => fault.id !== id);
    const known = sandbox.get().faults.findIndex((fault) => fault.id === id);
    if (value !== null) others.splice(known < 0 ? others.length : known, 0, readFault(value));
    sandbox.set({ faults: others });
  },
  templates(value) {
    const template = readTemplate(value);
    sandbox.set({ templates: new Map(sandbox.get().templates).set(template.id, template) });
  },
  wabas(value, id) {
    const others = sandbox.get().businesses.filter((business) => business.wabaId !== id);
    sandbox.set({ businesses: [...others, ...(value === null ? [] : readBusinesses(value))] });
  },
  settings(value) {
    sandbox.set({
      window: textAt(value, 'window'),
      progress: readProgress(at(value, 'progress')),
      reviews: textAt(value, 'reviews', 'mode') || 'approve',
      offsetMs: offsetOf(value),
    });
  },
};

/** Applies a change of the event stream: `table`, `id` and `value`, which is null for what is gone. */
export function apply(change: unknown): void {
  APPLY[textAt(change, 'table')]?.(at(change, 'value'), textAt(change, 'id'));
}

function applyWebhook(value: unknown, id: string): void {
  const { webhooks } = sandbox.get();
  const index = webhooks.findIndex((webhook) => webhook.id === id);
  if (value === null) sandbox.set({ webhooks: webhooks.filter((webhook) => webhook.id !== id) });
  else if (index >= 0) sandbox.set({ webhooks: webhooks.with(index, readWebhook(value)) });
  else {
    const next = [readWebhook(value), ...webhooks].sort((a, b) => Number(b.id) - Number(a.id));
    sandbox.set({ webhooks: next.slice(0, WEBHOOKS_MAX) });
  }
}

function applyMessage(value: unknown, id: string): void {
  const message = readMessage(value);
  if (message === undefined) removeMessage(Number(id));
  else {
    const key = chatKey(message.phoneNumberId, message.user);
    const { chats, threads } = sandbox.get();
    const last = chats.get(key)?.last ?? null;
    const isNewest = message.type !== 'reaction' && (last === null || message.seq >= last.seq);
    const chat = { phoneNumberId: message.phoneNumberId, user: message.user, last: isNewest ? message : last };
    sandbox.set({ chats: new Map(chats).set(key, chat) });
    const thread = threads.get(key);
    if (thread !== undefined) putThread(key, { ...thread, messages: upserted(thread.messages, message) });
  }
}

function upserted(messages: readonly Message[], message: Message): readonly Message[] {
  const last = messages.at(-1);
  if (last === undefined || message.seq > last.seq) return [...messages, message];
  const index = messages.findLastIndex((each) => each.seq <= message.seq);
  if (messages[index]?.seq === message.seq) return messages.with(index, message);
  return index < 0 ? messages : messages.toSpliced(index + 1, 0, message);
}

function removeMessage(seq: number): void {
  const { chats, threads } = sandbox.get();
  for (const [key, thread] of threads) {
    const messages = thread.messages.filter((message) => message.seq !== seq);
    if (messages.length === thread.messages.length) continue;
    putThread(key, { ...thread, messages });
  }
  for (const [key, chat] of chats) {
    if (chat.last?.seq !== seq) continue;
    const last =
      sandbox
        .get()
        .threads.get(key)
        ?.messages.findLast(({ type }) => type !== 'reaction') ?? null;
    sandbox.set({ chats: new Map(sandbox.get().chats).set(key, { ...chat, last }) });
  }
}

/** Sandbox's time minus this machine's, ms, from an answer that has it as `now`. */
export function offsetOf(value: unknown): number {
  return (timeAt(value, 'now') ?? Date.now()) - Date.now();
}
