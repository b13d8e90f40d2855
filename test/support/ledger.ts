// The crash ledger's reckoning: four books, what was accepted, what Meta got, what Meta told, what the customer got, must agree.
import assert from 'node:assert/strict';
import pg from 'pg';
import type { AcceptedMessage } from './ledger-load.js';
import { findLostFiles, type UserBooks } from './ledger-users.js';
import type { LedgerWorld } from './ledger-world.js';

/** An outbound or inbound message as the sandbox shows it. */
export interface SandboxMessage {
  id: string;
  direction: 'out' | 'in';
  from: string;
  to: string;
  payload: { body?: string; text?: { body?: string } };
  bizOpaque: string | null;
  acceptedAt: string;
  statuses: { status: string; at: string }[];
}

/** The result. All but `resentByPolicy`, `repeated` and the counts of the books must be empty. */
export interface Reckoning {
  accepted: number;
  atMeta: number;
  /** Lines that name what is missing. */
  lost: string[];
  /** Lines that name what happened twice: a kind reported under two eventIds, or a send of which the outcome was known already. */
  duplicated: string[];
  /** Lines that name what came in the wrong order within a pair. */
  misordered: string[];
  /** Lines that name what nobody asked for. */
  foreign: string[];
  /** Messages that Meta had got already and that were sent again because nobody could know (P8). */
  resentByPolicy: number;
  /** Reports that came again under the same eventId: at least once is the promise. */
  repeated: number;
  /** The line that is printed. */
  summary: string;
}

const PAGE = 1000;
const LINES_SHOWN = 20;

/** Throws, with the first lines of what is wrong, unless nothing was lost, repeated, misordered or made up. */
export function assertBalanced(reckoning: Reckoning): void {
  const { lost, duplicated, misordered, foreign, resentByPolicy, summary } = reckoning;
  const wrong = [...lost, ...duplicated, ...misordered, ...foreign];
  assert.deepEqual(wrong.slice(0, LINES_SHOWN), [], `${summary} misordered ${misordered.length}`);
  assert.equal(resentByPolicy, 0, summary);
}

/** Everything that the sandbox has, in Graph order. */
export async function readSandbox(world: LedgerWorld): Promise<SandboxMessage[]> {
  const all: SandboxMessage[] = [];
  for (let after: string | null = ''; after !== null; ) {
    const { messages, next }: SandboxPage = await readSandboxPage(world, after);
    all.push(...messages);
    after = next;
  }
  return all;
}

interface SandboxPage {
  messages: SandboxMessage[];
  next: string | null;
}

/** Up to 1,000 messages after `after`, which is the `next` of an earlier page, the id of a message, or empty. */
export async function readSandboxPage(world: LedgerWorld, after: string): Promise<SandboxPage> {
  const query = after === '' ? '' : `&after=${encodeURIComponent(after)}`;
  const { body } = await world.call(world.sandbox, `/_sandbox/messages?limit=${PAGE}${query}`);
  // The parse boundary of the sandbox's control API; its shape is what the reckoning goes on to check.
  return body as SandboxPage;
}

/** The load's number in a text `n-<number>`; undefined when it is none. */
export function numberOf(message: SandboxMessage): number | undefined {
  const text = message.payload.body ?? message.payload.text?.body ?? '';
  return text.startsWith('n-') ? Number(text.slice(2)) : undefined;
}

/** What tests send beside the load to see how it is answered; nobody waits for its reports. */
export const PROBE_TEXT = 'is anybody there';

function isProbe({ payload }: SandboxMessage): boolean {
  return (payload.body ?? payload.text?.body) === PROBE_TEXT;
}

/** Reconciles. `users`: what the sandbox took from users, and what was marked as read. */
export async function reckon(
  world: LedgerWorld,
  accepted: ReadonlyMap<number, AcceptedMessage>,
  users: UserBooks,
): Promise<Reckoning> {
  const all = await readSandbox(world);
  const out = all.filter(({ direction }) => direction === 'out');
  const sends = new Map<number, SandboxMessage[]>();
  const foreign: string[] = [];
  for (const message of out) {
    const n = numberOf(message);
    if (isProbe(message)) continue;
    if (n === undefined) foreign.push(`Meta got ${message.id}, which nobody sent`);
    else sends.set(n, [...(sends.get(n) ?? []), message]);
  }
  const { duplicated, resentByPolicy } = await findResends(world, sends);
  const lost = [
    ...findLost(world, accepted, sends),
    ...findLostInbound(world, users.texts),
    ...(await findLostFiles(world, users)),
    ...findLostReads(all, users),
  ];
  duplicated.push(...findTwiceReported(world));
  const misordered = findMisordered(out, accepted);
  const repeated = world.receiver.repeats();
  const summary = `lost ${lost.length} duplicated ${duplicated.length} resent-by-policy ${resentByPolicy}`;
  return {
    accepted: accepted.size,
    atMeta: out.length,
    lost,
    duplicated,
    misordered,
    foreign,
    resentByPolicy,
    repeated,
    summary,
  };
}

