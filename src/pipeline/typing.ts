// Shows typing indicators when they are due: Meta wants the user's last message named, which is marked read by it.
// They wait in a table, so a restart loses none; showing one twice does no harm, so a lost answer is simply tried again.
import { typingBody } from '../contract/typing.js';
import type { Clock } from '../lib/clock.js';
import { addDays, dayOf } from '../lib/day.js';
import type { Log } from '../lib/log.js';
import type { GraphAnswer, GraphClient } from '../meta/graph-client.js';
import { retryDelayMs, verdictOf } from '../meta/verdict.js';
import type { Database } from '../store/database.js';
import type { Directory, DirectorySender } from '../store/directory.js';
import {
  claimTyping,
  type DueTyping,
  findLastInbound,
  nextTypingAt,
  postponeTyping,
  removeTyping,
} from '../store/typing.js';
import { createDueLoop, type DueLoop } from './due-loop.js';

/** What it works with. */
export interface TypingParts {
  database: Database;
  clock: Clock;
  log: Log;
  directory: Directory;
  graph: GraphClient;
  /** The clear access token of a sender. Throws when it cannot be opened. */
  tokenOf(sender: DirectorySender): string;
}

/** Requests to Meta at once; sends have the rest of its sockets. */
const AT_ONCE_MAX = 8;
/** Longer than a request may take: who claimed one has it to himself meanwhile. */
const CLAIM_MS = 30_000;
/** How often what other processes added is looked for. */
const POLL_MS = 1_000;
/** Meta knows messages of the last 30 days (Meta 1.1). */
const LAST_INBOUND_DAYS = 30;

/** Creates it; nothing happens before the first `wake`. */
export function createTyping(parts: TypingParts): DueLoop {
  const { database, clock, log } = parts;
  async function run(isStopped: () => boolean): Promise<number | undefined> {
    for (let hasMore = true; hasMore && !isStopped(); ) {
      const due = await claimTyping(database, clock.now(), clock.now() + CLAIM_MS, AT_ONCE_MAX);
      // One that cannot be settled stays claimed a while and is then tried again.
      await Promise.all(due.map((typing) => show(parts, typing).catch(complain)));
      hasMore = due.length === AT_ONCE_MAX;
    }
    return (await nextTypingAt(database)) ?? undefined;
  }

  function complain(error: unknown): void {
    log.warn({ event: 'typing.waits', err: String(error) });
  }

  return createDueLoop({ clock, pollMs: POLL_MS, run, onError: complain });
}

async function show(parts: TypingParts, typing: DueTyping): Promise<void> {
  const { database, clock, log } = parts;
  const outcome = await attempt(parts, typing);
  if ('retryInMs' in outcome) {
    const dueAt = clock.now() + outcome.retryInMs;
    if (dueAt < typing.expiresAt) return postponeTyping(database, typing.id, dueAt);
  }
  if (outcome.reason !== undefined) {
    log.info({ event: 'typing.dropped', message: typing.messageId, lane: typing.lane, reason: outcome.reason });
  }
  return removeTyping(database, typing.id);
}

/** `reason`: why it was not shown. */
type Shown = { reason: string | undefined } | { reason: string; retryInMs: number };

async function attempt(parts: TypingParts, typing: DueTyping): Promise<Shown> {
  const { database, clock, directory, graph, tokenOf } = parts;
  if (clock.now() >= typing.expiresAt) return { reason: 'expired' };
  const sender = directory.senderById(typing.lane);
  if (sender === undefined) return { reason: 'sender was removed' };
  const firstDay = addDays(dayOf(clock.now()), -LAST_INBOUND_DAYS);
  const wamid = await findLastInbound(database, typing.lane, typing.recipient, firstDay);
  if (wamid === undefined) return { reason: 'the user has not written' };
  return judged(await graph.send(sender.phoneNumberId, tokenOf(sender), typingBody(wamid)), typing.attempt);
}

/** Meta's good answer is `{success:true}`, without the id that a send is answered with. */
function judged(answer: GraphAnswer, attempts: number): Shown {
  if (answer.kind === 'answered' && answer.status >= 200 && answer.status < 300) return { reason: undefined };
  const outcome = verdictOf(answer, attempts, Math.random());
  switch (outcome.kind) {
    case 'accepted':
      return { reason: undefined };
    case 'failed':
      return { reason: outcome.refusal.detail ?? `http ${outcome.refusal.httpStatus}` };
    case 'retry':
      return { reason: outcome.reason, retryInMs: outcome.delayMs };
    case 'unknown':
      return { reason: outcome.reason, retryInMs: retryDelayMs(attempts, Math.random()) };
  }
}
