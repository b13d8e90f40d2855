// Calls of the control API, and what each of them is as a curl command.
import { textAt } from '../pure/json.js';
import { createStore } from '../state/store.js';

const TIMEOUT_MS = 60_000;
const CALLS_MAX = 50;
const BODY_SHOWN_MAX = 4000;
const BODY_FILE = 'body.json';
const TOKEN_KEY = 'parley-sandbox-token';

/** A call that changed something. */
export interface Call {
  id: number;
  at: number;
  method: string;
  path: string;
  status: number;
  curl: string;
}

/** A call that was refused; `status` is 0 when no answer came. */
export class CallError extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

/** The calls that this page made to change something, newest first. */
export const calls = createStore<{ list: readonly Call[] }>({ list: [] });

const given = new URLSearchParams(location.search);

/** The world that this page looks at; empty for the default one. */
export const world = given.get('world') ?? '';

/** The token of control calls, remembered by this browser for this address; a link brings it once. */
const token = (() => {
  const fresh = given.get('token');
  if (fresh === null) return localStorage.getItem(TOKEN_KEY) ?? '';
  localStorage.setItem(TOKEN_KEY, fresh);
  given.delete('token');
  history.replaceState(null, '', `${location.pathname}${given.size > 0 ? `?${given}` : ''}${location.hash}`);
  return fresh;
})();

/** The URL of a control resource, for what cannot send headers: pictures, files, the event stream. */
export function urlOf(path: string): string {
  const query = new URLSearchParams({ ...(world === '' ? {} : { world }), ...(token === '' ? {} : { token }) });
  if (query.size === 0) return `/_sandbox${path}`;
  return `/_sandbox${path}${path.includes('?') ? '&' : '?'}${query}`;
}

/** Keeps the token that somebody typed, and starts anew with it. */
export function keepToken(text: string): void {
  localStorage.setItem(TOKEN_KEY, text);
  location.reload();
}

/** Reads. Throws CallError. */
export function get(path: string): Promise<unknown> {
  return send('GET', path, undefined);
}

/** Changes something; `body` is JSON or a form. Throws CallError. */
export async function call(method: 'POST' | 'PUT' | 'DELETE', path: string, body?: unknown): Promise<unknown> {
  const id = (calls.get().list[0]?.id ?? 0) + 1;
  const entry = { id, at: Date.now(), method, path, status: 0, curl: curlOf(method, path, body) };
  calls.set({ list: [entry, ...calls.get().list].slice(0, CALLS_MAX) });
  try {
    const answer = await send(method, path, body);
    note(id, 200);
    return answer;
  } catch (error) {
    note(id, error instanceof CallError ? error.status : 0);
    throw error;
  }
}

function note(id: number, status: number): void {
  calls.set({ list: calls.get().list.map((each) => (each.id === id ? { ...each, status } : each)) });
}

async function send(method: string, path: string, body: unknown): Promise<unknown> {
  const isForm = body instanceof FormData;
  const headers = new Headers(commonHeaders());
  if (body !== undefined && !isForm) headers.set('content-type', 'application/json');
  const request = {
    method,
    headers,
    ...(body === undefined ? {} : { body: isForm ? body : JSON.stringify(body) }),
    signal: AbortSignal.timeout(TIMEOUT_MS),
  };
  const response = await fetch(`/_sandbox${path}`, request).catch(() => {
    throw new CallError(0, 'The sandbox does not answer');
  });
  const text = await response.text();
  const answer: unknown = text === '' ? undefined : parse(text);
  if (response.ok) return answer;
  const field = textAt(answer, 'error', 'field');
  const message = textAt(answer, 'error', 'message') || `HTTP ${response.status}`;
  throw new CallError(response.status, field === '' ? message : `${field}: ${message}`);
}

function commonHeaders(): Record<string, string> {
  return {
    ...(token === '' ? {} : { authorization: `Bearer ${token}` }),
    ...(world === '' ? {} : { 'x-sandbox-world': world }),
  };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The call for a shell; the token stays out of it. A body that is long, or stands in a `file`, is read from one. */
export function curlOf(method: string, path: string, body?: unknown, file = BODY_FILE): string {
  const parts = ['curl -s', ...(method === 'GET' ? [] : [`-X ${method}`]), quote(`${location.origin}/_sandbox${path}`)];
  if (token !== '') parts.push('-H "Authorization: Bearer $TOKEN"');
  if (world !== '') parts.push(`-H ${quote(`X-Sandbox-World: ${world}`)}`);
  if (body instanceof FormData) {
    for (const [name, value] of body) {
      parts.push(typeof value === 'string' ? `-F ${quote(`${name}=${value}`)}` : `-F ${quote(`file=@${value.name}`)}`);
    }
  } else if (body !== undefined || file !== BODY_FILE) {
    const json = body === undefined ? '' : JSON.stringify(body);
    const shown = json === '' || json.length > BODY_SHOWN_MAX ? `@${file}` : json;
    parts.push("-H 'Content-Type: application/json'", `-d ${quote(shown)}`);
  }
  return parts.join(' ');
}

/** A POST to Graph as a curl command; the app's token is whoever runs it to fill in. */
export function graphCurlOf(path: string, body: unknown): string {
  const headers = [
    '-H "Authorization: Bearer $GRAPH_TOKEN"',
    ...(world === '' ? [] : [`-H ${quote(`X-Sandbox-World: ${world}`)}`]),
    "-H 'Content-Type: application/json'",
  ];
  return ['curl -s -X POST', quote(location.origin + path), ...headers, `-d ${quote(JSON.stringify(body))}`].join(' ');
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
