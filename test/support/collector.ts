// An OpenTelemetry collector as far as traces need one: takes OTLP over HTTP as JSON and remembers the spans.
import { isObject, itemsAt, textAt } from '../../src/contract/json.js';
import { type Receiver, startReceiver } from './receiver.js';
import { until } from './until.js';

/** A span as it was exported. */
export interface Span {
  traceId: string;
  spanId: string;
  /** Empty: it begins its trace. */
  parentSpanId: string;
  name: string;
  /** OTLP's number: 1 internal, 2 server, 3 client, 4 producer, 5 consumer. */
  kind: number;
  attributes: Readonly<Record<string, unknown>>;
  links: { traceId: string; spanId: string }[];
  /** 2: it went wrong. */
  statusCode: number;
}

/** A running collector. */
export interface Collector {
  url: string;
  /** What came in, to be told how to answer and to look at headers. */
  receiver: Receiver;
  spans(): Span[];
  /** Waits for the first span that `predicate` holds for. */
  span(description: string, predicate: (span: Span) => boolean): Promise<Span>;
  stop(): Promise<void>;
}

/** Starts one on a free loopback port. */
export async function startCollector(): Promise<Collector> {
  const receiver = await startReceiver();
  receiver.answer({ headers: { 'content-type': 'application/json' }, body: '{}' });
  const spans = (): Span[] =>
    receiver.requests.filter(({ path }) => path === '/v1/traces').flatMap(({ json }) => spansIn(json));
  return {
    url: receiver.url,
    receiver,
    spans,
    span: (description, predicate) =>
      until(
        description,
        () => {
          const found = spans().find(predicate);
          if (found === undefined)
            throw new Error(
              spans()
                .map(({ name }) => name)
                .join(', '),
            );
          return found;
        },
        30_000,
      ),
    stop: () => receiver.stop(),
  };
}

function spansIn(json: unknown): Span[] {
  return itemsAt(json, 'resourceSpans').flatMap((resource) =>
    itemsAt(resource, 'scopeSpans').flatMap((scope) => itemsAt(scope, 'spans').map(toSpan)),
  );
}

function toSpan(span: unknown): Span {
  const status = isObject(span) ? span.status : undefined;
  return {
    traceId: textAt(span, 'traceId') ?? '',
    spanId: textAt(span, 'spanId') ?? '',
    parentSpanId: textAt(span, 'parentSpanId') ?? '',
    name: textAt(span, 'name') ?? '',
    kind: isObject(span) ? Number(span.kind) : 0,
    attributes: Object.fromEntries(itemsAt(span, 'attributes').map(toAttribute)),
    links: itemsAt(span, 'links').map((link) => ({
      traceId: textAt(link, 'traceId') ?? '',
      spanId: textAt(link, 'spanId') ?? '',
    })),
    statusCode: isObject(status) ? Number(status.code ?? 0) : 0,
  };
}

function toAttribute(attribute: unknown): [string, unknown] {
  const value = isObject(attribute) ? attribute.value : undefined;
  return [textAt(attribute, 'key') ?? '', isObject(value) ? Object.values(value)[0] : undefined];
}
