// The spans of a message's way, all in one place: what each is called, what it hangs on and what it says. Ids, types, states and codes
// are said; numbers of people, bodies and secrets never are. What hangs on a message is begun only if its request began or brought a
// trace, which stands in the message's envelope.
import type { WebhookAnswer } from '../customer/verdict.js';
import type { OpenSpan, SpanFacts, Traces } from '../lib/traces.js';
import type { Address } from '../meta/address.js';
import type { GraphAnswer } from '../meta/graph-client.js';
import type { Outcome } from '../meta/verdict.js';
import type { WireStatus } from '../meta/webhook.js';
import type { LaneMessage } from '../store/lanes.js';
import { REPORT_KIND_NAMES } from '../store/reports.js';
import type { Batch } from './endpoint.js';
import { readEnvelope } from './envelope.js';

const MESSAGE = 'messaging.message.id';
const STATUS = 'http.response.status_code';

/** One try to send a message, from its claim to what came of it; undefined when it has no trace. */
export function beginDispatch(traces: Traces, message: LaneMessage | undefined, attempt: number): OpenSpan | undefined {
  if (message === undefined) return undefined;
  const { trace } = readEnvelope(message.envelope);
  if (trace === undefined) return undefined;
  const { id, lane, type } = message;
  const facts = { [MESSAGE]: id, 'parley.lane': lane, 'parley.message.type': type, 'parley.attempt': attempt };
  return traces.begin({ name: 'dispatch', kind: 'internal', parent: trace, facts });
}

/** Ends it. `outcome` undefined: the lane went to another process meanwhile. */
export function endDispatch(span: OpenSpan, outcome: Outcome | undefined): void {
  if (outcome === undefined) span.end({}, 'lost');
  else if (outcome.kind === 'accepted') span.end({ 'parley.outcome': outcome.kind });
  else {
    const metaCode = outcome.kind === 'unknown' ? undefined : outcome.refusal?.metaCode;
    span.end({ 'parley.outcome': outcome.kind, 'parley.meta.code': metaCode }, outcome.kind);
  }
}

/** The POST to Meta of one try. */
export function beginGraphCall(traces: Traces, dispatch: OpenSpan): OpenSpan {
  const facts = { 'http.request.method': 'POST' };
  return traces.begin({ name: 'POST messages', kind: 'client', parent: dispatch.traceparent, facts });
}

/** Ends it. */
export function endGraphCall(span: OpenSpan, answer: GraphAnswer): void {
  if (answer.kind !== 'answered') span.end({}, answer.reason);
  else span.end({ [STATUS]: answer.status }, answer.status < 400 ? undefined : String(answer.status));
}

/** A status from Meta until it is on disk; undefined when its message went out without a trace. It hangs on the POST that it answers. */
export function beginStatus(traces: Traces, { status, error }: WireStatus, address: Address): OpenSpan | undefined {
  const { traceparent: parent, id, attempt } = address;
  if (parent === undefined) return undefined;
  const facts = { [MESSAGE]: id, 'parley.attempt': attempt, 'parley.status': status, 'parley.meta.code': error?.code };
  return traces.begin({ name: 'status', kind: 'consumer', parent, facts });
}

/** The POST of a batch to a customer, and what it tells of each message that has a trace. */
export interface BatchSpans {
  /** What the customer is given. */
  readonly traceparent: string | undefined;
  end(answer: WebhookAnswer): void;
}

/**
 * Each report hangs on its message's request. The POST hangs on the report when it carries but one; one that carries more is a trace of its
 * own, and the two know of each other by links.
 */
export function beginBatch(traces: Traces, { id, kind, attempt, endpoint, reports }: Batch): BatchSpans {
  const shared = { 'parley.report.kind': REPORT_KIND_NAMES.get(kind) ?? kind, 'parley.batch': id };
  const begin = (parent: string, ref: string, links: readonly string[]): OpenSpan =>
    traces.begin({ name: 'report', kind: 'producer', parent, links, facts: { ...shared, [MESSAGE]: ref } });
  const post = (parent: string | undefined, links: readonly string[]): OpenSpan => {
    const facts = {
      ...shared,
      'parley.endpoint': endpoint,
      'parley.attempt': attempt,
      'parley.results': reports.length,
    };
    return traces.begin({ name: 'POST reports', kind: 'client', parent, links, facts });
  };
  const [first] = reports;
  if (reports.length === 1 && first?.trace !== undefined) {
    const report = begin(first.trace, first.ref, []);
    return ended(post(report.traceparent, []), [report]);
  }
  const parents = reports.flatMap(({ trace }) => (trace === undefined ? [] : [trace]));
  const own = post(undefined, parents);
  const links = own.traceparent === undefined ? [] : [own.traceparent];
  const told = reports.flatMap(({ trace, ref }) => (trace === undefined ? [] : [begin(trace, ref, links)]));
  return ended(own, told);
}

function ended(post: OpenSpan, reports: readonly OpenSpan[]): BatchSpans {
  return {
    traceparent: post.traceparent,
    end(answer) {
      const facts: SpanFacts = answer.kind === 'answered' ? { [STATUS]: answer.status } : {};
      const error = answer.kind === 'failed' ? answer.reason : answer.isSuccess ? undefined : String(answer.status);
      post.end(facts, error);
      for (const report of reports) report.end({}, error);
    },
  };
}
