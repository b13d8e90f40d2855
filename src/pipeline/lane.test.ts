import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fc } from '../../test/support/property.js';
import { createPairBuckets, PAIR_BURST, type PairBuckets } from '../meta/pace.js';
import { HELD, type HeldReason, type HeldRow, type LaneHead, type LaneMessage } from '../store/lanes.js';
import { createLane, FAILURES_MAX, HELD_MAX, type Lane, type Selection } from './lane.js';
import { VALIDITY_MS, type Work } from './work.js';

const START = 1_700_000_000_000;
const HEAD: LaneHead = {
  lane: 7,
  claimed: 0,
  claimedDay: 0,
  settled: 0,
  settledDay: 0,
  aged: 0,
  agedDay: 0,
  pausedUntil: null,
  pauseReason: null,
};
/** A second later the number's bucket, which starts empty, is full. */
const READY = START + 1_000;

function newLane(head: Partial<LaneHead> = {}, throughput = 1_000): Lane {
  return createLane({ ...HEAD, ...head }, throughput, START);
}

function message(seq: number, recipient: string, acceptedAt = START): LaneMessage {
  const day = 20_231_114;
  return { lane: 7, seq, day, id: `id-${seq}`, recipient, type: 'TEXT', content: '{}', envelope: null, acceptedAt };
}

function offer(lane: Lane, ...messages: LaneMessage[]): void {
  assert.equal(lane.buffer.offer(messages), messages.length);
}

function seqs(works: readonly Work[]): number[] {
  return works.map(({ seq }) => seq);
}

function select(lane: Lane, now = READY, room = 100, pairs: PairBuckets = createPairBuckets()): Selection {
  return lane.select(now, room, pairs);
}

/** The one work of a list. */
function only(works: readonly Work[]): Work {
  const [work] = works;
  assert.ok(work !== undefined && works.length === 1, `one work expected, got ${works.length}`);
  return work;
}

function again(lane: Lane, work: Work, reason: HeldReason, dueAt: number, now = READY): void {
  lane.settle(work, { kind: 'again', reason, dueAt }, now);
}

function done(lane: Lane, work: Work, now = READY): void {
  lane.settle(work, { kind: 'done' }, now);
}

test('posts messages to different recipients together and those to one recipient one after the other', () => {
  const lane = newLane();
  offer(lane, message(1, 'a'), message(2, 'a'), message(3, 'b'), message(4, 'a'));
  const first = select(lane);
  assert.deepEqual(seqs(first.posts), [1, 3]);
  assert.deepEqual(seqs(first.held), [2, 4]);
  assert.deepEqual(new Set(first.held.map(({ reason }) => reason)), new Set([HELD.order]));
  for (const work of first.posts) done(lane, work);
  const second = select(lane);
  assert.deepEqual(seqs(second.posts), [2]);
  done(lane, only(second.posts));
  assert.deepEqual(seqs(select(lane).posts), [4]);
});

test('posts no more than there is room for, and the rest when there is room again', () => {
  const lane = newLane();
  offer(lane, message(1, 'a'), message(2, 'b'), message(3, 'c'));
  assert.deepEqual(seqs(select(lane, READY, 2).posts), [1, 2]);
  assert.deepEqual(seqs(select(lane, READY, 0).posts), []);
  assert.deepEqual(seqs(select(lane, READY, 1).posts), [3]);
});

test('a new owner begins with an empty bucket of the number and keeps its pace', () => {
  const lane = newLane({}, 10);
  offer(lane, ...Array.from({ length: 30 }, (_, i) => message(i + 1, `user-${i}`)));
  const early = select(lane, START);
  assert.deepEqual(early.posts, []);
  assert.equal(early.nextAt, START + 100);
  assert.equal(select(lane, READY).posts.length, 10);
  assert.equal(select(lane, READY).posts.length, 0);
  assert.equal(select(lane, READY + 500).posts.length, 5);
});

