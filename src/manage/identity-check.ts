// The identity check of a number, at Meta: without it Meta names no identities (Meta 2.2, 6).
import { findAccessToken, findSender } from '../store/senders.js';
import { askGraph, type GraphReader } from './graph-ask.js';
import { isRefusal, type Refusal, refuse } from './refusal.js';
import type { SenderParts, SenderSettings } from './senders.js';

/** Switches the check of a number on or off at Meta; doing it again changes nothing. Undefined when Meta did. */
export async function switchIdentityCheck(
  graph: GraphReader,
  { phoneNumberId, accessToken }: { phoneNumberId: string; accessToken: string },
  isOn: boolean,
): Promise<Refusal | undefined> {
  const body = { user_identity_change: { enable_identity_key_check: isOn } };
  const answer = await askGraph(graph.post(`${phoneNumberId}/settings`, accessToken, body), 'identityCheck');
  return isRefusal(answer) ? answer : undefined;
}

/** The same for a sender of `account` (null: of any) that is about to be changed to `settings`; nothing when they leave the check alone. */
export async function switchIdentityCheckOf(
  { database, secrets, graph }: SenderParts & { graph: GraphReader },
  account: number | null,
  sender: string,
  settings: SenderSettings,
): Promise<Refusal | undefined> {
  if (settings.identityCheck === undefined) return undefined;
  const found = await findSender(database, account, sender);
  const sealed = found === undefined ? undefined : await findAccessToken(database, found.id);
  if (found === undefined || sealed === undefined) return refuse('notFound', 'no such sender');
  const { phoneNumberId = found.phoneNumberId, accessToken = secrets.open(sealed) } = settings;
  return switchIdentityCheck(graph, { phoneNumberId, accessToken }, settings.identityCheck);
}
