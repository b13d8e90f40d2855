// Answers a CA that looks whether a host is ours (ACME's http-01, RFC 8555 8.3), before any other route: over plain HTTP, at every host.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { FirstRoutes } from '../http/direct.js';

/** Reads what a host answers to a token. */
export type ChallengeAnswer = (host: string, token: string) => Promise<string | undefined>;

const PATH = /^\/\.well-known\/acme-challenge\/([A-Za-z0-9_-]{1,200})$/;
/** Anybody can ask; each costs a read. */
const READS_MAX = 20;

/** Puts challenges before `routes`. */
export function withChallenges<Routes extends FirstRoutes>(answerOf: ChallengeAnswer, routes: Routes): Routes {
  const reads = { underWay: 0 };
  return {
    ...routes,
    serve(request: IncomingMessage, response: ServerResponse) {
      const { method, url = '', headers } = request;
      const token = PATH.exec(url)?.[1];
      if (token === undefined || (method !== 'GET' && method !== 'HEAD')) return routes.serve(request, response);
      request.on('error', () => undefined);
      if (reads.underWay >= READS_MAX) {
        answer(response, 503);
        return true;
      }
      reads.underWay += 1;
      answerOf(hostOf(headers.host), token)
        .then(
          (text) => answer(response, text === undefined ? 404 : 200, text),
          () => answer(response, 503),
        )
        .finally(() => {
          reads.underWay -= 1;
        });
      return true;
    },
  };
}

/** Without the port, lower case. */
function hostOf(given = ''): string {
  const [host = ''] = given.toLowerCase().split(':');
  return host.endsWith('.') ? host.slice(0, -1) : host;
}

function answer(response: ServerResponse, status: number, text = ''): void {
  if (response.destroyed) return;
  response.writeHead(status, {
    'content-type': 'application/octet-stream',
    'content-length': Buffer.byteLength(text),
    'cache-control': 'no-store',
    connection: 'close',
  });
  response.end(text);
}
