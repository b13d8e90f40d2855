// What the template endpoints share: the sender they are about, refusals in Infobip's old form, and answers on the API page.
import type { FastifyReply, FastifyRequest } from 'fastify';
import { textAt } from '../contract/json.js';
import { type BoundPlatform, bindPlatform, isWithin } from '../contract/key-platform.js';
import { errorAnswer, type OperationAnswer } from '../contract/openapi.js';
import { slotOf } from '../contract/templates/short-urls.js';
import { type TemplateFacts, templateAnswer, v1TemplateAnswer } from '../contract/templates/show.js';
import { isTemplateRefusal, type TemplateRefusal } from '../manage/template-refusal.js';
import { readTemplates, type TemplateParts } from '../manage/templates.js';
import type { Directory, DirectorySender } from '../store/directory.js';
import type { TemplateRow } from '../store/templates.js';
import { sendServiceException } from './errors.js';
import { callerOf, type Gate } from './gate.js';

/** What the endpoints work with. */
export interface TemplateApiParts extends TemplateParts {
  directory: Directory;
  gate: Gate;
}

/** Answers for a sender of the account; what is not the account's looks like what is not there. */
export async function withSender(
  { directory }: TemplateApiParts,
  request: FastifyRequest,
  reply: FastifyReply,
  answer: (sender: DirectorySender) => Promise<FastifyReply>,
): Promise<FastifyReply> {
  const { account } = callerOf(request);
  const name = textAt(request.params, 'sender') ?? '';
  const sender = directory.senderOf(name) ?? (await justMade(directory, name));
  if (sender === undefined || sender.account !== account.id) return sendServiceException(reply, 404);
  return answer(sender);
}

/** With the application and entity that the caller's key fills in or forces; undefined when it may not name those that the request does. */
export function withinKey<Body extends { platform?: unknown }>(
  request: FastifyRequest,
  body: Body,
): Body | (Omit<Body, 'platform'> & { platform?: BoundPlatform }) | undefined {
  const { platform } = callerOf(request);
  if (platform.length === 0) return body;
  const { platform: given, ...rest } = body;
  const named = { applicationId: textAt(given, 'applicationId'), entityId: textAt(given, 'entityId') };
  const bound = bindPlatform(platform, named);
  if (bound === undefined) return undefined;
  return Object.keys(bound).length === 0 ? rest : { ...rest, platform: bound };
}

/**
 * Whether the caller's key may see a template: those of its own applications and those of none, which Meta's own tools made and all of the account
 * share. Only its own it may change.
 */
export function maySee(request: FastifyRequest, row: TemplateRow): boolean {
  return row.applicationId === null || isWithin(callerOf(request).platform, row);
}

/** A template that was read, as far as the caller's key may see it. */
export function seenOrNot(request: FastifyRequest, row: TemplateRow | TemplateRefusal): TemplateRow | TemplateRefusal {
  return isTemplateRefusal(row) || maySee(request, row) ? row : { refusal: 'notFound' };
}

/** Why the caller's key may not change the templates that `isMeant`: it sees none of them, or one of them is not its own. */
export async function barredFrom(
  parts: TemplateApiParts,
  request: FastifyRequest,
  sender: DirectorySender,
  isMeant: (row: TemplateRow) => boolean,
): Promise<403 | 404 | undefined> {
  const { platform } = callerOf(request);
  if (platform.length === 0) return undefined;
  const meant = (await readTemplates(parts, sender)).filter(isMeant);
  if (meant.every((row) => isWithin(platform, row))) return undefined;
  return meant.some((row) => maySee(request, row)) ? 403 : 404;
}

/** A sender that another process made a moment ago is known here at once. */
async function justMade(directory: Directory, name: string): Promise<DirectorySender | undefined> {
  await directory.refresh();
  return directory.senderOf(name);
}

/** Sends a refusal. */
export function sendTemplateRefusal(reply: FastifyReply, refusal: TemplateRefusal): FastifyReply {
  switch (refusal.refusal) {
    case 'notFound':
      return sendServiceException(reply, 404);
    case 'invalid': {
      const { violations, detail } = refusal;
      return sendServiceException(reply, 400, {
        ...(violations === undefined ? {} : { validationErrors: violations }),
        ...(detail === undefined ? {} : { text: detail }),
      });
    }
    case 'tooMany':
      return sendServiceException(reply, 429, { text: refusal.detail });
    case 'upstream':
      return sendServiceException(reply, 503, { text: refusal.detail });
  }
}

