import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NEW_HEAD } from '../../test/support/endpoint-head.js';
import { fc } from '../../test/support/property.js';
import { ReportKind } from '../store/reports.js';
import { bisect } from './batch-parts.js';
import { conversationOf, createConversationLines } from './conversation-lines.js';
import { type Batch, createEndpoint, type Endpoint } from './endpoint.js';
import { PARKED_AT } from './ordered-cut.js';
import type { Report } from './report.js';

const NOW = 1_700_000_000_000;
const SENDER = '441134960000';

function report(seq: number, user: number, kind: number = ReportKind.delivery): Report {
  const [from, to] = kind === ReportKind.delivery ? [SENDER, `user ${user}`] : [`user ${user}`, SENDER];
  const url = 'https://hooks.example/a';
  return {
    endpoint: 3,
    seq,
    day: 20_231_114,
    kind,
    at: NOW,
    ref: String(seq),
    url,
    body: JSON.stringify({ from, to }),
  };
}

function orderedEndpoint(): Endpoint {
  const endpoint = createEndpoint({ ...NEW_HEAD, profile: 'p' });
  endpoint.setLimits({ results: 3, window: 1_000, perSecond: undefined, isOrdered: true });
  endpoint.setLines(createConversationLines());
  return endpoint;
}

function newIds(): () => string {
  let made = 0;
  return () => {
    made += 1;
    return `batch-${made}`;
  };
}

const isReady = (batch: Batch): boolean => batch.dueAt !== PARKED_AT;

test('a conversation is a sender and a user, whoever wrote; what names no two is one by itself', () => {
  assert.equal(conversationOf(report(1, 7)), conversationOf(report(2, 7, ReportKind.inbound)));
  assert.notEqual(conversationOf(report(1, 7)), conversationOf(report(1, 8)));
  assert.notEqual(conversationOf({ seq: 1, body: '{}' }), conversationOf({ seq: 2, body: '{}' }));
});

test('what is told of one template comes in its order, too', () => {
  const of = (seq: number, id: string) => conversationOf({ seq, body: JSON.stringify({ messageTemplateId: id }) });
  assert.equal(of(1, '7'), of(2, '7'));
  assert.notEqual(of(1, '7'), of(1, '8'));
});

test('reports of one conversation may share a request; another kind of it waits for that', () => {
  const endpoint = orderedEndpoint();
  endpoint.buffer.offer([report(1, 1), report(2, 2), report(3, 1), report(4, 1, ReportKind.inbound)]);
  const batches = endpoint.cut(NOW, newIds());
  assert.deepEqual(
    batches.map((batch) => [batch.seqs, isReady(batch)]),
    [
      [[1, 2, 3], true],
      [[4], false],
    ],
  );
  assert.equal(endpoint.head().position, 4);
  assert.deepEqual([...endpoint.released], []);
  endpoint.left('batch-1');
  assert.deepEqual([...endpoint.released], ['batch-2']);
});

test('what is told one by one has a request of its own, and waits for its turn in it', () => {
  const endpoint = orderedEndpoint();
  const told = (seq: number, id: string): Report => ({
    ...report(seq, 0, ReportKind.template),
    body: JSON.stringify({ messageTemplateId: id }),
  });
  endpoint.buffer.offer([told(1, '7'), told(2, '8'), told(3, '7'), told(4, '7')]);
  assert.deepEqual(
    endpoint.cut(NOW, newIds()).map((batch) => [batch.seqs, isReady(batch)]),
    [
      [[1], true],
      [[2], true],
      [[3], false],
      [[4], false],
    ],
  );
  endpoint.left('batch-1');
  assert.deepEqual([...endpoint.released], ['batch-3']);
});

