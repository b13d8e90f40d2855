// Every error of Meta's that the gateway knows, caused at Meta both ways: as the answer to a send and as a failure told later (Meta 7.2).
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { metaCodes } from '../../src/contract/meta-errors.js';
import { type Receiver, startReceiver } from '../support/receiver.js';
import { type Life, type Result, resultsAt, type Scene, startScene, type Tenant } from '../support/scene.js';
import { until } from '../support/until.js';

/** What happens to a message that is refused so: it fails; is tried so often in all, without end, or again after so many seconds; or its sender stops for so many seconds. */
type Fate = 'fails' | { tries: number } | { waits: number } | { stops: number };

interface Row {
  codes: number[];
  error: string;
  status: 'REJECTED_OPERATOR' | 'NOT_DELIVERED' | 'NOT_SENT' | 'REJECTED_DESTINATION_NOT_REGISTERED';
  fate: Fate;
}

const FOR_EVER = Number.POSITIVE_INFINITY;

/** Written from Meta 7.2 and Infobip 3, beside the product's own table. */
const ROWS: readonly Row[] = [
  row('UNAUTHORIZED_ACCESS', 'NOT_SENT', { stops: 60 }, 0, 104, 190),
  row('FORBIDDEN_ACCESS', 'NOT_SENT', { stops: 60 }, 3, 10, 131005),
  row('PROVIDER_INTERNAL_ERROR', 'REJECTED_OPERATOR', { tries: 2 }, 1, 138004, 138007),
  row('PROVIDER_INTERNAL_ERROR', 'REJECTED_OPERATOR', { tries: 5 }, 131000),
  row('PROVIDER_INTERNAL_ERROR', 'REJECTED_OPERATOR', { tries: FOR_EVER }, 2, 131016, 133004),
  row('PROVIDER_INTERNAL_ERROR', 'NOT_SENT', { stops: 60 }, 131057, 2494100),
  row('TOO_MANY_REQUESTS', 'NOT_SENT', { stops: 60 }, 4, 613, 80007),
  row('TOO_MANY_REQUESTS', 'NOT_SENT', { tries: FOR_EVER }, 130429, 131056),
  row('TOO_MANY_REQUESTS', 'REJECTED_OPERATOR', { tries: FOR_EVER }, 131208),
  row('SENDER_NOT_REGISTERED', 'NOT_SENT', { stops: 60 }, 33, 131037, 131045, 133000, 133005, 133006, 133010),
  row('SENDER_NOT_REGISTERED', 'NOT_SENT', { stops: 300 }, 133008, 133009, 133015, 133016),
  row('BAD_REQUEST', 'REJECTED_OPERATOR', 'fails', 100, 131008, 131009, 132008, 135000, 131020, 131041, 131059),
  row('BAD_REQUEST', 'REJECTED_OPERATOR', 'fails', 131201, 131202, 131204, 131209, 131210, 131211, 131212, 131213),
  row('BAD_REQUEST', 'REJECTED_OPERATOR', 'fails', 131214, 131215, 139100, 139101, 139102, 139103),
  row('ACCOUNT_ISSUE', 'NOT_SENT', { stops: 900 }, 368, 131031),
  row('BLOCKED_USER', 'REJECTED_OPERATOR', 'fails', 130403),
  row('FREQUENCY_CAPPING', 'NOT_DELIVERED', 'fails', 130472, 131049),
  row('FORBIDDEN_ACCESS', 'REJECTED_OPERATOR', 'fails', 130497),
  row('LIMITED_FUNCTIONALITY', 'REJECTED_OPERATOR', 'fails', 131207, 138000, 138001, 138002, 138003, 138006, 138010),
  row('LIMITED_FUNCTIONALITY', 'REJECTED_OPERATOR', 'fails', 138011, 138013, 138014, 138015, 138016, 138017, 138018),
  row('LIMITED_FUNCTIONALITY', 'REJECTED_OPERATOR', 'fails', 200005, 200006, 200007),
  row('INVALID_DESTINATION_ADDRESS', 'REJECTED_OPERATOR', 'fails', 131021, 131062),
  row('UNKNOWN_USER', 'NOT_DELIVERED', 'fails', 131026),
  row('DEST_ADDRESS_NOT_IN_SMS_DEMO', 'REJECTED_DESTINATION_NOT_REGISTERED', 'fails', 131030),
  row('PROVIDER_BILLING_ERROR', 'NOT_SENT', { stops: 60 }, 131042),
  row('PROVIDER_BILLING_ERROR', 'REJECTED_OPERATOR', 'fails', 131044, 134011),
  row('NO_SESSION', 'REJECTED_OPERATOR', 'fails', 131047),
  row('SPAM_RATE', 'NOT_SENT', { stops: 900 }, 131048),
  row('MARKETING_OPT_OUT', 'REJECTED_OPERATOR', 'fails', 131050),
  row('MEDIA_UNSUPPORTED', 'REJECTED_OPERATOR', 'fails', 131051),
  row('MEDIA_UPLOAD_ERROR', 'REJECTED_OPERATOR', 'fails', 131052, 131053),
  row('ILLEGAL_TRAFFIC_TYPE', 'REJECTED_OPERATOR', 'fails', 131055, 134100),
  row('PROVIDER_DR_ERROR', 'NOT_DELIVERED', 'fails', 131060, 138019, 138020, 138021, 138022, 138023),
  row('INVALID_WA_ACCOUNT_TYPE', 'REJECTED_OPERATOR', 'fails', 131063),
  row('MESSAGE_TYPE_EXHAUSTED', 'NOT_SENT', { waits: 3600 }, 131064),
  row('INVALID_TEMPLATE_ARGS', 'REJECTED_OPERATOR', 'fails', 132000, 132005, 132012, 132018),
  row('INVALID_TEMPLATE', 'REJECTED_OPERATOR', 'fails', 132001, 132016, 2388019, 2388040, 2388047, 2388072, 2388073),
  row('INVALID_TEMPLATE', 'REJECTED_OPERATOR', 'fails', 2388293, 2388299),
  row('INVALID_TEMPLATE', 'NOT_SENT', { waits: 3600 }, 132015),
  row('BLOCKED_CONTENT', 'REJECTED_OPERATOR', 'fails', 132007),
  row('INVALID_WA_FLOW', 'REJECTED_OPERATOR', 'fails', 132068, 139000, 139001, 139002, 139003, 139004, 139005, 139006),
  row('INVALID_WA_FLOW', 'NOT_SENT', { waits: 360 }, 132069),
  row('TEMPLATE_NOT_SYNCED', 'NOT_SENT', { waits: 600 }, 134101),
  row('TEMPLATE_NOT_AVAILABLE', 'REJECTED_OPERATOR', 'fails', 134102),
  row('USER_IDENTITY_CHANGED', 'REJECTED_OPERATOR', 'fails', 137000),
  row('CALL_PERMISSION_REQUEST_FAILED', 'REJECTED_OPERATOR', 'fails', 138005, 138009, 138012),
  row('UNSUPPORTED_MOBILE_APP_VERSION', 'NOT_DELIVERED', 'fails', 2040),
  row('DATA_MISMATCH', 'REJECTED_OPERATOR', 'fails', 2046, 2047),
  row('DEPLOYMENT_CONFIGURATION_ERROR', 'REJECTED_OPERATOR', 'fails', 1752041, 2388001, 2388012, 2388091, 2388093),
  row('DEPLOYMENT_CONFIGURATION_ERROR', 'REJECTED_OPERATOR', 'fails', 2388103, 2593079, 2593085, 2593107, 2593108),
];

