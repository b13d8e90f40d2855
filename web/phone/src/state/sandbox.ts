// The sandbox as this page sees it: loaded once, then kept true by the event stream.
import { CallError, get, urlOf } from '../api/client.js';
import { at, listAt, textAt, timeAt } from '../pure/json.js';
import {
  type Business,
  type Chat,
  chatKey,
  type Fault,
  type Message,
  type Pair,
  type Progress,
  readBusinesses,
  readFault,
  readMessage,
  readPair,
  readProgress,
  readTemplate,
  readUser,
  readWebhook,
  type Template,
  type User,
  type Webhook,
} from './model.js';
import { createStore } from './store.js';

const PAGE = 200;
const WEBHOOKS_MAX = 200;
const RELOAD_MS = 1500;

/** The loaded messages of a chat, oldest first. */
export interface Thread {
  messages: readonly Message[];
  /** Where earlier ones go on; null when there are none. */
  earlier: string | null;
}

/** All that is known. */
export interface SandboxState {
  connection: 'connecting' | 'live' | 'lost' | 'refused';
  /** Sandbox's time minus this machine's, ms. */
  offsetMs: number;
  window: string;
  progress: Progress;
  /** How reviews of templates end. */
  reviews: string;
  businesses: readonly Business[];
  users: ReadonlyMap<string, User>;
  chats: ReadonlyMap<string, Chat>;
  pairs: ReadonlyMap<string, Pair>;
  threads: ReadonlyMap<string, Thread>;
  /** Newest first. */
  webhooks: readonly Webhook[];
  faults: readonly Fault[];
  /** By id. */
  templates: ReadonlyMap<string, Template>;
}

const NOTHING = {
  chats: new Map<string, Chat>(),
  pairs: new Map<string, Pair>(),
  threads: new Map<string, Thread>(),
  users: new Map<string, User>(),
  templates: new Map<string, Template>(),
};

/** The sandbox. */
export const sandbox = createStore<SandboxState>({
  connection: 'connecting',
  offsetMs: 0,
  window: 'enforced',
  progress: { mode: 'immediate', sentMs: 0, deliveredMs: 0, readMs: 0 },
  reviews: 'approve',
  businesses: [],
  webhooks: [],
  faults: [],
  ...NOTHING,
});

/** The sandbox's time, epoch ms. */
export function sandboxNow(): number {
  return Date.now() + sandbox.get().offsetMs;
}

/** Opens the event stream and keeps everything true from then on. */
export function follow(): void {
  const source = new EventSource(urlOf('/events'));
  source.addEventListener('hello', (event) => {
    if (at(parse(event), 'resumed') === true) sandbox.set({ connection: 'live' });
    else void load();
  });
  source.addEventListener('changes', (event) => {
    for (const change of listAt(parse(event))) apply(change);
  });
  source.addEventListener('error', () => {
    if (sandbox.get().connection === 'live') sandbox.set({ connection: 'lost' });
    // A refused stream is not tried again by the browser.
    if (source.readyState === EventSource.CLOSED) void load().then(followLater);
  });
}

/** Without a token it would be refused again: the page waits for one. */
function followLater(): void {
  if (sandbox.get().connection !== 'refused') setTimeout(follow, RELOAD_MS);
}

function parse(event: Event): unknown {
  return event instanceof MessageEvent && typeof event.data === 'string' ? JSON.parse(event.data) : undefined;
}

