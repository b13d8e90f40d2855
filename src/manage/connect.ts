// Connects a number: asks Meta what the token may do and what the number can, subscribes to its WABA, and stores the sender.
import { itemsAt, objectAt, textAt } from '../contract/json.js';
import type { SenderRow } from '../store/senders.js';
import { askGraph, type GraphReader } from './graph-ask.js';
import { switchIdentityCheck } from './identity-check.js';
import { isRefusal, type Refusal, refuse } from './refusal.js';
import { putSender, type SenderParts, THROUGHPUT_DEFAULT } from './senders.js';

/** A number to connect. */
export interface ConnectRequest {
  phoneNumberId: string;
  wabaId: string;
  accessToken: string;
  /** Undefined keeps what the sender has. */
  forwardUrl?: string | null | undefined;
  /** Undefined keeps what the sender and Meta have. */
  identityCheck?: boolean | undefined;
}

/** A connected number. `warnings` are for people: what Meta shows that will get in the way. */
export interface Connected {
  row: SenderRow;
  verifiedName: string | null;
  qualityRating: string | null;
  warnings: string[];
}

/** Permissions that sending and webhooks need (Meta 0.4). */
const SCOPES = ['whatsapp_business_messaging', 'whatsapp_business_management'];
/** Messages a second at throughput level HIGH (Meta 7.1). */
const THROUGHPUT_HIGH = 1000;
const NUMBER_FIELDS = 'id,display_phone_number,verified_name,quality_rating,code_verification_status,status,throughput';
const PAGE_SIZE = 100;
/** A WABA with more numbers than this is not looked through to the end. */
const PAGES_MAX = 50;

/**
 * Checks token and permissions, reads the number and its throughput, subscribes the app to the WABA (Meta 6), switches the identity check
 * when asked to, and makes or changes the sender of `account`. Nothing is stored when Meta refuses any of it; doing it again is harmless.
 */
export async function connectSender(
  parts: SenderParts & { graph: GraphReader },
  account: number,
  request: ConnectRequest,
): Promise<Connected | Refusal> {
  const { graph } = parts;
  const { phoneNumberId, wabaId, accessToken, forwardUrl, identityCheck } = request;
  const forbidden = (await checkToken(graph, accessToken)) ?? (await checkMembership(graph, request));
  if (forbidden !== undefined) return forbidden;
  const number = await askGraph(graph.get(`${phoneNumberId}?fields=${NUMBER_FIELDS}`, accessToken), 'phoneNumberId');
  if (isRefusal(number)) return number;
  const sender = (textAt(number.body, 'display_phone_number') ?? '').replace(/\D/g, '');
  if (sender === '') return refuse('upstream', 'Meta did not say what number this is', 'phoneNumberId');
  const subscribed = await askGraph(graph.post(`${wabaId}/subscribed_apps`, accessToken), 'wabaId');
  if (isRefusal(subscribed)) return subscribed;
  const unswitched = identityCheck === undefined ? undefined : await switchIdentityCheck(graph, request, identityCheck);
  if (unswitched !== undefined) return unswitched;
  const throughput = throughputOf(number.body);
  const settings = { throughput, forwardUrl, identityCheck };
  const row = await putSender(parts, account, { sender, phoneNumberId, wabaId, accessToken, ...settings });
  if (isRefusal(row)) return row;
  const verifiedName = textAt(number.body, 'verified_name') ?? null;
  const qualityRating = textAt(number.body, 'quality_rating') ?? null;
  return { row, verifiedName, qualityRating, warnings: warningsOf(number.body) };
}

async function checkToken(graph: GraphReader, token: string): Promise<Refusal | undefined> {
  const answer = await askGraph(
    graph.get(`debug_token?input_token=${encodeURIComponent(token)}`, token),
    'accessToken',
  );
  if (isRefusal(answer)) return answer;
  const facts = objectAt(answer.body, 'data');
  if (facts?.is_valid !== true) return refuse('invalid', 'Meta says that this token is not valid', 'accessToken');
  const scopes = itemsAt(facts, 'scopes');
  const missing = SCOPES.filter((scope) => !scopes.includes(scope));
  return missing.length === 0
    ? undefined
    : refuse('invalid', `the token lacks ${missing.join(' and ')}`, 'accessToken');
}

/** The number must be one of the WABA's: webhooks are subscribed by WABA. */
async function checkMembership(graph: GraphReader, request: ConnectRequest): Promise<Refusal | undefined> {
  const { wabaId, phoneNumberId, accessToken } = request;
  let after: string | undefined;
  for (let page = 0; page < PAGES_MAX; page += 1) {
    const cursor = after === undefined ? '' : `&after=${encodeURIComponent(after)}`;
    const path = `${wabaId}/phone_numbers?fields=id&limit=${PAGE_SIZE}${cursor}`;
    const answer = await askGraph(graph.get(path, accessToken), 'wabaId');
    if (isRefusal(answer)) return answer;
    if (itemsAt(answer.body, 'data').some((item) => textAt(item, 'id') === phoneNumberId)) return undefined;
    const paging = objectAt(answer.body, 'paging');
    after = textAt(objectAt(paging, 'cursors'), 'after');
    if (after === undefined || textAt(paging, 'next') === undefined) break;
  }
  return refuse('invalid', 'is no number of this WABA', 'phoneNumberId');
}

function throughputOf(number: unknown): number {
  return textAt(objectAt(number, 'throughput'), 'level') === 'HIGH' ? THROUGHPUT_HIGH : THROUGHPUT_DEFAULT;
}

function warningsOf(number: unknown): string[] {
  const status = textAt(number, 'status');
  const verification = textAt(number, 'code_verification_status');
  const quality = textAt(number, 'quality_rating');
  return [
    ...(status === undefined || status === 'CONNECTED' ? [] : [`the number's status at Meta is ${status}`]),
    ...(verification === 'NOT_VERIFIED' || verification === 'EXPIRED' ? [`its verification is ${verification}`] : []),
    ...(quality === 'RED' ? ['its quality rating is RED'] : []),
  ];
}
