// How far the owners of endpoints have come in their streams, and how healthy the endpoints are.
import type { Database } from './database.js';

/** Where the owner of an endpoint stands, and its health. */
export interface EndpointHead {
  endpoint: number;
  account: number;
  origin: string;
  /** The notification profile that says how to post; empty: none. */
  profile: string;
  position: number;
  positionDay: number;
  failures: number;
  downSince: number | null;
  probeAt: number | null;
  probes: number;
  downReason: string | null;
  disabledAt: number | null;
  /** How often somebody has enabled it: health that was judged before the last time does not count. */
  enabled: number;
}

const HEAD_COLUMNS = `h.endpoint, e.account, e.origin, e.profile, h.position, h.position_day AS "positionDay", h.failures, h.down_since AS "downSince",
  h.probe_at AS "probeAt", h.probes, h.down_reason AS "downReason", h.disabled_at AS "disabledAt",
  h.enabled`;
const HEADS = {
  name: 'endpoint_heads',
  text: `SELECT ${HEAD_COLUMNS} FROM endpoint_heads h JOIN endpoints e ON e.id = h.endpoint WHERE h.endpoint % $1 = ANY ($2::smallint[])`,
};
const HEAD = {
  name: 'endpoint_head',
  text: `SELECT ${HEAD_COLUMNS} FROM endpoint_heads h JOIN endpoints e ON e.id = h.endpoint WHERE h.endpoint = ANY ($1::integer[])`,
};

/** Heads of all endpoints in some groups (id modulo `groups`). */
export async function readHeadsOfGroups(
  database: Database,
  groups: number,
  wanted: readonly number[],
): Promise<EndpointHead[]> {
  return database.run<EndpointHead>(HEADS, [groups, wanted]);
}

/** Heads of some endpoints. */
export async function readHeads(database: Database, endpoints: readonly number[]): Promise<EndpointHead[]> {
  return database.run<EndpointHead>(HEAD, [endpoints]);
}

const WAITING = {
  name: 'endpoints_waiting',
  text: `SELECT h.endpoint, t.next, t.day FROM endpoint_heads h JOIN tails t ON t.stream = endpoint_stream(h.endpoint)
    WHERE h.endpoint % $1 = ANY ($2::smallint[]) AND t.next > h.position + 1`,
};

/** Endpoints of some groups whose stream goes past their position. */
export async function readWaiting(
  database: Database,
  groups: number,
  wanted: readonly number[],
): Promise<{ endpoint: number; next: number; day: number }[]> {
  return database.run(WAITING, [groups, wanted]);
}
