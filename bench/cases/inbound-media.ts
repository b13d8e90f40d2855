// inbound-media: megabytes a second of files that users send, from the webhook to the report that says that the file is kept.
import { type Bench, type Case, compare, type Round, type Row } from '../bench.js';
import { type Program, startProgram } from '../child.js';
import { type BenchGateway, makePlace, startGateway } from '../gateway.js';
import type { MediaJob, MediaResult } from '../programs/media-stub.js';

/** A photo as phones send it. */
const FILE_BYTES = 512 * 1024;
/** Messages without a report at most: all that is fetched at once, and as much waiting. */
const WINDOW = 32;
const WARM_UP = 50;

/** The case. */
export const inboundMedia: Case = {
  name: 'inbound-media',
  async run(bench: Bench): Promise<Row[]> {
    const stub = await startProgram<MediaJob, MediaResult>(bench, 'media-stub');
    const place = await makePlace(bench);
    const gateway = await startGateway(bench, place, { metaUrl: stub.url, forwardUrl: `${stub.url}/inbound` });
    const row = await compare(
      bench,
      { case: 'inbound-media', unit: 'MB/s' },
      { name: 'gateway', measure: () => measure(bench, stub, gateway) },
    );
    return [row];
  },
};

async function measure(bench: Bench, stub: Program<MediaJob, MediaResult>, gateway: BenchGateway): Promise<Round> {
  const { senders, appSecret } = gateway;
  const job = { callbackUrl: `${gateway.url}/meta/webhook`, appSecret, senders, bytes: FILE_BYTES, window: WINDOW };
  await stub.ask({ ...job, count: WARM_UP });
  const count = bench.quick ? 200 : 1_000;
  const before = gateway.cpu();
  const { elapsedMs, p99Ms } = await stub.ask({ ...job, count });
  const after = gateway.cpu();
  const postgresMs =
    before.postgresMs === null || after.postgresMs === null ? null : after.postgresMs - before.postgresMs;
  return {
    value: (count * FILE_BYTES) / 1_000_000 / (elapsedMs / 1000),
    p99Ms,
    cpuMsGateway: (after.gatewayMs - before.gatewayMs) / count,
    cpuMsPostgres: postgresMs === null ? null : postgresMs / count,
  };
}
