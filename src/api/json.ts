// Reading JSON bodies: bytes that are not UTF-8 are refused, since decoding would alter them silently.
import { isUtf8 } from 'node:buffer';
import type { FastifyInstance } from 'fastify';
import { parseJson } from '../lib/json.js';

/** Makes `scope` take application/json only. Anything else is 415, broken JSON or UTF-8 400, and so is JSON that nests too deep. */
export function readJsonOnly(scope: FastifyInstance): void {
  scope.removeAllContentTypeParsers();
  scope.addContentTypeParser<Buffer>('application/json', { parseAs: 'buffer' }, (_, body, done) => {
    if (!isUtf8(body)) {
      done(Object.assign(new Error('the body is not UTF-8'), { statusCode: 400 }), undefined);
      return;
    }
    try {
      done(null, parseJson(body.toString('utf8')));
    } catch {
      done(Object.assign(new Error('the body is not JSON'), { statusCode: 400 }), undefined);
    }
  });
}
