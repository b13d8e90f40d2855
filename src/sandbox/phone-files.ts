// The built files of web/phone, read once and sent compressed: the phone at `/`, and the page of previews.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

/** Where `scripts/prepare.mjs` puts what it builds. */
const FOLDER = fileURLToPath(new URL('../../phone', import.meta.url));

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};
/** Nothing of another origin is loaded, whatever a message says. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data: blob:",
  "media-src 'self' blob:",
  "connect-src 'self'",
  "form-action 'none'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ');
const NOT_BUILT =
  '<!doctype html><html lang="en"><title>Parley sandbox</title><p>The phone is not built: run <code>npm run build</code>. The control API is at <a href="/_sandbox/state">/_sandbox</a>.</p></html>';

interface Asset {
  type: string;
  whole: Buffer;
  compressed: Buffer;
}

/** The files by their path. */
export type PhoneFiles = ReadonlyMap<string, Asset>;

/** Reads the files; none when the phone is not built. */
export function readPhoneFiles(): PhoneFiles {
  return new Map(filesIn(FOLDER).map((path) => [path, read(path)]));
}

/** Registers `GET /` and `GET /assets/{name}`. */
export function registerPhone(app: FastifyInstance, files: PhoneFiles): void {
  app.get('/', (request, reply) => sendPage(request, reply, files, 'index.html'));
  app.get('/assets/*', (request, reply) => {
    const asset = files.get(new URL(request.url, 'http://sandbox').pathname.slice(1));
    if (asset === undefined) return reply.code(404).type('text/plain').send('no such file');
    // Their names have the hash of what is in them.
    reply.header('cache-control', 'public, max-age=31536000, immutable');
    return send(request, reply, asset);
  });
}

/** Sends one of the pages; a word on how to build them when they are not. */
export function sendPage(
  request: FastifyRequest,
  reply: FastifyReply,
  files: PhoneFiles,
  name: 'index.html' | 'preview.html',
): FastifyReply {
  const page = files.get(name) ?? assetOf('.html', Buffer.from(NOT_BUILT));
  reply.headers({ 'content-security-policy': POLICY, 'cache-control': 'no-cache' });
  return send(request, reply, page);
}

function filesIn(folder: string): string[] {
  if (!existsSync(folder)) return [];
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  return names.filter((name) => TYPES[extname(name)] !== undefined);
}

function read(path: string): Asset {
  return assetOf(extname(path), readFileSync(join(FOLDER, path)));
}

function assetOf(extension: string, whole: Buffer): Asset {
  return { type: TYPES[extension] ?? 'application/octet-stream', whole, compressed: gzipSync(whole) };
}

function send(request: FastifyRequest, reply: FastifyReply, { type, whole, compressed }: Asset): FastifyReply {
  reply.headers({
    'content-type': type,
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    vary: 'accept-encoding',
  });
  if (!/\bgzip\b/.test(request.headers['accept-encoding'] ?? '')) return reply.send(whole);
  return reply.header('content-encoding', 'gzip').send(compressed);
}
