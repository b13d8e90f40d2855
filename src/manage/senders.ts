// Senders: made, changed and removed, with the endpoint that their inbound messages go to.
import type { Clock } from '../lib/clock.js';
import { uuidv7 } from '../lib/id.js';
import type { SecretBox } from '../lib/secrets.js';
import type { Runner } from '../store/accounts.js';
import type { Database } from '../store/database.js';
import { putForward } from '../store/inbound-configurations.js';
import {
  changeSender,
  ensureEndpoint,
  findSender,
  insertSender,
  isPhoneNumberIdTaken,
  resumeLane,
  type SenderRow,
} from '../store/senders.js';
import { isRefusal, type Refusal, refuse } from './refusal.js';

/** What these operations need. */
export interface SenderParts {
  database: Database;
  clock: Clock;
  secrets: SecretBox;
  /** Why a URL can never be posted to, as far as its text says (the SSRF guard's static check). */
  checkUrl(url: string): string | undefined;
}

/** Messages a second that a number may send unless Meta said otherwise (Meta 7.1). */
export const THROUGHPUT_DEFAULT = 80;

/** What can be said about a sender; `forwardUrl` null turns forwarding off, undefined keeps it. */
export interface SenderSettings {
  phoneNumberId?: string | undefined;
  wabaId?: string | undefined;
  /** In clear; stored sealed. */
  accessToken?: string | undefined;
  throughput?: number | undefined;
  forwardUrl?: string | null | undefined;
  identityCheck?: boolean | undefined;
}

/** A sender to be made. */
export interface SenderRequest extends SenderSettings {
  sender: string;
  phoneNumberId: string;
  wabaId: string;
  accessToken: string;
}

/** Makes a sender of an account, without asking Meta. Refused when its number or its phoneNumberId is some account's already. */
export async function createSender(
  parts: SenderParts,
  account: number,
  request: SenderRequest,
): Promise<SenderRow | Refusal> {
  const { database, clock, secrets } = parts;
  const wrong = wrongForwardUrl(parts, request.forwardUrl) ?? (await conflictOf(database, request));
  if (wrong !== undefined) return wrong;
  const { sender, phoneNumberId, wabaId, throughput = THROUGHPUT_DEFAULT, identityCheck = false } = request;
  const accessToken = secrets.seal(request.accessToken);
  return database.transaction(async (tx) => {
    const row = {
      account,
      sender,
      phoneNumberId,
      wabaId,
      accessToken,
      throughput,
      identityCheck,
      createdAt: clock.now(),
    };
    if (!(await insertSender(tx, row))) return taken('sender');
    await forwardTo(tx, account, sender, request.forwardUrl ?? undefined, clock.now());
    return existing(tx, account, sender);
  });
}

/** Changes what is given of a sender of `account` (null: of any). */
export async function updateSender(
  parts: SenderParts,
  account: number | null,
  sender: string,
  settings: SenderSettings,
): Promise<SenderRow | Refusal> {
  const { database, clock, secrets } = parts;
  const found = await findSender(database, account, sender);
  if (found === undefined) return refuse('notFound', 'no such sender');
  const wrong = wrongForwardUrl(parts, settings.forwardUrl);
  if (wrong !== undefined) return wrong;
  const { phoneNumberId, wabaId, throughput, identityCheck } = settings;
  if (phoneNumberId !== undefined && (await isPhoneNumberIdTaken(database, phoneNumberId, sender)))
    return taken('phoneNumberId');
  const accessToken = settings.accessToken === undefined ? undefined : secrets.seal(settings.accessToken);
  return database.transaction(async (tx) => {
    await changeSender(tx, found.id, { phoneNumberId, wabaId, throughput, identityCheck, accessToken });
    await forwardTo(tx, found.account, sender, settings.forwardUrl, clock.now());
    return existing(tx, found.account, sender);
  });
}

/** Makes the sender or, when it is this account's already, changes it. */
export async function putSender(
  parts: SenderParts,
  account: number,
  request: SenderRequest,
): Promise<SenderRow | Refusal> {
  const changed = await updateSender(parts, account, request.sender, request);
  return isRefusal(changed) && changed.refusal === 'notFound' ? createSender(parts, account, request) : changed;
}

/** Ends the pause of a sender's lane, whatever its reason. */
export async function resumeSender(
  { database }: Pick<SenderParts, 'database'>,
  account: number | null,
  sender: string,
): Promise<SenderRow | Refusal> {
  const found = await findSender(database, account, sender);
  if (found === undefined) return refuse('notFound', 'no such sender');
  await resumeLane(database, found.id);
  return existing(database, found.account, sender);
}

async function existing(db: Runner, account: number, sender: string): Promise<SenderRow | Refusal> {
  return (await findSender(db, account, sender)) ?? refuse('notFound', 'no such sender');
}

function taken(field: 'sender' | 'phoneNumberId'): Refusal {
  return refuse('conflict', `this ${field} is in use: a sender belongs to one account`, field);
}

async function conflictOf(db: Runner, { sender, phoneNumberId }: SenderRequest): Promise<Refusal | undefined> {
  if ((await findSender(db, null, sender)) !== undefined) return taken('sender');
  return (await isPhoneNumberIdTaken(db, phoneNumberId, sender)) ? taken('phoneNumberId') : undefined;
}

function wrongForwardUrl({ checkUrl }: SenderParts, url: string | null | undefined): Refusal | undefined {
  const reason = url === undefined || url === null ? undefined : checkUrl(url);
  return reason === undefined ? undefined : refuse('invalid', `cannot be posted to: ${reason}`, 'forwardUrl');
}

/** The URL is that of the inbound configuration without a keyword. Undefined keeps it, null means none. */
async function forwardTo(
  tx: Runner,
  account: number,
  sender: string,
  url: string | null | undefined,
  now: number,
): Promise<void> {
  const found = url === undefined ? undefined : await findSender(tx, account, sender);
  if (url === undefined || found === undefined) return;
  const forward = url === null ? null : { url, endpoint: await ensureEndpoint(tx, account, new URL(url).origin, now) };
  await putForward(tx, found.id, uuidv7(now), forward, now);
}
