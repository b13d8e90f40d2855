// Keeps what this page sees of the sandbox true: loaded once, then changed as the event stream tells.
import { CallError, get, urlOf } from '../api/client.js';
import { at, listAt, textAt } from '../pure/json.js';
import { apply, offsetOf, WEBHOOKS_MAX } from './changes.js';
import {
  type Chat,
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
import { putThread, sandbox, type Thread } from './sandbox.js';

const PAGE = 200;
const RELOAD_MS = 1500;
const MESSAGES = new Set(['messages']);

/** For each load that is under way, the changes since it began by what they changed: its answers may be older. */
const recorders = new Set<Map<string, unknown>>();

/** Loads something while changes go on: what came meanwhile is applied to it once more. */
async function whileChanging<T>(tables: ReadonlySet<string> | undefined, load: () => Promise<T>): Promise<T> {
  const meanwhile = new Map<string, unknown>();
  recorders.add(meanwhile);
  const loaded = await load().finally(() => recorders.delete(meanwhile));
  for (const change of meanwhile.values()) {
    if (tables?.has(textAt(change, 'table')) !== false) apply(change);
  }
  return loaded;
}

function record(change: unknown): void {
  const key = `${textAt(change, 'table')} ${textAt(change, 'id')}`;
  for (const meanwhile of recorders) {
    // The newest goes last.
    meanwhile.delete(key);
    meanwhile.set(key, change);
  }
}

/** Opens the event stream and keeps everything true from then on. */
export function follow(): void {
  const source = new EventSource(urlOf('/events'));
  source.addEventListener('hello', (event) => {
    if (at(parse(event), 'resumed') === true) sandbox.set({ connection: 'live' });
    else void load();
  });
  source.addEventListener('changes', (event) => {
    for (const change of listAt(parse(event))) take(change);
  });
  source.addEventListener('error', () => {
    if (sandbox.get().connection === 'live') sandbox.set({ connection: 'lost' });
    // A refused stream is not tried again by the browser.
    if (source.readyState === EventSource.CLOSED) void load().then(followLater);
  });
}

function take(change: unknown): void {
  // A template that is gone is told by its key only: all are loaded anew.
  if (textAt(change, 'table') === 'templates' && at(change, 'value') === null) return void load();
  record(change);
  apply(change);
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
  try {
    const open = await whileChanging(undefined, loadAll);
    await Promise.all(open.map((key) => openThread(...splitKey(key))));
  } catch (error) {
    sandbox.set({ connection: error instanceof CallError && error.status === 401 ? 'refused' : 'lost' });
  }
}

/** Loads all but the threads, and returns which of them were open. */
async function loadAll(): Promise<string[]> {
  const [state, chats, users, faults, webhooks, templates] = await Promise.all([
    get('/state'),
    get('/chats'),
    get('/users'),
    get('/faults'),
    get(`/webhooks?order=desc&limit=${WEBHOOKS_MAX}`),
    get('/templates'),
  ]);
  const shown = listAt(chats, 'chats');
  const open = [...sandbox.get().threads.keys()];
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
  return open;
}

function splitKey(key: string): [string, string] {
  // The name of a thread of short messages has a colon of its own.
  const colon = key.lastIndexOf(':');
  return [key.slice(0, colon), key.slice(colon + 1)];
}

function readChat(value: unknown): Chat {
  const last = readMessage(at(value, 'last'));
  return { phoneNumberId: textAt(value, 'phoneNumberId'), user: textAt(value, 'user'), last: last ?? null };
}

/** Loads the newest messages of a chat, unless they are there. */
export async function openThread(phoneNumberId: string, user: string): Promise<void> {
  const key = chatKey(phoneNumberId, user);
  if (sandbox.get().threads.has(key)) return;
  await whileChanging(MESSAGES, async () => {
    const page = await loadPage(phoneNumberId, user, '');
    const known = sandbox.get().threads.get(key)?.messages ?? [];
    putThread(key, { ...page, messages: merged(page.messages, known) });
  });
}

/** Loads the messages before those that are there. */
export async function loadEarlier(phoneNumberId: string, user: string): Promise<void> {
  const key = chatKey(phoneNumberId, user);
  const earlier = sandbox.get().threads.get(key)?.earlier;
  if (earlier === undefined || earlier === null) return;
  await whileChanging(MESSAGES, async () => {
    const page = await loadPage(phoneNumberId, user, `&after=${earlier}`);
    const thread = sandbox.get().threads.get(key);
    if (thread?.earlier === earlier) putThread(key, { ...page, messages: merged(page.messages, thread.messages) });
  });
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
