// Fields that several requests of the subscriptions API share (Infobip 5).
import { Type } from 'typebox';

/** Longest id, name and most other texts of this API. */
export const TEXT_LENGTH_MAX = 255;

/** An id that the client chooses: 1 to 255 characters that need no encoding in a URL. */
export const clientId = Type.String({
  minLength: 1,
  maxLength: TEXT_LENGTH_MAX,
  // Dots alone would be taken for a relative path.
  pattern: "^(?!\\.{1,2}$)[A-Za-z0-9_.!~*'()-]+$",
});

/** An optional text of up to 255 characters. */
export const shortText = Type.Optional(Type.String({ maxLength: TEXT_LENGTH_MAX }));
