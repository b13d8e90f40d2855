// The span of a call of the API: it continues the caller's trace, or begins one. Calls that are turned away before their body is read
// have none on the direct routes.
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { DirectAnswer, DirectHead } from '../http/direct.js';
import type { NewSpan, OpenSpan, Traces } from '../lib/traces.js';

/** Answers a call of a direct route; `work` is given what messages of the call are stored with. `traces` undefined: nobody wants any. */
export function traced(
  traces: Traces | undefined,
  path: string,
  headers: DirectHead['headers'],
  work: (trace: string | undefined) => Promise<DirectAnswer>,
): Promise<DirectAnswer> {
  return traces === undefined ? work(undefined) : within(traces.begin(newSpan('POST', path, headers)), work);
}

async function within(
  span: OpenSpan,
  work: (trace: string | undefined) => Promise<DirectAnswer>,
): Promise<DirectAnswer> {
  try {
    const answer = await work(span.traceparent);
    end(span, answer.status);
    return answer;
  } catch (error) {
    end(span, 500);
    throw error;
  }
}

/** Gives every other call of `app` a span, but those that only ask how the gateway is. Added before the routes. */
export function traceCalls(app: FastifyInstance, traces: Traces): void {
  const spans = new WeakMap<FastifyRequest, OpenSpan>();
  app.addHook('onRequest', async (request) => {
    const { url } = request.routeOptions;
    if (url !== undefined && !UNTRACED.has(url))
      spans.set(request, traces.begin(newSpan(request.method, url, request.headers)));
  });
  app.addHook('onResponse', async (request, reply) => {
    const span = spans.get(request);
    if (span !== undefined) end(span, reply.statusCode);
  });
}

const UNTRACED = new Set(['/healthz', '/readyz', '/metrics']);

/** Of paths only the pattern is told: what stands in it may be the number of somebody. */
function newSpan(method: string, route: string, { traceparent }: DirectHead['headers']): NewSpan {
  const facts = { 'http.request.method': method, 'http.route': route };
  // A header that came twice is one text with a comma in it, which is none.
  const parent = typeof traceparent === 'string' ? traceparent : undefined;
  return { name: `${method} ${route}`, kind: 'server', parent, facts };
}

function end(span: OpenSpan, status: number): void {
  span.end({ 'http.response.status_code': status }, status < 500 ? undefined : String(status));
}
