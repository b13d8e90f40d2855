// Commands and admin API against a whole running Parley: a message is sent, followed, reported and reported again.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { runCommand } from '../../src/cli/registry.js';
import { type DevWorld, startDev } from '../support/dev-world.js';
import { type ReceivedRequest, type Receiver, startReceiver } from '../support/receiver.js';
import { until } from '../support/until.js';

let world: DevWorld;
let hooks: Receiver;
before(async () => {
  world = await startDev();
  hooks = await startReceiver();
});
after(async () => {
  await hooks.stop();
  await world.stop();
});

/** Runs a command as in the folder where `parley dev` runs; what it printed. */
async function parley(...args: string[]): Promise<string> {
  const lines: string[] = [];
  const code = await runCommand(args, {
    env: { PARLEY_DATA_DIR: world.dataDir },
    print: (line) => lines.push(line),
    complain: (line) => lines.push(line),
    stopped: new AbortController().signal,
  });
  assert.equal(code, 0, lines.join('\n'));
  return lines.join('\n');
}

interface Life {
  state: string;
  events: { kind: string }[];
  reports: {
    eventId: string;
    kind: string;
    endpointId: number;
    state: string;
    attempts: { httpStatus: number | null; webhookId: string }[];
  }[];
}

async function lifeOf(messageId: string): Promise<Life> {
  const { status, body } = await world.api<Life>(`/parley/1/messages/${messageId}`);
  assert.equal(status, 200, JSON.stringify(body));
  return body;
}

/** The eventIds of a webhook's results. */
function eventIds({ json }: ReceivedRequest): string[] {
  const results = typeof json === 'object' && json !== null ? Reflect.get(json, 'results') : undefined;
  return Array.isArray(results) ? results.map((result) => String(Reflect.get(Object(result), 'eventId'))) : [];
}

function requestsWith(eventId: string): ReceivedRequest[] {
  return hooks.requests.filter((request) => eventIds(request).includes(eventId));
}

/** Sends a text by command and waits until both of its reports have arrived. */
async function sendAndSee(messageId: string): Promise<Life> {
  const sent = await parley(
    'send',
    world.info.user,
    'Hello',
    '--message-id',
    messageId,
    '--notify-url',
    `${hooks.url}/reports`,
  );
  assert.match(sent, new RegExp(`^${messageId} {2}PENDING_ENROUTE`));
  return until(`${messageId} is read and reported`, async () => {
    const life = await lifeOf(messageId);
    return life.reports.length === 2 && life.reports.every(({ state }) => state === 'done') ? life : undefined;
  });
}

test('a message sent by command is followed from acceptance to the seen report', async () => {
  const life = await sendAndSee('live-1');
  assert.equal(life.state, 'read');
  const kinds = life.events.map(({ kind }) => kind);
  for (const kind of ['submitted', 'sent', 'delivered', 'read']) assert.ok(kinds.includes(kind), `${kind} in ${kinds}`);
  assert.deepEqual(
    life.reports.map(({ kind }) => kind),
    ['delivery', 'seen'],
  );
  for (const report of life.reports) {
    assert.ok(report.attempts.some(({ httpStatus }) => httpStatus === 200));
    assert.equal(requestsWith(report.eventId).length, 1);
  }
  const shown = await parley('messages', 'show', 'live-1');
  assert.match(shown, /state {5}read/);
  assert.match(shown, /delivery report {2}done/);
  assert.match(shown, /attempt 1 {2}200/);
});

test('a replay by command sends a report again under the eventId it had', async () => {
  const life = await sendAndSee('live-2');
  const [delivery] = life.reports;
  assert.ok(delivery !== undefined);
  assert.match(await parley('replay', '--event', delivery.eventId), /^1 reports are sent again/);
  const twice = await until('the report came again', () => {
    const found = requestsWith(delivery.eventId);
    return found.length === 2 ? found : undefined;
  });
  const results = twice.map(({ body }) => body.match(/\{[^{}]*"messageId":"live-2"/)?.[0]);
  assert.equal(results[0], results[1]);
  // One that is still in a batch is not put into another.
  await until('both can be sent again', async () => {
    const now = await lifeOf('live-2');
    return now.reports.every(({ state }) => state === 'done');
  });
  assert.match(await parley('replay', '--id', 'live-2'), /^2 reports are sent again/);
  await until('both came again', () => life.reports.every(({ eventId }) => requestsWith(eventId).length >= 2));
  const again = await until('the life shows it', async () => {
    const now = await lifeOf('live-2');
    return now.reports.every(({ state }) => state === 'done') ? now : undefined;
  });
  assert.ok((again.reports[0]?.attempts.length ?? 0) >= 3);
});

test('an endpoint that answered 410 is disabled, and gets what waited when it is enabled', async () => {
  const gone = await startReceiver();
  gone.answer({ status: 410 });
  try {
    await parley('send', world.info.user, 'Hello', '--message-id', 'live-3', '--notify-url', `${gone.url}/reports`);
    const endpoint = await until('the endpoint is disabled', async () => {
      const { body } = await world.api<{ results: { id: number; origin: string; disabledAt: string | null }[] }>(
        '/parley/1/endpoints?size=1000',
      );
      return body.results.find(({ origin, disabledAt }) => origin === gone.url && disabledAt !== null);
    });
    const before = gone.requests.length;
    gone.answer({});
    const enabled = await world.api<{ disabledAt: null }>(`/parley/1/endpoints/${endpoint.id}/enable`, {
      method: 'POST',
    });
    assert.equal(enabled.body.disabledAt, null);
    await until('reports came', () => gone.requests.length > before);
  } finally {
    await gone.stop();
  }
});

test('a number is connected by command, sends, and its callback URL is the gateway’s', async () => {
  const number = { number: '441134960300', phoneNumberId: '3001', throughput: 1000 };
  const app = {
    appSecret: world.info.metaAppSecret,
    verifyToken: world.info.metaVerifyToken,
    callbackUrl: `${world.info.api}/meta/webhook`,
    token: 'EAAlive',
  };
  const waba = await world.sandbox('/_sandbox/wabas', {
    json: { wabaId: '3000', numbers: [number], app, openFor: [world.info.user] },
  });
  assert.equal(waba.status, 201, JSON.stringify(waba.body));
  const connected = await parley(
    'senders',
    'connect',
    '--phone-number-id',
    '3001',
    '--waba-id',
    '3000',
    '--token',
    'EAAlive',
  );
  assert.ok(connected.includes(`${world.info.api}/meta/webhook`), connected);
  assert.ok(connected.includes(world.info.metaVerifyToken));
  await parley('send', world.info.user, 'From the new number', '--from', number.number, '--message-id', 'live-4');
  await until('it is delivered', async () => (await lifeOf('live-4')).events.some(({ kind }) => kind === 'delivered'));
});

test('accounts made by command have keys that see nothing of the demo', async () => {
  const made: { accountId: string } = JSON.parse(await parley('accounts', 'create', 'Other', '--json'));
  const { apiKeySecret }: { apiKeySecret: string } = JSON.parse(
    await parley('keys', 'create', made.accountId, 'k', '--json'),
  );
  assert.equal(await parley('senders', 'list', '--key', apiKeySecret), '(none)');
  await sendAndSee('live-5');
  const foreign = await world.api('/parley/1/messages/live-5', { key: apiKeySecret });
  assert.equal(foreign.status, 404);
});
