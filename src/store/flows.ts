// Flows as accounts know them: rows by account, WABA and Meta's id.
import type { Page, Runner, Slice } from './accounts.js';

/** A flow. `categories` and `initialScreens` are JSON; `status` is Meta's word. */
export interface FlowRow {
  id: string;
  name: string;
  categories: string;
  status: string;
  /** Null until JSON was uploaded here. */
  initialScreens: string | null;
}

/** The flows of one WABA as one account knows them. */
export interface FlowShelf {
  account: number;
  wabaId: string;
}

/** A flow with what Meta's monitoring told. `statusAt`: Meta's time of the newest webhook, epoch ms, 0 for none. */
export interface KnownFlow {
  account: number;
  wabaId: string;
  id: string;
  name: string;
  status: string;
  statusAt: number;
  /** Meta's newest alert by its event. */
  alerts: object;
}

const PAGE = {
  name: 'flow_page',
  text: `SELECT account, waba_id AS "wabaId", flow_id AS id, name, status, status_at AS "statusAt", alerts FROM flows
    WHERE $1::integer IS NULL OR account = $1 ORDER BY account, waba_id, flow_id LIMIT $2 OFFSET $3`,
};
const COUNT = {
  name: 'flow_count',
  text: 'SELECT count(*) AS total FROM flows WHERE $1::integer IS NULL OR account = $1',
};
const PUT = {
  name: 'flow_put',
  text: `INSERT INTO flows AS f (account, waba_id, flow_id, name, categories, status, seen_at)
    SELECT $1, $2, i.id, i.name, i.categories, i.status, $7 FROM unnest($3::text[], $4::text[], $5::text[], $6::text[]) AS i (id, name, categories, status) ORDER BY i.id
    ON CONFLICT (account, waba_id, flow_id) DO UPDATE SET name = excluded.name, categories = excluded.categories, status = excluded.status, seen_at = excluded.seen_at`,
};
const FORGET_UNSEEN = {
  name: 'flow_forget_unseen',
  text: 'DELETE FROM flows WHERE account = $1 AND waba_id = $2 AND seen_at < $3',
};
const FORGET = { name: 'flow_forget', text: 'DELETE FROM flows WHERE account = $1 AND waba_id = $2 AND flow_id = $3' };
const LIST = {
  name: 'flow_list',
  text: `SELECT flow_id AS id, name, categories, status, initial_screens AS "initialScreens" FROM flows WHERE account = $1 AND waba_id = $2
    ORDER BY length(flow_id), flow_id`,
};
const SCREENS = {
  name: 'flow_screens',
  text: 'UPDATE flows SET initial_screens = $4 WHERE account = $1 AND waba_id = $2 AND flow_id = $3',
};
const NOTE_STATUS = {
  name: 'flow_note_status',
  text: 'UPDATE flows SET status = $3, status_at = $4 WHERE waba_id = $1 AND flow_id = $2 AND status_at <= $4',
};
const NOTE_ALERT = {
  name: 'flow_note_alert',
  text: 'UPDATE flows SET alerts = alerts || jsonb_build_object($3::text, $4::jsonb) WHERE waba_id = $1 AND flow_id = $2',
};

/** Stores flows as Meta has them now. */
export async function putFlows(
  db: Runner,
  { account, wabaId }: FlowShelf,
  now: number,
  flows: readonly Omit<FlowRow, 'initialScreens'>[],
): Promise<void> {
  const columns = [
    flows.map((f) => f.id),
    flows.map((f) => f.name),
    flows.map((f) => f.categories),
    flows.map((f) => f.status),
  ];
  await db.run(PUT, [account, wabaId, ...columns, now]);
}

/** Forgets what Meta did not have when it was asked for everything at `before`. */
export async function forgetUnseenFlows(db: Runner, { account, wabaId }: FlowShelf, before: number): Promise<void> {
  await db.run(FORGET_UNSEEN, [account, wabaId, before]);
}

/** Forgets one. */
export async function forgetFlow(db: Runner, { account, wabaId }: FlowShelf, id: string): Promise<void> {
  await db.run(FORGET, [account, wabaId, id]);
}

/** All flows of a WABA, oldest id first. */
export function listFlowRows(db: Runner, { account, wabaId }: FlowShelf): Promise<FlowRow[]> {
  return db.run<FlowRow>(LIST, [account, wabaId]);
}

/** Notes the screens that a flow can begin with, as JSON. */
export async function noteInitialScreens(db: Runner, shelf: FlowShelf, id: string, screens: string): Promise<void> {
  await db.run(SCREENS, [shelf.account, shelf.wabaId, id, screens]);
}

/** Notes a state that Meta told at `at`; an older one than what is known changes nothing. */
export async function noteFlowStatus(
  db: Runner,
  wabaId: string,
  id: string,
  status: string,
  at: number,
): Promise<void> {
  await db.run(NOTE_STATUS, [wabaId, id, status, at]);
}

/** Notes Meta's newest alert of a kind; `alert` is JSON. */
export async function noteFlowAlert(
  db: Runner,
  wabaId: string,
  id: string,
  event: string,
  alert: string,
): Promise<void> {
  await db.run(NOTE_ALERT, [wabaId, id, event, alert]);
}

/** Flows of one account, or of all when `account` is null. */
export async function pageFlows(
  db: Runner,
  account: number | null,
  { limit, offset }: Slice,
): Promise<Page<KnownFlow>> {
  const [count] = await db.run<{ total: number }>(COUNT, [account]);
  return { rows: await db.run<KnownFlow>(PAGE, [account, limit, offset]), total: count?.total ?? 0 };
}
