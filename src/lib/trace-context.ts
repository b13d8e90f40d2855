// W3C trace context as it comes and goes in the header `traceparent` (Trace Context level 1, section 3.2): what names a trace and a
// span of it. `tracestate` is not kept: it is other vendors' own, may say anything, and would be passed to Meta and to customers.

/** A place in a trace, read from `traceparent`. */
export interface TraceContext {
  /** 32 hex digits, not all zero. */
  traceId: string;
  /** 16 hex digits, not all zero. */
  spanId: string;
  /** Whether who made it records the trace. */
  isSampled: boolean;
}

const VERSION_0 = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/;
/** A later version may say more behind another dash. */
const LATER = /^(?!00|ff)[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(?:-|$)/;
const LENGTH_MAX = 512;
const NOTHING = /^0+$/;

/** What a header says; undefined for anything that is none, which is to be ignored. */
export function readTraceparent(header: string | readonly string[] | undefined): TraceContext | undefined {
  if (typeof header !== 'string' || header.length > LENGTH_MAX) return undefined;
  const text = header.trim();
  const [, traceId, spanId, flags] = VERSION_0.exec(text) ?? LATER.exec(text) ?? [];
  if (traceId === undefined || spanId === undefined || flags === undefined) return undefined;
  if (NOTHING.test(traceId) || NOTHING.test(spanId)) return undefined;
  return { traceId, spanId, isSampled: (Number.parseInt(flags, 16) & 1) === 1 };
}

/** The header's value, 55 characters. */
export function formatTraceparent({ traceId, spanId, isSampled }: TraceContext): string {
  return `00-${traceId}-${spanId}-${isSampled ? '01' : '00'}`;
}
