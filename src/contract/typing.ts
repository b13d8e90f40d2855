// Typing indicators: the request and answer of `POST /whatsapp/1/events` (Infobip 2.4), and what Meta is sent (Meta 1.3).
import { type Static, Type } from 'typebox';
import { parseDate } from './dates.js';
import { optionalText, requiredText } from './fields.js';
import { addViolation, type Violations } from './readers.js';
import { StatusId, statusObject } from './statuses.js';
import { compileValidator } from './validate.js';

/** Events in one request; Infobip publishes no limit. */
const EVENTS_MAX = 1_000;
const INT32_MAX = 2 ** 31 - 1;
const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;
/** Infobip caps the validity of an event here. */
const VALIDITY_MAX_MS = 2 * DAY_MS;
/** An indicator that comes much later than it was meant would mislead, so this is all it has when nothing is said. */
const VALIDITY_DEFAULT_MS = MINUTE_MS;
const SCHEDULE_MAX_DAYS = 180;
const UNIT_MS = { SECONDS: 1_000, MINUTES: MINUTE_MS, HOURS: 60 * MINUTE_MS } as const;
const SPEED_UNIT_MS = { MINUTE: MINUTE_MS, HOUR: 60 * MINUTE_MS, DAY: DAY_MS } as const;

const amount = Type.Integer({ minimum: 1, maximum: INT32_MAX });

const event = Type.Object({
  sender: requiredText,
  destinations: Type.Array(Type.Object({ to: requiredText, messageId: optionalText(200) }), {
    minItems: 1,
    maxItems: 1,
  }),
  content: Type.Object({ type: Type.Literal('TYPING_INDICATOR') }),
  options: Type.Optional(
    Type.Object({
      platform: Type.Optional(Type.Object({ entityId: optionalText(255), applicationId: optionalText(255) })),
      validityPeriod: Type.Optional(
        Type.Object({ amount, timeUnit: Type.Optional(Type.Enum(['SECONDS', 'MINUTES', 'HOURS'])) }),
      ),
    }),
  ),
});

const schedule = Type.Object({
  bulkId: optionalText(100),
  sendAt: optionalText(),
  sendingSpeedLimit: Type.Optional(
    Type.Object({ amount, timeUnit: Type.Optional(Type.Enum(['MINUTE', 'HOUR', 'DAY'])) }),
  ),
});

/** A request of the endpoint. */
export const typingRequestSchema = Type.Object({
  events: Type.Array(event, { minItems: 1, maxItems: EVENTS_MAX }),
  options: Type.Optional(Type.Object({ schedule: Type.Optional(schedule) })),
});

/** A validated request. */
export type TypingRequest = Static<typeof typingRequestSchema>;

/** Reads a request body; every wrong field by its path. Whether `sendAt` is in reach is told by `typingPlan`. */
export const validateTyping = compileValidator(typingRequestSchema);

/** One indicator: to whom, and when. Times are epoch ms. */
export interface PlannedTyping {
  sender: string;
  to: string;
  messageId: string | undefined;
  dueAt: number;
  expiresAt: number;
}

/** What is to happen when, or what is wrong with the schedule. A time that has passed means now; a speed limit spreads the events. */
export function typingPlan(
  { events, options }: TypingRequest,
  now: number,
): { ok: true; planned: PlannedTyping[] } | { ok: false; violations: Violations } {
  const { sendAt, sendingSpeedLimit: speed } = options?.schedule ?? {};
  const startAt = sendAt === undefined ? now : parseDate(sendAt);
  const violations: Violations = {};
  if (startAt === undefined) addViolation(violations, 'options.schedule.sendAt', 'must be a date and time');
  else if (startAt > now + SCHEDULE_MAX_DAYS * DAY_MS) {
    addViolation(violations, 'options.schedule.sendAt', `must be within ${SCHEDULE_MAX_DAYS} days`);
  }
  if (startAt === undefined || Object.keys(violations).length > 0) return { ok: false, violations };
  const gapMs = speed === undefined ? 0 : SPEED_UNIT_MS[speed.timeUnit ?? 'MINUTE'] / speed.amount;
  const planned = events.flatMap(({ sender, destinations, options: own }, i) => {
    const dueAt = Math.max(now, startAt) + Math.floor(i * gapMs);
    const expiresAt = dueAt + validityMs(own?.validityPeriod);
    return destinations.map(({ to, messageId }) => ({ sender, to, messageId, dueAt, expiresAt }));
  });
  return { ok: true, planned };
}

function validityMs(period: { amount: number; timeUnit?: keyof typeof UNIT_MS } | undefined): number {
  if (period === undefined) return VALIDITY_DEFAULT_MS;
  return Math.min(VALIDITY_MAX_MS, period.amount * UNIT_MS[period.timeUnit ?? 'MINUTES']);
}

/** The 200 of the endpoint; `statusId` is 26 for what was accepted. Note `destination`, where a send says `to`. */
export function typingAnswer(
  bulkId: string,
  messages: readonly { messageId: string; to: string; statusId: number }[],
): object {
  return {
    bulkId,
    messages: messages.map(({ messageId, to, statusId }) => ({
      messageId,
      status: statusObject(statusId),
      destination: to,
      details: {},
    })),
  };
}

/** JSON that marks a message of the user as read and shows the indicator, for up to 25 s (Meta 1.3). */
export function typingBody(wamid: string): string {
  return JSON.stringify({
    messaging_product: 'whatsapp',
    status: 'read',
    message_id: wamid,
    typing_indicator: { type: 'text' },
  });
}

/** A request that is right, for the API page, and its answer. */
export const typingExample: { request: TypingRequest; answer: object; refused: object } = {
  request: {
    events: [
      {
        sender: '441134960000',
        destinations: [{ to: '441134960001', messageId: 'typing-1' }],
        content: { type: 'TYPING_INDICATOR' },
        options: { validityPeriod: { amount: 30, timeUnit: 'SECONDS' } },
      },
    ],
  },
  answer: typingAnswer('bulk-1', [{ messageId: 'typing-1', to: '441134960001', statusId: StatusId.pendingAccepted }]),
  refused: typingAnswer('bulk-1', [{ messageId: 'typing-1', to: '441134960001', statusId: StatusId.rejectedSource }]),
};
