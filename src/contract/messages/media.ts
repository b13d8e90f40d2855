// What the media types share: a URL that Meta fetches, and a caption (Infobip 2.2, Meta 1.4).
// Sizes and formats are Meta's to judge: it fetches the URL, we do not.
import { Type } from 'typebox';
import { optionalText, requiredUrlField } from '../fields.js';

/** `mediaUrl` of every media content. */
export const mediaUrlField = requiredUrlField;

/** Infobip takes 3000 characters; Meta 1024, and refuses a longer one itself. */
export const captionField = optionalText(3000);

/** A document's name as the user sees it. */
export const filenameField = optionalText(240);

/** Content of an image or a video. */
export const captionedMedia = Type.Object({ mediaUrl: mediaUrlField, caption: captionField });

/** Meta's media object for a URL. */
export function mediaLink(mediaUrl: string): { link: string } {
  return { link: mediaUrl };
}
