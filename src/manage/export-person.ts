// What an account knows of a person, for them to have: one object per fact, oldest days first.
import { stateName } from '../contract/statuses.js';
import { readEnvelope } from '../pipeline/envelope.js';
import type { Database } from '../store/database.js';
import { MediaState } from '../store/media.js';
import {
  type Person,
  type PersonFile,
  type PersonInbound,
  type PersonMessage,
  readEventsOf,
  readFilesOf,
  readInboundOf,
  readMessagesOf,
  readNoticesOf,
  readOthersOf,
} from '../store/persons.js';
import { isTheirs, readEvent } from './erase.js';

/** Where a file that a person sent can be read. */
type FileUrl = (sender: string, id: string) => string;

/** Everything that is the person's; what others wrote that only names them is the others'. Rejects with DatabaseError. */
export async function* exportPerson(database: Database, person: Person, fileUrl: FileUrl): AsyncGenerator<object> {
  yield { kind: 'person', ids: person.ids };
  for await (const rows of readMessagesOf(database, person)) yield* messagesOf(database, person, rows);
  for await (const rows of readInboundOf(database, person)) yield* inboundOf(database, person, rows, fileUrl);
  for await (const { kind, row } of readOthersOf(database, person)) yield { kind, ...row };
  for await (const { id, body, recordedAt } of readNoticesOf(database, person))
    yield { kind: 'notice', id, recordedAt: timeOf(recordedAt), body: JSON.parse(body) };
}

async function* messagesOf(database: Database, person: Person, rows: readonly PersonMessage[]): AsyncGenerator<object> {
  const own = rows.filter(({ recipient }) => person.ids.includes(recipient));
  const [first] = own;
  if (first === undefined) return;
  const events = await readEventsOf(
    database,
    first.day,
    own.map(({ id }) => id),
  );
  for (const { id, messageId, sender, recipient, type, content, envelope, acceptedAt } of own)
    yield {
      kind: 'message',
      messageId: messageId ?? id,
      from: sender,
      to: recipient,
      type,
      content: JSON.parse(content),
      with: readEnvelope(envelope),
      acceptedAt: timeOf(acceptedAt),
      events: events
        .filter(({ message }) => message === id)
        .map((event) => ({ state: stateName(event.kind), at: timeOf(event.at) })),
    };
}

async function* inboundOf(
  database: Database,
  person: Person,
  rows: readonly PersonInbound[],
  fileUrl: FileUrl,
): AsyncGenerator<object> {
  const own = rows.filter((row) => isTheirs(person, readEvent(row)));
  const files = await readFilesOf(
    database,
    own.map(({ id }) => id),
  );
  for (const row of own) {
    const { wamid, displayPhoneNumber, from, at, type, content, contact, context } = readEvent(row);
    const file = files.find(({ id }) => id === row.id);
    yield {
      kind: 'inbound',
      id: row.id,
      wamid,
      from,
      to: displayPhoneNumber,
      receivedAt: timeOf(at),
      type,
      content,
      contact,
      context,
      file: file === undefined ? undefined : showFile(file, fileUrl),
    };
  }
}

function showFile({ id, sender, mimeType, filename, bytes, state }: PersonFile, fileUrl: FileUrl): object {
  const url = state === MediaState.stored ? fileUrl(sender, id) : null;
  return { url, mimeType, filename, bytes };
}

function timeOf(atMs: number): string {
  return new Date(atMs).toISOString();
}
