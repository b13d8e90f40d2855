// The outbound message types that the sandbox knows: one file each, one line here.
import type { TSchema } from 'typebox';
import { text } from './text.js';

/** One outbound type: its name, which is also the key of its object, and the schema of that object. */
export interface OutboundType {
  name: string;
  schema: TSchema;
}

/** The types that can be sent. */
export const OUTBOUND_TYPES: readonly OutboundType[] = [text];

/** Every value that Meta allows for `type` (Meta 1.1); one that is not in the registry is refused with 131051. */
export const META_TYPES: ReadonlySet<string> = new Set([
  'text',
  'image',
  'audio',
  'video',
  'document',
  'sticker',
  'location',
  'contacts',
  'reaction',
  'interactive',
  'template',
]);
