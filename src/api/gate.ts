// The gate before every operation: who calls, whether they may, and whether not too often (Infobip 1.1, 1.2, 1.4).
import type { FastifyInstance, FastifyReply, FastifyRequest, RouteOptions } from 'fastify';
import { accessOf } from '../contract/access.js';
import {
  type AccountCaller,
  type Authenticator,
  type Caller,
  type Denial,
  type RequestHead,
  tooMany,
} from './authenticate.js';
import type { Limits, Take } from './limits.js';

/** Lets callers of one operation through, or says why not. Rejects with DatabaseError when that cannot be found out now. */
export type Guard = (head: RequestHead) => AccountCaller | Denial | Promise<AccountCaller | Denial>;

/** Tells a denial in the form of the endpoint. */
export type Refuse = (reply: FastifyReply, status: Denial['status']) => FastifyReply;

/** The gate. */
export interface Gate {
  /** The guard of an operation, for routes without the framework. Throws TypeError for one that nobody said who may call. */
  guard(method: string, path: string): Guard;
  /** Guards every route that is added to `scope` from now on, before its body is read; handlers ask `callerOf`. Changes go into the audit log unless `isNoted` is false. */
  protect(scope: FastifyInstance, refuse: Refuse, isNoted?: boolean): void;
}

/** What the gate is made of. */
export interface GateParts {
  authenticator: Authenticator;
  limits: Limits;
  /** Notes a change before its answer leaves. */
  note(request: FastifyRequest, caller: AccountCaller): Promise<void>;
}

const FORBIDDEN: Denial = Object.freeze({ status: 403 });

const callers = new WeakMap<FastifyRequest, AccountCaller>();

/** Who calls, of a request that came through `Gate.protect`. Throws TypeError for another. */
export function callerOf(request: FastifyRequest): AccountCaller {
  const caller = callers.get(request);
  if (caller === undefined) throw new TypeError('a route without a gate');
  return caller;
}

/** Whether somebody was let through. */
export function isDenial(outcome: object): outcome is Denial {
  return 'status' in outcome;
}

/** Builds it. */
export function createGate({ authenticator, limits, note }: GateParts): Gate {
  function guard(method: string, path: string): Guard {
    const access = accessOf(method, path);
    const take = limits.of(`${method} ${path}`, access);
    const admit = (caller: Caller | Denial): ReturnType<Guard> =>
      isDenial(caller) ? caller : permit(caller, access.scopes, take);
    return (head) => {
      const caller = authenticator.authenticate(head);
      return caller instanceof Promise ? caller.then(admit) : admit(caller);
    };
  }
  return {
    guard,
    protect(scope, refuse, isNoted = true) {
      const guards = new Map<string, Guard>();
      scope.addHook('onRoute', (route) => {
        for (const method of methodsOf(route)) guards.set(`${method} ${route.url}`, guard(method, pathOf(route.url)));
      });
      scope.addHook('onRequest', async (request, reply) => {
        const through = guards.get(`${request.method} ${request.routeOptions.url}`);
        if (through === undefined) throw new TypeError(`no gate before ${request.method} ${request.routeOptions.url}`);
        const outcome = await through({ headers: request.headers, remoteAddress: request.socket.remoteAddress });
        if (isDenial(outcome)) return refuse(withWait(reply, outcome), outcome.status);
        callers.set(request, outcome);
        return undefined;
      });
      if (isNoted)
        scope.addHook('onSend', async (request, reply) => {
          const caller = callers.get(request);
          const isChange = request.method !== 'GET' && request.method !== 'HEAD' && reply.statusCode < 300;
          if (isChange && caller !== undefined) await note(request, caller);
        });
    },
  };
}

function methodsOf({ method }: RouteOptions): readonly string[] {
  return typeof method === 'string' ? [method] : method;
}

/** As the API page writes it. */
function pathOf(url: string): string {
  return url.replace(/:(\w+)/g, '{$1}');
}

/** Says when to come again. */
export function withWait(reply: FastifyReply, { retryAfterSeconds }: Denial): FastifyReply {
  return retryAfterSeconds === undefined ? reply : reply.header('retry-after', retryAfterSeconds);
}

function permit(caller: Caller, scopes: readonly string[], take: Take): ReturnType<Guard> {
  if (caller.account === null || !mayCall(caller, scopes)) return FORBIDDEN;
  const waitMs = take(caller.account);
  if (typeof waitMs === 'number') return waitMs === 0 ? caller : tooMany(waitMs);
  return waitMs.then((ms) => (ms === 0 ? caller : tooMany(ms)));
}

/** Whether the scopes of a caller suffice: any one of those asked for. */
export function mayCall({ scopes: own }: AccountCaller, scopes: readonly string[]): boolean {
  return own === null || scopes.length === 0 || scopes.some((scope) => own.has(scope));
}
