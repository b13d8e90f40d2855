// Media of the sandbox: upload, two-hop download, expiry, Range, deletion, scope; what files may be sent as what; links.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { until } from '../support/until.js';
import { formOf, JPEG, jpegOf, MP3, MP4, oggOf, PDF, pngOf, sha256, webpOf, ZIP } from './sandbox-files.js';
import { call, dig, type Fixture, list, startFixture, TOKEN, USER } from './sandbox-fixture.js';

const AUTH = { authorization: `Bearer ${TOKEN}` };
const MB = 1024 * 1024;

let sandbox: Fixture;
/** A host of media: `files` by path; `hits` counts requests. */
let host: {
  url: string;
  files: Map<string, { bytes?: Buffer; type?: string; status?: number; location?: string }>;
  hits: string[];
};
let closeHost: () => Promise<void>;
before(async () => {
  sandbox = await startFixture({ mediaTimeoutMs: 3_000 });
  await sandbox.control('PUT', '/window', { mode: 'open' });
  const files: typeof host.files = new Map();
  const hits: string[] = [];
  const server = createServer((request, response) => {
    const path = request.url ?? '';
    hits.push(path);
    const file = files.get(path.split('?')[0] ?? '');
    if (file === undefined) return void response.writeHead(404).end();
    if (file.bytes === undefined && file.status === undefined) return;
    response.writeHead(file.status ?? 200, {
      ...(file.type === undefined ? {} : { 'content-type': file.type }),
      ...(file.location === undefined ? {} : { location: file.location }),
    });
    response.end(file.bytes ?? '');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no TCP address');
  host = { url: `http://127.0.0.1:${address.port}`, files, hits };
  closeHost = async () => {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  };
});
after(async () => {
  await sandbox.stop();
  await closeHost();
});

interface Answered {
  status: number;
  body: unknown;
}

async function upload(form: FormData, from: Fixture = sandbox): Promise<Answered> {
  const url = `${from.url}/v25.0/${from.phoneNumberId}/media`;
  const response = await fetch(url, { method: 'POST', headers: AUTH, body: form });
  return { status: response.status, body: await response.json() };
}

async function uploaded(bytes: Buffer, type: string, name = 'file', from: Fixture = sandbox): Promise<string> {
  const answer = await upload(formOf({ messaging_product: 'whatsapp', type }, { bytes, type, name }), from);
  assert.equal(answer.status, 200, JSON.stringify(answer.body));
  return String(dig(answer.body, 'id'));
}

async function urlOf(id: string): Promise<string> {
  return String(dig((await sandbox.graph('GET', `/${id}`)).body, 'url'));
}

/** Each send goes to a user of its own, for the pair rate. */
let users = 0;
async function outcome(
  type: string,
  object: Record<string, unknown>,
): Promise<{ code: unknown; details: string; wamid: string }> {
  users += 1;
  const wamid = await sandbox.sent(`44113498${String(users).padStart(4, '0')}`, {
    type,
    text: undefined,
    [type]: object,
  });
  await until('an end', () => /failed|read/.test(sandbox.callback.statuses(wamid).join()));
  const failed = sandbox.callback.posts().find((each) => each.body.includes(wamid) && each.body.includes('"failed"'));
  const error = dig(failed?.json, 'entry', 0, 'changes', 0, 'value', 'statuses', 0, 'errors', 0);
  return { code: dig(error, 'code') ?? null, details: String(dig(error, 'error_data', 'details')), wamid };
}

test('an upload is described, downloaded through a URL with the token, and removed', async () => {
  const id = await uploaded(JPEG, 'image/jpeg', 'cat.jpg');
  assert.match(id, /^\d{1,32}$/);
  const described = (await sandbox.graph('GET', `/${id}?phone_number_id=${sandbox.phoneNumberId}`)).body;
  assert.deepEqual(
    ['messaging_product', 'mime_type', 'sha256', 'file_size', 'id'].map((field) => dig(described, field)),
    ['whatsapp', 'image/jpeg', sha256(JPEG), JPEG.length, id],
  );
  const url = String(dig(described, 'url'));
  const whole = await fetch(url, { headers: AUTH });
  assert.equal(whole.status, 200);
  assert.equal(whole.headers.get('content-type'), 'image/jpeg');
  assert.equal(whole.headers.get('content-length'), String(JPEG.length));
  assert.deepEqual(Buffer.from(await whole.arrayBuffer()), JPEG);
  assert.equal((await fetch(url)).status, 401);
  assert.deepEqual((await sandbox.graph('DELETE', `/${id}`)).body, { success: true });
  assert.equal((await fetch(url, { headers: AUTH })).status, 404);
  for (const method of ['GET', 'DELETE']) {
    const gone = await sandbox.graph(method, `/${id}`);
    assert.deepEqual(
      [gone.status, dig(gone.body, 'error', 'code'), dig(gone.body, 'error', 'error_subcode')],
      [400, 100, 33],
    );
  }
});

test('a download gives the range that is asked for, and 416 beyond the end', async () => {
  const url = await urlOf(await uploaded(PDF, 'application/pdf'));
  const ranges: [range: string, status: number, bytes: Buffer | null][] = [
    ['bytes=0-4', 206, PDF.subarray(0, 5)],
    ['bytes=5-', 206, PDF.subarray(5)],
    ['bytes=-3', 206, PDF.subarray(-3)],
    ['bytes=2-99999', 206, PDF.subarray(2)],
    [`bytes=${PDF.length}-`, 416, null],
    ['bytes=0-1,3-4', 200, PDF],
  ];
  for (const [range, status, bytes] of ranges) {
    const answer = await fetch(url, { headers: { ...AUTH, range } });
    assert.equal(answer.status, status, range);
    const body = Buffer.from(await answer.arrayBuffer());
    if (bytes !== null) assert.deepEqual(body, bytes, range);
  }
  const first = await fetch(url, { headers: { ...AUTH, range: 'bytes=0-4' } });
  assert.equal(first.headers.get('content-range'), `bytes 0-4/${PDF.length}`);
  const head = await fetch(url, { method: 'HEAD', headers: AUTH });
  assert.equal(head.headers.get('content-length'), String(PDF.length));
});

test('a download URL is good for 5 minutes, an upload for 30 days, and a URL that was changed never', async () => {
  const own = await startFixture();
  try {
    const id = await uploaded(JPEG, 'image/jpeg', 'a', own);
    const url = String(dig((await own.graph('GET', `/${id}`)).body, 'url'));
    const status = async (at: string) => (await fetch(at, { headers: AUTH })).status;
    assert.equal(await status(url.replace(/ext=\d+/, 'ext=9999999999')), 404);
    await own.control('POST', '/clock', { advanceSeconds: 290 });
    assert.equal(await status(url), 200);
    await own.control('POST', '/clock', { advanceSeconds: 11 });
    assert.equal(await status(url), 404);
    await own.control('POST', '/clock', { advanceSeconds: 30 * 86_400 - 400 });
    assert.equal((await own.graph('GET', `/${id}`)).status, 200);
    await own.control('POST', '/clock', { advanceSeconds: 100 });
    assert.equal((await own.graph('GET', `/${id}`)).status, 400);
  } finally {
    await own.stop();
  }
});

test('media belongs to the WABA that uploaded it', async () => {
  await sandbox.control('POST', '/wabas', {
    wabaId: '777',
    numbers: [{ number: '441134960777', phoneNumberId: '778' }],
    app: { appSecret: 's', verifyToken: 'v', callbackUrl: 'http://127.0.0.1:9/', token: 'other' },
  });
  const id = await uploaded(JPEG, 'image/jpeg');
  const other = { authorization: 'Bearer other' };
  assert.equal((await call('GET', `${sandbox.url}/v25.0/${id}`, undefined, other)).status, 400);
  assert.equal((await fetch(await urlOf(id), { headers: other })).status, 404);
  const sent = await call(
    'POST',
    `${sandbox.url}/v25.0/778/messages`,
    { messaging_product: 'whatsapp', to: USER, type: 'image', image: { id } },
    other,
  );
  assert.equal(dig(sent.body, 'error', 'code'), 100);
  const foreign = await sandbox.graph('GET', `/${id}?phone_number_id=778`);
  assert.match(String(dig(foreign.body, 'error', 'message')), /phone_number_id is not a valid/);
});

const product = { messaging_product: 'whatsapp' };
const BAD_UPLOADS: [what: string, form: FormData, message: RegExp][] = [
  [
    'no messaging_product',
    formOf({ type: 'image/jpeg' }, { bytes: JPEG, type: 'image/jpeg' }),
    /messaging_product is required/,
  ],
  ['no file', formOf(product), /file is required/],
  [
    'a type that is not allowed',
    formOf(product, { bytes: ZIP, type: 'application/zip' }),
    /one of the following types: .*image\/png.*Received file of type 'application\/zip'/,
  ],
  [
    'a zip file named .jpg',
    formOf(product, { bytes: ZIP, type: 'image/jpeg', name: 'bomb.jpg' }),
    /Received file of type 'application\/octet-stream'/,
  ],
  ['an empty file', formOf(product, { bytes: Buffer.alloc(0), type: 'application/pdf' }), /one of the following types/],
  [
    'a file of 100 MB and a byte',
    formOf(product, { bytes: jpegOf(100 * MB + 1), type: 'image/jpeg' }),
    /at most 104857600 bytes/,
  ],
];
for (const [what, form, message] of BAD_UPLOADS) {
  test(`refuses to upload ${what} with 100`, async () => {
    const answer = await upload(form);
    assert.equal(answer.status, 400);
    assert.equal(dig(answer.body, 'error', 'code'), 100);
    assert.match(String(dig(answer.body, 'error', 'message')), message);
  });
}

test('takes the type field where the part says nothing, and a file before the other fields', async () => {
  const form = new FormData();
  form.set('file', new Blob([new Uint8Array(PDF)], { type: 'application/octet-stream' }), 'a.pdf');
  form.set('type', 'application/pdf');
  form.set('messaging_product', 'whatsapp');
  const { body } = await upload(form);
  assert.equal(dig((await sandbox.graph('GET', `/${dig(body, 'id')}`)).body, 'mime_type'), 'application/pdf');
});

test('an upload that breaks off leaves no file behind, and a form cut short is refused', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'sandbox-media-'));
  const own = await startFixture({ stateFile: join(folder, 'state.json') });
  try {
    const short = await fetch(`${own.url}/v25.0/${own.phoneNumberId}/media`, {
      method: 'POST',
      headers: { ...AUTH, 'content-type': 'multipart/form-data; boundary=b' },
      body: '--b\r\nContent-Disposition: form-data; name="file"\r\n\r\nno end',
    });
    assert.equal(short.status, 400);
    assert.match(String(dig(await short.json(), 'error', 'message')), /breaks off/);
    const socket = connect(Number(new URL(own.url).port), '127.0.0.1');
    await once(socket, 'connect');
    const head = `POST /v25.0/${own.phoneNumberId}/media HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${TOKEN}\r\n`;
    socket.write(`${head}Content-Type: multipart/form-data; boundary=b\r\nContent-Length: 100000\r\n\r\n`);
    socket.write('--b\r\nContent-Disposition: form-data; name="file"\r\n\r\nsome');
    const count = async () => (await readdir(join(folder, 'state.json.media'))).length;
    await until('a file being written', async () => (await count()) === 1);
    socket.destroy();
    await until('no file', async () => (await count()) === 0);
  } finally {
    await own.stop();
    await rm(folder, { recursive: true, force: true });
  }
});

