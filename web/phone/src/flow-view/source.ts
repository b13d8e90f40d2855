// What a flow is run with: where it came from, its endpoint, and where its end is told.
import { call, get } from '../api/client.js';
import { objectOf } from '../flow/document.js';
import type { Effect } from '../flow/run.js';
import { at, numberAt, textAt } from '../pure/json.js';

/** A flow as it was opened. */
export interface Opening {
  name: string;
  json: string;
  isDraft: boolean;
  action: 'navigate' | 'data_exchange';
  /** The first screen, when the message names it. */
  screen: string;
  data: Readonly<Record<string, unknown>>;
}

/** A file that the user chose, as flows answer it. */
export interface FlowFile {
  id: string;
  file_name: string;
  mime_type: string;
  sha256: string;
}

/** A step at the endpoint. */
export type Exchange = Omit<Extract<Effect, { kind: 'exchange' }>, 'kind'>;

/** What came of it. */
export type Outcome =
  | { kind: 'next'; screen: string; data: Readonly<Record<string, unknown>> }
  | { kind: 'completed'; response: unknown }
  | { kind: 'error'; message: string; said: string; isFinal: boolean };

/** The outside of a flow. */
export interface FlowSource {
  exchange(step: Exchange): Promise<Outcome>;
  complete(payload: Record<string, unknown>): Promise<void>;
  upload(file: File): Promise<FlowFile>;
}

/** Which flow of which message. */
export interface SentFlow {
  user: string;
  wamid: string;
  button: number | undefined;
  card: number | undefined;
}

/** The flow of a message; undefined when the sandbox does not know it. Throws CallError when it cannot be opened. */
export async function openSent(sent: SentFlow): Promise<Opening | undefined> {
  const query = new URLSearchParams();
  if (sent.button !== undefined) query.set('button', String(sent.button));
  if (sent.card !== undefined) query.set('card', String(sent.card));
  const value = await get(`${pathOf(sent)}${query.size === 0 ? '' : `?${query}`}`);
  return readOpening(value);
}

/** A flow of the control API or of a preview. */
export function readOpening(value: unknown): Opening | undefined {
  const json = textAt(value, 'flow', 'json');
  if (json === '') return undefined;
  return {
    name: textAt(value, 'flow', 'name'),
    json,
    isDraft: textAt(value, 'flow', 'status') === 'DRAFT',
    action: textAt(value, 'action') === 'data_exchange' ? 'data_exchange' : 'navigate',
    screen: textAt(value, 'screen'),
    data: objectOf(at(value, 'data')),
  };
}

/** The control API of a message's flow. */
export function sourceOf(sent: SentFlow): FlowSource {
  const which = {
    ...(sent.button === undefined ? {} : { button: sent.button }),
    ...(sent.card === undefined ? {} : { card: sent.card }),
  };
  return {
    exchange: async (step) => readOutcome(await call('POST', `${pathOf(sent)}/exchange`, { ...step, ...which })),
    async complete(answers) {
      await call('POST', pathOf(sent), { answers, ...which });
    },
    async upload(file) {
      const form = new FormData();
      form.append('file', file, file.name);
      return readFile(await call('POST', `${pathOf(sent)}/files`, form), file);
    },
  };
}

/** What an endpoint's step came to. */
export function readOutcome(value: unknown): Outcome {
  const error = at(value, 'error');
  if (error !== undefined) {
    const isFinal = numberAt(error, 'httpStatus') === 427;
    return { kind: 'error', message: textAt(error, 'message'), said: textAt(error, 'said'), isFinal };
  }
  const next = at(value, 'next');
  if (next !== undefined) return { kind: 'next', screen: textAt(next, 'screen'), data: objectOf(at(next, 'data')) };
  const completed = at(value, 'completed');
  return { kind: 'completed', response: at(completed, 'response') ?? completed };
}

function readFile(value: unknown, file: File): FlowFile {
  return {
    id: textAt(value, 'id'),
    file_name: textAt(value, 'file_name') || file.name,
    mime_type: textAt(value, 'mime_type') || file.type,
    sha256: textAt(value, 'sha256'),
  };
}

function pathOf({ user, wamid }: SentFlow): string {
  return `/users/${user}/flows/${encodeURIComponent(wamid)}`;
}
