// end-to-end: messages a second from the request to both reports; beside it a relay that keeps everything in memory.
import { type Bench, type Case, compare, type Row } from '../bench.js';
import { makePlace, startGateway } from '../gateway.js';
import { readyForProfile, writeProfile } from '../profile.js';
import { measureEndToEnd, startRelay, startRig } from '../rig.js';

/** The case. */
export const endToEnd: Case = {
  name: 'end-to-end',
  async run(bench: Bench): Promise<Row[]> {
    const rig = await startRig(bench);
    const place = await makePlace(bench);
    await readyForProfile(bench, place);
    const gateway = await startGateway(bench, place, { metaUrl: rig.stub.url });
    const relay = await startRelay(bench, rig, gateway);
    const row = await compare(
      bench,
      { case: 'end-to-end', unit: 'messages/s' },
      { name: 'gateway', measure: () => measureEndToEnd(bench, rig, gateway) },
      { name: 'non-durable relay', measure: () => measureEndToEnd(bench, rig, relay) },
    );
    await writeProfile(bench, gateway);
    return [row];
  },
};