test('a message of a pair that is ahead of its rate is held for its pace', () => {
  const lane = newLane();
  const pairs = createPairBuckets();
  for (let seq = 1; seq <= PAIR_BURST; seq += 1) {
    offer(lane, message(seq, 'a'));
    done(lane, only(select(lane, READY, 100, pairs).posts));
  }
  offer(lane, message(PAIR_BURST + 1, 'a'));
  const selection = select(lane, READY, 100, pairs);
  assert.deepEqual(selection.posts, []);
  const held = only(selection.held);
  assert.equal(held.reason, HELD.pace);
  assert.equal(selection.nextAt, held.dueAt);
  assert.deepEqual(seqs(select(lane, held.dueAt, 100, pairs).posts), [PAIR_BURST + 1]);
});

test('a refused message is tried again when it is due, before the later ones of its pair', () => {
  const lane = newLane();
  offer(lane, message(1, 'a'), message(2, 'a'));
  const work = only(select(lane).posts);
  assert.equal(work.attempt, 1);
  again(lane, work, HELD.retry, READY + 2_000);
  const early = select(lane, READY + 1_999);
  assert.deepEqual(early.posts, []);
  assert.equal(early.nextAt, READY + 2_000);
  const retried = only(select(lane, READY + 2_000).posts);
  assert.equal(retried, work);
  assert.equal(retried.attempt, 2);
  done(lane, retried);
  assert.deepEqual(seqs(select(lane, READY + 2_000).posts), [2]);
});

test('a paused lane posts nothing until its time, then one message until Meta answers', () => {
  const lane = newLane();
  offer(lane, message(1, 'a'), message(2, 'b'), message(3, 'c'));
  lane.pause(READY + 60_000, 'meta 190');
  assert.deepEqual(lane.paused(), { until: READY + 60_000, reason: 'meta 190' });
  const paused = select(lane);
  assert.deepEqual(paused.posts, []);
  assert.equal(paused.nextAt, READY + 60_000);
  const probe = only(select(lane, READY + 60_000).posts);
  assert.deepEqual(select(lane, READY + 60_000).posts, []);
  done(lane, probe);
  assert.equal(lane.reached(), true);
  assert.equal(lane.paused(), undefined);
  assert.deepEqual(seqs(select(lane, READY + 60_000).posts), [2, 3]);
});

test('ending a pause makes what was held for the lane due at once', () => {
  const lane = newLane();
  offer(lane, message(1, 'a'));
  again(lane, only(select(lane).posts), HELD.lane, READY + 60_000);
  lane.pause(READY + 60_000, 'meta 190');
  assert.deepEqual(select(lane).posts, []);
  lane.resume();
  assert.deepEqual(seqs(select(lane).posts), [1]);
});

test('a lane that was paused on disk is paused for its new owner', () => {
  const lane = newLane({ pausedUntil: READY + 5_000, pauseReason: 'meta 131031' });
  offer(lane, message(1, 'a'));
  assert.deepEqual(select(lane).posts, []);
  assert.deepEqual(seqs(select(lane, READY + 5_000).posts), [1]);
});

test('failures to reach Meta in a row pause the lane, each further one for twice as long, a minute at most', () => {
  const lane = newLane();
  for (let i = 1; i < FAILURES_MAX; i += 1) assert.equal(lane.missed(READY, 'refused'), false);
  const waits: number[] = [];
  for (let i = 0; i < 8; i += 1) {
    assert.equal(lane.missed(READY, 'refused'), true);
    waits.push((lane.paused()?.until ?? 0) - READY);
  }
  assert.deepEqual(waits, [1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000]);
  lane.reached();
  assert.equal(lane.missed(READY, 'refused'), false);
});

test('nothing of a number is posted before Meta’s pause of it ends', () => {
  const lane = newLane();
  offer(lane, message(1, 'a'));
  lane.holdNumber(READY + 4_000);
  const selection = select(lane);
  assert.deepEqual(selection.posts, []);
  assert.equal(selection.nextAt, READY + 4_000);
  assert.deepEqual(seqs(select(lane, READY + 4_000).posts), [1]);
});

test('a message of 48 hours ends without a post, also while the lane is paused, and its pair goes on', () => {
  const lane = newLane();
  offer(lane, message(1, 'a'), message(2, 'a', START + 1_000));
  lane.pause(Number.MAX_SAFE_INTEGER, 'meta 190');
  const old = only(select(lane, START + VALIDITY_MS).expired);
  assert.equal(old.seq, 1);
  assert.equal(old.attempt, 0);
  done(lane, old, START + VALIDITY_MS);
  assert.deepEqual(lane.head().settled, 1);
  lane.resume();
  assert.deepEqual(seqs(select(lane, START + VALIDITY_MS).posts), [2]);
});

