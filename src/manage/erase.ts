// Erasing a person, and giving them what is known of them: who they are, what is theirs, and that no process remembers it.
import type { InboundEvent } from '../contract/events/envelope.js';
import { mediaOfInbound } from '../contract/events/registry.js';
import { destinationOf } from '../contract/messages/wire.js';
import type { Clock } from '../lib/clock.js';
import type { BlobStore } from '../media/blob-store.js';
import { readEnvelope } from '../pipeline/envelope.js';
import { waitMs } from '../pipeline/wait.js';
import type { Database } from '../store/database.js';
import {
  countBehind,
  type ErasedInbound,
  type ErasedMessage,
  eraseInbound,
  eraseMessages,
  eraseOthers,
  noteErasure,
} from '../store/erase.js';
import {
  namesPerson,
  type Person,
  type PersonInbound,
  type PersonMessage,
  personOf,
  readInboundOf,
  readMessagesOf,
} from '../store/persons.js';
import { findSender } from '../store/senders.js';
import { type Refusal, refuse } from './refusal.js';

/** What erasing works with. */
export interface EraseParts {
  database: Database;
  clock: Clock;
  blobs: Pick<BlobStore, 'remove'>;
}

/** What was erased, in rows. `erasure` is its number, which says nothing of the person. */
export interface Erased {
  erasure: number;
  messages: number;
  inbound: number;
  files: number;
  scheduled: number;
  others: number;
}

const FORGET_MS = 60_000;
const POLL_MS = 100;

/** Who a number or user id stands for: with the other numbers and user ids that Meta told of them. */
export async function findPerson(database: Database, account: number, user: string): Promise<Person | Refusal> {
  const destination = destinationOf(user);
  if (destination === undefined) return refuse('invalid', 'must be a phone number or a user id', 'user');
  const id = destination.kind === 'phone' ? destination.digits : destination.id;
  const first = personOf(account, [id]);
  const ids = new Set([id]);
  for await (const rows of readInboundOf(database, first)) {
    for (const row of rows) {
      const event = readEvent(row);
      if (isTheirs(first, event)) for (const other of idsOf(event)) ids.add(other);
    }
  }
  for (const one of ids) {
    if ((await findSender(database, account, one)) !== undefined)
      return refuse('conflict', 'this is a sender of the account, not a user', 'user');
  }
  return personOf(account, [...ids]);
}

/**
 * Erases a person of one account. What other people wrote that names them loses its content too. Processes forget what they remember, and what
 * they wrote meanwhile is erased after them; a process that has not forgotten within a minute is a refusal: ask again.
 */
export async function erasePerson(parts: EraseParts, account: number, user: string): Promise<Erased | Refusal> {
  const person = await findPerson(parts.database, account, user);
  if ('refusal' in person) return person;
  const first = await eraseOnce(parts, person);
  const erasure = await noteErasure(parts.database, account, parts.clock.now());
  const deadline = parts.clock.monotonic() + FORGET_MS;
  while ((await countBehind(parts.database, erasure)) > 0) {
    if (parts.clock.monotonic() > deadline)
      return refuse('conflict', 'a process is still at work on what is to be erased; ask again');
    await waitMs(POLL_MS);
  }
  const second = await eraseOnce(parts, person);
  return {
    erasure,
    messages: first.messages + second.messages,
    inbound: first.inbound + second.inbound,
    files: first.files + second.files,
    scheduled: first.scheduled + second.scheduled,
    others: first.others + second.others,
  };
}

type Counts = Omit<Erased, 'erasure'>;

async function eraseOnce({ database, blobs }: EraseParts, person: Person): Promise<Counts> {
  const counts: Counts = { messages: 0, inbound: 0, files: 0, scheduled: 0, others: 0 };
  for await (const rows of readMessagesOf(database, person)) {
    const [first] = rows;
    if (first === undefined) continue;
    await eraseMessages(
      database,
      person,
      first,
      rows.map((row) => emptied(person, row)),
    );
    counts.messages += rows.length;
  }
  for await (const rows of readInboundOf(database, person)) {
    const [first] = rows;
    if (first === undefined) continue;
    const left = rows.map((row) => emptiedInbound(person, row));
    for (const { id } of left) await blobs.remove(id);
    await eraseInbound(database, first, left);
    counts.inbound += rows.length;
    counts.files += rows.filter((row) => mediaOfInbound(readEvent(row)) !== undefined).length;
  }
  const { scheduled, others } = await eraseOthers(database, person);
  counts.scheduled = scheduled;
  counts.others = others;
  return counts;
}

/** Of a message to them only where its reports go is kept; of one that names them, what does not. */
function emptied(person: Person, { seq, id, recipient, envelope }: PersonMessage): ErasedMessage {
  const isTheirs = person.ids.includes(recipient);
  const { bulkId, notifyUrl, applicationId, entityId, user, ...rest } = readEnvelope(envelope);
  const kept = { bulkId, notifyUrl, applicationId, entityId, user, ...(isTheirs ? {} : rest) };
  const fields = Object.entries(kept).filter(
    ([, value]) => value !== undefined && !namesPerson(person, JSON.stringify(value)),
  );
  return { seq, id, isTheirs, envelope: fields.length === 0 ? null : JSON.stringify(Object.fromEntries(fields)) };
}

function emptiedInbound(person: Person, row: PersonInbound): ErasedInbound {
  const { wamid, id } = row;
  const event = readEvent(row);
  if (isTheirs(person, event)) return { wamid, id, raw: null };
  const { phoneNumberId, displayPhoneNumber, from, at, contact } = event;
  const left = { wamid, phoneNumberId, displayPhoneNumber, from, at, type: 'UNSUPPORTED', content: {}, contact };
  const raw = JSON.stringify(left);
  return { wamid, id, raw: namesPerson(person, raw) ? null : raw };
}

/** Whether somebody wrote an inbound message. */
export function isTheirs(person: Pick<Person, 'ids'>, event: InboundEvent): boolean {
  return idsOf(event).some((id) => person.ids.includes(id));
}

function idsOf({ from, contact }: InboundEvent): string[] {
  return [from, contact.phoneNumber, contact.userId, contact.parentUserId].filter((id) => id !== undefined);
}

/** What an inbound row says. */
export function readEvent({ raw }: Pick<PersonInbound, 'raw'>): InboundEvent {
  // Parse boundary: only receive writes this column, and erasing, in the same form.
  return JSON.parse(raw) as InboundEvent;
}