function row(error: string, status: Row['status'], fate: Fate, ...codes: number[]): Row {
  return { codes, error: `EC_${error}`, status, fate };
}

let scene: Scene;
let receiver: Receiver;
before(async () => {
  scene = await startScene();
  receiver = await startReceiver();
});
after(async () => {
  await receiver.stop();
  await scene.stop();
});

interface Case extends Row {
  code: number;
}

function casesOf(isWanted: (fate: Fate) => boolean): Case[] {
  return ROWS.filter(({ fate }) => isWanted(fate)).flatMap((each) => each.codes.map((code) => ({ ...each, code })));
}

/** Does it for all, a few at a time. */
async function forAll<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const left = [...items];
  const worker = async (): Promise<void> => {
    for (let item = left.shift(); item !== undefined; item = left.shift()) await work(item);
  };
  await Promise.all(Array.from({ length: 8 }, worker));
}

async function send(path: string, to: string, tenant?: Tenant): Promise<string> {
  const fields = { to, notifyUrl: `${receiver.url}${path}`, ...(tenant === undefined ? {} : { from: tenant.sender }) };
  return (await scene.send(fields, tenant === undefined ? {} : { key: tenant.key })).messageId;
}

async function reportOf(path: string): Promise<Result> {
  return until(`the report at ${path}`, () => resultsAt(receiver, path)[0], 30_000);
}

function assertReport({ status, error }: Result, { code, error: name, status: expected }: Case): void {
  const full = expected.startsWith('REJECTED_DESTINATION') ? expected : `UNDELIVERABLE_${expected}`;
  assert.deepEqual([status?.name, error?.name, error?.metaCode], [full, name, code], `code ${code}`);
}

function attemptsOf({ events }: Life, kind: string, code: number): number {
  return events.filter((event) => event.kind === kind && event.metaCode === code).length;
}

test('the rows here are those of the table, each code once', () => {
  const named = ROWS.flatMap(({ codes }) => codes);
  assert.equal(new Set(named).size, named.length);
  assert.deepEqual(
    [...named].sort((a, b) => a - b),
    [...metaCodes].sort((a, b) => a - b),
  );
});

test('each code that Meta tells later ends its message with the error of its row, whatever its class', async () => {
  await forAll(
    casesOf(() => true),
    async (one) => {
      const to = scene.newUser();
      const made = await scene.world.sandbox(`/_sandbox/users/${to}`, { method: 'PUT', json: { failWith: one.code } });
      assert.equal(made.status, 200, `${one.code}: ${JSON.stringify(made.body)}`);
      await send(`/later/${one.code}/`, to);
      assertReport(await reportOf(`/later/${one.code}/`), one);
    },
  );
});