const FIT: [what: string, type: string, bytes: Buffer, mime: string, extra?: Record<string, unknown>][] = [
  ['a JPEG of 5 MB as image', 'image', jpegOf(5 * MB), 'image/jpeg'],
  ['an RGB PNG as image', 'image', pngOf(8, 2), 'image/png'],
  ['an MP4 as video', 'video', MP4, 'video/mp4'],
  ['an MP3 as audio', 'audio', MP3, 'audio/mpeg'],
  ['mono opus as voice', 'audio', oggOf(1), 'audio/ogg; codecs=opus', { voice: true }],
  ['a static sticker of 100 KB', 'sticker', webpOf(512, 512, { bytes: 100 * 1024 }), 'image/webp'],
  ['an animated sticker of 500 KB', 'sticker', webpOf(512, 512, { bytes: 500 * 1024, isAnimated: true }), 'image/webp'],
  ['a JPEG as document', 'document', jpegOf(6 * MB), 'image/jpeg', { filename: 'big.jpg' }],
];
for (const [what, type, bytes, mime, extra = {}] of FIT) {
  test(`sends ${what}`, async () => {
    const { code, wamid } = await outcome(type, { id: await uploaded(bytes, mime), ...extra });
    assert.equal(code, null);
    assert.deepEqual(sandbox.callback.statuses(wamid), ['sent', 'delivered', 'read']);
  });
}

