// Bad input on the whole way, north and south: what is refused names the field or the error, what is taken arrives as it was, and the
// gateway goes on. What each side does by itself is in media-upload, sandbox-media and messages-rules.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import { after, before, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { type InboundScene, inboundBody, startInboundScene } from '../support/inbound-scene.js';
import { type Result, resultsAt, type Scene, type Tenant } from '../support/scene.js';
import { until } from '../support/until.js';
import { JPEG, PDF } from './sandbox-files.js';

const MB = 1024 * 1024;
let inbound: InboundScene;
let scene: Scene;
let host: { url: string; server: Server };
/** `link` leaves files to Meta, `upload` lets Parley fetch them. */
let tenants: Record<'link' | 'upload', Tenant>;
let sends = 0;

before(async () => {
  inbound = await startInboundScene();
  scene = inbound.scene;
  host = await startHost();
  tenants = { link: await scene.newTenant(), upload: await scene.newTenant({ account: { media: 'upload' } }) };
});
after(async () => {
  host.server.closeAllConnections();
  host.server.close();
  await inbound.stop();
});

/** A zip whose one entry claims four gigabytes of nothing, and a real stream of zeros behind it. */
const BOMB = Buffer.concat([Buffer.from('PK\x03\x04\x14\0\0\0\x08\0', 'latin1'), gzipSync(Buffer.alloc(8 * MB))]);

const FILES: Readonly<Record<string, (response: ServerResponse) => void>> = {
  '/cut.jpg': (response) => {
    response.writeHead(200, { 'content-type': 'image/jpeg', 'content-length': 3_000 });
    response.write(JPEG.subarray(0, 1_000), () => response.destroy());
  },
  '/page.jpg': (response) => response.writeHead(200, { 'content-type': 'text/html' }).end('<html>'),
  '/lie.jpg': (response) => response.writeHead(200, { 'content-type': 'image/jpeg' }).end(PDF),
  '/bomb.jpg': (response) => response.writeHead(200, { 'content-type': 'image/jpeg' }).end(BOMB),
  '/empty.pdf': (response) => response.writeHead(200, { 'content-type': 'application/pdf' }).end(),
  '/101.pdf': (response) => {
    response.writeHead(200, { 'content-type': 'application/pdf' });
    response.write(PDF);
    let left = 101;
    const more = (): void => {
      while (left > 0 && !response.destroyed) {
        left -= 1;
        if (!response.write(Buffer.alloc(MB))) return;
      }
      response.end();
    };
    response.on('drain', more);
    more();
  },
  '/circle': (response) => response.writeHead(302, { location: '/circle' }).end(),
  '/inside': (response) => response.writeHead(302, { location: 'http://169.254.169.254/' }).end(),
  '/script': (response) => response.writeHead(302, { location: 'file:///etc/passwd' }).end(),
};

