// The outbound message types that the sandbox knows: one file each (interactive ones by family), one line here.
import { contacts } from './contacts.js';
import { carousel } from './interactive-carousel.js';
import { CATALOG_TYPES } from './interactive-catalog.js';
import { flow } from './interactive-flow.js';
import { ORDER_TYPES } from './interactive-orders.js';
import { REPLY_TYPES } from './interactive-replies.js';
import { REQUEST_TYPES } from './interactive-requests.js';
import { location } from './location.js';
import { MEDIA_TYPES } from './media.js';
import { reaction } from './reaction.js';
import { template } from './template.js';
import { text } from './text.js';
import type { OutboundType } from './type.js';

/** The types that can be sent. */
export const OUTBOUND_TYPES: readonly OutboundType[] = [
  text,
  ...MEDIA_TYPES,
  location,
  contacts,
  reaction,
  ...REPLY_TYPES,
  ...REQUEST_TYPES,
  flow,
  carousel,
  ...CATALOG_TYPES,
  ...ORDER_TYPES,
  template,
];

/** Every value that Meta allows for `type` (Meta 1.1). */
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
