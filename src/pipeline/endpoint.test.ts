import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NEW_HEAD } from '../../test/support/endpoint-head.js';
import { fc } from '../../test/support/property.js';
import type { EndpointHead } from '../store/endpoint-heads.js';
import { ReportKind } from '../store/reports.js';
import { bisect, divide, splitFirst } from './batch-parts.js';
import { type Batch, createEndpoint, DISABLED_AFTER_MS, type Endpoint, FAILURES_MAX } from './endpoint.js';
import { BATCH_MAX, WINDOW } from './endpoint-limits.js';
import type { Report } from './report.js';

const NOW = 1_700_000_000_000;
const MINUTE_MS = 60_000;
const DAY = 20_231_114;

function newEndpoint(head: Partial<EndpointHead> = {}): Endpoint {
  return createEndpoint({ ...NEW_HEAD, ...head });
}

function report(seq: number, fields: Partial<Report> = {}): Report {
  return {
    endpoint: 3,
    seq,
    day: DAY,
    kind: ReportKind.delivery,
    at: NOW,
    ref: String(seq),
    url: 'https://hooks.example/a',
    body: '{}',
    ...fields,
  };
}

function reports(count: number): Report[] {
  return Array.from({ length: count }, (_, i) => report(i + 1));
}

function newIds(): () => string {
  let made = 0;
  return () => {
    made += 1;
    return `batch-${made}`;
  };
}

function batchOf(count: number): Batch {
  const endpoint = newEndpoint();
  endpoint.buffer.offer(reports(count));
  const [batch] = endpoint.cut(NOW, newIds());
  assert.ok(batch !== undefined);
  return batch;
}

test('reports of one kind and URL share a POST, at most 100 of them', () => {
  const endpoint = newEndpoint();
  endpoint.buffer.offer(reports(250));
  const batches = endpoint.cut(NOW, newIds());
  assert.deepEqual(
    batches.map(({ seqs }) => seqs.length),
    [BATCH_MAX, BATCH_MAX, 50],
  );
  assert.equal(endpoint.head().position, 250);
});

test('another kind or another URL is another POST', () => {
  const endpoint = newEndpoint();
  endpoint.buffer.offer([
    report(1),
    report(2, { kind: ReportKind.seen }),
    report(3, { url: 'https://hooks.example/b' }),
    report(4),
  ]);
  assert.deepEqual(
    endpoint.cut(NOW, newIds()).map(({ seqs }) => seqs),
    [[1, 4], [2], [3]],
  );
});

test('no more requests than the window are cut, and what is left over stays', () => {
  const endpoint = newEndpoint();
  endpoint.inFlight = WINDOW - 1;
  endpoint.buffer.offer([report(1), report(2, { kind: ReportKind.seen }), report(3)]);
  assert.deepEqual(
    endpoint.cut(NOW, newIds()).map(({ seqs }) => seqs),
    [[1]],
  );
  assert.equal(endpoint.head().position, 1);
  endpoint.inFlight = WINDOW;
  assert.deepEqual(endpoint.cut(NOW, newIds()), []);
});

test('each report is cut once and in order, whatever comes when', () => {
  const arrivals = fc.array(
    fc.record({
      kinds: fc.array(fc.constantFrom(1, 2, 3), { maxLength: 30 }),
      room: fc.integer({ min: 0, max: 4 }),
      resultsMax: fc.integer({ min: 1, max: 5 }),
    }),
  );
  fc.assert(
    fc.property(arrivals, (all) => {
      const endpoint = newEndpoint();
      const newId = newIds();
      const seen: number[] = [];
      let next = 1;
      for (const { kinds, room, resultsMax } of all) {
        const fresh = kinds.map((kind, i) => report(next + i, { kind }));
        next += endpoint.buffer.offer(fresh);
        const batches = endpoint.cut(NOW, newId, room, resultsMax);
        assert.ok(batches.length <= room);
        for (const { seqs, reports: carried } of batches) {
          assert.ok(seqs.length <= resultsMax);
          assert.deepEqual(
            seqs,
            [...seqs].sort((a, b) => a - b),
          );
          assert.equal(new Set(carried.map(({ kind }) => kind)).size, 1);
          seen.push(...seqs);
        }
        assert.equal(endpoint.head().position, seen.length);
      }
      assert.equal(new Set(seen).size, seen.length);
    }),
  );
});

