// memory: PSS of gateway and PostgreSQL after a minute of end-to-end load, while it goes on.
import { setTimeout as delay } from 'node:timers/promises';
import { type Bench, type Case, compare, type Round, type Row } from '../bench.js';
import { makePlace, startGateway } from '../gateway.js';
import { flowEndToEnd, type Rig, startRig } from '../rig.js';

/** The load goes on this long after the look. */
const MARGIN_MS = 2_000;

/** The case. */
export const memory: Case = {
  name: 'memory',
  async run(bench: Bench): Promise<Row[]> {
    const rig = await startRig(bench);
    const side = { name: 'gateway and PostgreSQL', measure: () => measureMemory(bench, rig) };
    return [await compare(bench, { case: 'memory', unit: 'MB' }, side)];
  },
};

/** Each round has a gateway of its own: memory is not given back. */
async function measureMemory(bench: Bench, rig: Rig): Promise<Round> {
  const loadMs = bench.quick ? 10_000 : 60_000;
  const gateway = await startGateway(bench, await makePlace(bench), { metaUrl: rig.stub.url });
  const flowing = flowEndToEnd(rig, gateway, loadMs + MARGIN_MS);
  const [value, { done, elapsedMs }] = await Promise.all([delay(loadMs).then(gateway.pssMb), flowing]);
  await gateway.stop();
  bench.say(`  ${done} messages in ${(elapsedMs / 1000).toFixed(0)} s`);
  return { value, p99Ms: null, cpuMsGateway: null, cpuMsPostgres: null };
}
