// What an outbound message type is to the sandbox, and the references to media that a message may carry.
import type { TSchema } from 'typebox';
import type { MediaKind } from '../../media/kinds.js';
import type { BusinessNumber } from '../../records.js';
import type { World } from '../../world.js';
import type { Refusal } from '../errors.js';
import type { MessageTemplate } from '../template-send.js';

/** A picture, sound or file that a message names by uploaded id or by link. `path` is where, as Graph writes it. */
export interface MediaReference {
  path: string;
  kind: MediaKind;
  id?: string;
  link?: string;
  /** Whether it is sent as a voice message. */
  isVoice?: boolean;
}

/** One outbound type. `name` is also the key of its object; `variant` is the object's own `type`, for interactive messages. */
export interface OutboundType {
  name: string;
  variant?: string;
  schema: TSchema;
  /** False when the message must not quote another. */
  canQuote?: boolean;
  /** What the schema cannot say, or null. Called only with a value that fits the schema; `now` is epoch ms. */
  check?(value: unknown, now: number): Refusal | null;
  /** The registered template that the message is made from, or why it cannot be. `major` is the version of the call. */
  registered?(world: World, number: BusinessNumber, value: unknown, major: number): MessageTemplate | Refusal;
  /** Why the message cannot be sent now, or null: what it opens is in a wrong state. Called last, for it may count. */
  admit?(world: World, number: BusinessNumber, value: unknown): Refusal | null;
  /** The media that the message needs. Called only with a value that passed. */
  media?(value: unknown): MediaReference[];
}
