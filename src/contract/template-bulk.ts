// The request of `POST /whatsapp/1/message/template`: one message or many (Infobip 2.3), and its answer. A schedule is Parley's own.
import { type Static, Type } from 'typebox';
import { sendAnswer } from './answers.js';
import { parseDate } from './dates.js';
import { checkUrlOptions, envelopeFields, requiredTextUpTo, urlOptionsField } from './fields.js';
import { isObject } from './json.js';
import { checkTemplateContent, templateContentFields, templateMessage } from './messages/template.js';
import type { Operation } from './openapi.js';
import { addViolation, type Violations } from './readers.js';
import { StatusId } from './statuses.js';
import { compileValidator, type Validated } from './validate.js';

/** Messages of one request; Infobip publishes no limit. */
const MESSAGES_MAX = 10_000;
const BULK_ID_LENGTH_MAX = 100;

const message = Type.Object({
  ...envelopeFields,
  urlOptions: Type.Optional(urlOptionsField),
  content: Type.Object(templateContentFields),
  smsFailover: Type.Optional(Type.Object({ from: requiredTextUpTo(24), text: requiredTextUpTo(4096) })),
});

const INT32_MAX = 2 ** 31 - 1;
const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
const SPEED_UNIT_MS = { MINUTE: MINUTE_MS, HOUR: 60 * MINUTE_MS, DAY: DAY_MS } as const;
const SCHEDULE_DAYS_MAX = 180;

/** As events and SMS have it at Infobip; its template messages have none. */
const schedule = Type.Object({
  bulkId: Type.Optional(Type.String({ maxLength: BULK_ID_LENGTH_MAX })),
  sendAt: Type.Optional(Type.String({ maxLength: 40 })),
  sendingSpeedLimit: Type.Optional(
    Type.Object({
      amount: Type.Integer({ minimum: 1, maximum: INT32_MAX }),
      timeUnit: Type.Optional(Type.Enum(['MINUTE', 'HOUR', 'DAY'])),
    }),
  ),
});

const bulk = Type.Object({
  messages: Type.Array(message, { minItems: 1, maxItems: MESSAGES_MAX }),
  bulkId: Type.Optional(Type.String({ maxLength: BULK_ID_LENGTH_MAX })),
  options: Type.Optional(Type.Object({ schedule: Type.Optional(schedule) })),
});

/** One message of a bulk. */
export type TemplateSend = Static<typeof message>;
/** A request that was read. */
export type TemplateBulk = Static<typeof bulk>;

const validate = compileValidator(bulk, {
  crossCheck({ messages }, violations: Violations) {
    const ids = new Set<string>();
    for (const [i, { content, messageId, urlOptions }] of messages.entries()) {
      checkUrlOptions(urlOptions, `messages[${i}].urlOptions`, violations);
      checkTemplateContent(content, `messages[${i}].content`, violations);
      if (messageId === undefined) continue;
      if (ids.has(messageId)) addViolation(violations, `messages[${i}].messageId`, 'must not come twice in a request');
      ids.add(messageId);
    }
  },
});

/** Reads a request; a wrong field anywhere refuses all of it, by a path that says in which message. */
export function readTemplateBulk(body: unknown): Validated<TemplateBulk> {
  return validate(respelled(body));
}

/** When each message of a bulk is due, epoch ms; undefined: all of them now. */
export type SendingPlan = ((i: number) => number) | undefined;

/** The plan of a request, or what is wrong with it. A time that has passed means now; a speed limit spreads the messages evenly. */
export function planOf({ options }: TemplateBulk, now: number): { plan: SendingPlan } | { violations: Violations } {
  const { sendAt, sendingSpeedLimit: speed } = options?.schedule ?? {};
  const at = sendAt === undefined ? now : parseDate(sendAt);
  const path = 'options.schedule.sendAt';
  if (at === undefined) return { violations: { [path]: ['must be a date and time'] } };
  if (at > now + SCHEDULE_DAYS_MAX * DAY_MS)
    return { violations: { [path]: [`must be within ${SCHEDULE_DAYS_MAX} days`] } };
  if (at <= now && speed === undefined) return { plan: undefined };
  const start = Math.max(now, at);
  const gapMs = speed === undefined ? 0 : SPEED_UNIT_MS[speed.timeUnit ?? 'MINUTE'] / speed.amount;
  return { plan: (i) => start + Math.floor(i * gapMs) };
}

/** Infobip's own page spells `applicationID` in places. */
function respelled(body: unknown): unknown {
  if (!isObject(body) || !Array.isArray(body.messages)) return body;
  const isOld = (item: unknown): boolean => isObject(item) && item.applicationID !== undefined;
  if (!body.messages.some(isOld)) return body;
  const messages = body.messages.map((item: unknown) =>
    isObject(item) && isOld(item) ? { applicationId: item.applicationID, ...item } : item,
  );
  return { ...body, messages };
}

/** The answer: as many messages as were sent, in their order. `bulkId` is undefined for one message without one. */
export function templateBulkAnswer(
  bulkId: string | undefined,
  messages: readonly { to: string; messageId: string; statusId: number }[],
): object {
  const answers = messages.map(({ to, messageId, statusId }) => sendAnswer(to, messageId, statusId));
  return bulkId === undefined ? { messages: answers } : { bulkId, messages: answers };
}

const { from, to, messageId = '', content } = templateMessage.example;

/** The endpoint on the API page. `shared` are the headers and errors of all sends. */
export function templateBulkOperation(shared: Pick<Operation, 'headers' | 'answers'>): Operation {
  return {
    method: 'POST',
    path: '/whatsapp/1/message/template',
    tag: 'Messages',
    summary: 'Send one or many template messages',
    ...shared,
    body: { schema: bulk, example: { bulkId: 'b-9', messages: [{ from, to, messageId, content }] } },
    answers: [
      {
        status: 200,
        description: 'Each accepted, or refused with a status of group REJECTED',
        example: templateBulkAnswer('b-9', [{ to, messageId, statusId: StatusId.pendingEnroute }]),
        also: [templateBulkAnswer(undefined, [{ to, messageId, statusId: StatusId.rejectedSource }])],
      },
      ...shared.answers,
    ],
  };
}
