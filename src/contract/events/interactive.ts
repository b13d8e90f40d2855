// What the types inside Meta's `interactive` share: one of them is named by `interactive.type` (Meta 2.2).
import { type JsonObject, objectAt, textAt } from '../json.js';

/** The object of kind `kind`, when that is the kind the message has. */
export function replyOf(message: JsonObject, kind: string): JsonObject | undefined {
  const interactive = objectAt(message, 'interactive');
  return textAt(interactive, 'type') === kind ? objectAt(interactive, kind) : undefined;
}
