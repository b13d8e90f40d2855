// What the tables refuse of a webhook: kept when its own values are at fault, asked for again otherwise; its neighbours never pay for it.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import pg from 'pg';
import { type InboundScene, inboundBody, startInboundScene } from '../support/inbound-scene.js';
import { until } from '../support/until.js';

let inbound: InboundScene;
let client: pg.Client;
before(async () => {
  inbound = await startInboundScene();
  client = new pg.Client({ connectionString: inbound.scene.world.info.database });
  await client.connect();
  // Nothing that Meta can send is known to be refused: the tables are told to refuse a message by its wamid.
  await client.query(`CREATE FUNCTION refuse_some() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF NEW.wamid LIKE 'wamid.state-%' THEN RAISE EXCEPTION 'refused' USING ERRCODE = substr(NEW.wamid, 13, 5); END IF;
      RETURN NEW;
    END $$`);
  await client.query('CREATE TRIGGER refuse_some BEFORE INSERT ON inbound FOR EACH ROW EXECUTE FUNCTION refuse_some()');
});
after(async () => {
  await client.end();
  await inbound.stop();
});

function post(...wamids: string[]): Promise<number[]> {
  const { scene } = inbound;
  const bodies = wamids.map((id) => inboundBody(scene, { id, type: 'text', text: { body: `of ${id}` } }));
  return Promise.all(bodies.map(async (body) => (await scene.postWebhook(body)).status));
}

test('a message whose values no table can hold is kept as a change and acknowledged', async () => {
  assert.deepEqual(await post('wamid.before', 'wamid.state-22003', 'wamid.behind'), [200, 200, 200]);
  await inbound.resultOf('wamid.before');
  await inbound.resultOf('wamid.behind');
  const { rows } = await client.query<{ value: string }>(`SELECT value FROM meta_changes WHERE field = 'refused'`);
  assert.equal(rows.length, 1);
  assert.match(rows[0]?.value ?? '', /of wamid\.state-22003/);
  assert.equal(await inbound.scene.metric('parley_received_total', 'what="malformed"'), 1);
});

test('a message that is refused for another reason is asked for again, and taken then', async () => {
  assert.deepEqual(await post('wamid.first', 'wamid.state-23505', 'wamid.second'), [200, 500, 200]);
  await inbound.resultOf('wamid.first');
  await inbound.resultOf('wamid.second');
  await client.query('ALTER TABLE inbound DISABLE TRIGGER refuse_some');
  await until('the refused one is taken', async () => (await post('wamid.state-23505'))[0] === 200);
  await inbound.resultOf('wamid.state-23505');
  assert.equal(inbound.resultsOf('wamid.first').length, 1);
});