const UNFIT: [
  what: string,
  type: string,
  bytes: Buffer,
  mime: string,
  details: RegExp,
  extra?: Record<string, unknown>,
][] = [
  ['a JPEG above 5 MB as image', 'image', jpegOf(5 * MB + 1), 'image/jpeg', /too large/],
  ['a WebP as image', 'image', webpOf(512, 512), 'image/webp', /mime type/],
  ['a PNG with a palette', 'image', pngOf(8, 3), 'image/png', /RGB/],
  ['a PDF as video', 'video', PDF, 'application/pdf', /mime type/],
  ['an MP4 above 16 MB as video', 'video', Buffer.concat([MP4, Buffer.alloc(16 * MB)]), 'video/mp4', /too large/],
  ['stereo opus as audio', 'audio', oggOf(2), 'audio/ogg', /mono/],
  ['an MP3 as voice', 'audio', MP3, 'audio/mpeg', /Voice/, { voice: true }],
  ['a sticker of 511 pixels', 'sticker', webpOf(512, 511), 'image/webp', /512x512.*512x511/],
  [
    'a static sticker above 100 KB',
    'sticker',
    webpOf(512, 512, { bytes: 100 * 1024 + 1 }),
    'image/webp',
    /Static sticker/,
  ],
  [
    'an animated sticker above 500 KB',
    'sticker',
    webpOf(512, 512, { bytes: 500 * 1024 + 1, isAnimated: true }),
    'image/webp',
    /too large/,
  ],
  ['a JPEG as sticker', 'sticker', JPEG, 'image/jpeg', /mime type/],
];
for (const [what, type, bytes, mime, details, extra = {}] of UNFIT) {
  test(`accepts ${what}, then fails it with 131053`, async () => {
    const end = await outcome(type, { id: await uploaded(bytes, mime), ...extra });
    assert.equal(end.code, 131053);
    assert.match(end.details, details);
  });
}

