// A program: a webhook receiver that answers 200 to everything, Meta's handshake included, and says how many requests and results came; at
// one origin, or at as many as are asked for.
import { type Handler, report, serve, serveMany } from './program.js';

/** What came so far; a result is known by its eventId. */
export interface SinkCounts {
  requests: number;
  results: number;
}

/** `origins`: opens so many more. */
export interface SinkJob {
  origins?: number;
}

/** What came, and the origins that were opened now. */
export interface SinkAnswer extends SinkCounts {
  origins: string[];
}

const received: SinkCounts = { requests: 0, results: 0 };
const handler: Handler = (request, body, response) => {
  if (request.method === 'POST') {
    received.requests += 1;
    received.results += body.split('"eventId"').length - 1;
  }
  const challenge = new URL(request.url ?? '/', 'http://sink').searchParams.get('hub.challenge') ?? '';
  response.writeHead(200, { 'content-length': Buffer.byteLength(challenge) });
  response.end(challenge);
};
report<SinkJob, SinkAnswer>(await serve(handler), async ({ origins = 0 }) => ({
  ...received,
  origins: await serveMany(handler, origins),
}));
