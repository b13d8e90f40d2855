// A program: a webhook receiver that answers 200 to everything, Meta's handshake included, and says how many requests and results came.
import { report, serve } from './program.js';

/** What came so far; a result is known by its eventId. */
export interface SinkCounts {
  requests: number;
  results: number;
}

const received: SinkCounts = { requests: 0, results: 0 };
const url = await serve((request, body, response) => {
  if (request.method === 'POST') {
    received.requests += 1;
    received.results += body.split('"eventId"').length - 1;
  }
  const challenge = new URL(request.url ?? '/', 'http://sink').searchParams.get('hub.challenge') ?? '';
  response.writeHead(200, { 'content-length': Buffer.byteLength(challenge) });
  response.end(challenge);
});
report<object, SinkCounts>(url, async () => ({ ...received }));
