// What the endpoints of flows and of public keys share: the sender they are about, refusals in Infobip's new form.
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { apiError, apiErrorSchema, serviceExceptionSchema } from '../contract/answers.js';
import { textAt } from '../contract/json.js';
import type { OperationAnswer } from '../contract/openapi.js';
import type { FlowRefusal } from '../manage/flows.js';
import { isTemplateRefusal } from '../manage/template-refusal.js';
import type { Directory, DirectorySender } from '../store/directory.js';
import { apiErrorAnswer, sendApiError } from './api-errors.js';
import { callerOf, type Gate } from './gate.js';

const SENDER_404 = {
  errorCode: 'WA-FLOW-SENDER404',
  description: 'Sender does not exist.',
  action: 'Use a sender of your account.',
};
const FLOW_404 = {
  errorCode: 'WA-FLOW-ID404',
  description: 'Flow does not exist.',
  action: 'Use the id of a flow of this sender.',
};

/** What finding a sender takes. */
export interface SenderParts {
  directory: Directory;
  gate: Gate;
}

/** Answers for a sender of the account; what is not the account's looks like what is not there. */
export async function withFlowSender(
  { directory }: SenderParts,
  request: FastifyRequest,
  reply: FastifyReply,
  answer: (sender: DirectorySender) => Promise<FastifyReply>,
): Promise<FastifyReply> {
  const { account } = callerOf(request);
  const name = textAt(request.params, 'sender') ?? '';
  if (directory.senderOf(name) === undefined) await directory.refresh();
  const sender = directory.senderOf(name);
  if (sender === undefined || sender.account !== account.id) return reply.code(404).send(apiError(404, SENDER_404));
  return answer(sender);
}

/** Sends what an operation gave, or why it was refused. */
export function sendFlowOr<T extends object>(
  reply: FastifyReply,
  answer: T | FlowRefusal,
  send: (value: T) => FastifyReply,
  notFound = FLOW_404,
): FastifyReply {
  if (!isTemplateRefusal(answer)) return send(answer);
  switch (answer.refusal) {
    case 'notFound':
      return reply.code(404).send(apiError(404, notFound));
    case 'invalid':
      return sendApiError(reply, 400, answer.violations ?? { body: [answer.detail ?? 'is refused by Meta'] });
    case 'tooMany':
      return sendApiError(reply, 429);
    case 'upstream':
      return sendApiError(reply, 503);
  }
}

const STATUSES = [400, 401, 403, 404, 413, 415, 429, 500, 503] as const;

/** The statuses that all of these operations can have beside their own. */
export const FLOW_ERRORS: readonly OperationAnswer[] = STATUSES.map((status) => {
  const answer = apiErrorAnswer(status);
  if (status !== 404) return answer;
  // A path that cannot be read is refused before anybody knows whose it is: in the old form.
  const schema = Type.Union([apiErrorSchema, serviceExceptionSchema]);
  const description = 'No such sender or flow; or a path that nothing is served under, in the old form';
  return { status, description, schema, example: apiError(404, FLOW_404) };
});
