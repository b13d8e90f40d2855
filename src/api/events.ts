// POST /whatsapp/1/events: typing indicators (Infobip 2.4). Answered once they are stored; shown when they are due.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { bindPlatform } from '../contract/key-platform.js';
import { destinationOf } from '../contract/messages/wire.js';
import type { Operation } from '../contract/openapi.js';
import { StatusId } from '../contract/statuses.js';
import {
  type PlannedTyping,
  typingAnswer,
  typingExample,
  typingPlan,
  typingRequestSchema,
  validateTyping,
} from '../contract/typing.js';
import type { Clock } from '../lib/clock.js';
import { uuidv7 } from '../lib/id.js';
import type { PlatformDirectory } from '../pipeline/platform-directory.js';
import type { Database } from '../store/database.js';
import type { Directory, DirectoryAccount } from '../store/directory.js';
import { addTyping, type TypingRow } from '../store/typing.js';
import { apiErrorAnswer, sendApiError } from './api-errors.js';
import { callerOf, type Gate } from './gate.js';

/** What the endpoint works with. */
export interface EventParts {
  database: Database;
  directory: Directory;
  gate: Gate;
  clock: Clock;
  /** Applications and entities, made on first use. */
  platforms: PlatformDirectory;
  /** Indicators were stored. */
  onTyping(): void;
}

const PATH = '/whatsapp/1/events';
const ERRORS = [400, 401, 403, 413, 415, 429, 500, 503] as const;

/** Serves the endpoint. */
export function registerEvents(scope: FastifyInstance, parts: EventParts): void {
  parts.gate.protect(scope, sendApiError, false);
  scope.post(PATH, (request, reply) => accept(parts, request, reply));
}

async function accept(parts: EventParts, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const { database, clock, platforms, onTyping } = parts;
  const { account, platform } = callerOf(request);
  const validated = validateTyping(request.body);
  if (!validated.ok) return sendApiError(reply, 400, validated.violations);
  const named = validated.value.events.map(({ options }) => bindPlatform(platform, options?.platform ?? {}));
  const bound = named.filter((each) => each !== undefined);
  if (bound.length < named.length) return sendApiError(reply, 403);
  await Promise.all(bound.map((each) => platforms.ensure(account.id, each)));
  const plan = typingPlan(validated.value, clock.now());
  if (!plan.ok) return sendApiError(reply, 400, plan.violations);
  const judged = plan.planned.map((planned) => judge(parts, account, planned));
  const rows = judged.flatMap(({ row }) => (row === undefined ? [] : [row]));
  if (rows.length > 0) {
    await addTyping(database, rows);
    onTyping();
  }
  const bulkId = validated.value.options?.schedule?.bulkId ?? uuidv7(clock.now());
  return reply.send(typingAnswer(bulkId, judged));
}

interface Judged {
  messageId: string;
  to: string;
  statusId: number;
  /** What is stored; absent when it is refused at once. */
  row: TypingRow | undefined;
}

/** A refusal of one event costs the others nothing. */
function judge({ directory, clock }: EventParts, account: DirectoryAccount, planned: PlannedTyping): Judged {
  const { sender: from, to, dueAt, expiresAt } = planned;
  const id = uuidv7(clock.now());
  const messageId = planned.messageId ?? id;
  const sender = directory.senderOf(from);
  if (sender === undefined || sender.account !== account.id) {
    return { messageId, to, statusId: StatusId.rejectedSource, row: undefined };
  }
  const destination = destinationOf(to);
  if (destination === undefined) return { messageId, to, statusId: StatusId.rejectedDestination, row: undefined };
  const recipient = destination.kind === 'phone' ? destination.digits : destination.id;
  const row = { id, messageId, lane: sender.id, recipient, dueAt, expiresAt };
  return { messageId, to, statusId: StatusId.pendingAccepted, row };
}

/** The endpoint on the API page. */
export const eventOperation: Operation = {
  method: 'POST',
  path: PATH,
  tag: 'Messages',
  summary: 'Show that you are typing, and mark the last message as read',
  body: { schema: typingRequestSchema, example: typingExample.request },
  answers: [
    {
      status: 200,
      description: 'Accepted, or refused with a status of group REJECTED',
      example: typingExample.answer,
      also: [typingExample.refused],
    },
    ...ERRORS.map(apiErrorAnswer),
  ],
};
