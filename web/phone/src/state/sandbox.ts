// The sandbox as this page sees it.
import type { Business, Chat, Fault, Message, Pair, Progress, Template, User, Webhook } from './model.js';
import { createStore } from './store.js';

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

/** Takes the messages of a chat for the loaded ones. */
export function putThread(key: string, thread: Thread): void {
  sandbox.set({ threads: new Map(sandbox.get().threads).set(key, thread) });
}