test('one failure of the connection makes an endpoint down, and the first 2xx up again', () => {
  const endpoint = newEndpoint();
  endpoint.failed(NOW, 0, 'connect: refused', undefined);
  assert.equal(endpoint.isUp(), false);
  const { downSince, downReason, probeAt } = endpoint.head();
  assert.deepEqual([downSince, downReason, probeAt], [NOW, 'connect: refused', NOW + MINUTE_MS]);
  assert.equal(endpoint.succeeded(), true);
  assert.equal(endpoint.isUp(), true);
  assert.equal(endpoint.succeeded(), false);
});

test('an endpoint that is down is probed once a step, each step longer, an hour at most', () => {
  const endpoint = newEndpoint();
  let now = NOW;
  const waits: number[] = [];
  for (let i = 0; i < 12; i += 1) {
    endpoint.failed(now, 0, 'timeout', undefined);
    const probeAt = endpoint.probeAt() ?? 0;
    waits.push((probeAt - now) / MINUTE_MS);
    assert.equal(endpoint.mayProbe(probeAt - 1), false);
    assert.equal(endpoint.mayProbe(probeAt), true);
    now = probeAt;
  }
  assert.deepEqual(waits, [1, 2, 5, 10, 17, 26, 37, 50, 60, 60, 60, 60]);
});

test('requests that were under way when an endpoint went down are one failure, not many', () => {
  const endpoint = newEndpoint();
  endpoint.failed(NOW, 0, 'timeout', undefined);
  for (let i = 1; i < WINDOW; i += 1) endpoint.failed(NOW + i, 0, 'timeout', undefined);
  assert.deepEqual([endpoint.probes(), endpoint.probeAt()], [0, NOW + MINUTE_MS]);
  endpoint.failed(NOW + WINDOW, 0, 'http 429', 5 * MINUTE_MS);
  assert.equal(endpoint.probeAt(), NOW + WINDOW + 5 * MINUTE_MS);
});

test('a probe waits for what is under way', () => {
  const endpoint = newEndpoint();
  endpoint.failed(NOW, 0, 'timeout', undefined);
  endpoint.inFlight = 1;
  assert.equal(endpoint.mayProbe(NOW + MINUTE_MS), false);
});

test('waits at least as long as Retry-After said', () => {
  const endpoint = newEndpoint();
  endpoint.failed(NOW, 0, 'http 429', 10 * MINUTE_MS);
  assert.equal(endpoint.probeAt(), NOW + 10 * MINUTE_MS);
});

test('five refused requests in a row make it down, one success between them does not', () => {
  const endpoint = newEndpoint();
  for (let i = 1; i < FAILURES_MAX; i += 1) assert.equal(endpoint.refused(NOW, 0, 'http 500', true), false);
  endpoint.succeeded();
  for (let i = 1; i < FAILURES_MAX; i += 1) assert.equal(endpoint.refused(NOW, 0, 'http 500', true), false);
  assert.equal(endpoint.refused(NOW, 0, 'http 500', true), true);
  assert.equal(endpoint.isUp(), false);
});

test('the parts of a halved request count as one', () => {
  const endpoint = newEndpoint();
  for (let i = 0; i < 20; i += 1) assert.equal(endpoint.refused(NOW, 0, 'http 500', false), false);
  assert.equal(endpoint.isUp(), true);
});

test('410 disables: neither up nor probed until somebody enables it', () => {
  const endpoint = newEndpoint();
  endpoint.disable(NOW);
  assert.deepEqual([endpoint.isUp(), endpoint.isDisabled()], [false, true]);
  assert.equal(endpoint.probeAt(), undefined);
  assert.equal(endpoint.mayProbe(NOW + 1_000 * MINUTE_MS), false);
  endpoint.load(NEW_HEAD);
  assert.deepEqual([endpoint.isUp(), endpoint.isDisabled()], [true, false]);
});

