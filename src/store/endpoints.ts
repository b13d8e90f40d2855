// Endpoints as people see them: where reports go, how healthy each is, and how much waits there.
import type { Page, Runner, Slice } from './accounts.js';

/** Whether reports arrive at an endpoint. Times are epoch ms. */
export interface EndpointHealth {
  downSince: number | null;
  downReason: string | null;
  nextProbeAt: number | null;
  disabledAt: number | null;
}

/** Its columns, of `endpoint_heads h`. */
export const HEALTH = `h.down_since AS "downSince", h.down_reason AS "downReason", h.probe_at AS "nextProbeAt", h.disabled_at AS "disabledAt"`;

/** An endpoint. Times are epoch ms. */
export interface EndpointRow extends EndpointHealth {
  id: number;
  account: number;
  origin: string;
  profile: string;
  createdAt: number;
  /** Failing requests in a row. */
  failures: number;
  /** Reports not yet put into a request. */
  waiting: number;
  /** Requests that wait for a retry or are under way. */
  retrying: number;
  /** Reports given up, which a replay can bring back. */
  dead: number;
}

const SELECT = `SELECT e.id, e.account, e.origin, e.profile, e.created_at AS "createdAt", h.failures, ${HEALTH}, t.next - 1 - h.position AS waiting,
    (SELECT count(*) FROM batches b WHERE b.endpoint = e.id) AS retrying,
    (SELECT count(*) FROM dead_letters d WHERE d.endpoint = e.id) AS dead
  FROM endpoints e JOIN endpoint_heads h ON h.endpoint = e.id JOIN tails t ON t.stream = endpoint_stream(e.id)`;
const PAGE = {
  name: 'endpoint_page',
  text: `${SELECT} WHERE $1::integer IS NULL OR e.account = $1 ORDER BY e.id LIMIT $2 OFFSET $3`,
};
const COUNT = {
  name: 'endpoint_count',
  text: 'SELECT count(*) AS total FROM endpoints WHERE $1::integer IS NULL OR account = $1',
};
const FIND = { name: 'endpoint_find', text: `${SELECT} WHERE e.id = $1 AND ($2::integer IS NULL OR e.account = $2)` };
const IDS = {
  name: 'endpoint_ids',
  text: 'SELECT id FROM endpoints WHERE account = $1 AND ($2::text IS NULL OR profile = $2) ORDER BY id',
};
const ALL_IDS = { name: 'endpoint_all_ids', text: 'SELECT id FROM endpoints ORDER BY id' };
const ENABLE = {
  name: 'endpoint_enable',
  text: `UPDATE endpoint_heads SET failures = 0, down_since = NULL, probe_at = NULL, probes = 0, down_reason = NULL, disabled_at = NULL,
    enabled = enabled + 1 WHERE endpoint = $1`,
};

/** Endpoints of one account, or of all when `account` is null, oldest first. */
export async function pageEndpoints(
  db: Runner,
  account: number | null,
  { limit, offset }: Slice,
): Promise<Page<EndpointRow>> {
  const [count] = await db.run<{ total: number }>(COUNT, [account]);
  return { rows: await db.run<EndpointRow>(PAGE, [account, limit, offset]), total: count?.total ?? 0 };
}

/** One endpoint, of `account` or of any when that is null. */
export async function findEndpoint(db: Runner, account: number | null, id: number): Promise<EndpointRow | undefined> {
  const [row] = await db.run<EndpointRow>(FIND, [id, account]);
  return row;
}

/** Ids of an account's endpoints; those of one notification profile unless `profile` is null. */
export async function endpointIds(db: Runner, account: number, profile: string | null): Promise<number[]> {
  return (await db.run<{ id: number }>(IDS, [account, profile])).map((row) => row.id);
}

/** Ids of the endpoints of all accounts. */
export async function allEndpointIds(db: Runner): Promise<number[]> {
  return (await db.run<{ id: number }>(ALL_IDS, [])).map((row) => row.id);
}

/** Forgets that an endpoint was disabled or down. Its owner looks at such endpoints again and again. */
export async function enableEndpoint(db: Runner, id: number): Promise<void> {
  await db.run(ENABLE, [id]);
}
