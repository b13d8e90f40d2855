// Traces: spans of what is done, posted to an OpenTelemetry collector in the background. The SDK is loaded when somebody wants traces,
// and not before; what does not want them has an undefined to check. Here is its only use: the other parts see `Traces`.
import type { Attributes, Link, SpanContext, SpanKind } from '@opentelemetry/api';
import type { ReadableSpan, SpanExporter, SpanProcessor } from '@opentelemetry/sdk-trace';
import type { Log } from './log.js';
import { formatTraceparent, readTraceparent, type TraceContext } from './trace-context.js';

/** Where spans go, and how many. */
export interface TracesOptions {
  /** Base URL of the collector, no final slash; `/v1/traces` is added. */
  endpoint: string;
  headers: Readonly<Record<string, string>>;
  /** Share of the traces begun here that are recorded, 0 to 1. What a caller says of its own is followed. */
  ratio: number;
  /** Of Parley, for the collector. */
  version: string;
  log: Log;
  /** Counts spans by what became of them. */
  count(outcome: 'exported' | 'dropped' | 'failed', by: number): void;
}

/** What a span may say: ids, kinds, codes. Never numbers of people, bodies or secrets. */
export type SpanFacts = Readonly<Record<string, string | number | boolean | undefined>>;

/** A span to be begun. */
export interface NewSpan {
  name: string;
  /** `server`: asked by somebody; `client`: asks somebody; `consumer`: was told; `producer`: tells later; `internal`: the rest. */
  kind: 'server' | 'client' | 'producer' | 'consumer' | 'internal';
  /** A traceparent; without one that can be read a trace begins here. */
  parent?: string | undefined;
  /** Traceparents of other traces that it is about; 128 at most are kept. */
  links?: readonly string[];
  facts?: SpanFacts;
}

/** A span under way. */
export interface OpenSpan {
  /** The traceparent of what follows from it; undefined when nobody records the trace and nobody asked for it. */
  readonly traceparent: string | undefined;
  /** Ends it, now. `error`: what went wrong, a short code. */
  end(facts?: SpanFacts, error?: string): void;
}

/** Begins spans, and keeps those that have ended until the collector has them. */
export interface Traces {
  begin(span: NewSpan): OpenSpan;
  /** Posts what is left, within 3 s, and stops. */
  stop(): Promise<void>;
}

/** Spans that have ended and are not exported; more are dropped, and counted. About 1 KB each. */
const WAITING_MAX = 8_192;
const BATCH_MAX = 512;
const EVERY_MS = 1_000;
const EXPORT_TIMEOUT_MS = 10_000;
const STOP_MS = 3_000;
const ATTRIBUTE_LENGTH_MAX = 256;

/** Loads the SDK and begins to export. The collector need not be there. */
export async function openTraces(options: TracesOptions): Promise<Traces> {
  const [api, sdk, { resourceFromAttributes }, { OTLPTraceExporter }] = await Promise.all([
    import('@opentelemetry/api'),
    import('@opentelemetry/sdk-trace'),
    import('@opentelemetry/resources'),
    import('@opentelemetry/exporter-trace-otlp-http'),
  ]);
  const waiting = { spans: 0 };
  const exporter = new OTLPTraceExporter({
    url: `${options.endpoint}/v1/traces`,
    headers: { ...options.headers },
    timeoutMillis: EXPORT_TIMEOUT_MS,
  });
  const batches = new sdk.BatchSpanProcessor({
    exporter: countExports(exporter, waiting, options),
    maxQueueSize: WAITING_MAX,
    maxExportBatchSize: BATCH_MAX,
    scheduledDelayMillis: EVERY_MS,
    exportTimeoutMillis: EXPORT_TIMEOUT_MS,
  });
  const provider = new sdk.TracerProvider({
    resource: resourceFromAttributes({ 'service.name': 'parley', 'service.version': options.version }),
    sampler: new sdk.ParentBasedSampler({ root: new sdk.TraceIdRatioBasedSampler(options.ratio) }),
    spanLimits: { attributeValueLengthLimit: ATTRIBUTE_LENGTH_MAX },
    spanProcessors: [boundWaiting(batches, waiting, options)],
  });
  const tracer = provider.getTracer('parley', options.version);
  const kinds: Record<NewSpan['kind'], SpanKind> = {
    server: api.SpanKind.SERVER,
    client: api.SpanKind.CLIENT,
    producer: api.SpanKind.PRODUCER,
    consumer: api.SpanKind.CONSUMER,
    internal: api.SpanKind.INTERNAL,
  };
  const ERROR = api.SpanStatusCode.ERROR;
  return {
    begin({ name, kind, parent, links = [], facts = {} }) {
      const given = readTraceparent(parent);
      const context =
        given === undefined
          ? api.ROOT_CONTEXT
          : api.trace.setSpanContext(api.ROOT_CONTEXT, { ...contextOf(given), isRemote: true });
      const attributes = attributesOf(facts);
      const span = tracer.startSpan(name, { kind: kinds[kind], attributes, links: linksOf(links) }, context);
      const own = span.spanContext();
      // What nobody records passes on what it was given: its own id would name nothing.
      if (!span.isRecording()) return { traceparent: given && formatTraceparent(given), end() {} };
      return {
        traceparent: formatTraceparent({ traceId: own.traceId, spanId: own.spanId, isSampled: true }),
        end(more, error) {
          if (more !== undefined) span.setAttributes(attributesOf(more));
          if (error !== undefined) span.setStatus({ code: ERROR, message: error });
          span.end();
        },
      };
    },
    async stop() {
      const late = new Promise<void>((resolve) => void setTimeout(resolve, STOP_MS).unref());
      await Promise.race([provider.shutdown().catch(() => undefined), late]);
    },
  };
}

/** Lets a span in while fewer than WAITING_MAX wait. */
function boundWaiting(
  inner: SpanProcessor,
  waiting: { spans: number },
  { count }: Pick<TracesOptions, 'count'>,
): SpanProcessor {
  return {
    onStart: (span, context) => inner.onStart(span, context),
    onEnd(span) {
      if (waiting.spans >= WAITING_MAX) {
        count('dropped', 1);
        return;
      }
      waiting.spans += 1;
      inner.onEnd(span);
    },
    forceFlush: () => inner.forceFlush(),
    shutdown: () => inner.shutdown(),
  };
}

/** Counts what leaves, and says once when the collector is away and once when it is back. */
function countExports(
  inner: SpanExporter,
  waiting: { spans: number },
  { count, log }: Pick<TracesOptions, 'count' | 'log'>,
): SpanExporter {
  let isAway = false;
  return {
    export(spans: ReadableSpan[], done) {
      inner.export(spans, (result) => {
        waiting.spans -= spans.length;
        const isFailure = result.error !== undefined || result.code !== 0;
        count(isFailure ? 'failed' : 'exported', spans.length);
        if (isFailure !== isAway) {
          isAway = isFailure;
          if (isFailure) log.warn({ event: 'traces.failed', err: result.error?.message ?? 'no answer' });
          else log.info({ event: 'traces.exported' });
        }
        done(result);
      });
    },
    shutdown: () => inner.shutdown(),
  };
}

function contextOf({ traceId, spanId, isSampled }: TraceContext): SpanContext {
  return { traceId, spanId, traceFlags: isSampled ? 1 : 0 };
}

function linksOf(traceparents: readonly string[]): Link[] {
  return traceparents.flatMap((traceparent) => {
    const read = readTraceparent(traceparent);
    return read === undefined ? [] : [{ context: contextOf(read) }];
  });
}

function attributesOf(facts: SpanFacts): Attributes {
  return { ...facts };
}