test('fetches a link once in ten minutes, through redirects, and shows what it fetched', async () => {
  host.files.set('/cat.jpg', { bytes: JPEG, type: 'image/jpeg' });
  host.files.set('/moved', { status: 302, location: '/cat.jpg' });
  const hits = () => host.hits.filter((path) => path === '/moved').length;
  const { code, wamid } = await outcome('image', { link: `${host.url}/moved`, caption: 'a cat' });
  assert.equal(code, null);
  const { body } = await sandbox.control('GET', '/messages?limit=1000');
  const message = list(body, 'messages').find((each) => dig(each, 'id') === wamid);
  const shown = await fetch(`${sandbox.url}/_sandbox/media/${dig(message, 'media', 0, 'mediaId')}`);
  assert.deepEqual(Buffer.from(await shown.arrayBuffer()), JPEG);
  assert.equal((await sandbox.graph('GET', `/${dig(message, 'media', 0, 'mediaId')}`)).status, 400);
  await outcome('image', { link: `${host.url}/moved` });
  assert.equal(hits(), 1);
  await sandbox.control('POST', '/clock', { advanceSeconds: 601 });
  await outcome('image', { link: `${host.url}/moved` });
  assert.equal(hits(), 2);
});

const BAD_LINKS: [
  what: string,
  path: string,
  file: Parameters<typeof host.files.set>[1] | null,
  type: string,
  details: RegExp,
][] = [
  ['does not exist', '/none', null, 'image', /http code 404/],
  ['fails', '/broken', { status: 503 }, 'image', /http code 503/],
  ['never answers', '/silent', {}, 'image', /timeout/],
  ['goes in circles', '/circle', { status: 302, location: '/circle' }, 'image', /too many redirects/],
  ['leads to a file of the host', '/file', { status: 302, location: 'file:///etc/passwd' }, 'image', /redirect/],
  [
    'leads to a metadata address',
    '/meta',
    { status: 302, location: 'http://169.254.169.254/latest' },
    'image',
    /metadata/,
  ],
  ['is a page', '/page', { bytes: Buffer.from('<html>'), type: 'text/html' }, 'image', /mime type text\/html/],
  ['is a zip file named .jpg', '/bomb.jpg', { bytes: ZIP, type: 'image/jpeg' }, 'image', /does not match/],
  ['is empty', '/empty.pdf', { bytes: Buffer.alloc(0), type: 'application/pdf' }, 'document', /empty/],
  ['is too large', '/large.jpg', { bytes: jpegOf(5 * MB + 1), type: 'image/jpeg' }, 'image', /too large/],
];
for (const [what, path, file, type, details] of BAD_LINKS) {
  test(`a link that ${what} fails the message with 131053`, async () => {
    if (file !== null) host.files.set(path, file);
    const end = await outcome(type, { link: `${host.url}${path}` });
    assert.equal(end.code, 131053);
    assert.match(end.details, details);
  });
}

