// accept: durable sends a second of a gateway that only accepts; beside it bare node:http that answers the same and keeps nothing.
import { type Bench, type Case, compare, type Row } from '../bench.js';
import { startProgram } from '../child.js';
import { makePlace, startGateway } from '../gateway.js';
import { cpuOfProgram } from '../machine.js';
import type { LoadJob, LoadResult } from '../programs/load.js';
import { measureRequests, textTarget } from '../rig.js';

/** The case. */
export const accept: Case = {
  name: 'accept',
  async run(bench: Bench): Promise<Row[]> {
    const load = await startProgram<LoadJob, LoadResult>(bench, 'load');
    const bare = await startProgram<object, null>(bench, 'bare-server');
    const gateway = await startGateway(bench, await makePlace(bench), { roles: 'api' });
    const row = await compare(
      bench,
      { case: 'accept', unit: 'requests/s' },
      {
        name: 'gateway',
        measure: () => measureRequests(bench, load, textTarget({ load }, gateway), gateway.cpu),
      },
      {
        name: 'bare node:http',
        measure: () =>
          measureRequests(bench, load, textTarget({ load }, { ...gateway, url: bare.url }), cpuOfProgram(bare.pid)),
      },
    );
    return [row];
  },
};
