// A program: a webhook receiver that answers 200 to everything, Meta's handshake included, and says how many came.
import { report, serve } from './program.js';

const received = { count: 0 };
const url = await serve((request, _, response) => {
  if (request.method === 'POST') received.count += 1;
  const challenge = new URL(request.url ?? '/', 'http://sink').searchParams.get('hub.challenge') ?? '';
  response.writeHead(200, { 'content-length': Buffer.byteLength(challenge) });
  response.end(challenge);
});
report<object, number>(url, async () => received.count);
