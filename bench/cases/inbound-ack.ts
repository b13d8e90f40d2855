// inbound-ack: signed inbound texts a second, one a webhook, from the POST to its 200; their reports are committed, not posted.
import { type Bench, type Case, compare, type Row } from '../bench.js';
import { startProgram } from '../child.js';
import { makePlace, startGateway } from '../gateway.js';
import type { LoadJob, LoadResult } from '../programs/load.js';
import { measureRequests, REQUEST_ROUNDS } from '../rig.js';

/** The case. */
export const inboundAck: Case = {
  name: 'inbound-ack',
  async run(bench: Bench): Promise<Row[]> {
    const load = await startProgram<LoadJob, LoadResult>(bench, 'load');
    const options = { roles: 'api,receive', forwardUrl: `${load.url}/inbound` };
    const gateway = await startGateway(bench, await makePlace(bench), options);
    const { url, senders, appSecret } = gateway;
    const row = await compare(
      bench,
      { case: 'inbound-ack', unit: 'webhooks/s', rounds: REQUEST_ROUNDS },
      {
        name: 'gateway',
        measure: () => measureRequests(bench, load, { kind: 'inbound', url, senders, appSecret }, gateway.cpu),
      },
    );
    return [row];
  },
};
