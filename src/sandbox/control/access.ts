// Who may steer the sandbox: everybody on this machine, or who has the token.
import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { FastifyInstance } from 'fastify';
import { ControlError } from './answer.js';

/** Why a call is refused, or undefined. */
export type Access = (
  request: Pick<IncomingMessage, 'headers' | 'url'>,
) => { httpStatus: 401 | 403; message: string } | undefined;

/**
 * Lets calls through that carry `token`, as a bearer token or as `?token=`; without a token those that name this machine as loopback: a site
 * whose own name was made to lead here is refused. Pages of other sites never.
 */
export function createAccess(token: string | undefined): Access {
  const wanted = token === undefined ? undefined : digest(token);
  return ({ headers, url = '' }) => {
    if (headers['sec-fetch-site'] === 'cross-site')
      return { httpStatus: 403, message: 'a page of another site may not call this' };
    if (wanted === undefined && isLoopback(nameOf(headers.host))) return undefined;
    if (wanted === undefined)
      return {
        httpStatus: 403,
        message: 'must be called as localhost or 127.0.0.1, or given a token (PARLEY_SANDBOX_TOKEN)',
      };
    const given = /^Bearer (\S+)$/i.exec(headers.authorization ?? '')?.[1] ?? parameter(url, 'token') ?? '';
    return timingSafeEqual(digest(given), wanted)
      ? undefined
      : { httpStatus: 401, message: 'needs the token: Authorization: Bearer <token>, or ?token=' };
  };
}

/** Asks `access` before every route of `app`. */
export function guardControl(app: FastifyInstance, access: Access): void {
  app.addHook('onRequest', async (request) => {
    const refusal = access(request.raw);
    if (refusal !== undefined) throw new ControlError(refusal.httpStatus, refusal.message);
  });
}

/** Whether only this machine can reach a server that listens on `host`. */
export function isLoopback(host: string): boolean {
  return /^(.+\.)?localhost$/.test(host) || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);
}

/** The name in a Host header, without port and brackets; empty when there is none. */
function nameOf(header: string | undefined): string {
  const origin = `http://${header ?? ''}`;
  return URL.canParse(origin) ? new URL(origin).hostname.replace(/^\[(.*)\]$/, '$1') : '';
}

/** A parameter of a request's URL; undefined when absent or empty. */
export function parameter(url: string, name: string): string | undefined {
  const query = url.indexOf('?');
  if (query < 0) return undefined;
  return new URLSearchParams(url.slice(query)).get(name) || undefined;
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
