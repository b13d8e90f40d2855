// Senders: business numbers. A sender's row makes its lane; a deleted one keeps its row for what is under way.
import type { Page, Runner, Slice } from './accounts.js';

/** A sender with the state of its lane. Times are epoch ms; the access token is not read here. */
export interface SenderRow {
  id: number;
  account: number;
  sender: string;
  phoneNumberId: string;
  wabaId: string;
  throughput: number;
  forwardUrl: string | null;
  identityCheck: boolean;
  createdAt: number;
  pausedUntil: number | null;
  pauseReason: string | null;
  /** Messages accepted and not yet handed to Meta. */
  queued: number;
}

/** A sender to be stored; `accessToken` is sealed. */
export interface NewSender {
  account: number;
  sender: string;
  phoneNumberId: string;
  wabaId: string;
  accessToken: Buffer;
  throughput: number;
  identityCheck: boolean;
  createdAt: number;
}

/** What can change of a sender; undefined keeps the value. */
export interface SenderChange {
  phoneNumberId?: string | undefined;
  wabaId?: string | undefined;
  accessToken?: Buffer | undefined;
  throughput?: number | undefined;
  identityCheck?: boolean | undefined;
}

const SELECT = `SELECT s.id, s.account, s.sender, s.phone_number_id AS "phoneNumberId", s.waba_id AS "wabaId", s.throughput,
    s.forward_url AS "forwardUrl", s.identity_check AS "identityCheck", s.created_at AS "createdAt", l.paused_until AS "pausedUntil", l.pause_reason AS "pauseReason",
    t.next - 1 - l.claimed + (SELECT count(*) FROM held h WHERE h.lane = s.id AND h.claimed_at IS NULL) AS queued
  FROM senders s JOIN lane_heads l ON l.lane = s.id JOIN tails t ON t.stream = s.id`;
const FIND = {
  name: 'sender_find',
  text: `${SELECT} WHERE s.sender = $1 AND s.deleted_at IS NULL AND ($2::integer IS NULL OR s.account = $2)`,
};
const PAGE = {
  name: 'sender_page',
  text: `${SELECT} WHERE s.deleted_at IS NULL AND ($1::integer IS NULL OR s.account = $1) ORDER BY s.sender LIMIT $2 OFFSET $3`,
};
const COUNT = {
  name: 'sender_count',
  text: 'SELECT count(*) AS total FROM senders WHERE deleted_at IS NULL AND ($1::integer IS NULL OR account = $1)',
};
const INSERT = {
  name: 'sender_insert',
  text: `INSERT INTO senders (account, sender, phone_number_id, waba_id, access_token, throughput, identity_check, created_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING RETURNING id`,
};
const ACCESS_TOKEN = {
  name: 'sender_access_token',
  text: 'SELECT access_token AS "accessToken" FROM senders WHERE id = $1 AND deleted_at IS NULL',
};
const PHONE_NUMBER_ID_TAKEN = {
  name: 'sender_phone_number_id_taken',
  text: 'SELECT FROM senders WHERE phone_number_id = $1 AND sender <> $2 AND deleted_at IS NULL',
};
const CHANGE = {
  name: 'sender_change',
  text: `UPDATE senders SET phone_number_id = coalesce($2, phone_number_id), waba_id = coalesce($3, waba_id),
      access_token = coalesce($4, access_token), throughput = coalesce($5, throughput), identity_check = coalesce($6, identity_check)
    WHERE id = $1 AND deleted_at IS NULL`,
};
const DELETE = {
  name: 'sender_delete',
  text: `UPDATE senders SET deleted_at = $3 WHERE sender = $1 AND deleted_at IS NULL AND ($2::integer IS NULL OR account = $2) RETURNING id`,
};
const RESUME = {
  name: 'sender_resume',
  text: 'UPDATE lane_heads SET paused_until = NULL, pause_reason = NULL WHERE lane = $1',
};
const ENSURE_ENDPOINT = { name: 'sender_ensure_endpoint', text: `SELECT ensure_endpoint($1, $2, '', $3) AS id` };

/** The live sender with this number, of `account` or of any when that is null. */
export async function findSender(db: Runner, account: number | null, sender: string): Promise<SenderRow | undefined> {
  const [row] = await db.run<SenderRow>(FIND, [sender, account]);
  return row;
}

/** The sealed access token of a live sender. */
export async function findAccessToken(db: Runner, id: number): Promise<Buffer | undefined> {
  const [row] = await db.run<{ accessToken: Buffer }>(ACCESS_TOKEN, [id]);
  return row?.accessToken;
}

/** Live senders by number. */
export async function pageSenders(
  db: Runner,
  account: number | null,
  { limit, offset }: Slice,
): Promise<Page<SenderRow>> {
  const [count] = await db.run<{ total: number }>(COUNT, [account]);
  return { rows: await db.run<SenderRow>(PAGE, [account, limit, offset]), total: count?.total ?? 0 };
}

/** Adds a sender and its lane; false when its number or its phoneNumberId is taken by a live one. */
export async function insertSender(db: Runner, sender: NewSender): Promise<boolean> {
  const { account, phoneNumberId, wabaId, accessToken, throughput, identityCheck, createdAt } = sender;
  const values = [account, sender.sender, phoneNumberId, wabaId, accessToken, throughput, identityCheck, createdAt];
  return (await db.run(INSERT, values)).length === 1;
}

/** Whether a live sender other than `sender` has this phoneNumberId. */
export async function isPhoneNumberIdTaken(db: Runner, phoneNumberId: string, sender: string): Promise<boolean> {
  return (await db.run(PHONE_NUMBER_ID_TAKEN, [phoneNumberId, sender])).length > 0;
}

/** Changes what is given. Throws DatabaseError of kind data when the phoneNumberId is taken. */
export async function changeSender(db: Runner, id: number, change: SenderChange): Promise<void> {
  const { phoneNumberId, wabaId, accessToken, throughput, identityCheck } = change;
  await db.run(CHANGE, [
    id,
    phoneNumberId ?? null,
    wabaId ?? null,
    accessToken ?? null,
    throughput ?? null,
    identityCheck ?? null,
  ]);
}

/** Takes a sender out of service; false when there is none. */
export async function deleteSender(db: Runner, account: number | null, sender: string, now: number): Promise<boolean> {
  return (await db.run(DELETE, [sender, account, now])).length === 1;
}

/** Ends the pause of a lane. Its owner looks at paused lanes again and again. */
export async function resumeLane(db: Runner, lane: number): Promise<void> {
  await db.run(RESUME, [lane]);
}

/** The endpoint of an account and origin, made when there is none. */
export async function ensureEndpoint(db: Runner, account: number, origin: string, now: number): Promise<number> {
  const [row] = await db.run<{ id: number }>(ENSURE_ENDPOINT, [account, origin, now]);
  if (row === undefined) throw new Error('ensure_endpoint returned no row');
  return row.id;
}
