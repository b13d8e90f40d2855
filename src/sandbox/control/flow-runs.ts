// A user's flows: opening one that was sent, asking its endpoint, and its answers, from the phone or from a script.
import type { FastifyInstance } from 'fastify';
import Type from 'typebox';
import { checkerOf } from '../checker.js';
import { problemWith } from '../flows/answers.js';
import { ENDPOINT_TIMEOUT_MS } from '../flows/endpoint.js';
import type { Flow } from '../flows/record.js';
import { runView, type StepOutcome, stepFields, takeStep } from '../flows/run.js';
import { knownFlow, type SentFlow, sentFlowOf } from '../flows/sent.js';
import { normalisePhone } from '../phone.js';
import type { BusinessNumber, Message } from '../records.js';
import { allowQuery, ControlError, parseBody, textParam, wholeNumber } from './answer.js';
import { takeFlowFile, withFiles } from './flow-files.js';
import type { ControlParts } from './parts.js';
import { receive } from './receive.js';

const closed = { additionalProperties: false };
const BUTTONS_MAX = 20;
const TIMEOUT_MS_MAX = 120_000;

/** Which button of a template it is. */
const which = {
  button: Type.Optional(Type.Integer({ minimum: 0, maximum: BUTTONS_MAX })),
  card: Type.Optional(Type.Integer({ minimum: 0, maximum: BUTTONS_MAX })),
};
const AnswersBody = checkerOf(
  Type.Object(
    {
      answers: Type.Record(Type.String({ maxLength: 200 }), Type.Unknown()),
      body: Type.Optional(Type.String({ maxLength: 1024 })),
      ...which,
    },
    closed,
  ),
);
const StepBody = checkerOf(Type.Object({ ...stepFields, ...which }, closed));
const TimeoutBody = checkerOf(
  Type.Object({ timeoutMs: Type.Integer({ minimum: 50, maximum: TIMEOUT_MS_MAX }) }, closed),
);

/** Registers `GET|POST /users/{number}/flows/{message}`, `.../exchange`, `.../files` and `PUT /flows/endpoint`. */
export function registerFlowRuns(app: FastifyInstance, parts: ControlParts): void {
  const { world } = parts;
  app.get('/users/:number/flows/:message', (request) => {
    allowQuery(request.query, ['button', 'card']);
    const [button, card] = [indexIn(request.query, 'button'), indexIn(request.query, 'card')];
    const { flow, sent } = opened(parts, request.params, { button, card });
    const { mode, token, action, screen, data } = sent;
    return { flow: flow === undefined ? null : runView(flow), mode, token, action, screen: screen ?? null, data };
  });
  app.post('/users/:number/flows/:message/exchange', async (request) => {
    const { button, card, ...step } = parseBody(StepBody, request.body);
    const { message, flow, sent, sender } = opened(parts, request.params, { button, card });
    if (flow === undefined) throw new ControlError(409, 'the sandbox does not know this flow', 'message');
    const run = { flow, phoneNumberId: sender.phoneNumberId, token: sent.token };
    const data = step.data === undefined ? undefined : await withFiles(parts, sender, step.data);
    const outcome = await takeStep(world, parts.endpoints, run, { ...step, data });
    if ('completed' in outcome) {
      const id = answerFlow(parts, message, sender, { answers: outcome.completed, body: 'Sent' });
      return { completed: { id, response: outcome.completed } };
    }
    endIfExpired(parts, message, outcome);
    return outcome;
  });
  app.post('/users/:number/flows/:message', (request, reply) => {
    const { answers, body = 'Sent', button, card } = parseBody(AnswersBody, request.body);
    const { message, flow, sent, sender } = opened(parts, request.params, { button, card });
    const problem = flow === undefined ? null : problemWith(flow, answers);
    if (problem !== null) throw new ControlError(400, problem.message, problem.field);
    const id = answerFlow(parts, message, sender, { answers: { flow_token: sent.token, ...answers }, body });
    return reply.code(201).send({ id });
  });
  app.post('/users/:number/flows/:message/files', async (request, reply) => {
    const { sender } = opened(parts, request.params, {});
    return reply.code(201).send(await takeFlowFile(parts, sender, request));
  });
  app.put('/flows/endpoint', (request) => {
    world.settings().flowTimeoutMs = parseBody(TimeoutBody, request.body).timeoutMs;
    world.saveSettings();
    return { timeoutMs: world.settings().flowTimeoutMs ?? ENDPOINT_TIMEOUT_MS };
  });
}

function indexIn(query: unknown, name: string): number | undefined {
  if (textParam(query, name) === undefined) return undefined;
  return wholeNumber(query, name, { byDefault: 0, min: 0, max: BUTTONS_MAX });
}

interface Opened {
  message: Message;
  sent: SentFlow;
  /** Undefined for a flow that the sandbox does not know. */
  flow: Flow | undefined;
  sender: BusinessNumber;
}

/** A flow that the user has on the screen. One that is deprecated, blocked or over cannot be opened. */
function opened(
  parts: ControlParts,
  params: unknown,
  which: { button?: number | undefined; card?: number | undefined },
): Opened {
  const { world } = parts;
  const user = normalisePhone(textParam(params, 'number') ?? '') ?? '';
  if (world.userOf(user).exists !== true) throw new ControlError(404, 'no such user', 'number');
  const message = world.messageOf(textParam(params, 'message') ?? '');
  const isTheirs = message?.direction === 'out' && message.to === user;
  const sent = isTheirs ? sentFlowOf(message, which.button, which.card) : undefined;
  if (message === undefined || sent === undefined)
    throw new ControlError(404, 'no flow of this id was sent to the user', 'message');
  const sender = world.numbers.get(message.phoneNumberId);
  if (sender === undefined) throw new ControlError(404, 'the sender is gone', 'message');
  const flow = knownFlow(world, sender.wabaId, sent);
  const isShut = flow?.status === 'DEPRECATED' || flow?.status === 'BLOCKED';
  if (isShut || message.failure !== null) throw new ControlError(409, 'the flow cannot be opened', 'message');
  if (message.flowEnded !== undefined) throw new ControlError(409, message.flowEnded, 'message');
  return { message, sent, flow, sender };
}

function answerFlow(
  parts: ControlParts,
  message: Message,
  sender: BusinessNumber,
  { answers, body }: { answers: Record<string, unknown>; body: string },
): string {
  const nfm_reply = { name: 'flow', body, response_json: JSON.stringify(answers) };
  const fragment = {
    type: 'interactive',
    interactive: { type: 'nfm_reply', nfm_reply },
    context: { id: message.id },
  };
  return receive(parts, parts.world.userOf(message.to), sender, fragment);
}

/** After 427 the message's button opens nothing any more (Meta 5.2). */
function endIfExpired({ world }: ControlParts, message: Message, outcome: StepOutcome): void {
  if (!('error' in outcome) || outcome.error.httpStatus !== 427) return;
  world.messages.put(String(message.seq), {
    ...message,
    flowEnded: outcome.error.said ?? 'the flow token is no longer valid',
  });
}
