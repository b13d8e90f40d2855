// Outbound type `reaction` (Meta 1.4). Whether the message reacted to exists is decided after acceptance.
import Type from 'typebox';
import { invalidValue } from '../schema.js';
import type { OutboundType } from './type.js';

const EMOJI_CHARACTERS_MAX = 64;
const EMOJI = /\p{Extended_Pictographic}|\p{Regional_Indicator}|[0-9#*]\uFE0F?\u20E3/u;

/** One emoji, or an empty text that takes the reaction back. */
export const reaction: OutboundType = {
  name: 'reaction',
  canQuote: false,
  schema: Type.Object(
    {
      message_id: Type.String({ minLength: 1, maxLength: 512 }),
      emoji: Type.String({ maxLength: EMOJI_CHARACTERS_MAX }),
    },
    { additionalProperties: false },
  ),
  check: ({ emoji }: { emoji: string }) =>
    emoji === '' || (EMOJI.test(emoji) && [...new Intl.Segmenter().segment(emoji)].length === 1)
      ? null
      : invalidValue("reaction['emoji']", 'must be one emoji or empty'),
};
