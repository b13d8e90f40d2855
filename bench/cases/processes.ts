// processes: end-to-end with two gateway processes on one PostgreSQL; beside it the same with one.
import { type Bench, type Case, compare, type Row } from '../bench.js';
import { makePlace, startGateway } from '../gateway.js';
import { measureEndToEnd, startRig } from '../rig.js';

/** The case. */
export const processes: Case = {
  name: 'processes',
  async run(bench: Bench): Promise<Row[]> {
    const rig = await startRig(bench);
    const two = await startGateway(bench, await makePlace(bench), { metaUrl: rig.stub.url, processes: 2 });
    const one = await startGateway(bench, await makePlace(bench), { metaUrl: rig.stub.url });
    const row = await compare(
      bench,
      { case: 'processes', unit: 'messages/s' },
      { name: '2 processes', measure: () => measureEndToEnd(bench, rig, two) },
      { name: '1 process', measure: () => measureEndToEnd(bench, rig, one) },
    );
    return [row];
  },
};
