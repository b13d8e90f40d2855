// GET /debug_token: what an access token may do.
import type { World } from '../world.js';
import { type GraphAnswer, type GraphCall, queryText, refuse } from './call.js';
import { BAD_TOKEN } from './errors.js';
import { missingParameter } from './schema.js';

const SCOPES = ['whatsapp_business_management', 'whatsapp_business_messaging'];

/** Answers for the token given as `input_token`; one that the sandbox never issued is reported as not valid. */
export function debugToken(world: World, call: GraphCall): GraphAnswer {
  const token = queryText(call.query, 'input_token');
  if (token === undefined) return refuse(missingParameter('input_token'));
  const app = world.apps.get(token);
  if (app === undefined) {
    const error = { code: BAD_TOKEN.code, message: 'Invalid OAuth access token.' };
    return { body: { data: { error, is_valid: false, scopes: [] } } };
  }
  const wabaIds = [...world.wabas.values()].filter((waba) => waba.appToken === token).map((waba) => waba.wabaId);
  return {
    body: {
      data: {
        app_id: app.appId,
        type: 'SYSTEM_USER',
        application: `Sandbox app ${app.appId.slice(-4)}`,
        data_access_expires_at: 0,
        expires_at: 0,
        is_valid: true,
        scopes: SCOPES,
        granular_scopes: SCOPES.map((scope) => ({ scope, target_ids: wabaIds })),
        user_id: app.appId,
      },
    },
  };
}
