// What a bubble may do: who it is shown to, and how to answer it.
import type { Address } from '../api/actions.js';
import type { Message } from '../state/model.js';

/** A screen that slides over the chat. */
export type SheetRequest =
  | { kind: 'list'; message: Message }
  | { kind: 'products'; message: Message }
  | { kind: 'order'; message: Message }
  | { kind: 'place'; quoted?: string }
  | { kind: 'contact'; quoted?: string }
  | { kind: 'call'; message: Message }
  | { kind: 'address'; message: Message }
  | { kind: 'flow'; message: Message; button?: number; card?: number }
  | { kind: 'failure'; message: Message }
  | { kind: 'emoji'; message: Message | undefined }
  | { kind: 'edit'; message: Message; text: string };

/** The chat that a bubble stands in. */
export interface BubbleContext {
  address: Address;
  businessName: string;
  open(sheet: SheetRequest): void;
  /** Answers `message` with a fragment. */
  answer(message: Message, fragment: Record<string, unknown>): void;
}