test('a profile says how many results a POST has and how many POSTs are under way', () => {
  const endpoint = newEndpoint();
  endpoint.setLimits({ results: 3, window: 2, perSecond: undefined, isOrdered: false });
  endpoint.buffer.offer(reports(10));
  assert.deepEqual(
    endpoint.cut(NOW, newIds()).map(({ seqs }) => seqs.length),
    [3, 3],
  );
});

test('an endpoint that has been failing for 5 days is disabled by its next failure, not before', () => {
  const endpoint = newEndpoint();
  endpoint.failed(NOW, 0, 'timeout', undefined);
  endpoint.failed(NOW + DISABLED_AFTER_MS - 1, 0, 'timeout', undefined);
  assert.equal(endpoint.isDisabled(), false);
  endpoint.failed(NOW + DISABLED_AFTER_MS + 3_600_000, 0, 'http 503', undefined);
  assert.equal(endpoint.isDisabled(), true);
  assert.equal(endpoint.head().downReason, 'failing for 5 days: http 503');
  assert.equal(endpoint.probeAt(), undefined);
});

test('one success within 5 days of failure starts the count again', () => {
  const endpoint = newEndpoint();
  endpoint.failed(NOW, 0, 'timeout', undefined);
  endpoint.succeeded();
  endpoint.failed(NOW + DISABLED_AFTER_MS, 0, 'timeout', undefined);
  endpoint.failed(NOW + DISABLED_AFTER_MS + 3_600_000, 0, 'timeout', undefined);
  assert.equal(endpoint.isDisabled(), false);
});

test('an endpoint that is down keeps a probe’s worth in memory, and reads the rest again once it is up', () => {
  const endpoint = newEndpoint();
  endpoint.buffer.offer(reports(1_000));
  endpoint.buffer.noteTail(1_001, DAY);
  endpoint.failed(NOW, 0, 'timeout', undefined);
  assert.ok(endpoint.buffer.size() <= 10);
  assert.equal(endpoint.buffer.wanted(), undefined);
  endpoint.succeeded();
  assert.equal(endpoint.buffer.wanted()?.after, endpoint.buffer.size());
});

test('a batch that is larger than its profile now allows is divided, and its parts keep its age', () => {
  const batch: Batch = { ...batchOf(7), attempt: 2, isReplay: true, firstDueAt: NOW + 5 };
  const parts = divide(batch, 3, { newId: newIds(), now: NOW, isOrdered: false });
  assert.deepEqual(
    parts.map(({ seqs }) => seqs),
    [[1, 2, 3], [4, 5, 6], [7]],
  );
  for (const { attempt, isReplay, firstDueAt } of parts)
    assert.deepEqual([attempt, isReplay, firstDueAt], [2, true, NOW + 5]);
});

test('halving keeps every report once and in order, in new requests of their own', () => {
  fc.assert(
    fc.property(fc.integer({ min: 2, max: BATCH_MAX }), (count) => {
      const batch = batchOf(count);
      const halves = bisect(batch, { newId: newIds(), now: NOW, isOrdered: false });
      assert.deepEqual(
        halves.flatMap(({ seqs }) => seqs),
        batch.seqs,
      );
      for (const half of halves) {
        assert.ok(half.seqs.length >= 1 && half.seqs.length < count);
        assert.equal(half.isAlone, true);
        assert.equal(half.attempt, 0);
      }
      assert.notEqual(halves[0]?.id, halves[1]?.id);
    }),
  );
});

test('a probe takes the first report out and leaves the rest together', () => {
  const parting = { newId: newIds(), now: NOW, isOrdered: false };
  const [first, rest] = splitFirst({ ...batchOf(5), attempt: 3 }, parting);
  assert.deepEqual([first.seqs, rest?.seqs], [[1], [2, 3, 4, 5]]);
  assert.deepEqual([rest?.attempt, rest?.isAlone], [3, false]);
});

test('a new owner finds a down endpoint down, at its position', () => {
  const endpoint = newEndpoint({ position: 41, positionDay: DAY, downSince: NOW, probeAt: NOW + 5, probes: 2 });
  assert.equal(endpoint.isUp(), false);
  assert.equal(endpoint.probes(), 2);
  assert.equal(endpoint.buffer.offer([report(41), report(42)]), 1);
});