test('a held message of 48 hours ends without another post', () => {
  const lane = newLane();
  offer(lane, message(1, 'a'));
  again(lane, only(select(lane).posts), HELD.retry, START + 2 * VALIDITY_MS);
  const selection = select(lane, START + VALIDITY_MS);
  assert.deepEqual(selection.posts, []);
  assert.deepEqual(seqs(selection.expired), [1]);
});

test('an unknown attempt comes back as unknown when its wait is over, even while the lane is paused', () => {
  const lane = newLane();
  offer(lane, message(1, 'a'), message(2, 'a'));
  again(lane, only(select(lane).posts), HELD.unknown, READY + 30_000);
  lane.pause(READY + 90_000, 'unreachable');
  assert.deepEqual(select(lane, READY + 29_999).unknown, []);
  const selection = select(lane, READY + 30_000);
  assert.deepEqual(seqs(selection.unknown), [1]);
  assert.deepEqual(selection.posts, []);
});

test('an unknown attempt is not too old for a send before it is known whether it was sent', () => {
  const lane = newLane();
  offer(lane, message(1, 'a'));
  again(lane, only(select(lane).posts), HELD.unknown, START + 2 * VALIDITY_MS);
  const waiting = select(lane, START + VALIDITY_MS);
  assert.deepEqual([waiting.expired, waiting.nextAt], [[], START + 2 * VALIDITY_MS]);
  assert.deepEqual(seqs(select(lane, START + 2 * VALIDITY_MS).unknown), [1]);
});

test('an adopted attempt is never posted again and lets the next of its pair go', () => {
  const lane = newLane();
  offer(lane, message(1, 'a'), message(2, 'a'));
  again(lane, only(select(lane).posts), HELD.unknown, READY + 30_000);
  lane.adopt(1);
  const next = only(select(lane).posts);
  assert.equal(next.seq, 2);
  done(lane, next);
  assert.deepEqual(select(lane, READY + 60_000), {
    posts: [],
    expired: [],
    unknown: [],
    held: [],
    nextAt: Number.POSITIVE_INFINITY,
  });
  assert.equal(lane.counts().held, 0);
});

test('a status cannot adopt what is not unknown', () => {
  const lane = newLane();
  offer(lane, message(1, 'a'));
  again(lane, only(select(lane).posts), HELD.retry, READY + 1_000);
  lane.adopt(1);
  lane.adopt(99);
  assert.deepEqual(seqs(select(lane, READY + 1_000).posts), [1]);
});

test('what an earlier owner held is taken up in order, with its attempts', () => {
  const lane = newLane({ claimed: 3, claimedDay: 20_231_114, settled: 3, settledDay: 20_231_114 });
  const row = (seq: number, reason: HeldReason, attempt: number, dueAt: number): HeldRow => ({
    ...{ lane: 7, seq, day: 20_231_114, message: `id-${seq}`, recipient: 'a', acceptedAt: START, claimedAt: null },
    ...{ reason, attempt, dueAt },
  });
  lane.restore([row(1, HELD.retry, 2, READY + 500), row(2, HELD.order, 0, START)]);
  offer(lane, message(4, 'b'));
  assert.deepEqual(seqs(select(lane).posts), [4]);
  const retried = only(select(lane, READY + 500).posts);
  assert.deepEqual([retried.seq, retried.attempt, retried.message], [1, 3, undefined]);
  done(lane, retried, READY + 500);
  assert.deepEqual(seqs(select(lane, READY + 500).posts), [2]);
});

test('settled stops before the oldest post without an answer and a held message does not stop it', () => {
  const lane = newLane();
  offer(lane, message(1, 'a'), message(2, 'b'), message(3, 'c'), message(4, 'a'));
  const [a, b, c] = select(lane).posts;
  assert.ok(a !== undefined && b !== undefined && c !== undefined);
  assert.deepEqual([lane.head().claimed, lane.head().settled], [4, 0]);
  done(lane, b);
  assert.equal(lane.head().settled, 0);
  again(lane, a, HELD.retry, READY + 1_000);
  assert.equal(lane.head().settled, 2);
  done(lane, c);
  assert.equal(lane.head().settled, 4);
});

