import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ReportKind } from '../store/reports.js';
import type { Report } from './report.js';
import { createReportOrder } from './report-order.js';

function report(kind: number, ref: string): Report {
  return { endpoint: 1, seq: 1, day: 20_260_101, kind, at: 0, ref, url: 'http://x.example', body: '{}' };
}

test('a seen report waits until the delivery report of its message was posted', async () => {
  const order = createReportOrder();
  const delivery = order.enter(ReportKind.delivery, [
    report(ReportKind.delivery, 'a'),
    report(ReportKind.delivery, 'b'),
  ]);
  const seen = order.enter(ReportKind.seen, [report(ReportKind.seen, 'b')]);
  assert.equal(delivery.wait, undefined);
  let isFree = false;
  const waiting = seen.wait?.then(() => {
    isFree = true;
  });
  await Promise.resolve();
  assert.equal(isFree, false);
  delivery.leave();
  await waiting;
  assert.equal(isFree, true);
  assert.equal(order.enter(ReportKind.seen, [report(ReportKind.seen, 'a')]).wait, undefined);
});

test('seen reports of other messages and inbound messages wait for nothing', () => {
  const order = createReportOrder();
  order.enter(ReportKind.delivery, [report(ReportKind.delivery, 'a')]);
  assert.equal(order.enter(ReportKind.seen, [report(ReportKind.seen, 'b')]).wait, undefined);
  assert.equal(order.enter(ReportKind.inbound, [report(ReportKind.inbound, 'a')]).wait, undefined);
});

test('a later delivery report of a message waits for the one before, and a seen report for the last', async () => {
  const order = createReportOrder();
  const failed = order.enter(ReportKind.delivery, [report(ReportKind.delivery, 'a')]);
  const delivered = order.enter(ReportKind.delivery, [report(ReportKind.delivery, 'a')]);
  const seen = order.enter(ReportKind.seen, [report(ReportKind.seen, 'a')]);
  const left: string[] = [];
  const first = delivered.wait?.then(() => {
    left.push('delivered');
    delivered.leave();
  });
  const second = seen.wait?.then(() => left.push('seen'));
  await Promise.resolve();
  assert.deepEqual(left, []);
  failed.leave();
  await Promise.all([first, second]);
  assert.deepEqual(left, ['delivered', 'seen']);
});