test('nothing happens to a message until its link was fetched, and headers and cards count', async () => {
  host.files.set('/card.jpg', { bytes: JPEG, type: 'image/jpeg' });
  const card = (index: number, path: string) => ({
    card_index: index,
    type: 'cta_url',
    header: { type: 'image', image: { link: `${host.url}${path}` } },
    action: { name: 'cta_url', parameters: { display_text: 'Open', url: 'https://example.com' } },
  });
  const carousel = (second: string) => ({
    type: 'carousel',
    body: { text: 'Cards' },
    action: { cards: [card(0, '/card.jpg'), card(1, second)] },
  });
  assert.equal((await outcome('interactive', carousel('/card.jpg'))).code, null);
  const end = await outcome('interactive', carousel('/none'));
  assert.equal(end.code, 131053);
  assert.deepEqual(sandbox.callback.statuses(end.wamid), ['failed']);
});

test('keeps the newest media within its limits', async () => {
  const small = await startFixture({ mediaLimits: { bytesMax: 10_000, filesMax: 3 } });
  try {
    const ids: string[] = [];
    for (let i = 0; i < 4; i++) ids.push(await uploaded(jpegOf(1000 + i), 'image/jpeg', 'a', small));
    const statuses = await Promise.all(ids.map(async (id) => (await small.graph('GET', `/${id}`)).status));
    assert.deepEqual(statuses, [400, 200, 200, 200]);
    const large = await uploaded(jpegOf(9000), 'image/jpeg', 'a', small);
    assert.equal((await small.graph('GET', `/${ids[3]}`)).status, 400);
    assert.equal((await small.graph('GET', `/${large}`)).status, 200);
  } finally {
    await small.stop();
  }
});
