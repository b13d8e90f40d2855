import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  ACCEPTED,
  EventKind,
  isProgress,
  kindOfWire,
  reportOf,
  StatusId,
  stateName,
  statusObject,
} from './statuses.js';

test('orders states as promised: accepted < sent < expired < failed < delivered < read', () => {
  const order = [
    ACCEPTED,
    EventKind.submitted,
    EventKind.sent,
    EventKind.expired,
    EventKind.failed,
    EventKind.delivered,
    EventKind.read,
    EventKind.played,
  ];
  assert.deepEqual(
    order,
    [...order].sort((a, b) => a - b),
  );
  assert.equal(new Set(order).size, order.length);
});

test('lets diagnostic events move nothing', () => {
  for (const kind of [EventKind.refused, EventKind.unknown]) assert.equal(isProgress(kind), false);
  assert.equal(isProgress(EventKind.played), true);
});

test('reports delivered, failed and expired as delivery, read as seen, and nothing else', () => {
  const reported = Object.values(EventKind).map((kind) => [stateName(kind), reportOf(kind)]);
  assert.deepEqual(
    reported.filter(([, report]) => report !== undefined),
    [
      ['expired', 'delivery'],
      ['failed', 'delivery'],
      ['delivered', 'delivery'],
      ['read', 'seen'],
      ['smsExpired', 'delivery'],
      ['smsFailed', 'delivery'],
      ['smsDelivered', 'delivery'],
    ],
  );
});

test('names every state, and throws on a number that is none', () => {
  for (const [name, kind] of Object.entries(EventKind)) assert.equal(stateName(kind), name);
  assert.equal(stateName(0), 'accepted');
  assert.throws(() => stateName(99), RangeError);
});

test("reads Meta's words and leaves new ones alone", () => {
  assert.equal(kindOfWire('delivered'), EventKind.delivered);
  assert.equal(kindOfWire('sent'), EventKind.sent);
  assert.equal(kindOfWire('read'), EventKind.read);
  assert.equal(kindOfWire('played'), EventKind.played);
  assert.equal(kindOfWire('failed'), EventKind.failed);
  assert.equal(kindOfWire('deleted'), undefined);
});

test('gives status objects in the form of Infobip, shared and frozen', () => {
  assert.deepEqual(statusObject(StatusId.pendingEnroute), {
    groupId: 1,
    groupName: 'PENDING',
    id: 7,
    name: 'PENDING_ENROUTE',
    description: 'Message sent to next instance',
  });
  assert.equal(statusObject(5), statusObject(5));
  assert.ok(Object.isFrozen(statusObject(5)));
  for (const id of Object.values(StatusId)) assert.equal(statusObject(id).id, id);
  assert.throws(() => statusObject(1), RangeError);
});
