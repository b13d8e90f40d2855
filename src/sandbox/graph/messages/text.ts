// Outbound type `text` (Meta 1.4).
import Type from 'typebox';
import type { OutboundType } from './type.js';

const BODY_CHARACTERS_MAX = 4096;

/** A text of 1 to 4096 characters. */
export const text: OutboundType = {
  name: 'text',
  schema: Type.Object(
    {
      body: Type.String({ minLength: 1, maxLength: BODY_CHARACTERS_MAX }),
      preview_url: Type.Optional(Type.Boolean()),
    },
    { additionalProperties: false },
  ),
};
