// A Graph call as the nodes see it, and how they answer.
import type { App, BusinessNumber, Waba } from '../records.js';
import type { World } from '../world.js';
import { type Refusal, unknownObject } from './errors.js';

/** A call whose token was accepted. `major` is the version's first number; `id` the node that is addressed. */
export interface GraphCall {
  method: string;
  major: number;
  id: string;
  query: Readonly<Record<string, unknown>>;
  body: unknown;
  app: App;
  /** Scheme, host and version of the call's URL. */
  baseUrl: string;
}

/** A body for HTTP 200, or a refusal. */
export type GraphAnswer = { body: unknown } | { refusal: Refusal };

/** A refusal as an answer. */
export function refuse(refusal: Refusal): GraphAnswer {
  return { refusal };
}

/** The text of a query parameter, or undefined when it is absent or given more than once. */
export function queryText(query: Readonly<Record<string, unknown>>, name: string): string | undefined {
  const value = query[name];
  return typeof value === 'string' ? value : undefined;
}

/** The number that the call addresses, if it belongs to the caller's app. */
export function ownNumber(world: World, call: GraphCall): BusinessNumber | undefined {
  const number = world.numbers.get(call.id);
  if (number === undefined) return undefined;
  return world.wabas.get(number.wabaId)?.appToken === call.app.token ? number : undefined;
}

/** The WABA that the call addresses, if it belongs to the caller's app. */
export function ownWaba(world: World, call: GraphCall): Waba | undefined {
  const waba = world.wabas.get(call.id);
  return waba?.appToken === call.app.token ? waba : undefined;
}

/** The answer for a node that is unknown or another app's. */
export function notFound(call: GraphCall): GraphAnswer {
  return refuse(unknownObject(call.method, call.id));
}
