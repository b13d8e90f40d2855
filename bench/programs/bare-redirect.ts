// A program: the least that could answer a short link. Bare node:http with a 302 of the same size; nothing is looked up, nothing is kept.
import { report, serve } from './program.js';

const HEADERS = { 'cache-control': 'no-store', 'x-robots-tag': 'noindex', 'content-length': 0 } as const;

const url = await serve((request, _, response) => {
  response.writeHead(302, { location: `https://shop.example/t${request.url ?? ''}`, ...HEADERS });
  response.end();
});
report<object, null>(url, async () => null);
