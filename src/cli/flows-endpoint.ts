// `parley flows endpoint`: a data endpoint that does the cryptography and hands plain JSON to a program of the business.
import { readFileSync } from 'node:fs';
import {
  ANSWER_BYTES_MAX,
  answerFlowRequest,
  type FlowAnswer,
  type FlowRequest,
  readFlowKey,
} from '../flows/endpoint.js';
import { createServer, listen } from '../http/server.js';
import { createLog } from '../lib/log.js';
import type { Terminal } from './command.js';

/** Phones wait about 10 s (*Meta 5.2*). */
const FORWARD_TIMEOUT_MS = 9_000;

/** A file in a payload is only a pointer to it, so requests are small. */
const REQUEST_BYTES_MAX = 2 * 1024 * 1024;

/** What the command was told. */
export interface EndpointSettings {
  keyFile: string;
  passphraseFile: string | undefined;
  /** Holds the app secret, or several separated by commas. */
  appSecretFile: string;
  /** Where decrypted requests are posted. */
  forward: string;
  host: string;
  port: number;
}

/** Serves until the terminal stops; the exit code: 0 stopped, 2 when a file cannot be used. */
export async function serveEndpoint(settings: EndpointSettings, terminal: Terminal): Promise<number> {
  const secrets = readSecrets(settings, terminal);
  if (secrets === undefined) return 2;
  const app = createServer(createLog('warn'), { bodyBytesMax: REQUEST_BYTES_MAX });
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
  app.post('*', async (request, reply) => {
    const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
    const signature = request.headers['x-hub-signature-256'];
    const parts = {
      ...secrets,
      answer: (asked: FlowRequest) => forward(asked, settings.forward, terminal),
      onClientError: ({ data }: FlowRequest) => terminal.complain(`parley: a phone reports ${kindOfError(data)}`),
    };
    const answer = await answerFlowRequest(parts, body, typeof signature === 'string' ? signature : undefined);
    if (answer.status !== 200) terminal.complain(`parley: answered ${answer.status}`);
    return reply.code(answer.status).type(answer.contentType).send(answer.body);
  });
  terminal.print(`listening ${await listen(app, settings.host, settings.port)}`);
  if (!terminal.stopped.aborted) await new Promise((resolve) => terminal.stopped.addEventListener('abort', resolve));
  await app.close();
  return 0;
}

function readSecrets(settings: EndpointSettings, terminal: Terminal) {
  try {
    const { keyFile, passphraseFile, appSecretFile } = settings;
    const passphrase = passphraseFile === undefined ? undefined : readFileSync(passphraseFile, 'utf8').trim();
    const privateKey = readFlowKey(readFileSync(keyFile, 'utf8'), passphrase);
    const appSecrets = readFileSync(appSecretFile, 'utf8').trim().split(',').filter(Boolean);
    if (appSecrets.length === 0) throw new Error(`${appSecretFile} is empty`);
    return { privateKey, appSecrets };
  } catch (error) {
    terminal.complain(`parley: ${error instanceof Error ? error.message : String(error)}`);
    return undefined;
  }
}

/** Posts the request to the business's program: 2xx is the answer, 427 says that the token is no longer good, anything else is 500. */
async function forward(request: FlowRequest, url: string, terminal: Terminal): Promise<FlowAnswer> {
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(request),
      signal: AbortSignal.any([AbortSignal.timeout(FORWARD_TIMEOUT_MS), terminal.stopped]),
      redirect: 'error',
    });
    const said = await bodyOf(response);
    if (response.status === 427) return { expired: messageIn(said) };
    if (!response.ok) throw new Error(`it answered ${response.status}`);
    return { answer: said };
  } catch (error) {
    terminal.complain(`parley: ${url} gave no answer: ${error instanceof Error ? error.message : String(error)}`);
    throw error;
  }
}

async function bodyOf(response: Response): Promise<object> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.length;
    if (bytes > ANSWER_BYTES_MAX) throw new Error('its answer is too long');
    chunks.push(chunk);
  }
  const text = Buffer.concat(chunks).toString('utf8');
  if (text === '' && response.status === 427) return {};
  const value: unknown = JSON.parse(text);
  if (typeof value !== 'object' || value === null) throw new Error('its answer is no JSON object');
  return value;
}

function messageIn(said: object): string | undefined {
  return 'error_msg' in said && typeof said.error_msg === 'string' ? said.error_msg : undefined;
}

/** The kind of the error only: its message may hold what a user typed. */
function kindOfError(data: unknown): string {
  const kind = typeof data === 'object' && data !== null && 'error' in data ? data.error : undefined;
  return typeof kind === 'string' && /^[\w-]{1,60}$/.test(kind) ? kind : 'an error';
}
