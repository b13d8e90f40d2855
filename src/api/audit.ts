// What every change leaves in the audit log: who asked, from where, for what. Values are never written, only the names of fields.
import type { FastifyRequest } from 'fastify';
import { isObject, textAt } from '../contract/json.js';
import type { Clock } from '../lib/clock.js';
import { addAudit } from '../store/audit.js';
import type { Database } from '../store/database.js';
import type { Directory } from '../store/directory.js';
import type { Authenticator, Caller } from './authenticate.js';

/** What noting takes. */
export interface AuditParts {
  database: Database;
  clock: Pick<Clock, 'now'>;
  directory: Pick<Directory, 'accountOf' | 'senderOf'>;
  authenticator: Pick<Authenticator, 'addressOf'>;
}

const FIELDS_MAX = 50;
const FIELD_LENGTH_MAX = 100;
/** Parts of paths that name people; what they were stays out. */
const PERSONAL = new Set(['user', 'userNumber']);

/** Notes a change that `caller` asked for and got. Rejects with DatabaseError. */
export async function noteChange(parts: AuditParts, request: FastifyRequest, caller: Caller): Promise<void> {
  const { database, clock, authenticator } = parts;
  const head = { headers: request.headers, remoteAddress: request.socket.remoteAddress };
  const route = request.routeOptions.url ?? '';
  await addAudit(database, {
    at: clock.now(),
    account: caller.account?.id ?? accountOf(parts, request),
    actor: actorOf(caller),
    address: authenticator.addressOf(head),
    action: `${request.method} ${route}`,
    target: targetOf(route, request.params),
    fields: isObject(request.body) ? namesOf(request.body) : [],
  });
}

/** Whose thing a key of kind admin changed, as far as the request says. */
function accountOf({ directory }: AuditParts, { params, query, body }: FastifyRequest): number | null {
  const accountId = textAt(params, 'accountId') ?? textAt(query, 'accountId') ?? textAt(body, 'accountId');
  if (accountId !== undefined) return directory.accountOf(accountId)?.id ?? null;
  const sender = textAt(params, 'sender');
  return sender === undefined ? null : (directory.senderOf(sender)?.account ?? null);
}

function actorOf(caller: Caller): string {
  if (caller.account !== null && caller.username !== undefined) return `user:${caller.username}`;
  return caller.keyId ?? 'nobody';
}

function targetOf(route: string, params: unknown): string {
  const given = isObject(params) ? params : {};
  return route.replace(/:(\w+)/g, (_, name: string) => (PERSONAL.has(name) ? '***' : String(given[name] ?? '')));
}

function namesOf(body: object): string[] {
  return Object.keys(body)
    .slice(0, FIELDS_MAX)
    .map((name) => name.slice(0, FIELD_LENGTH_MAX).toWellFormed().replaceAll('\0', ''));
}
