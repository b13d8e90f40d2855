// GET /{phone-number-id} and GET /{waba-id}/phone_numbers (Meta 6).
import type { App, BusinessNumber, Waba } from '../records.js';
import type { World } from '../world.js';
import { type GraphAnswer, type GraphCall, notFound, ownWaba, queryText, refuse } from './call.js';
import { pickFields } from './fields.js';

/** From this rate on Meta calls a number's throughput HIGH (Meta 6, 7.1). */
const HIGH_THROUGHPUT = 1000;
const PAGE_MAX = 100;
const TIER_FIELD_MAJOR_MAX = 23;
const NODE_TYPE = 'WhatsAppBusinessPhoneNumber';
const DEFAULT_FIELDS = [
  'verified_name',
  'code_verification_status',
  'display_phone_number',
  'quality_rating',
  'platform_type',
  'throughput',
  'webhook_configuration',
  'id',
];

/** Answers a read of the number. */
export function readNumber(world: World, call: GraphCall, number: BusinessNumber): GraphAnswer {
  return pickNumber(world, call, number, queryText(call.query, 'fields'));
}

function pickNumber(world: World, call: GraphCall, number: BusinessNumber, fields: string | undefined): GraphAnswer {
  const waba = world.wabas.get(number.wabaId);
  const node = numberNode(number, call.app, waba, call.major);
  return pickFields(node, { fields, byDefault: DEFAULT_FIELDS, nodeType: NODE_TYPE });
}

function numberNode(number: BusinessNumber, app: App, waba: Waba | undefined, major: number): Record<string, unknown> {
  const limit = 'TIER_UNLIMITED';
  return {
    id: number.phoneNumberId,
    display_phone_number: `+${number.number}`,
    verified_name: `Sandbox ${number.number.slice(-4)}`,
    quality_rating: 'GREEN',
    quality_score: { score: 'GREEN' },
    code_verification_status: 'VERIFIED',
    name_status: 'APPROVED',
    new_name_status: 'NONE',
    status: 'CONNECTED',
    throughput: { level: number.throughput >= HIGH_THROUGHPUT ? 'HIGH' : 'STANDARD' },
    ...(major <= TIER_FIELD_MAJOR_MAX ? { messaging_limit_tier: limit } : {}),
    whatsapp_business_manager_messaging_limit: limit,
    account_mode: 'LIVE',
    is_official_business_account: false,
    is_pin_enabled: false,
    platform_type: 'CLOUD_API',
    webhook_configuration: {
      ...(waba?.override ? { whatsapp_business_account: waba.override.callbackUrl } : {}),
      application: app.callbackUrl,
    },
    health_status: {
      can_send_message: 'AVAILABLE',
      entities: [
        { entity_type: 'PHONE_NUMBER', id: number.phoneNumberId, can_send_message: 'AVAILABLE' },
        { entity_type: 'WABA', id: number.wabaId, can_send_message: 'AVAILABLE' },
        { entity_type: 'APP', id: app.appId, can_send_message: 'AVAILABLE' },
      ],
    },
  };
}

/** Answers the list of a WABA's numbers, paged by cursor (Meta 0.4). */
export function listNumbers(world: World, call: GraphCall): GraphAnswer {
  const waba = ownWaba(world, call);
  if (waba === undefined) return notFound(call);
  const limit = Number(queryText(call.query, 'limit') ?? '25');
  if (!Number.isInteger(limit) || limit < 1)
    return refuse({ code: 100, message: '(#100) Param limit must be a positive integer.' });
  const after = queryText(call.query, 'after');
  const start = after === undefined ? 0 : Number(Buffer.from(after, 'base64url').toString());
  if (!Number.isInteger(start) || start < 0)
    return refuse({ code: 100, message: '(#100) Param after is not a cursor.' });
  const size = Math.min(limit, PAGE_MAX);
  const data: unknown[] = [];
  for (const id of waba.phoneNumberIds.slice(start, start + size)) {
    const number = world.numbers.get(id);
    if (number === undefined) continue;
    const answer = pickNumber(world, call, number, queryText(call.query, 'fields'));
    if (!('body' in answer)) return answer;
    data.push(answer.body);
  }
  return {
    body: { data, paging: pagingOf(call, { start, end: start + data.length, total: waba.phoneNumberIds.length }) },
  };
}

function pagingOf(call: GraphCall, { start, end, total }: { start: number; end: number; total: number }): unknown {
  const cursor = (at: number): string => Buffer.from(String(at)).toString('base64url');
  const cursors = { before: cursor(start), after: cursor(end) };
  if (end >= total) return { cursors };
  const query = new URLSearchParams({ limit: String(end - start), after: cursors.after });
  const fields = queryText(call.query, 'fields');
  if (fields !== undefined) query.set('fields', fields);
  return { cursors, next: `${call.baseUrl}/${call.id}/phone_numbers?${query}` };
}
