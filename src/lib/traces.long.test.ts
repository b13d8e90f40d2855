import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { type TestContext, test } from 'node:test';
import { createLog } from './log.js';
import { readTraceparent } from './trace-context.js';
import { openTraces, type Traces } from './traces.js';

const GIVEN = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

interface World {
  traces: Traces;
  counts: Record<string, number>;
  /** Requests that the collector got. */
  posts: () => number;
}

/** Traces to a collector that answers when `isReady` says so. */
async function open(t: TestContext, ratio: number, answers: 'at once' | 'never' = 'at once'): Promise<World> {
  let posts = 0;
  const server = createServer((request, response) => {
    posts += 1;
    request.resume().on('end', () => {
      if (answers === 'at once') response.end('{}');
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  assert.ok(address !== null && typeof address === 'object');
  const counts: Record<string, number> = {};
  const traces = await openTraces({
    endpoint: `http://127.0.0.1:${address.port}`,
    headers: {},
    ratio,
    version: '1',
    log: createLog('silent'),
    count(outcome, by) {
      counts[outcome] = (counts[outcome] ?? 0) + by;
    },
  });
  return { traces, counts, posts: () => posts };
}

test('what is begun under a trace goes on with it, and all that ended is exported at the end', async (t) => {
  const { traces, counts } = await open(t, 1);
  const above = traces.begin({ name: 'a', kind: 'server', parent: GIVEN });
  const below = traces.begin({ name: 'b', kind: 'client', parent: above.traceparent, links: [GIVEN, 'nonsense'] });
  assert.equal(readTraceparent(below.traceparent)?.traceId, readTraceparent(GIVEN)?.traceId);
  assert.notEqual(readTraceparent(below.traceparent)?.spanId, readTraceparent(above.traceparent)?.spanId);
  below.end({ 'parley.attempt': 1 }, 'timeout');
  above.end();
  await traces.stop();
  assert.deepEqual(counts, { exported: 2 });
});

test('a trace begun here is recorded by the ratio, one that was given as its caller says', async (t) => {
  const { traces, counts } = await open(t, 0);
  const own = traces.begin({ name: 'a', kind: 'server' });
  assert.equal(own.traceparent, undefined);
  own.end();
  const unrecorded = GIVEN.replace(/01$/, '00');
  const passed = traces.begin({ name: 'a', kind: 'server', parent: unrecorded });
  assert.equal(passed.traceparent, unrecorded);
  passed.end();
  traces.begin({ name: 'a', kind: 'server', parent: GIVEN }).end();
  await traces.stop();
  assert.deepEqual(counts, { exported: 1 });
});

test('spans that a collector does not take are dropped and counted beyond a bound, and stopping does not wait for it', async (t) => {
  const { traces, counts } = await open(t, 1, 'never');
  for (let i = 0; i < 10_000; i += 1) traces.begin({ name: 'a', kind: 'internal' }).end();
  assert.deepEqual(counts, { dropped: 10_000 - 8_192 });
  const at = performance.now();
  await traces.stop();
  assert.ok(performance.now() - at < 6_000);
});
