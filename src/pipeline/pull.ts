// For customers without a webhook: what has no target waits 48 h to be pulled, and is given out once (Infobip 11).
import { isObject } from '../contract/json.js';
import { deliveryToPull, inboundToPull } from '../contract/messages-api.js';
import type { Clock } from '../lib/clock.js';
import { isUuid } from '../lib/id.js';
import type { Database } from '../store/database.js';
import { findKeyedMessage, type PullFilter, pullEvents, pullInbound } from '../store/pulls.js';
import { inboundBody, type MediaUrl, messageReport } from './report.js';

/** What it works with. */
export interface PullParts {
  database: Database;
  clock: Clock;
  /** Where customers get the files of inbound messages. */
  mediaUrl: MediaUrl;
}

/** What is asked for. */
export interface PullRequest
  extends Pick<PullFilter, 'account' | 'limit' | 'bulkId' | 'applicationId' | 'entityId' | 'isOfSms'> {
  messageId?: string | undefined;
}

const PULLABLE_MS = 48 * 3_600_000;

/** Delivery reports of messages without a target, oldest first; they are gone with this. Throws DatabaseError. */
export async function pullReports(parts: PullParts, request: PullRequest): Promise<object[]> {
  const { messageId, ...filter } = request;
  const { database, clock } = parts;
  const messages = messageId === undefined ? undefined : await messagesOf(database, request.account, messageId);
  const events = await pullEvents(database, { ...filter, messages, since: clock.now() - PULLABLE_MS });
  return events.map((event) => deliveryToPull(resultOf(messageReport(event).body)));
}

/** Inbound messages to senders that do not forward, oldest first; they are gone with this. Throws DatabaseError. */
export async function pullMessages(parts: PullParts, request: Omit<PullRequest, 'messageId'>): Promise<object[]> {
  const { database, clock, mediaUrl } = parts;
  const inbound = await pullInbound(database, { ...request, since: clock.now() - PULLABLE_MS });
  return inbound.map((facts) => inboundToPull(resultOf(inboundBody(facts, mediaUrl))));
}

/** A messageId is the caller's own, or our own id of the message. */
async function messagesOf(database: Database, account: number, messageId: string): Promise<string[]> {
  const keyed = await findKeyedMessage(database, account, messageId);
  return [keyed, isUuid(messageId) ? messageId : undefined].filter((id) => id !== undefined);
}

function resultOf(body: string): Readonly<Record<string, unknown>> {
  const result: unknown = JSON.parse(body);
  if (!isObject(result)) throw new TypeError('a result is an object');
  return result;
}
