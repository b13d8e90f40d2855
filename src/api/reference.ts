// GET /docs: the API page to read and to try, Swagger UI from its npm package. Nothing comes from another origin.
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { FastifyInstance } from 'fastify';

const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "form-action 'none'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** Paths are relative, so that it also works where a proxy puts a prefix before them. */
const PAGE = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Parley API</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="docs/swagger-ui.css">
<div id="reference"></div>
<script src="docs/swagger-ui-bundle.js"></script>
<script src="docs/start.js"></script>
</html>
`;

/** A key may be pasted as it is: the word that goes before it is put there. */
const START = `SwaggerUIBundle({
  url: 'openapi.json',
  dom_id: '#reference',
  deepLinking: true,
  docExpansion: 'none',
  displayRequestDuration: true,
  filter: true,
  requestInterceptor(request) {
    const given = request.headers.Authorization;
    if (given && !given.includes(' ')) request.headers.Authorization = 'App ' + given;
    return request;
  },
});
`;

const FILES: Readonly<Record<string, string>> = {
  'swagger-ui.css': 'text/css; charset=utf-8',
  'swagger-ui-bundle.js': 'text/javascript; charset=utf-8',
};
const COMMON = { 'x-content-type-options': 'nosniff', 'referrer-policy': 'no-referrer' };

/** Serves the page and its files, without a key. A file is read and compressed when it is first asked for. */
export function registerReference(app: FastifyInstance): void {
  const folder = dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'));
  const kept = new Map<string, Promise<{ whole: Buffer; compressed: Buffer }>>();
  app.get('/docs', (_, reply) =>
    reply
      .headers({ ...COMMON, 'content-security-policy': POLICY })
      .type('text/html; charset=utf-8')
      .send(PAGE),
  );
  app.get('/docs/start.js', (_, reply) => reply.headers(COMMON).type('text/javascript; charset=utf-8').send(START));
  for (const [name, type] of Object.entries(FILES)) {
    app.get(`/docs/${name}`, async (request, reply) => {
      const file = kept.get(name) ?? readBoth(join(folder, name));
      kept.set(name, file);
      const { whole, compressed } = await file;
      reply.headers({ ...COMMON, 'cache-control': 'public, max-age=3600', vary: 'accept-encoding' }).type(type);
      if (!/\bgzip\b/.test(request.headers['accept-encoding'] ?? '')) return reply.send(whole);
      return reply.header('content-encoding', 'gzip').send(compressed);
    });
  }
}

async function readBoth(path: string): Promise<{ whole: Buffer; compressed: Buffer }> {
  const whole = await readFile(path);
  return { whole, compressed: await promisify(gzip)(whole) };
}