test('holds at most its limit, then claims nothing more until a pair moves on', () => {
  const lane = newLane({}, 10_000);
  const pairs = createPairBuckets();
  let next = 1;
  const fill = (): void => {
    const rows = Array.from({ length: 500 }, (_, i) => message(next + i, 'a'));
    next += lane.buffer.offer(rows);
  };
  fill();
  const first = only(select(lane, READY, 100, pairs).posts);
  for (let i = 0; i < 40; i += 1) {
    fill();
    select(lane, READY, 100, pairs);
    assert.ok(lane.counts().held <= HELD_MAX);
  }
  assert.equal(lane.counts().held, HELD_MAX);
  assert.equal(lane.head().claimed, HELD_MAX + 1);
  done(lane, first);
  const second = only(select(lane, READY, 100, pairs).posts);
  assert.equal(lane.head().claimed, HELD_MAX + 1);
  done(lane, second);
  select(lane, READY, 100, pairs);
  assert.deepEqual([lane.counts().held, lane.head().claimed], [HELD_MAX, HELD_MAX + 2]);
});

// ------------------------------------------------------------- against a model

type Step =
  | { do: 'offer'; recipient: string; count: number }
  | { do: 'select'; room: number }
  | { do: 'answer'; pick: number; how: 'done' | 'retry' | 'unknown' | 'lane'; delayMs: number }
  | { do: 'wait'; ms: number }
  | { do: 'pause'; ms: number }
  | { do: 'resume' }
  | { do: 'missed' }
  | { do: 'reached' }
  | { do: 'adopt'; pick: number };

const nat = (max: number) => fc.integer({ min: 0, max });
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ do: fc.constant('offer' as const), recipient: fc.constantFrom('a', 'b', 'c', 'd'), count: nat(4) }),
  fc.record({ do: fc.constant('select' as const), room: nat(5) }),
  fc.record({ do: fc.constant('select' as const), room: fc.constant(100) }),
  fc.record({
    do: fc.constant('answer' as const),
    pick: nat(10),
    how: fc.constantFrom('done' as const, 'done' as const, 'retry' as const, 'unknown' as const, 'lane' as const),
    delayMs: nat(60_000),
  }),
  fc.record({ do: fc.constant('wait' as const), ms: fc.oneof(nat(100), nat(60_000), nat(VALIDITY_MS)) }),
  fc.record({ do: fc.constant('pause' as const), ms: nat(60_000) }),
  fc.constantFrom({ do: 'resume' as const }, { do: 'missed' as const }, { do: 'reached' as const }),
  fc.record({ do: fc.constant('adopt' as const), pick: nat(10) }),
);

/** What a lane may do, kept the slow and obvious way. */
class Model {
  readonly lane = newLane();
  readonly pairs = createPairBuckets();
  now = READY;
  next = 1;
  /** Messages not ended yet, in order. */
  readonly open = new Map<number, { recipient: string; attempts: number; isUnknown: boolean }>();
  readonly flying = new Map<number, Work>();
  readonly ended: number[] = [];

  take({ posts, expired, unknown }: Selection): void {
    for (const work of posts) {
      const message = this.open.get(work.seq);
      assert.ok(message !== undefined, `${work.seq} was posted after its end`);
      assert.ok(!this.flying.has(work.seq), `${work.seq} was posted while its answer was out`);
      assert.ok(!message.isUnknown, `${work.seq} was posted although nobody knows its last attempt`);
      this.mustBeFirst(work);
      message.attempts += 1;
      assert.equal(work.attempt, message.attempts);
      this.flying.set(work.seq, work);
    }
    for (const work of expired) {
      assert.ok(work.acceptedAt + VALIDITY_MS <= this.now);
      this.mustBeFirst(work);
      this.end(work);
    }
    for (const work of unknown) {
      const message = this.open.get(work.seq);
      assert.equal(message?.isUnknown, true);
      if (message !== undefined) message.isUnknown = false;
      this.lane.settle(work, { kind: 'again', reason: HELD.retry, dueAt: this.now }, this.now);
    }
  }