async function startHost(): Promise<{ url: string; server: Server }> {
  const server = createServer((request, response) => {
    const file = FILES[request.url ?? ''];
    if (file === undefined) response.writeHead(404).end();
    else file(response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  assert.ok(address !== null && typeof address === 'object');
  return { url: `http://127.0.0.1:${address.port}`, server };
}

interface Refusal {
  requestError?: { serviceException: { validationErrors?: Record<string, string[]> } };
}

async function post(type: string, content: unknown, fields: object = {}, tenant = tenants.link) {
  sends += 1;
  const [to, messageId] = [scene.newUser(), `bad-${sends}`];
  const notifyUrl = `${inbound.receiver.url}/${messageId}`;
  const json = { from: tenant.sender, to, messageId, notifyUrl, content, ...fields };
  const reply = await scene.world.api<Refusal>(`/whatsapp/1/message/${type}`, { json, key: tenant.key });
  return { to, messageId, ...reply };
}

/** The fields that a 400 names. */
async function namedBy(type: string, content: unknown, fields?: object): Promise<string[]> {
  const { status, body } = await post(type, content, fields);
  assert.equal(status, 400, JSON.stringify(body));
  return Object.keys(body.requestError?.serviceException.validationErrors ?? {});
}

async function reportOf(messageId: string): Promise<Result> {
  return until(`the report of ${messageId}`, () => resultsAt(inbound.receiver, `/${messageId}`)[0], 60_000);
}

// ------------------------------------------------------------- files

const BAD_FILES: [what: string, type: string, path: string][] = [
  ['that breaks off', 'image', '/cut.jpg'],
  ['that is a page', 'image', '/page.jpg'],
  ['that is a PDF and says JPEG', 'image', '/lie.jpg'],
  ['that is a zip bomb named .jpg', 'image', '/bomb.jpg'],
  ['of no bytes', 'document', '/empty.pdf'],
  ['of 101 MB', 'document', '/101.pdf'],
  ['that redirects for ever', 'image', '/circle'],
  ['that redirects to a metadata address', 'image', '/inside'],
  ['that redirects to a file of the machine', 'image', '/script'],
];
for (const [what, type, path] of BAD_FILES) {
  test(`a file ${what} fails its message, whoever fetches it`, async () => {
    for (const tenant of [tenants.link, tenants.upload]) {
      const { status, messageId } = await post(type, { mediaUrl: `${host.url}${path}` }, {}, tenant);
      assert.equal(status, 200);
      // What looks like a passing fault is tried a few times, ever later.
      await until(
        'the message has failed',
        async () => {
          const { state, waiting } = await scene.life(messageId);
          if (waiting?.reason === 'retry' && !waiting.isInFlight) await scene.advance(30);
          return state === 'failed';
        },
        60_000,
      );
      const { status: end, error } = await reportOf(messageId);
      assert.equal(end?.groupName, 'UNDELIVERABLE', JSON.stringify(error));
      assert.match(error?.name ?? '', /^EC_MEDIA_|^EC_INVALID_MEDIA/);
    }
  });
}

test('a media URL of an address inside is not fetched, however it is written', async () => {
  const inside = ['10.0.0.1', '0x0a000001', '167772161', '[::ffff:10.0.0.1]', '[fd00::1]', '192.168.1.1', '100.64.0.1'];
  for (const address of inside) {
    const { messageId } = await post('image', { mediaUrl: `http://${address}/a.jpg` }, {}, tenants.upload);
    assert.equal((await reportOf(messageId)).error?.id, 7014, address);
  }
});

test('a media URL that is none is 400', async () => {
  for (const mediaUrl of [
    'ftp://a.example/a.jpg',
    'javascript:alert(1)',
    'a.jpg',
    '',
    `https://a.example/${'x'.repeat(2048)}`,
  ])
    assert.deepEqual(await namedBy('image', { mediaUrl }), ['content.mediaUrl'], mediaUrl.slice(0, 40));
});

// ------------------------------------------------------------- content

test('a list of 10,000 rows is 400, and so are 10,000 sections', async () => {
  const rows = (count: number) => Array.from({ length: count }, (_, i) => ({ id: `r${i}`, title: `Row ${i}` }));
  const list = (sections: unknown) => ({ body: { text: 'Choose' }, action: { title: 'Open', sections } });
  for (const sections of [
    [{ title: 'All', rows: rows(10_000) }],
    rows(10_000).map(({ title }) => ({ title, rows: rows(1) })),
  ]) {
    const named = await namedBy('interactive/list', list(sections));
    assert.ok(named.length > 0 && named.every((path) => path.startsWith('content.action.sections')), named.join());
  }
});

const TEXTS: readonly [what: string, text: string][] = [
  ['combining marks, not composed', 'e\u0301 \u1100\u1161'],
  ['a family of emoji', '👨‍👩‍👧‍👦 🏴󠁧󠁢󠁥󠁮󠁧󠁿 👍🏽'],
  ['directions and isolates', '\u202eabc\u202c \u2066עברית\u2069'],
  ['marks that are not seen', '\ufeffa\u200b\u200d\u00ad\u2060b'],
  ['characters that are none', '\uffff \u{10ffff} \ufdd0'],
  ['separators of lines', 'a\u2028b\u2029c\u0085d\r\n\te'],
  ['many marks on one letter', `Z${'\u0300'.repeat(200)}`],
  ['what looks like markup', "</script>{{1}} %s $x \\u0041 '; DROP TABLE messages;--"],
];
for (const [what, text] of TEXTS) {
  test(`a text of ${what} arrives as it was, both ways`, async () => {
    const { status, to } = await post('text', { text });
    assert.equal(status, 200);
    const [sent] = await scene.atMetaUntil(to, 1);
    assert.equal(sent?.payload.text?.body, text);
    const { message } = await inbound.resultOf(await inbound.say({ type: 'text', text: { body: text } }));
    assert.equal(message.text, text);
  });
}

test('half a surrogate pair and NUL are refused north, and harmless from Meta', async () => {
  for (const text of ['\ud83d', 'a\udc00b', 'a\u0000b']) {
    assert.deepEqual(await namedBy('text', { text }), ['content.text']);
    const id = `wamid.text-${Buffer.from(text, 'utf16le').toString('hex')}`;
    const answer = await scene.postWebhook(inboundBody(scene, { id, type: 'text', text: { body: text } }));
    assert.equal(answer.status, 200);
    assert.equal((await inbound.resultOf(id)).message.type, 'TEXT');
  }
});

test('a text at the limit is counted in characters, and one above it is 400', async () => {
  assert.equal((await post('text', { text: 'ž'.repeat(4096) })).status, 200);
  assert.deepEqual(await namedBy('text', { text: 'ž'.repeat(4097) }), ['content.text']);
});

// ------------------------------------------------------------- dates

test('birthdays that are no days are 400', async () => {
  const contact = (birthday: string) => ({ contacts: [{ name: { firstName: 'A', formattedName: 'A B' }, birthday }] });
  for (const birthday of ['2023-02-29', '2023-13-01', '0000-00-00', '99999-01-01', '1e9', '-001-01-01', 'yesterday'])
    assert.deepEqual(await namedBy('contact', contact(birthday)), ['content.contacts[0].birthday'], birthday);
  assert.equal((await post('contact', contact('2024-02-29'))).status, 200);
});

test('messages of users with times out of range arrive once, or are counted as malformed', async () => {
  const fine = ['0', '1', '253402300799'];
  for (const timestamp of fine) {
    const id = `wamid.at-${timestamp}`;
    const body = inboundBody(scene, { id, timestamp, type: 'text', text: { body: 'when' } });
    for (let i = 0; i < 2; i += 1) assert.equal((await scene.postWebhook(body)).status, 200);
    const { receivedAt } = await inbound.resultOf(id);
    assert.equal(Date.parse(receivedAt), Number(timestamp) * 1000);
  }
  const before = await scene.metric('parley_received_total', 'what="malformed"');
  const wrong = ['-1', '253402300800', '1e99', '9'.repeat(400), 'soon', '1.5'];
  for (const [i, timestamp] of wrong.entries()) {
    const body = inboundBody(scene, { id: `wamid.wrong-${i}`, timestamp, type: 'text', text: { body: 'when' } });
    assert.equal((await scene.postWebhook(body)).status, 200, timestamp);
  }
  assert.equal(await scene.metric('parley_received_total', 'what="malformed"'), before + wrong.length);
  for (const timestamp of fine) assert.equal(inbound.resultsOf(`wamid.at-${timestamp}`).length, 1);
});

test('statuses with times out of range change nothing or count at their time, and harm nobody', async () => {
  const { info } = scene.world;
  await scene.world.sandbox('/_sandbox/progress', { method: 'PUT', json: { mode: 'manual' } });
  const to = scene.newUser();
  const { messageId } = await scene.send({ to });
  const [message] = await scene.atMetaUntil(to, 1);
  await scene.lifeUntil('submitted', messageId, ({ state }) => state === 'submitted');
  const status = { id: message?.id ?? '', status: 'delivered', bizOpaque: message?.bizOpaque ?? '' };
  for (const timestamp of [-5, 2 ** 53, 1e30])
    assert.equal((await scene.postStatuses(info.phoneNumberId, [{ ...status, timestamp }])).status, 200);
  assert.equal((await scene.life(messageId)).state, 'submitted');
  assert.equal((await scene.postStatuses(info.phoneNumberId, [{ ...status, timestamp: 0 }])).status, 200);
  assert.equal((await scene.life(messageId)).state, 'delivered');
  await scene.world.sandbox('/_sandbox/progress', { method: 'PUT', json: { mode: 'immediate' } });
});
