// GET /messages-api/1/reports and /messages-api/1/inbound (Infobip 11): each item once, for 48 hours.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { type TObject, Type } from 'typebox';
import { isObject } from '../contract/json.js';
import { bindPlatform } from '../contract/key-platform.js';
import { CHANNEL, CHANNELS, deliveryToPull, inboundToPull, SMS_CHANNEL } from '../contract/messages-api.js';
import type { Operation } from '../contract/openapi.js';
import { exampleDeliveries, exampleInbounds } from '../contract/openapi-webhooks.js';
import type { Violations } from '../contract/readers.js';
import { type PullParts, type PullRequest, pullMessages, pullReports } from '../pipeline/pull.js';
import { apiErrorAnswer, sendApiError } from './api-errors.js';
import { callerOf, type Gate } from './gate.js';

/** What the endpoints work with. */
export interface PullApiParts extends PullParts {
  gate: Gate;
}

const REPORTS = '/messages-api/1/reports';
const INBOUND = '/messages-api/1/inbound';
const LIMIT_DEFAULT = 50;
const LIMIT_MAX = 1000;
const TEXT_LENGTH_MAX = 255;
const TEXTS = ['bulkId', 'messageId', 'applicationId', 'entityId', 'campaignReferenceId'] as const;

/** Serves the endpoints. */
export function registerPull(scope: FastifyInstance, parts: PullApiParts): void {
  parts.gate.protect(scope, sendApiError);
  scope.get(REPORTS, (request, reply) =>
    answer(request, reply, async (asked) => ({ results: await pullReports(parts, asked) }), [CHANNEL, SMS_CHANNEL]),
  );
  scope.get(INBOUND, (request, reply) =>
    answer(request, reply, async ({ messageId: _, ...asked }) => {
      const results = await pullMessages(parts, asked);
      return { results, messageCount: results.length };
    }),
  );
}

async function answer(
  request: FastifyRequest,
  reply: FastifyReply,
  pull: (asked: PullRequest) => Promise<object>,
  ours: readonly string[] = [CHANNEL],
): Promise<FastifyReply> {
  const { account, platform } = callerOf(request);
  const violations: Violations = {};
  const query = readQuery(isObject(request.query) ? request.query : {}, violations);
  if (Object.keys(violations).length > 0) return sendApiError(reply, 400, violations);
  const { channel, campaignReferenceId, limit, applicationId, entityId, ...filter } = query;
  const named = bindPlatform(platform, { applicationId, entityId });
  if (named === undefined) return sendApiError(reply, 403);
  reply.header('cache-control', 'no-store');
  // Nothing here is of another channel or of a campaign.
  const isNone = (channel !== undefined && !ours.includes(channel)) || campaignReferenceId !== undefined;
  const isOfSms = channel === undefined ? undefined : channel === SMS_CHANNEL;
  return reply.send(
    isNone ? { results: [] } : await pull({ account: account.id, limit, isOfSms, ...filter, ...named }),
  );
}

interface Query extends Omit<PullRequest, 'account'> {
  channel?: string | undefined;
  campaignReferenceId?: string | undefined;
}

/** Parameters that are empty or unknown mean nothing. */
function readQuery(query: Readonly<Record<string, unknown>>, violations: Violations): Query {
  const read: Query = { limit: limitOf(query.limit, violations), channel: channelOf(query.channel, violations) };
  for (const name of TEXTS) {
    const text = query[name];
    if (text === undefined || text === '') continue;
    if (typeof text === 'string' && text.length <= TEXT_LENGTH_MAX && !text.includes('\0')) read[name] = text;
    else violations[name] = [`must be one text of at most ${TEXT_LENGTH_MAX} characters`];
  }
  return read;
}

function limitOf(given: unknown, violations: Violations): number {
  if (given === undefined || given === '') return LIMIT_DEFAULT;
  const limit = typeof given === 'string' && /^\d{1,9}$/.test(given) ? Number(given) : 0;
  if (limit < 1 || limit > LIMIT_MAX) violations.limit = [`must be between 1 and ${LIMIT_MAX}`];
  return limit;
}

function channelOf(given: unknown, violations: Violations): string | undefined {
  if (given === undefined || given === '') return undefined;
  const channel = CHANNELS.find((known) => known === given);
  if (channel === undefined) violations.channel = [`must be one of ${CHANNELS.join(', ')}`];
  return channel;
}

const limitField = Type.Optional(Type.Integer({ minimum: 1, maximum: LIMIT_MAX, default: LIMIT_DEFAULT }));
const channelField = Type.Optional(Type.Enum([...CHANNELS]));
const textField = Type.Optional(Type.String({ maxLength: TEXT_LENGTH_MAX }));
const inboundQuery = { channel: channelField, limit: limitField, applicationId: textField, entityId: textField };
const reportsQuery = { ...inboundQuery, bulkId: textField, messageId: textField, campaignReferenceId: textField };

const ERRORS = [400, 401, 403, 429, 500, 503] as const;

function operation(path: string, summary: string, query: TObject, [example, ...also]: object[]): Operation {
  const errors = ERRORS.map(apiErrorAnswer);
  const good = { status: 200, description: 'What was not pulled before, oldest first', example, also };
  return { method: 'GET', path, tag: 'Messages', summary, query, answers: [good, ...errors] };
}

/** The endpoints on the API page. */
export const pullOperations: readonly Operation[] = [
  operation(REPORTS, 'Pull delivery reports of messages without a notifyUrl', Type.Object(reportsQuery), [
    { results: exampleDeliveries().map(deliveryToPull) },
  ]),
  operation(INBOUND, 'Pull messages to senders that do not forward them', Type.Object(inboundQuery), [
    { results: exampleInbounds().map(inboundToPull), messageCount: 36 },
    { results: [] },
  ]),
];
