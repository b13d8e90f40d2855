// Events and reports of this process go straight to those of its parts that wait for them.
import { EventKind } from '../contract/statuses.js';
import type { Deliver } from '../pipeline/deliver.js';
import type { Dispatch } from '../pipeline/dispatch.js';
import type { Failover } from '../pipeline/failover.js';
import { messageReport, type Report } from '../pipeline/report.js';
import type { AppendedEvent } from '../store/events.js';
import { ReportKind } from '../store/reports.js';

/** Takes what was committed. */
export interface EventSink {
  events(events: AppendedEvent[]): void;
  reports(reports: Report[]): void;
  /** Who waits; before this, and for parts that do not run here, what comes is left to the database. */
  connect(dispatch: Dispatch | undefined, deliver: Deliver | undefined, failover: Failover | undefined): void;
}

/** A sink that nobody is connected to yet. */
export function createEventSink(): EventSink {
  let toDispatch: Dispatch | undefined;
  let toDeliver: Deliver | undefined;
  let toFailover: Failover | undefined;
  return {
    events(events) {
      for (const event of events) if (event.wasUnknown) toDispatch?.adopt(event.lane, event.laneSeq);
      toDeliver?.offer(events.flatMap(toReport).sort(bySeq));
      if (events.some(({ kind }) => kind === EventKind.failed || kind === EventKind.expired)) toFailover?.wake();
    },
    reports: (reports) => toDeliver?.offer([...reports].sort(bySeq)),
    connect(dispatch, deliver, failover) {
      toDispatch = dispatch;
      toDeliver = deliver;
      toFailover = failover;
    },
  };
}

function bySeq(a: Report, b: Report): number {
  return a.endpoint - b.endpoint || a.seq - b.seq;
}

function toReport(event: AppendedEvent): Report[] {
  if (event.report === undefined) return [];
  const { url: own, body, trace } = messageReport(event);
  const url = event.report.url ?? own;
  if (url === undefined) return [];
  const kind = event.kind === EventKind.read ? ReportKind.seen : ReportKind.delivery;
  return [{ ...event.report, kind, at: event.recordedAt, ref: event.message, url, body, trace }];
}
