// A program: the load generator, closed loop over kept-alive connections, and the receiver of the reports it asked for.
import { createHttpClient, type HttpClient } from './http-client.js';
import { report, serve } from './program.js';
import { bulkRequest, createRequests, type LoadRequest, type Target } from './requests.js';

/** One run. It ends after `count` requests, or when `durationMs` is over; the last answers are waited for. */
export interface LoadJob {
  target: Target;
  connections: number;
  count: number | null;
  durationMs: number | null;
  /** Messages without both reports at most; null = reports are not waited for. */
  window: number | null;
}

/** What came of it. Times in ms; a run that waits for reports counts a message when both are there. */
export interface LoadResult {
  done: number;
  elapsedMs: number;
  /** From the request to its answer, or to the second report. */
  p50Ms: number;
  p99Ms: number;
  /** Requests that were answered neither 200 nor 302 and were made again. */
  failures: number;
  /** Reports that came a second time. */
  repeated: number;
  /** Of a bulk: from its request to the answer. */
  acceptedMs: number | null;
}

interface Run {
  id: number;
  job: LoadJob;
  client: HttpClient;
  request(run: number, n: number): LoadRequest;
  startedAt: number;
  acceptedMs: number | null;
  deadline: number;
  issued: number;
  answered: number;
  complete: number;
  failures: number;
  repeated: number;
  /** By number: when it was first posted, which reports have come (1 delivery, 2 seen). */
  postedAt: Map<number, number>;
  reports: Map<number, number>;
  latencies: number[];
  /** Connections that wait for the window. */
  waiting: number;
  finish(result: LoadResult): void;
  fail(error: Error): void;
  /** `complete` and `answered` when the watch last looked. */
  seen: number;
}

const BOTH = 3;
const RETRY_MS = 50;
const WATCH_MS = 20_000;
const FAILURES_MAX = 10_000;
const state: { runs: number; current: Run | undefined } = { runs: 0, current: undefined };

function start(job: LoadJob): Promise<LoadResult> {
  state.runs += 1;
  return new Promise((resolve, reject) => {
    const startedAt = performance.now();
    const client = createHttpClient(job.target.url, job.connections);
    const run: Run = {
      ...{ id: state.runs, job, client, startedAt, acceptedMs: null },
      request: job.target.kind === 'bulk' ? noRequest : createRequests(job.target),
      deadline: job.durationMs === null ? Number.POSITIVE_INFINITY : startedAt + job.durationMs,
      ...{ issued: 0, answered: 0, complete: 0, failures: 0, repeated: 0, waiting: 0, seen: 0 },
      ...{ postedAt: new Map(), reports: new Map(), latencies: [] },
      finish: resolve,
      fail: reject,
    };
    const watch = setInterval(() => look(run), WATCH_MS);
    run.finish = (result) => {
      clearInterval(watch);
      client.close();
      resolve(result);
    };
    run.fail = (error) => {
      clearInterval(watch);
      client.close();
      reject(error);
    };
    state.current = run;
    if (job.target.kind === 'bulk') postBulk(run, job.target, job.count ?? 0);
    else for (let index = 0; index < job.connections; index += 1) next(run);
  });
}

function noRequest(): LoadRequest {
  throw new Error('a bulk makes no single requests');
}

/** All messages of the run at once; each is complete with its reports. The body is made before the clock starts. */
function postBulk(run: Run, target: Extract<Target, { kind: 'bulk' }>, count: number): void {
  const { head, body } = bulkRequest(target, run.id, count);
  run.startedAt = performance.now();
  run.issued = count;
  for (let n = 0; n < count; n += 1) run.postedAt.set(n, run.startedAt);
  run.client.post(head, body, (status) => {
    if (status !== 200) {
      run.fail(new Error(`the bulk was answered ${status}`));
      return;
    }
    run.acceptedMs = performance.now() - run.startedAt;
    run.answered = count;
    settle(run);
  });
}

/** Gives one connection its next request, unless there is none or the window is full. */
function next(run: Run): void {
  const { job } = run;
  if (isOver(run)) {
    settle(run);
    return;
  }
  if (job.window !== null && run.issued - run.complete >= job.window) {
    run.waiting += 1;
    return;
  }
  const n = run.issued;
  run.issued += 1;
  run.postedAt.set(n, performance.now());
  post(run, n);
}

function post(run: Run, n: number): void {
  const { head, body } = run.request(run.id, n);
  run.client.post(head, body, (status) => {
    if (status !== 200 && status !== 302) {
      run.failures += 1;
      if (run.failures > FAILURES_MAX) run.fail(new Error(`${FAILURES_MAX} requests failed, the last with ${status}`));
      else setTimeout(() => post(run, n), RETRY_MS);
      return;
    }
    run.answered += 1;
    if (run.job.window === null) note(run, n);
    next(run);
  });
}

function note(run: Run, n: number): void {
  run.complete += 1;
  run.latencies.push(performance.now() - (run.postedAt.get(n) ?? 0));
  run.postedAt.delete(n);
}

/** Ends the run when nothing is out any more. */
function settle(run: Run): void {
  if (run.complete < run.issued || run.answered < run.issued || state.current !== run) return;
  state.current = undefined;
  const elapsedMs = performance.now() - run.startedAt;
  const { failures, repeated, complete: done } = run;
  const sorted = run.latencies.sort((a, b) => a - b);
  const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
  const { acceptedMs } = run;
  run.finish({ done, elapsedMs, p50Ms: at(0.5), p99Ms: at(0.99), failures, repeated, acceptedMs });
}

/** A run that stands still is broken: say where. */
function look(run: Run): void {
  const seen = run.complete + run.answered;
  if (seen !== run.seen) {
    run.seen = seen;
    return;
  }
  const { issued, answered, complete, failures } = run;
  run.fail(new Error(`stands still: ${issued} posted, ${answered} answered, ${complete} complete, ${failures} failed`));
}

/** Takes the body of a POST of reports (Infobip 4.1, 4.2); a seen report is the one with `seenAt`. */
function takeReports(body: string): void {
  // Parse boundary: the gateway or the relay wrote it.
  const { results } = JSON.parse(body) as { results: { callbackData?: string; seenAt?: string }[] };
  const run = state.current;
  if (run === undefined || run.job.window === null) return;
  for (const { callbackData = '', seenAt } of results) {
    const [id, n] = callbackData.split(':').map(Number);
    if (id === run.id && n !== undefined) takeReport(run, n, seenAt === undefined ? 1 : 2);
  }
  for (; run.waiting > 0 && run.issued - run.complete < (run.job.window ?? 0); run.waiting -= 1) next(run);
  if (isOver(run)) settle(run);
}

function takeReport(run: Run, n: number, bit: number): void {
  const before = run.reports.get(n) ?? 0;
  if ((before & bit) !== 0 || !run.postedAt.has(n)) {
    run.repeated += 1;
    return;
  }
  if ((before | bit) === BOTH) {
    run.reports.delete(n);
    note(run, n);
  } else run.reports.set(n, bit);
}

/** Whether no more requests are to be made. */
function isOver(run: Run): boolean {
  return run.issued >= (run.job.count ?? Number.POSITIVE_INFINITY) || performance.now() >= run.deadline;
}

const url = await serve((_, body, response) => {
  response.writeHead(200, { 'content-length': 0 });
  response.end();
  takeReports(body);
});
report<LoadJob, LoadResult>(url, start);
