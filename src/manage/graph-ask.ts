// Asking Graph on behalf of a person: a good answer's body, or the refusal that says which field Meta did not like.
import { integerAt, isObject, objectAt, textAt } from '../contract/json.js';
import type { GraphAnswer, GraphClient } from '../meta/graph-client.js';
import { type Refusal, refuse } from './refusal.js';

/** What of the Graph client is used by management. */
export type GraphReader = Pick<GraphClient, 'get' | 'post'>;

/** The body of a good answer. Meta's refusals are about `field`, unless the token is to blame. */
export async function askGraph(asking: Promise<GraphAnswer>, field: string): Promise<{ body: unknown } | Refusal> {
  const answer = await asking;
  if (answer.kind !== 'answered') return refuse('upstream', `Meta cannot be reached: ${answer.reason}`);
  const { status, body } = answer;
  if (status >= 200 && status < 300 && isObject(body)) return { body };
  const error = objectAt(body, 'error');
  const code = integerAt(error, 'code');
  if (code === undefined || status >= 500) return refuse('upstream', `Meta answered ${status}`);
  const isTokens = status === 401 || code === 190 || code === 10 || (code >= 200 && code < 300);
  const said = textAt(error, 'message') ?? 'no reason given';
  return refuse('invalid', `Meta refused with code ${code}: ${said}`, isTokens ? 'accessToken' : field);
}
