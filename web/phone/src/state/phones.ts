// The phones on the screen: who each of them is, and which chat it has open. Remembered by this browser.

import { world } from '../api/client.js';
import { at, listAt, textAt } from '../pure/json.js';
import { createStore } from './store.js';

const KEY = `parley-phones${world === '' ? '' : `-${world}`}`;
const PHONES_MAX = 4;

/** A phone. `chat` is the business number that is open, null for the list. */
export interface PhoneState {
  id: number;
  user: string;
  chat: string | null;
}

/** What this browser remembers. */
export interface PageState {
  phones: readonly PhoneState[];
  /** The phone that the drawer is about. */
  active: number;
  curtain: boolean;
  theme: 'auto' | 'light' | 'dark';
  /** Users that read by a button only. */
  manualReaders: readonly string[];
  /** The message that the drawer shows, by wamid. */
  inspected: string | null;
  /** The seq up to which a chat was seen on this screen, by chat. */
  seen: Readonly<Record<string, number>>;
}

/** The page. */
export const page = createStore<PageState>(restore());

function restore(): PageState {
  const stored = parse(localStorage.getItem(KEY));
  const phones = listAt(stored, 'phones').flatMap((phone, index) => {
    const user = textAt(phone, 'user');
    return user === '' ? [] : [{ id: index + 1, user, chat: textAt(phone, 'chat') || null }];
  });
  const theme = textAt(stored, 'theme');
  const seen = Object.entries(at(stored, 'seen') ?? {}).flatMap(([key, seq]) =>
    typeof seq === 'number' ? [[key, seq] as const] : [],
  );
  return {
    phones: phones.slice(0, PHONES_MAX),
    active: 1,
    curtain: at(stored, 'curtain') === true,
    theme: theme === 'light' || theme === 'dark' ? theme : 'auto',
    manualReaders: listAt(stored, 'manualReaders').map(String),
    inspected: null,
    seen: Object.fromEntries(seen),
  };
}

function parse(text: string | null): unknown {
  try {
    return JSON.parse(text ?? 'null');
  } catch {
    return null;
  }
}

page.subscribe(() => {
  const { phones, curtain, theme, manualReaders, seen } = page.get();
  localStorage.setItem(KEY, JSON.stringify({ phones, curtain, theme, manualReaders, seen }));
});

/** Changes one phone. */
export function changePhone(id: number, patch: Partial<PhoneState>): void {
  page.set({ phones: page.get().phones.map((phone) => (phone.id === id ? { ...phone, ...patch } : phone)) });
}

/** One more phone beside the others; false when there are enough. */
export function addPhone(user: string): boolean {
  const { phones } = page.get();
  if (phones.length >= PHONES_MAX) return false;
  const id = Math.max(0, ...phones.map((phone) => phone.id)) + 1;
  page.set({ phones: [...phones, { id, user, chat: null }], active: id });
  return true;
}

/** Takes a phone away; the last one stays. */
export function removePhone(id: number): void {
  const phones = page.get().phones.filter((phone) => phone.id !== id);
  const [first] = phones;
  if (first !== undefined) page.set({ phones, active: first.id });
}

/** Remembers that a chat was seen up to a message. */
export function markSeen(key: string, seq: number): void {
  const { seen } = page.get();
  if ((seen[key] ?? 0) < seq) page.set({ seen: { ...seen, [key]: seq } });
}

/** Shows what is behind a message. */
export function inspect(wamid: string): void {
  page.set({ inspected: wamid, curtain: true });
}
