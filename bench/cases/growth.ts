// growth: accept and end-to-end on 20 million old messages and 60 million events; beside each the same on empty tables.
// The row `growth` is the worse of the two.
import { type Bench, type Case, compare, type Row } from '../bench.js';
import { type BenchGateway, makePlace, type Place, startGateway } from '../gateway.js';
import { type History, makeHistory } from '../history.js';
import { measureEndToEnd, measureRequests, REQUEST_ROUNDS, type Rig, startRig, textTarget } from '../rig.js';

const FULL: History = { messages: 20_000_000, today: 1_000_000 };
const QUICK: History = { messages: 1_000_000, today: 50_000 };

/** A gateway on much and one on nothing, both running. */
interface Pair {
  grown: BenchGateway;
  empty: BenchGateway;
}

/** The case. */
export const growth: Case = {
  name: 'growth',
  async run(bench: Bench): Promise<Row[]> {
    const rig = await startRig(bench);
    const grown = await makePlace(bench);
    const empty = await makePlace(bench);
    // No lane is owned while the history is made.
    const maker = await startGateway(bench, grown, { roles: 'api' });
    await makeHistory(bench, maker.databaseUrl, bench.quick ? QUICK : FULL);
    await maker.stop();
    // What `accept` leaves undispatched would be dispatched during `end-to-end`: so that comes first.
    const endToEnd = await withPair(bench, { grown, empty }, { metaUrl: rig.stub.url }, (pair) =>
      compareEndToEnd(bench, rig, pair),
    );
    const accept = await withPair(bench, { grown, empty }, { roles: 'api' }, (pair) => compareAccept(bench, rig, pair));
    const worse = (accept.ratio ?? 0) < (endToEnd.ratio ?? 0) ? accept : endToEnd;
    return [{ ...worse, case: 'growth' }, accept, endToEnd];
  },
};

async function withPair(
  bench: Bench,
  places: { grown: Place; empty: Place },
  options: { roles?: string; metaUrl?: string },
  measure: (pair: Pair) => Promise<Row>,
): Promise<Row> {
  const grown = await startGateway(bench, places.grown, options);
  const empty = await startGateway(bench, places.empty, options);
  const row = await measure({ grown, empty });
  await grown.stop();
  await empty.stop();
  return row;
}

function compareAccept(bench: Bench, rig: Rig, { grown, empty }: Pair): Promise<Row> {
  const measure = (gateway: BenchGateway) => measureRequests(bench, rig.load, textTarget(rig, gateway), gateway.cpu);
  return compare(
    bench,
    { case: 'growth-accept', unit: 'requests/s', rounds: REQUEST_ROUNDS },
    { name: sizeOf(bench), measure: () => measure(grown) },
    { name: 'empty', measure: () => measure(empty) },
  );
}

function compareEndToEnd(bench: Bench, rig: Rig, { grown, empty }: Pair): Promise<Row> {
  return compare(
    bench,
    { case: 'growth-end-to-end', unit: 'messages/s' },
    { name: sizeOf(bench), measure: () => measureEndToEnd(bench, rig, grown) },
    { name: 'empty', measure: () => measureEndToEnd(bench, rig, empty) },
  );
}

function sizeOf({ quick }: Bench): string {
  const { messages } = quick ? QUICK : FULL;
  return `${messages / 1e6} M messages`;
}
