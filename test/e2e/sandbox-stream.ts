// Reads a stream of server-sent events for tests.
import { until } from '../support/until.js';
import { dig, list } from './sandbox-fixture.js';

/** One change that a stream told. */
export interface ToldChange {
  table: string;
  value: unknown;
}

/** What a stream has told so far, oldest first. */
export interface EventReader {
  hellos(): unknown[];
  changes(): ToldChange[];
  /** The id of the last event. */
  lastId(): string;
  /** Whether the other side ended the stream. */
  isOver(): boolean;
  close(): Promise<void>;
}

/** Opens a stream and resolves when its first event came. Throws when it is refused. */
export async function readEvents(url: string, headers: Record<string, string> = {}): Promise<EventReader> {
  const stopped = new AbortController();
  const response = await fetch(url, { headers, signal: stopped.signal });
  if (response.status !== 200 || response.body === null) throw new Error(`${url} answered ${response.status}`);
  const state = { text: '', over: false };
  const reading = read(response.body, state);
  const events = () => state.text.split('\n\n').slice(0, -1).map(parse);
  await until('the first event', () => events().length > 0);
  return {
    hellos: () => events().flatMap(({ name, value }) => (name === 'hello' ? [value] : [])),
    changes: () =>
      events()
        .flatMap(({ name, value }) => (name === 'changes' ? list(value) : []))
        .map((each) => ({ table: String(dig(each, 'table')), value: dig(each, 'value') })),
    lastId: () => events().findLast(({ id }) => id !== '')?.id ?? '',
    isOver: () => state.over,
    async close() {
      stopped.abort();
      await reading;
    },
  };
}

async function read(body: ReadableStream<Uint8Array>, state: { text: string; over: boolean }): Promise<void> {
  const decoder = new TextDecoder();
  try {
    for await (const chunk of body) state.text += decoder.decode(chunk, { stream: true });
  } catch {
    // Closed by us.
  }
  state.over = true;
}

function parse(block: string): { id: string; name: string; value: unknown } {
  const field = (name: string) =>
    block
      .split('\n')
      .find((line) => line.startsWith(`${name}: `))
      ?.slice(name.length + 2) ?? '';
  const data = field('data');
  return { id: field('id'), name: field('event'), value: data === '' ? undefined : JSON.parse(data) };
}
