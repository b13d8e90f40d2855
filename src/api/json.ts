// Reading JSON bodies: bytes that are not UTF-8 are refused, since decoding would alter them silently.
import { isUtf8 } from 'node:buffer';
import type { FastifyInstance } from 'fastify';
import { parseJson } from '../lib/json.js';

/** A body that was read; an empty one is `undefined`. */
export type ReadJson = { ok: true; value: unknown } | { ok: false };

/** Reads JSON bytes: not UTF-8, not JSON or nested too deep is not ok. */
export function readJson(body: Buffer): ReadJson {
  if (body.length === 0) return { ok: true, value: undefined };
  if (!isUtf8(body)) return { ok: false };
  try {
    return { ok: true, value: parseJson(body.toString('utf8')) };
  } catch {
    return { ok: false };
  }
}

/** Makes `scope` take application/json only. Anything else is 415, what `readJson` does not read 400. */
export function readJsonOnly(scope: FastifyInstance): void {
  scope.removeAllContentTypeParsers();
  scope.addContentTypeParser<Buffer>('application/json', { parseAs: 'buffer' }, (_, body, done) => {
    const read = readJson(body);
    if (read.ok) done(null, read.value);
    else done(Object.assign(new Error('the body is not JSON'), { statusCode: 400 }), undefined);
  });
}