/** Loads what there is; the threads that were loaded are loaded anew. */
async function load(): Promise<void> {
  const open = [...sandbox.get().threads.keys()];
  try {
    const [state, chats, users, faults, webhooks, templates] = await Promise.all([
      get('/state'),
      get('/chats'),
      get('/users'),
      get('/faults'),
      get(`/webhooks?order=desc&limit=${WEBHOOKS_MAX}`),
      get('/templates'),
    ]);
    const shown = listAt(chats, 'chats');
    const pairs = shown.flatMap((chat) => (at(chat, 'pair') === null ? [] : [readPair(at(chat, 'pair'))]));
    sandbox.set({
      connection: 'live',
      offsetMs: offsetOf(state),
      window: textAt(state, 'window'),
      progress: readProgress(at(state, 'progress')),
      reviews: textAt(state, 'reviews', 'mode') || 'approve',
      businesses: listAt(state, 'wabas').flatMap(readBusinesses),
      users: new Map(listAt(users, 'users').map((user) => [textAt(user, 'number'), readUser(user)])),
      chats: new Map(shown.map(readChat).map((chat) => [chatKey(chat.phoneNumberId, chat.user), chat])),
      pairs: new Map(pairs.map((pair) => [chatKey(pair.phoneNumberId, pair.user), pair])),
      threads: new Map(),
      templates: new Map(listAt(templates, 'templates').map((each) => [textAt(each, 'id'), readTemplate(each)])),
      faults: listAt(faults, 'faults').map(readFault),
      webhooks: listAt(webhooks, 'webhooks').map(readWebhook),
    });
    await Promise.all(open.map((key) => openThread(...splitKey(key))));
  } catch (error) {
    sandbox.set({ connection: error instanceof CallError && error.status === 401 ? 'refused' : 'lost' });
  }
}

function splitKey(key: string): [string, string] {
  const [phoneNumberId = '', user = ''] = key.split(':');
  return [phoneNumberId, user];
}

function offsetOf(value: unknown): number {
  return (timeAt(value, 'now') ?? Date.now()) - Date.now();
}

function readChat(value: unknown): Chat {
  const last = readMessage(at(value, 'last'));
  return { phoneNumberId: textAt(value, 'phoneNumberId'), user: textAt(value, 'user'), last: last ?? null };
}

/** Loads the newest messages of a chat, unless they are there. */
export async function openThread(phoneNumberId: string, user: string): Promise<void> {
  const key = chatKey(phoneNumberId, user);
  if (sandbox.get().threads.has(key)) return;
  const page = await loadPage(phoneNumberId, user, '');
  const known = sandbox.get().threads.get(key)?.messages ?? [];
  putThread(key, { ...page, messages: merged(page.messages, known) });
}

/** Loads the messages before those that are there. */
export async function loadEarlier(phoneNumberId: string, user: string): Promise<void> {
  const key = chatKey(phoneNumberId, user);
  const earlier = sandbox.get().threads.get(key)?.earlier;
  if (earlier === undefined || earlier === null) return;
  const page = await loadPage(phoneNumberId, user, `&after=${earlier}`);
  const thread = sandbox.get().threads.get(key);
  if (thread?.earlier === earlier) putThread(key, { ...page, messages: merged(page.messages, thread.messages) });
}

async function loadPage(phoneNumberId: string, user: string, rest: string): Promise<Thread> {
  const answer = await get(`/messages?order=desc&limit=${PAGE}&phoneNumberId=${phoneNumberId}&user=${user}${rest}`);
  const messages = listAt(answer, 'messages').flatMap((each) => readMessage(each) ?? []);
  return { messages: messages.reverse(), earlier: textAt(answer, 'next') || null };
}

/** Both lists in order; of a message in both, the one of `later`. */
function merged(earlier: readonly Message[], later: readonly Message[]): Message[] {
  const bySeq = new Map([...earlier, ...later].map((message) => [message.seq, message]));
  return [...bySeq.values()].sort((a, b) => a.seq - b.seq);
}

function putThread(key: string, thread: Thread): void {
  sandbox.set({ threads: new Map(sandbox.get().threads).set(key, thread) });
}

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
    // A template that is gone is told by its key only: all are loaded anew.
    if (value === null) void load();
    else sandbox.set({ templates: new Map(sandbox.get().templates).set(template.id, template) });
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

function apply(change: unknown): void {
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
