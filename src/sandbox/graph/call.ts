// A Graph call as the nodes see it, and how they answer.
import type { IncomingHttpHeaders } from 'node:http';
import type { FileAnswer } from '../media/range.js';
import type { App, BusinessNumber, Waba } from '../records.js';
import type { World } from '../world.js';
import { type Refusal, unknownObject } from './errors.js';

/** A call whose token was accepted. `major` is the version's first number; `id` the node that is addressed. */
export interface GraphCall {
  method: string;
  major: number;
  id: string;
  query: Readonly<Record<string, unknown>>;
  headers: IncomingHttpHeaders;
  /** The JSON value or the form's fields; the stream itself of a multipart form. */
  body: unknown;
  app: App;
  /** Scheme and host of the call's URL. */
  origin: string;
  /** Scheme, host and version of the call's URL. */
  baseUrl: string;
}

/** A body for HTTP 200, a refusal, or a file. */
export type GraphAnswer = { body: unknown } | { refusal: Refusal } | { file: FileAnswer };

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
