// Short notes at the foot of the page.
import { CallError } from '../api/client.js';
import { createStore } from './store.js';

const SHOWN_MS = 4000;

/** A note. */
export interface Toast {
  id: number;
  text: string;
  kind: 'plain' | 'bad';
}

/** The notes on the screen. */
export const toasts = createStore<{ list: readonly Toast[] }>({ list: [] });

/** Shows a note for four seconds. */
export function toast(text: string, kind: Toast['kind'] = 'plain'): void {
  const id = (toasts.get().list.at(-1)?.id ?? 0) + 1;
  toasts.set({ list: [...toasts.get().list, { id, text, kind }].slice(-3) });
  setTimeout(() => toasts.set({ list: toasts.get().list.filter((each) => each.id !== id) }), SHOWN_MS);
}

/** Runs what a click asked for; a refusal becomes a note. Resolves true when it was done. */
export async function attempt(work: () => Promise<unknown>): Promise<boolean> {
  try {
    await work();
    return true;
  } catch (error) {
    toast(error instanceof CallError ? error.message : String(error), 'bad');
    return false;
  }
}
