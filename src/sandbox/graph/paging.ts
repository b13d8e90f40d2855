// Pages of an edge: cursors, `limit`, `next` (Meta 0.4).
import { type GraphAnswer, type GraphCall, queryText, refuse } from './call.js';

const PAGE_DEFAULT = '25';

/** One page of `all`, each item as `view` shows it; a view's refusal is the answer. `edge` is the last part of the path. */
export function answerPage<T>(
  call: GraphCall,
  all: readonly T[],
  { edge, max, view }: { edge: string; max: number; view(item: T): GraphAnswer },
): GraphAnswer {
  const limit = Number(queryText(call.query, 'limit') ?? PAGE_DEFAULT);
  if (!Number.isInteger(limit) || limit < 1)
    return refuse({ code: 100, message: '(#100) Param limit must be a positive integer.' });
  const after = queryText(call.query, 'after');
  const start = after === undefined ? 0 : Number(Buffer.from(after, 'base64url').toString());
  if (!Number.isInteger(start) || start < 0)
    return refuse({ code: 100, message: '(#100) Param after is not a cursor.' });
  const data: unknown[] = [];
  for (const item of all.slice(start, start + Math.min(limit, max))) {
    const answer = view(item);
    if (!('body' in answer)) return answer;
    data.push(answer.body);
  }
  return { body: { data, paging: pagingOf(call, edge, { start, end: start + data.length, total: all.length }) } };
}

function pagingOf(
  call: GraphCall,
  edge: string,
  { start, end, total }: { start: number; end: number; total: number },
): unknown {
  const cursor = (at: number): string => Buffer.from(String(at)).toString('base64url');
  const cursors = { before: cursor(start), after: cursor(end) };
  if (end >= total) return { cursors };
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(call.query)) {
    if (typeof value === 'string' && name !== 'access_token') query.set(name, value);
  }
  query.set('limit', String(end - start));
  query.set('after', cursors.after);
  return { cursors, next: `${call.baseUrl}/${call.id}/${edge}?${query}` };
}
