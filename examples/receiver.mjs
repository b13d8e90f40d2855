// Prints the reports that Parley posts and signs (Standard Webhooks); refuses everything else.
import { createHmac, timingSafeEqual } from 'node:crypto';
import { createServer } from 'node:http';

const key = Buffer.from(process.env.SIGNING_SECRET.slice('whsec_'.length), 'base64');
const isSigned = (body, { 'webhook-id': id, 'webhook-timestamp': time, 'webhook-signature': signatures = '' }) => {
  const wanted = `v1,${createHmac('sha256', key).update(`${id}.${time}.`).update(body).digest('base64')}`;
  const isOurs = (given) => given.length === wanted.length && timingSafeEqual(Buffer.from(given), Buffer.from(wanted));
  return Math.abs(Date.now() / 1000 - time) < 300 && signatures.split(' ').some(isOurs);
};
createServer(async (request, response) => {
  const body = Buffer.concat(await request.toArray());
  if (!isSigned(body, request.headers)) return response.writeHead(401).end();
  for (const result of JSON.parse(body).results) console.log(result.eventId, result);
  response.writeHead(204).end();
}).listen(Number(process.env.PORT ?? 9000));
