// A message with short links in place of its URLs, in Meta's form. Pure.
import { ErrorId } from '../contract/errors.js';
import type { UrlOptions } from '../contract/fields.js';
import type { WireContent } from '../contract/messages/envelope.js';
import { readStoredTemplate, type TemplateContent } from '../contract/messages/template.js';
import { withLinkIds } from '../contract/messages/template-links.js';
import { withLinks } from '../contract/outbound-links.js';
import { StatusId } from '../contract/statuses.js';
import { shortenUrls } from '../links/find.js';
import { checkTarget } from '../links/target.js';
import type { LaneMessage } from '../store/lanes.js';
import { readEnvelope } from './envelope.js';
import { wireOf } from './request.js';

/** What links of a message are made by. */
export interface LinkPlan {
  options: UrlOptions;
  /** The domain that they are on, as the request or the template names it; undefined: the public URL. */
  domain: string | undefined;
  isTracked: boolean;
  /** Of a template message: how it was stored. */
  template: TemplateContent | undefined;
}

/** The message, and where its links lead in their order; or why it cannot be sent. */
export type Shortened =
  | { kind: 'shortened'; wire: WireContent; targets: string[] }
  | { kind: 'refused'; statusId: number; errorId: number; detail: string };

/** Whether a message may have links; asked of every message that is posted. */
export function mayHaveLinks({ envelope }: Pick<LaneMessage, 'envelope'>): boolean {
  return envelope?.includes('"urlOptions":{') === true;
}

/** How the links of a message are made; undefined when it has none. Of templates only those with short links have any. */
export function linkPlanOf({ type, content, envelope }: LaneMessage): LinkPlan | undefined {
  const { urlOptions: options } = readEnvelope(envelope);
  if (options === undefined) return undefined;
  const { shortenUrl = true, trackClicks = true, customDomain } = options;
  const isTracked = shortenUrl && trackClicks;
  if (type !== 'TEMPLATE')
    return shortenUrl ? { options, domain: customDomain, isTracked, template: undefined } : undefined;
  const template = readStoredTemplate(content);
  if (template.shortLinks === undefined) return undefined;
  return { options, domain: template.shortLinks.domain, isTracked, template };
}

/** A message with links at `origin`; `idAt` gives the id of each by its place among them. */
export function shortened(
  message: LaneMessage,
  { options, template }: LinkPlan,
  origin: string,
  idAt: (place: number) => string,
): Shortened {
  return template === undefined
    ? shortenedText(message, options, origin, idAt)
    : shortenedTemplate(message, template, idAt);
}

function shortenedText(
  message: LaneMessage,
  { removeProtocol = false }: UrlOptions,
  origin: string,
  idAt: (place: number) => string,
): Shortened {
  const targets: string[] = [];
  let isTooLong = false;
  const linkOf = (url: string): string | undefined => {
    if (checkTarget(url) !== undefined) return undefined;
    targets.push(url);
    return `${origin}/${idAt(targets.length - 1)}`;
  };
  const wire = withLinks(wireOf(message), {
    text(text, lengthMax) {
      const short = shortenUrls(text, { removeProtocol, linkOf });
      // What was too long before is for Meta to refuse, as without links.
      isTooLong ||= short !== text && charactersOf(short) > lengthMax;
      return short;
    },
    url: (url) => linkOf(url) ?? url,
  });
  if (!isTooLong) return { kind: 'shortened', wire, targets };
  const detail = 'with short links the text is longer than WhatsApp takes';
  return { kind: 'refused', statusId: StatusId.rejectedMessageTooLong, errorId: ErrorId.badRequest, detail };
}

function shortenedTemplate(
  message: LaneMessage,
  template: TemplateContent,
  idAt: (place: number) => string,
): Shortened {
  const targets: string[] = [];
  const filled = withLinkIds(template, (url) => {
    targets.push(url);
    return idAt(targets.length - 1);
  });
  const wrong = targets.map(checkTarget).find((reason) => reason !== undefined);
  if (wrong === undefined)
    return { kind: 'shortened', wire: wireOf({ ...message, content: JSON.stringify(filled) }), targets };
  const detail = `URL of a button ${wrong}`;
  return { kind: 'refused', statusId: StatusId.rejectedPlatform, errorId: ErrorId.invalidTemplateArgs, detail };
}

function charactersOf(text: string): number {
  let points = 0;
  for (const _ of text) points += 1;
  return points;
}