/** Sends what an operation gave, or its refusal. */
export function sendOr<T extends object>(
  reply: FastifyReply,
  answer: T | TemplateRefusal,
  send: (value: T) => FastifyReply,
): FastifyReply {
  return isTemplateRefusal(answer) ? sendTemplateRefusal(reply, answer) : send(answer);
}

/** An example for the API page. */
const exampleFacts = {
  id: '501',
  wabaId: '55',
  name: 'order_up',
  language: 'en_GB',
  status: 'PENDING',
  category: 'UTILITY',
  quality: 'UNKNOWN',
  components: JSON.stringify([
    { type: 'HEADER', format: 'IMAGE' },
    { type: 'BODY', text: 'Your order {{1}} is out.' },
    { type: 'FOOTER', text: 'Depot' },
    { type: 'BUTTONS', buttons: [{ type: 'URL', text: 'Track', url: 'https://shop.example/t/{{1}}' }] },
  ]),
  subCategory: null,
  validitySeconds: null,
  libraryName: null,
  applicationId: 'crm',
  entityId: null,
  extras: null,
  createdAt: Date.UTC(2026, 4, 4, 9),
  updatedAt: Date.UTC(2026, 4, 4, 9),
};

const URL_TO = 'https://shop.example';
const BUTTONS = [
  { type: 'PHONE_NUMBER', text: 'Call', phone_number: '441134960000' },
  { type: 'QUICK_REPLY', text: 'Stop' },
  { type: 'URL', text: 'Track', url: 'https://go.example/{{1}}' },
  { type: 'COPY_CODE' },
  { type: 'CATALOG', text: 'See all' },
  { type: 'MPM', text: 'See some' },
  { type: 'FLOW', text: 'Book', flow_id: '77', flow_action: 'navigate', navigate_screen: 'FIRST' },
  { type: 'FLOW', text: 'Book', flow_id: '77', flow_action: 'data_exchange' },
  { type: 'ORDER_DETAILS' },
  { type: 'VOICE_CALL', text: 'Call us', ttl_minutes: 100 },
  { type: 'VOICE_CALL', text: 'Call us' },
];
const BODY = { type: 'BODY', text: 'Your order is out.' };
const BARE = { ...exampleFacts, wabaId: '9'.repeat(20), applicationId: null, components: JSON.stringify([BODY]) };
const CARDS = [
  { components: [{ type: 'HEADER', format: 'IMAGE' }, BODY, { type: 'BUTTONS', buttons: BUTTONS }] },
  { components: [BODY] },
];
/** Templates that have between them all that one can have. */
const others: readonly TemplateFacts[] = [
  BARE,
  { ...BARE, entityId: 'north', libraryName: 'order_shipped', subCategory: 'ORDER_STATUS' },
  { ...BARE, category: 'AUTHENTICATION', validitySeconds: 600 },
  { ...BARE, components: JSON.stringify([{ type: 'HEADER', format: 'TEXT', text: 'News' }, BODY]) },
  {
    ...exampleFacts,
    extras: JSON.stringify({
      customDomain: 'go.example',
      destinations: { [slotOf(2)]: URL_TO, [slotOf(2, 0)]: URL_TO },
    }),
    components: JSON.stringify([
      BODY,
      { type: 'BUTTONS', buttons: BUTTONS },
      { type: 'CAROUSEL', cards: CARDS },
      { type: 'LIMITED_TIME_OFFER', limited_time_offer: { text: 'Today', has_expiration: true } },
      { type: 'CALL_PERMISSION_REQUEST' },
    ]),
  },
];

/** A template as the second version shows it. */
export const exampleTemplate = templateAnswer(exampleFacts);
/** Templates with what that one has not. */
export const otherTemplates: readonly object[] = others.map(templateAnswer);
/** A template as the first version shows it. */
export const exampleV1Template = v1TemplateAnswer(exampleFacts);
/** Templates with what that one has not. */
export const otherV1Templates: readonly object[] = others.map(v1TemplateAnswer);

/** The statuses that all operations on templates of a sender can have beside their own. */
export const TEMPLATE_ERRORS: readonly OperationAnswer[] = ([400, 401, 403, 404, 413, 415, 429, 500, 503] as const).map(
  errorAnswer,
);
