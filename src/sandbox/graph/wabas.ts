// GET /{waba-id} (Meta 6).
import type { Waba } from '../records.js';
import { type GraphAnswer, type GraphCall, queryText } from './call.js';
import { pickFields } from './fields.js';

const NODE_TYPE = 'WhatsAppBusinessAccount';
const DEFAULT_FIELDS = ['id', 'name', 'timezone_id', 'message_template_namespace'];

/** Answers a read of the WABA. */
export function readWaba(call: GraphCall, waba: Waba): GraphAnswer {
  const node = {
    id: waba.wabaId,
    name: `Sandbox WABA ${waba.wabaId.slice(-4)}`,
    currency: 'USD',
    timezone_id: '1',
    message_template_namespace: `sandbox_${waba.wabaId}`,
    account_review_status: 'APPROVED',
    business_verification_status: 'verified',
    country: 'GB',
    ownership_type: 'SELF',
    status: 'ACTIVE',
    whatsapp_business_manager_messaging_limit: 'TIER_UNLIMITED',
    health_status: {
      can_send_message: 'AVAILABLE',
      entities: [{ entity_type: 'WABA', id: waba.wabaId, can_send_message: 'AVAILABLE' }],
    },
  };
  return pickFields(node, { fields: queryText(call.query, 'fields'), byDefault: DEFAULT_FIELDS, nodeType: NODE_TYPE });
}
