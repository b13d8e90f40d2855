// How an account sends short messages: set as a whole, shown without its secrets, taken away.
import type { Clock } from '../lib/clock.js';
import type { SecretBox } from '../lib/secrets.js';
import { findAccount } from '../store/accounts.js';
import type { Database } from '../store/database.js';
import { deleteSmsRoute, findSmsRoute, putSmsRoute, type SmsRouteRow } from '../store/sms.js';
import { type Refusal, refuse } from './refusal.js';

/** What these operations need. */
export interface SmsRouteParts {
  database: Database;
  clock: Clock;
  secrets: SecretBox;
}

/** What can be said of a route; which of it is needed depends on the provider. */
export interface SmsRouteSpec {
  provider: SmsRouteRow['provider'];
  host?: string | undefined;
  port?: number | undefined;
  tls?: boolean | undefined;
  systemId?: string | undefined;
  password?: string | undefined;
  systemType?: string | undefined;
  window?: number | undefined;
  throughput?: number | undefined;
  baseUrl?: string | undefined;
  apiKey?: string | undefined;
  smsUnknown?: SmsRouteRow['smsUnknown'] | undefined;
  afterSeconds?: number | null | undefined;
}

/** A route as it is shown: neither password nor key. */
export interface ShownSmsRoute extends Omit<SmsRouteSpec, 'password' | 'apiKey'> {
  changedAt: number;
}

const SMPP_PORT = 2775;
const WINDOW = 10;
const THROUGHPUT = 50;
const NEEDS = {
  smpp: ['host', 'systemId', 'password'],
  infobip: ['baseUrl', 'apiKey'],
} as const;
const SMPP_FIELDS = ['host', 'port', 'tls', 'systemId', 'password', 'systemType', 'window', 'throughput'] as const;
const INFOBIP_FIELDS = ['baseUrl', 'apiKey'] as const;

/** Sets the route of an account, instead of the one before. */
export async function setSmsRoute(
  parts: SmsRouteParts,
  accountId: string,
  spec: SmsRouteSpec,
): Promise<ShownSmsRoute | Refusal> {
  const { database, clock, secrets } = parts;
  const { provider, smsUnknown = 'fail', afterSeconds = null } = spec;
  const missing = NEEDS[provider].find((name) => spec[name] === undefined);
  if (missing !== undefined) return refuse('invalid', `is required for ${provider}`, missing);
  const extra = (provider === 'smpp' ? INFOBIP_FIELDS : SMPP_FIELDS).find((name) => spec[name] !== undefined);
  if (extra !== undefined) return refuse('invalid', `is not of ${provider}`, extra);
  const account = await findAccount(database, accountId);
  if (account === undefined) return refuse('notFound', 'no such account');
  const settings = secrets.seal(JSON.stringify(settingsOf(spec)));
  const route = { account: account.id, provider, settings, smsUnknown, afterSeconds, changedAt: clock.now() };
  return show(parts, await putSmsRoute(database, route));
}

function settingsOf(spec: SmsRouteSpec): object {
  if (spec.provider === 'infobip') return { baseUrl: spec.baseUrl?.replace(/\/+$/, ''), apiKey: spec.apiKey };
  const { host, port = SMPP_PORT, tls = false, systemId, password, systemType = '' } = spec;
  const { window = WINDOW, throughput = THROUGHPUT } = spec;
  return { host, port, tls, systemId, password, systemType, window, throughput };
}

/** The route of an account. */
export async function readSmsRoute(parts: SmsRouteParts, accountId: string): Promise<ShownSmsRoute | Refusal> {
  const account = await findAccount(parts.database, accountId);
  const row = account && (await findSmsRoute(parts.database, account.id));
  return row === undefined ? refuse('notFound', 'no such account, or it sends no SMS') : show(parts, row);
}

/** Takes the route of an account away; what waits is reported as not sent. */
export async function removeSmsRoute({ database }: SmsRouteParts, accountId: string): Promise<'removed' | Refusal> {
  const account = await findAccount(database, accountId);
  const isRemoved = account !== undefined && (await deleteSmsRoute(database, account.id));
  return isRemoved ? 'removed' : refuse('notFound', 'no such account, or it sends no SMS');
}

function show({ secrets }: SmsRouteParts, row: SmsRouteRow): ShownSmsRoute {
  const { provider, smsUnknown, afterSeconds, changedAt } = row;
  // Parse boundary: only setSmsRoute fills this column.
  const { password: _p, apiKey: _k, ...shown } = JSON.parse(secrets.open(row.settings)) as Partial<SmsRouteSpec>;
  return { ...shown, provider, smsUnknown, afterSeconds, changedAt };
}
