// The users of the crash ledger, who write texts and send files, and the customer's reader, who marks messages as read; with the books of both.
import { createHash } from 'node:crypto';
import { jpegOf } from '../e2e/sandbox-files.js';
import { between, type Random } from './ledger-random.js';
import type { LedgerWorld } from './ledger-world.js';
import { until } from './until.js';

/** What users did, as the sandbox answered it, and what the customer did with it. */
export interface UserBooks {
  /** Texts, and captions of files, that the sandbox took. */
  texts: readonly string[];
  /** SHA-256 of the files that the sandbox took, by caption. */
  files: ReadonlyMap<string, string>;
  /** Wamids of messages whose marking as read was answered 204. */
  reads: ReadonlySet<string>;
}

/** Users under way. */
export interface LedgerUsers {
  books: UserBooks;
  /** Nothing new is written; resolves when what is under way is answered. */
  stop(): Promise<void>;
}

/** Every so manieth message is a file; every so manieth is marked as read. */
const FILE_EVERY = 5;
const READ_EVERY = 3;
const FILE_BYTES_MAX = 60_000;
const REPEAT_MS = 500;
/** A careful client asks again so long. */
const READ_TIMEOUT_MS = 60_000;

/** Starts users who write to business numbers, each text once. */
export function startUsers(world: LedgerWorld, random: Random, perSecond: number): LedgerUsers {
  const texts: string[] = [];
  const files = new Map<string, string>();
  const reads = new Set<string>();
  const under = new Set<Promise<void>>();
  const state = { count: 0, isStopping: false };

  async function speak(n: number): Promise<void> {
    const text = `in-${n}`;
    const sender = world.senders[between(random, 0, world.senders.length - 1)] ?? '';
    const file = n % FILE_EVERY === 0 ? fileOf(text, between(random, 1_000, FILE_BYTES_MAX)) : undefined;
    const body = { ...fragmentOf(text, file), phoneNumberId: `${sender}200` };
    const answer = await world.call(world.sandbox, `/_sandbox/users/${447_600_000_000 + (n % 1000)}/messages`, body);
    if (answer.status !== 201) return;
    texts.push(text);
    if (file !== undefined) files.set(text, hashOf(file));
    // The parse boundary of the sandbox's answer.
    const { id } = answer.body as { id: string };
    if (n % READ_EVERY === 0) await read(sender, id);
  }

  async function read(sender: string, wamid: string): Promise<void> {
    const path = `/whatsapp/1/senders/${sender}/message/${encodeURIComponent(wamid)}/read`;
    const deadline = performance.now() + READ_TIMEOUT_MS;
    while (!state.isStopping && performance.now() < deadline) {
      const answer = await world.callAsCustomer(path, 'POST').catch(() => undefined);
      if (answer?.status === 204) {
        reads.add(wamid);
        return;
      }
      await new Promise((resolve) => setTimeout(resolve, REPEAT_MS));
    }
  }

  const timer = setInterval(() => {
    const spoken = speak(state.count)
      .catch(() => undefined)
      .finally(() => under.delete(spoken));
    under.add(spoken);
    state.count += 1;
  }, 1000 / perSecond);
  return {
    books: { texts, files, reads },
    async stop() {
      clearInterval(timer);
      state.isStopping = true;
      await Promise.all(under);
    },
  };
}

/** Waits until the customer can read every file that was reported. */
export async function untilFilesAreThere(world: LedgerWorld, { files }: UserBooks, timeoutMs: number): Promise<void> {
  const left = new Set(files.keys());
  await until(
    'every file can be read',
    async () => {
      for (const caption of left) if ((await fileAt(world, caption)) !== undefined) left.delete(caption);
      return left.size === 0;
    },
    timeoutMs,
  );
}

/** Lines that name files that are missing or other than what was sent. */
export async function findLostFiles(world: LedgerWorld, { files }: UserBooks): Promise<string[]> {
  const lost: string[] = [];
  for (const [caption, hash] of files) {
    const bytes = await fileAt(world, caption);
    if (bytes === undefined) lost.push(`the file of ${caption} cannot be read`);
    else if (hashOf(bytes) !== hash) lost.push(`the file of ${caption} has other bytes than the user sent`);
  }
  return lost;
}

async function fileAt(world: LedgerWorld, caption: string): Promise<Buffer | undefined> {
  const url = world.receiver.fileUrls.get(caption);
  if (url === undefined) return undefined;
  const answer = await world.callAsCustomer(new URL(url).pathname, 'GET').catch(() => undefined);
  return answer?.status === 200 ? answer.bytes : undefined;
}

function fileOf(text: string, bytes: number): Buffer {
  return Buffer.concat([jpegOf(bytes), Buffer.from(text)]);
}

function fragmentOf(text: string, file: Buffer | undefined): object {
  if (file === undefined) return { type: 'text', text: { body: text } };
  return { type: 'image', image: { data: file.toString('base64'), mime_type: 'image/jpeg', caption: text } };
}

function hashOf(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}
