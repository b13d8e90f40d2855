// A message in one line: for the chat list, for quotes, for screen readers.
import { at, listAt, textAt } from './json.js';
import { plainText } from './markup.js';

/** What a summary needs of a message. */
export interface Summarised {
  direction: 'out' | 'in';
  type: string;
  payload: unknown;
  /** What a template message shows. */
  rendered?: unknown;
}

/** Names of what has no text of its own. */
export interface SummaryWords {
  photo: string;
  video: string;
  audio: string;
  voice: string;
  document: string;
  sticker: string;
  location: string;
  contact: string;
  order: string;
  template: string;
  unsupported: string;
  removed: string;
}

/** One line without markup. */
export function summaryOf({ type, payload, rendered }: Summarised, words: SummaryWords): string {
  const object = at(payload, type);
  switch (type) {
    case 'text':
      return plainText(textAt(object, 'body'));
    case 'image':
      return textAt(object, 'caption') || words.photo;
    case 'video':
      return textAt(object, 'caption') || words.video;
    case 'audio':
      return at(object, 'voice') === true ? words.voice : words.audio;
    case 'document':
      return textAt(object, 'filename') || textAt(object, 'caption') || words.document;
    case 'sticker':
      return words.sticker;
    case 'location':
      return textAt(object, 'name') || words.location;
    case 'contacts':
      return textAt(object, 0, 'name', 'formatted_name') || words.contact;
    case 'interactive':
      return summaryOfInteractive(object);
    case 'button':
      return textAt(object, 'text');
    case 'reaction':
      return textAt(object, 'emoji');
    case 'order':
      return words.order;
    case 'template':
      return plainText(textAt(rendered, 'body')) || `${words.template}: ${textAt(object, 'name')}`;
    case 'sms':
      return `SMS: ${textAt(object, 'text')}`;
    case 'system':
      return textAt(object, 'body');
    case 'edit':
      return textAt(object, 'message', 'text', 'body');
    case 'revoke':
      return words.removed;
    default:
      return words.unsupported;
  }
}

function summaryOfInteractive(object: unknown): string {
  const kind = textAt(object, 'type');
  const reply = textAt(object, kind, 'title') || textAt(object, kind, 'body');
  const card = listAt(object, 'action', 'cards')[0];
  const found = [reply, textAt(object, 'body', 'text'), textAt(object, 'header', 'text'), textAt(card, 'body', 'text')];
  return plainText(found.find((text) => text !== '') ?? kind.replaceAll('_', ' '));
}

/** The id of the message that this one answers; empty when it answers none. */
export function quotedId({ direction, payload }: Summarised): string {
  return direction === 'out' ? textAt(payload, 'context', 'message_id') : textAt(payload, 'context', 'id');
}
