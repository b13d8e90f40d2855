// Watches what Meta tells of flows (Meta 2.8): states and alerts go to their rows.
import { objectAt, textAt } from '../contract/json.js';
import type { WireOther } from '../meta/webhook.js';
import type { Database } from '../store/database.js';
import { noteFlowAlert, noteFlowStatus } from '../store/flows.js';

const FIELD = 'flows';
const STATUSES: ReadonlySet<string> = new Set(['DRAFT', 'PUBLISHED', 'DEPRECATED', 'BLOCKED', 'THROTTLED']);
const ALERTS: ReadonlySet<string> = new Set([
  'CLIENT_ERROR_RATE',
  'ENDPOINT_ERROR_RATE',
  'ENDPOINT_LATENCY',
  'ENDPOINT_AVAILABILITY',
  'FLOW_VERSION_EXPIRY_WARNING',
]);
/** Alerts name a few rates; a longer one is kept with the other changes only. */
const ALERT_LENGTH_MAX = 20_000;

/** Applies a change of the field `flows`; undefined when it is another, or says nothing that is known. Rejects with DatabaseError. */
export function observeFlows(database: Database, change: WireOther): Promise<true> | undefined {
  const { field, wabaId, value } = change;
  const event = textAt(value, 'event');
  const id = textAt(value, 'flow_id');
  if (field !== FIELD || wabaId === undefined || event === undefined || id === undefined || !/^\d{1,32}$/.test(id))
    return undefined;
  if (event === 'FLOW_STATUS_CHANGE') {
    const status = textAt(value, 'new_status');
    if (status === undefined || !STATUSES.has(status)) return undefined;
    return noteFlowStatus(database, wabaId, id, status, change.at ?? 0).then(() => true);
  }
  const alert = JSON.stringify({ ...objectAt(change, 'value'), at: change.at });
  // jsonb holds no NUL.
  if (!ALERTS.has(event) || alert.length > ALERT_LENGTH_MAX || alert.includes('\\u0000')) return undefined;
  return noteFlowAlert(database, wabaId, id, event, alert).then(() => true);
}