function findLost(
  { receiver }: LedgerWorld,
  accepted: ReadonlyMap<number, AcceptedMessage>,
  sends: ReadonlyMap<number, SandboxMessage[]>,
): string[] {
  const lost: string[] = [];
  for (const { n, messageId, acceptedAt } of accepted.values()) {
    if (!sends.has(n))
      lost.push(`${n} (${messageId}, accepted ${new Date(acceptedAt).toISOString()}) never reached Meta`);
  }
  for (const [n, messages] of sends) {
    const told = new Set(messages.flatMap(({ statuses }) => statuses.map(({ status }) => status)));
    const reported = receiver.reports.get(n);
    const others = [...(reported?.other.values() ?? [])].join(', ');
    if (told.has('delivered') && (reported?.delivered.size ?? 0) === 0)
      lost.push(`${n}: Meta told delivered, the customer was not (${others || 'no report'})`);
    if (told.has('read') && (reported?.seen.size ?? 0) === 0) lost.push(`${n}: Meta told read, the customer was not`);
  }
  return lost;
}

function findLostInbound({ receiver }: LedgerWorld, inbound: readonly string[]): string[] {
  return inbound.filter((text) => !receiver.inbound.has(text)).map((text) => `inbound ${text} never arrived`);
}

/** 204 says that Meta has it. */
function findLostReads(all: readonly SandboxMessage[], { reads }: UserBooks): string[] {
  const read = new Set(
    all.filter(({ statuses }) => statuses.some(({ status }) => status === 'read')).map(({ id }) => id),
  );
  return [...reads].filter((id) => !read.has(id)).map((id) => `${id} was marked as read and is not at Meta`);
}

function findTwiceReported({ receiver }: LedgerWorld): string[] {
  const twice: string[] = [];
  for (const [n, { delivered, seen, other }] of receiver.reports) {
    if (delivered.size > 1) twice.push(`${n}: delivered reported as ${[...delivered].join(' and ')}`);
    if (seen.size > 1) twice.push(`${n}: seen reported as ${[...seen].join(' and ')}`);
    // Nothing fails while Meta delivers everything at once: a report of failure beside one of success is one too many.
    if (other.size > 0) twice.push(`${n}: reported ${[...other.values()].join(', ')}`);
  }
  for (const [text, ids] of receiver.inbound) {
    if (ids.size > 1) twice.push(`inbound ${text} arrived as ${[...ids].join(' and ')}`);
  }
  return twice;
}

/** The order of first sends per pair against the order of acceptance, which is the order of numbers within a pair. */
function findMisordered(out: readonly SandboxMessage[], accepted: ReadonlyMap<number, AcceptedMessage>): string[] {
  const misordered: string[] = [];
  const last = new Map<string, number>();
  const seen = new Set<number>();
  for (const message of out) {
    const n = numberOf(message);
    // What was never answered has no place in the order of acceptance.
    if (n === undefined || seen.has(n) || !accepted.has(n)) continue;
    seen.add(n);
    const pair = `${message.from} ${message.to}`;
    const before = last.get(pair) ?? -1;
    if (before > n) misordered.push(`${pair}: ${n} was sent after ${before}`);
    last.set(pair, Math.max(before, n));
  }
  return misordered;
}

interface EventRow {
  attempt: number;
  kind: number;
  recordedAt: string;
}

/** Sends of one message more than once: by policy when the outcome of the earlier one was unknown at that time, else a duplicate. */
async function findResends(
  world: LedgerWorld,
  sends: ReadonlyMap<number, SandboxMessage[]>,
): Promise<{ duplicated: string[]; resentByPolicy: number }> {
  const repeated = [...sends].filter(([, messages]) => messages.length > 1);
  const duplicated: string[] = [];
  let resentByPolicy = 0;
  if (repeated.length === 0) return { duplicated, resentByPolicy };
  const client = new pg.Client({ connectionString: await world.database() });
  await client.connect();
  for (const [n, messages] of repeated) {
    for (const [i, message] of messages.entries()) {
      if (i === 0) continue;
      const known = await outcomeKnown(client, messages.slice(0, i), message);
      if (known === undefined) resentByPolicy += 1;
      else duplicated.push(`${n} was sent again at ${message.acceptedAt} though ${known}`);
    }
  }
  await client.end();
  return { duplicated, resentByPolicy };
}

async function outcomeKnown(
  client: pg.Client,
  earlier: readonly SandboxMessage[],
  again: SandboxMessage,
): Promise<string | undefined> {
  const [, , id = '', attempt = ''] = (again.bizOpaque ?? '').split(':');
  if (earlier.some(({ bizOpaque }) => bizOpaque === again.bizOpaque)) return `attempt ${attempt} was posted before`;
  const { rows } = await client.query<EventRow>(
    'SELECT attempt, kind, recorded_at AS "recordedAt" FROM events WHERE message = $1 AND kind < 20 AND attempt < $2',
    [id, attempt],
  );
  const known = rows.find(({ recordedAt }) => Number(recordedAt) < Date.parse(again.acceptedAt));
  return known === undefined ? undefined : `event ${known.kind} of attempt ${known.attempt} was on disk`;
}
