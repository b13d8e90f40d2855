// GET /{phone-number-id} and GET /{waba-id}/phone_numbers (Meta 6).
import type { App, BusinessNumber, Waba } from '../records.js';
import type { World } from '../world.js';
import { type GraphAnswer, type GraphCall, notFound, ownWaba, queryText } from './call.js';
import { pickFields } from './fields.js';
import { answerPage } from './paging.js';

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
  const numbers = waba.phoneNumberIds.flatMap((id) => world.numbers.get(id) ?? []);
  const view = (number: BusinessNumber) => pickNumber(world, call, number, queryText(call.query, 'fields'));
  return answerPage(call, numbers, { edge: 'phone_numbers', max: PAGE_MAX, view });
}
