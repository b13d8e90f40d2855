// Templates as the sandbox's tests register and send them.
import { until } from '../support/until.js';
import { MP4, PDF } from './sandbox-files.js';
import { type Answer, dig, type Fixture, list, TOKEN, USER } from './sandbox-fixture.js';

const PNG = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
);
export const FILES = { 'image/png': PNG, 'video/mp4': MP4, 'application/pdf': PDF } as const;
export const APP_ID = '900800700';

/** Body of a template that is as Meta wants it; `extra` replaces fields. */
export function templateBody(name: string, extra: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    name,
    language: 'en',
    category: 'UTILITY',
    components: [
      {
        type: 'BODY',
        text: 'Hello {{1}}, your parcel {{2}} is here.',
        example: { body_text: [['Zoë', 'P-1']] },
      },
    ],
    ...extra,
  };
}

/** Creates a template. */
export function create(sandbox: Fixture, body: Record<string, unknown>): Promise<Answer> {
  return sandbox.graph('POST', `/${sandbox.wabaId}/message_templates`, body);
}

/** Creates a template that is approved; its id. Throws with the answer when it is refused. */
export async function approved(sandbox: Fixture, body: Record<string, unknown>): Promise<string> {
  const answer = await create(sandbox, body);
  const id = dig(answer.body, 'id');
  if (typeof id !== 'string') throw new Error(`create answered ${answer.status}: ${JSON.stringify(answer.body)}`);
  const review = await sandbox.control('POST', `/templates/${id}/review`, { decision: 'approve' });
  if (review.status !== 200 && review.status !== 409)
    throw new Error(`review answered ${review.status}: ${JSON.stringify(review.body)}`);
  return id;
}

/** Sends a template to USER, or to `to`. */
export function sendTemplate(
  sandbox: Fixture,
  name: string,
  components?: unknown,
  { to = USER, code = 'en', version = 'v25.0' } = {},
): Promise<Answer> {
  return post(`${sandbox.url}/${version}/${sandbox.phoneNumberId}/messages`, {
    messaging_product: 'whatsapp',
    to,
    type: 'template',
    template: { name, language: { code }, ...(components === undefined ? {} : { components }) },
  });
}

async function post(url: string, body: unknown): Promise<Answer> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${TOKEN}` },
    body: JSON.stringify(body),
  });
  return { status: response.status, headers: response.headers, body: await response.json() };
}

/** A component with text parameters. */
export function texts(type: string, ...values: string[]): unknown {
  return { type, parameters: values.map((text) => ({ type: 'text', text })) };
}

/** A button component. */
export function button(subType: string, index: number, parameter: Record<string, unknown>): unknown {
  return { type: 'button', sub_type: subType, index: String(index), parameters: [parameter] };
}

/** What a sent message shows. Throws with the answer when it was refused. */
export async function shown(sandbox: Fixture, answer: Answer): Promise<unknown> {
  const id = dig(answer.body, 'messages', 0, 'id');
  if (typeof id !== 'string') throw new Error(`send answered ${answer.status}: ${JSON.stringify(answer.body)}`);
  const { body } = await sandbox.control('GET', `/messages?user=${USER}&limit=1000`);
  return dig(
    list(body, 'messages').find((message) => dig(message, 'id') === id),
    'rendered',
  );
}

/** Uploads a file resumably, and returns its handle. */
export async function upload(sandbox: Fixture, type: keyof typeof FILES): Promise<string> {
  const bytes = FILES[type];
  const query = new URLSearchParams({ file_name: 'a', file_length: String(bytes.length), file_type: type });
  const opened = await sandbox.graph('POST', `/${APP_ID}/uploads?${query}`);
  const answer = await sendBytes(sandbox, String(dig(opened.body, 'id')), 0, bytes);
  return String(dig(answer.body, 'h'));
}

/** Sends bytes to an upload session. */
export async function sendBytes(sandbox: Fixture, session: string, offset: number, bytes: Uint8Array): Promise<Answer> {
  const response = await fetch(`${sandbox.url}/v25.0/${session}`, {
    method: 'POST',
    headers: {
      authorization: `OAuth ${TOKEN}`,
      file_offset: String(offset),
      'content-type': 'application/octet-stream',
    },
    body: new Uint8Array(bytes),
  });
  return { status: response.status, headers: response.headers, body: await response.json() };
}

/** The values of the webhooks of a field about a template, oldest first. */
export function news(sandbox: Fixture, field: string, id?: string): unknown[] {
  return sandbox.callback
    .posts()
    .flatMap((post) => list(post.json, 'entry'))
    .flatMap((entry) => list(entry, 'changes'))
    .filter((change) => dig(change, 'field') === field)
    .map((change) => dig(change, 'value'))
    .filter((value) => id === undefined || dig(value, 'message_template_id') === Number(id));
}

/** Waits for the latest status webhook of a template to be `event`; its value. */
export function statusNews(sandbox: Fixture, id: string, event: string): Promise<unknown> {
  return until(`${event} of ${id}`, () => {
    const last = news(sandbox, 'message_template_status_update', id).at(-1);
    return dig(last, 'event') === event ? last : undefined;
  });
}