  /** P7: all earlier messages of the pair have ended. */
  mustBeFirst(work: Work): void {
    const first = [...this.open].find(([, { recipient }]) => recipient === work.recipient);
    assert.equal(first?.[0], work.seq, `${work.seq} went before ${first?.[0]} of the same pair`);
  }

  end(work: Work): void {
    this.flying.delete(work.seq);
    this.open.delete(work.seq);
    this.ended.push(work.seq);
    this.lane.settle(work, { kind: 'done' }, this.now);
  }

  answer({ pick, how, delayMs }: Extract<Step, { do: 'answer' }>): void {
    const work = [...this.flying.values()][pick % Math.max(1, this.flying.size)];
    if (work === undefined) return;
    if (how === 'done') {
      this.end(work);
      return;
    }
    this.flying.delete(work.seq);
    const message = this.open.get(work.seq);
    if (message !== undefined) message.isUnknown = how === 'unknown';
    this.lane.settle(work, { kind: 'again', reason: HELD[how], dueAt: this.now + delayMs }, this.now);
  }

  adopt(pick: number): void {
    const unknown = [...this.open].filter(([, { isUnknown }]) => isUnknown);
    const found = unknown[pick % Math.max(1, unknown.length)];
    if (found === undefined) return;
    this.lane.adopt(found[0]);
    this.open.delete(found[0]);
    this.ended.push(found[0]);
  }

  act(todo: Step): void {
    switch (todo.do) {
      case 'offer':
        for (let i = 0; i < todo.count; i += 1) {
          offer(this.lane, message(this.next, todo.recipient, this.now));
          this.open.set(this.next, { recipient: todo.recipient, attempts: 0, isUnknown: false });
          this.next += 1;
        }
        return;
      case 'select':
        this.take(this.lane.select(this.now, todo.room, this.pairs));
        return;
      case 'answer':
        this.answer(todo);
        return;
      case 'wait':
        this.now += todo.ms;
        return;
      case 'pause':
        this.lane.pause(this.now + todo.ms, 'test');
        return;
      case 'resume':
        this.lane.resume();
        return;
      case 'missed':
        this.lane.missed(this.now, 'test');
        return;
      case 'reached':
        this.lane.reached();
        return;
      case 'adopt':
        this.adopt(todo.pick);
        return;
    }
  }

  /** What must hold after every step. */
  check(): void {
    const { claimed, settled } = this.lane.head();
    const { held, inFlight, buffered } = this.lane.counts();
    assert.ok(settled <= claimed);
    assert.equal(inFlight, this.flying.size);
    assert.equal(claimed + buffered, this.next - 1);
    const claimedOpen = [...this.open.keys()].filter((seq) => seq <= claimed);
    // What is open and claimed is held on disk, or stands behind `settled` for the next owner to find.
    const direct = [...this.flying.values()].filter(({ isHeld }) => !isHeld);
    assert.equal(held, claimedOpen.length - direct.length);
    for (const { seq } of direct) assert.ok(seq > settled, `settled ${settled} passed ${seq}, which has no answer`);
    const firstDirect = Math.min(...direct.map(({ seq }) => seq));
    assert.equal(settled, Number.isFinite(firstDirect) ? firstDirect - 1 : claimed);
  }

  /** Lets everything come to its end. */
  finish(): void {
    this.lane.resume();
    for (let round = 0; this.open.size > 0 && round < 1_000; round += 1) {
      const selection = this.lane.select(this.now, 100, this.pairs);
      this.take(selection);
      this.check();
      const isIdle = this.flying.size === 0 && selection.unknown.length + selection.expired.length === 0;
      if (isIdle && this.open.size > 0) {
        assert.ok(Number.isFinite(selection.nextAt), 'the lane has work and never wakes up for it');
        this.now = Math.max(this.now + 1, selection.nextAt);
      }
      for (const work of [...this.flying.values()]) this.end(work);
    }
    assert.equal(this.open.size, 0, 'messages were lost');
    assert.equal(this.ended.length, this.next - 1);
    assert.equal(new Set(this.ended).size, this.ended.length);
  }
}

test('whatever happens: order in each pair, one post at a time, nothing lost, nothing posted twice', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
      const model = new Model();
      for (const todo of steps) {
        model.act(todo);
        model.check();
      }
      model.finish();
    }),
    { numRuns: 500 },
  );
});
