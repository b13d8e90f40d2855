// accept: durable sends a second of a gateway that only accepts; beside it bare node:http that answers the same and keeps nothing.
// accept-applications: sends that name an application and an entity, from senders that are associated with another; beside it plain ones.
import { type Bench, type Case, compare, type Row } from '../bench.js';
import { startProgram } from '../child.js';
import { type BenchGateway, makePlace, runSql, startGateway } from '../gateway.js';
import { cpuOfProgram } from '../machine.js';
import type { LoadJob, LoadResult } from '../programs/load.js';
import type { BenchSender } from '../programs/requests.js';
import { measureRequests, REQUEST_ROUNDS, textTarget } from '../rig.js';

/** The case. */
export const accept: Case = {
  name: 'accept',
  async run(bench: Bench): Promise<Row[]> {
    const load = await startProgram<LoadJob, LoadResult>(bench, 'load');
    const bare = await startProgram<object, null>(bench, 'bare-server');
    const gateway = await startGateway(bench, await makePlace(bench), { roles: 'api' });
    const row = await compare(
      bench,
      { case: 'accept', unit: 'requests/s', rounds: REQUEST_ROUNDS },
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

/** The case. */
export const acceptApplications: Case = {
  name: 'accept-applications',
  async run(bench: Bench): Promise<Row[]> {
    const load = await startProgram<LoadJob, LoadResult>(bench, 'load');
    const gateway = await startGateway(bench, await makePlace(bench), { roles: 'api' });
    const half = gateway.senders.length / 2;
    const plain = textTarget({ load }, { ...gateway, senders: gateway.senders.slice(0, half) });
    const senders = gateway.senders.slice(half);
    await associate(gateway, senders);
    const platform = { applicationId: 'crm', entityId: 'shop' };
    const named = textTarget({ load }, { ...gateway, senders, platform });
    const row = await compare(
      bench,
      { case: 'accept-applications', unit: 'requests/s', rounds: REQUEST_ROUNDS },
      { name: 'gateway', measure: () => measureRequests(bench, load, named, gateway.cpu) },
      { name: 'plain', measure: () => measureRequests(bench, load, plain, gateway.cpu) },
    );
    return [row];
  },
};

async function associate({ databaseUrl }: BenchGateway, senders: readonly BenchSender[]): Promise<void> {
  const numbers = senders.map(({ sender }) => `'${sender}'`).join(',');
  await runSql(
    databaseUrl,
    `INSERT INTO associations (account, resource_type, channel, resource_id, application_id, entity_id, created_at)
      SELECT account, 'NUMBER', 'WHATSAPP', sender, 'desk', 'depot', 0 FROM senders WHERE sender IN (${numbers})`,
  );
}