test('each code of class never ends its message at once, and it is not sent again', async () => {
  await forAll(
    casesOf((fate) => fate === 'fails'),
    async (one) => {
      const to = scene.newUser();
      const fault = await scene.fault({
        on: 'graph',
        match: { user: to },
        effect: { code: one.code },
        when: { always: true },
      });
      const id = await send(`/never/${one.code}/`, to);
      assertReport(await reportOf(`/never/${one.code}/`), one);
      assert.deepEqual([await scene.hits(fault), attemptsOf(await scene.life(id), 'failed', one.code)], [1, 1]);
      await scene.removeFault(fault);
    },
  );
});

test('each code that stops its sender shows so, for its time, and loses nothing', async () => {
  await forAll(
    casesOf((fate) => typeof fate === 'object' && 'stops' in fate),
    async ({ code, fate }) => {
      assert.ok(typeof fate === 'object' && 'stops' in fate);
      const tenant = await scene.newTenant();
      const { phoneNumberId, sender } = tenant;
      const fault = await scene.fault({
        on: 'graph',
        match: { phoneNumberId },
        effect: { code },
        when: { always: true },
      });
      const id = await send(`/stops/${code}/`, scene.newUser(), tenant);
      const { pausedUntil, pauseReason } = await until(`the pause of ${code}`, async () => {
        const shown = await scene.admin<{ pausedUntil: string | null; pauseReason: string | null }>(
          `/senders/${sender}`,
        );
        return shown.pausedUntil === null ? undefined : shown;
      });
      assert.equal(pauseReason, `meta ${code}`);
      const { events } = await scene.lifeUntil(`the refusal of ${code}`, id, (life) => life.events.length > 0);
      const refusedAt = Date.parse(events[0]?.at ?? '');
      assert.equal(Math.round((Date.parse(pausedUntil ?? '') - refusedAt) / 10_000) * 10, fate.stops, `code ${code}`);
      await scene.removeFault(fault);
      await scene.admin(`/senders/${sender}/resume`, { method: 'POST' });
      await scene.lifeUntil(`read after ${code}`, id, ({ state }) => state === 'read', 30_000);
    },
  );
});

test('each code that is retried is tried as often as its class says', async () => {
  const cases = casesOf((fate) => typeof fate === 'object' && 'tries' in fate);
  const sent: (Case & { id: string; fault: string; tries: number })[] = [];
  await forAll(cases, async (one) => {
    const tenant = await scene.newTenant();
    const { phoneNumberId } = tenant;
    // 400 whatever the code: failures of 5xx would also stop the sender.
    const effect = { code: one.code, httpStatus: 400 };
    const fault = await scene.fault({ on: 'graph', match: { phoneNumberId }, effect, when: { always: true } });
    const id = await send(`/tries/${one.code}/`, scene.newUser(), tenant);
    const tries = typeof one.fate === 'object' && 'tries' in one.fate ? one.fate.tries : 0;
    sent.push({ ...one, id, fault, tries });
  });
  for (let round = 1; round <= 6; round += 1) {
    for (const { id, code, tries } of sent) {
      // A second after a try its message may be tried again by itself: how often in all is counted at the end.
      const isDone = ({ state, waiting }: Life): boolean => {
        if (state === 'failed') return tries !== FOR_EVER;
        return round < tries && waiting?.reason === 'retry' && waiting.attempt >= round;
      };
      await scene.lifeUntil(`try ${round} of ${code}`, id, (life) => isDone(life) && life.waiting?.isInFlight !== true);
    }
    // Longer than any wait between two tries: 4^5 s.
    await scene.advance(1_100);
  }
  for (const one of sent) {
    if (one.tries === FOR_EVER) continue;
    assert.equal(await scene.hits(one.fault), one.tries, `code ${one.code}`);
    assertReport(await reportOf(`/tries/${one.code}/`), one);
  }
});

test('each code that asks for time gets it, and the message goes then', async () => {
  for (const { code, fate } of casesOf((each) => typeof each === 'object' && 'waits' in each)) {
    assert.ok(typeof fate === 'object' && 'waits' in fate);
    const to = scene.newUser();
    await scene.fault({ on: 'graph', match: { user: to }, effect: { code }, when: { next: 1 } });
    const id = await send(`/waits/${code}/`, to);
    const { waiting, events } = await scene.lifeUntil(
      `held for ${code}`,
      id,
      (life) => life.waiting?.reason === 'retry' && life.events.length > 0,
    );
    const waits = (Date.parse(waiting?.dueAt ?? '') - Date.parse(events[0]?.at ?? '')) / 1000;
    assert.equal(Math.round(waits / 10) * 10, fate.waits, `code ${code}`);
    await scene.advance(fate.waits + 5);
    await scene.lifeUntil(`read after ${code}`, id, ({ state }) => state === 'read', 30_000);
  }
});
