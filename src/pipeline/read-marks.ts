// Marks a message of a user as read at Meta (Meta 1.3), at once: marking it twice does no harm, so nothing is stored.
import { readMarkBody } from '../contract/read-marks.js';
import type { Clock } from '../lib/clock.js';
import { addDays, dayOf } from '../lib/day.js';
import type { GraphClient } from '../meta/graph-client.js';
import { verdictOf } from '../meta/verdict.js';
import { hasInbound } from '../store/conversations.js';
import type { Database } from '../store/database.js';
import type { DirectorySender } from '../store/directory.js';

/** What it works with. */
export interface ReadMarkParts {
  database: Database;
  clock: Clock;
  graph: GraphClient;
  /** The clear access token of a sender; undefined when no key of ours opens it. */
  tokenOf(sender: DirectorySender): string | undefined;
}

/** `refused`: never, for a reason that the customer may read; `failed`: perhaps later. */
export type ReadMark = { kind: 'marked' } | { kind: 'refused'; reason: string } | { kind: 'failed'; reason: string };

/** Meta knows messages of the last 30 days (Meta 1.1). */
const INBOUND_DAYS = 30;
/** The parameter that is wrong is the message id, whatever the subcode (Meta 1.3). */
const UNKNOWN_MESSAGE_CODE = 100;

/** Marks message `wamid` that a user wrote to `sender` as read. Throws DatabaseError. */
export async function markRead(parts: ReadMarkParts, sender: DirectorySender, wamid: string): Promise<ReadMark> {
  const { database, clock, graph, tokenOf } = parts;
  const firstDay = addDays(dayOf(clock.now()), -INBOUND_DAYS);
  if (!(await hasInbound(database, sender.id, wamid, firstDay))) {
    return { kind: 'refused', reason: 'No such message to this sender in the last 30 days' };
  }
  const token = tokenOf(sender);
  if (token === undefined) return { kind: 'failed', reason: 'access token cannot be opened' };
  const answer = await graph.send(sender.phoneNumberId, token, readMarkBody(wamid));
  // Meta's good answer is `{success:true}`, without the id that a send is answered with.
  if (answer.kind === 'answered' && answer.status >= 200 && answer.status < 300) return { kind: 'marked' };
  const outcome = verdictOf(answer, 1, 0);
  const refusal = 'refusal' in outcome ? outcome.refusal : undefined;
  if (outcome.kind === 'failed' || refusal?.metaCode === UNKNOWN_MESSAGE_CODE) {
    return { kind: 'refused', reason: refusal?.detail ?? 'Meta refused it' };
  }
  return { kind: 'failed', reason: 'reason' in outcome ? outcome.reason : outcome.kind };
}