test('a report that is refused holds up its own conversation and no other', () => {
  const endpoint = orderedEndpoint();
  const newId = newIds();
  const seen = (batches: readonly Batch[]): unknown[] => batches.map((batch) => [batch.seqs, isReady(batch)]);
  endpoint.buffer.offer([report(1, 1), report(2, 2), report(3, 1), report(4, 2), report(5, 1), report(6, 2)]);
  const batches = endpoint.cut(NOW, newId);
  // Three results a request; what must wait is alone with its conversation.
  assert.deepEqual(seen(batches), [
    [[1, 2, 3], true],
    [[4, 6], false],
    [[5], false],
  ]);
  const refuse = (batch: Batch | undefined): Batch[] => {
    assert.ok(batch !== undefined);
    const halves = bisect(batch, { newId, now: NOW, isOrdered: true });
    endpoint.divided(batch, halves);
    return halves;
  };
  const [stuck, free] = refuse(batches[0]);
  assert.deepEqual(seen([stuck, free].flatMap((half) => half ?? [])), [
    [[1, 3], true],
    [[2], true],
  ]);
  endpoint.left(free?.id ?? '');
  assert.deepEqual([...endpoint.released], [batches[1]?.id]);
  const [culprit, behind] = refuse(stuck);
  assert.deepEqual([culprit?.seqs, behind?.seqs, behind && isReady(behind)], [[1], [3], false]);
  endpoint.left(batches[1]?.id ?? '');
  endpoint.buffer.offer([report(7, 1), report(8, 2)]);
  assert.deepEqual(seen(endpoint.cut(NOW, newId)), [
    [[7], false],
    [[8], true],
  ]);
  endpoint.left(culprit?.id ?? '');
  assert.deepEqual([...endpoint.released], [behind?.id]);
});

test('whatever is refused, divided and finished when, each conversation is posted in order, one at a time, and nothing is left', () => {
  const arrival = fc.record({
    user: fc.nat(4),
    kind: fc.constantFrom(ReportKind.delivery, ReportKind.seen, ReportKind.inbound),
  });
  const moves = fc.array(fc.record({ which: fc.nat(20), refuse: fc.boolean(), room: fc.integer({ min: 1, max: 4 }) }), {
    minLength: 400,
    maxLength: 400,
  });
  fc.assert(
    fc.property(fc.array(fc.array(arrival, { maxLength: 12 }), { maxLength: 8 }), moves, (arrivals, steps) => {
      const endpoint = orderedEndpoint();
      const newId = newIds();
      const parked = new Map<string, Batch>();
      const posting: Batch[] = [];
      const done = new Map<string, number>();
      let next = 1;
      let finished = 0;
      const waiting = [...arrivals];
      for (const { which, refuse, room } of steps) {
        const fresh = (waiting.shift() ?? []).map(({ user, kind }, i) => report(next + i, user, kind));
        next += endpoint.buffer.offer(fresh);
        for (const batch of endpoint.cut(NOW, newId, room)) (isReady(batch) ? posting : parkedList(parked)).push(batch);
        for (const id of endpoint.released) posting.push(...take(parked, id));
        endpoint.released.clear();
        const underWay = posting.flatMap((batch) => [...new Set(batch.reports.map(conversationOf))]);
        assert.equal(new Set(underWay).size, underWay.length, 'one at a time');
        if (posting.length === 0) continue;
        const [batch] = posting.splice(which % posting.length, 1);
        if (batch === undefined) continue;
        if (refuse && batch.reports.length > 1) {
          const halves = bisect(batch, { newId, now: NOW, isOrdered: true });
          endpoint.divided(batch, halves);
          for (const half of halves) (isReady(half) ? posting : parkedList(parked)).push(half);
          continue;
        }
        for (const one of batch.reports) {
          const conversation = conversationOf(one);
          assert.ok((done.get(conversation) ?? 0) < one.seq, 'in order');
          done.set(conversation, one.seq);
          finished += 1;
        }
        endpoint.left(batch.id);
      }
      assert.equal(finished, next - 1);
      assert.equal(endpoint.lines?.reports(), 0);
    }),
    { numRuns: 200 },
  );
});

function parkedList(parked: Map<string, Batch>): { push(batch: Batch): void } {
  return { push: (batch) => void parked.set(batch.id, batch) };
}

function take(parked: Map<string, Batch>, id: string): Batch[] {
  const batch = parked.get(id);
  parked.delete(id);
  return batch === undefined ? [] : [batch];
}
