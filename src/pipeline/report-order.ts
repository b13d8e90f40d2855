// A message's delivery reports are posted in their order and before its seen report (P4), although batches of both kinds are under
// way at once: a batch waits for the POSTs that carry earlier delivery reports of the same messages.
import { ReportKind } from '../store/reports.js';
import type { Report } from './report.js';

/** A batch on its way out. */
export interface Passage {
  /** Resolves when it may be posted; undefined: at once. */
  wait: Promise<unknown> | undefined;
  /** Its POST has ended, however. */
  leave(): void;
}

/** Keeps the order of one process. */
export interface ReportOrder {
  /** Announces a batch. Batches must be announced in the order of their reports, delivery reports before the seen reports that follow them. */
  enter(kind: number, reports: readonly Report[]): Passage;
}

const FREE: Passage = { wait: undefined, leave: () => undefined };

/** Nothing is under way. */
export function createReportOrder(): ReportOrder {
  const underWay = new Map<string, Promise<void>>();
  function earlier(reports: readonly Report[]): Promise<unknown> | undefined {
    const before = new Set(reports.flatMap(({ ref }) => underWay.get(ref) ?? []));
    return before.size === 0 ? undefined : Promise.all(before);
  }
  function deliver(reports: readonly Report[]): Passage {
    let resolve: () => void = () => undefined;
    const wait = earlier(reports);
    const ended = new Promise<void>((done) => {
      resolve = done;
    });
    for (const { ref } of reports) underWay.set(ref, ended);
    return {
      wait,
      leave() {
        for (const { ref } of reports) if (underWay.get(ref) === ended) underWay.delete(ref);
        resolve();
      },
    };
  }
  return {
    enter(kind, reports) {
      if (kind === ReportKind.delivery) return deliver(reports);
      if (kind !== ReportKind.seen) return FREE;
      return { ...FREE, wait: earlier(reports) };
    },
  };
}
