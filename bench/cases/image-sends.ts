// image-sends: images a second of an account whose files Parley uploads, all of one file whose id at Meta is known after the first;
// beside it texts of the same account. From the request to both reports, as end-to-end.
import { type Bench, type Case, compare, type Row } from '../bench.js';
import { makePlace, startGateway } from '../gateway.js';
import { measureEndToEnd, startRig } from '../rig.js';

/** The case. */
export const imageSends: Case = {
  name: 'image-sends',
  async run(bench: Bench): Promise<Row[]> {
    const rig = await startRig(bench);
    const gateway = await startGateway(bench, await makePlace(bench), { metaUrl: rig.stub.url, media: 'upload' });
    const mediaUrl = `${rig.stub.url}/cat.jpg`;
    const row = await compare(
      bench,
      { case: 'image-sends', unit: 'messages/s' },
      { name: 'gateway', measure: () => measureEndToEnd(bench, rig, { ...gateway, mediaUrl }) },
      { name: 'texts', measure: () => measureEndToEnd(bench, rig, gateway) },
    );
    return [row];
  },
};
