// Who may call what, and how often: the scopes and the rate limit of every operation as Infobip publishes them (Infobip 1.2, 1.4).

/** How often something may be called: `count` in `perMs`, and `burst` at once. */
export interface Rate {
  count: number;
  perMs: number;
  burst: number;
}

/** What an operation asks of its caller. */
export interface Access {
  /** The name by which an account is given another limit. */
  name: string;
  /** Any one of them suffices; none: whoever calls may. */
  scopes: readonly string[];
  /** By account; undefined: none is published. */
  rate: Rate | undefined;
}

/** The scope of our own API under /parley/1. */
export const PARLEY_SCOPE = 'parley:manage';

const SEND = ['message:send', 'whatsapp:message:send', 'whatsapp:manage'];
const INBOUND = ['inbound-message:read', 'whatsapp:inbound-message:read', 'whatsapp:manage'];
const MANAGE = ['whatsapp:manage'];
const IDENTITY = ['whatsapp:manage', 'whatsapp:message:send'];
const CONVERSIONS = ['whatsapp:conversions'];
const SUBSCRIPTIONS = ['subscriptions:manage'];
const PROVISIONING = ['application-entity:manage'];
const NUMBERS = ['numbers:manage'];
const SMS = ['message:send', 'sms:message:send', 'sms:manage'];
const KEYS = ['account-management:manage'];
const PULL_REPORTS = ['message:send', 'messages-api:message:send', 'messages-api:manage'];
const PULL_INBOUND = ['inbound-message:read', 'messages-api:manage'];

type Row = readonly [name: string, operations: string, scopes: readonly string[], rate: string | undefined];

// The first row that fits counts. `*` is one segment of a path, `**` the rest of it.
const ROWS: readonly Row[] = [
  ['messages', 'POST /whatsapp/1/message/**', SEND, '4000/s'],
  ['events', 'POST /whatsapp/1/events', SEND, '2500/s'],
  ['media', 'GET /whatsapp/1/senders/*/media/*', INBOUND, '15/s'],
  ['media', 'HEAD /whatsapp/1/senders/*/media/*', MANAGE, '15/s'],
  ['media-removal', 'DELETE /whatsapp/1/senders/*/media', MANAGE, '30/min'],
  ['payments', 'GET /whatsapp/1/senders/*/payments/**', INBOUND, '10/s'],
  ['read-marks', 'POST /whatsapp/1/senders/*/message/**', MANAGE, '10/s'],
  ['templates', 'GET /whatsapp/2/senders/*/templates', MANAGE, '2500/s'],
  ['templates', 'GET /whatsapp/2/senders/*/templates/*', MANAGE, '2500/s'],
  ['template-creation', 'POST /whatsapp/2/senders/*/templates', MANAGE, '1000/h'],
  ['template-edits', 'PATCH /whatsapp/2/senders/*/templates/*', MANAGE, '100/h'],
  ['template-removal', 'DELETE /whatsapp/2/senders/*/templates/*', MANAGE, '200/h'],
  ['template-creation-v1', 'POST /whatsapp/1/senders/*/templates', MANAGE, '200/h'],
  ['templates-v1', 'GET /whatsapp/1/senders/*/templates', MANAGE, '15/s'],
  ['templates-of-account', 'GET /whatsapp/1/templates', MANAGE, '15/s'],
  ['flows', 'GET /whatsapp/1/senders/*/flows', MANAGE, '1000/h'],
  ['flows', 'GET /whatsapp/1/senders/*/flows/*/json', MANAGE, '1000/h'],
  ['flow-changes', '* /whatsapp/1/senders/*/flows', MANAGE, '100/h'],
  ['flow-changes', '* /whatsapp/1/senders/*/flows/**', MANAGE, '100/h'],
  ['quality', 'GET /whatsapp/1/senders/quality', MANAGE, '10/s'],
  ['business-info', '* /whatsapp/1/senders/*/business-info', MANAGE, '10/s'],
  ['business-info', '* /whatsapp/1/senders/*/business-info/logo', MANAGE, '10/s'],
  ['public-key', '* /whatsapp/1/senders/*/public-key', MANAGE, '10/s'],
  ['calls', 'GET /whatsapp/1/senders/*/calls/**', MANAGE, '10/s'],
  ['embedded-signup', '* /whatsapp/1/embedded-signup/**', MANAGE, '15/s'],
  ['identity', '* /whatsapp/1/*/contacts/*/identity', IDENTITY, '10/s'],
  ['conversions', 'POST /whatsapp/1/conversions', CONVERSIONS, '10/s'],
  ['conversions', 'POST /whatsapp/1/conversions/waba', CONVERSIONS, '10/s'],
  ['certificates', '* /subscriptions/1/certificates', SUBSCRIPTIONS, '100/min'],
  ['certificates', '* /subscriptions/1/certificates/**', SUBSCRIPTIONS, '100/min'],
  ['subscriptions', '* /subscriptions/1/**', SUBSCRIPTIONS, undefined],
  ['provisioning', '* /provisioning/1/**', PROVISIONING, '1/s'],
  ['inbound-configuration', 'GET /resource-management/1/inbound-message-configurations', NUMBERS, '2/s'],
  [
    'inbound-configuration-changes',
    'POST /resource-management/1/inbound-message-configurations',
    NUMBERS,
    '2/s burst 10',
  ],
  ['inbound-configuration-removal', 'DELETE /resource-management/1/inbound-message-configurations/*', NUMBERS, '1/s'],
  ['pull', 'GET /messages-api/1/reports', PULL_REPORTS, undefined],
  ['pull', 'GET /messages-api/1/inbound', PULL_INBOUND, undefined],
  ['sms', 'POST /sms/**', SMS, undefined],
  ['key-creation', 'POST /settings/2/api-keys', KEYS, '40/d'],
  ['key-changes', 'PUT /settings/2/api-keys/*', KEYS, '40/d'],
  ['keys', 'GET /settings/2/api-keys', KEYS, '10/s'],
  ['keys', 'GET /settings/2/api-keys/*', KEYS, '10/s'],
  ['sessions', '* /auth/1/session', [], '10/s'],
  ['tokens', 'POST /auth/1/oauth2/token', [], '10/s'],
  ['administration', '* /parley/1/**', [PARLEY_SCOPE], undefined],
];

const UNIT_MS: Readonly<Record<string, number>> = { s: 1_000, min: 60_000, h: 3_600_000, d: 86_400_000 };
const COUNT_MAX = 1_000_000;

interface Rule extends Access {
  form: RegExp;
}

const RULES: readonly Rule[] = ROWS.map(([name, operations, scopes, rate]) => ({
  name,
  scopes,
  rate: rate === undefined ? undefined : publishedRate(rate),
  form: formOf(operations),
}));

/** Names of limits, as accounts set their own. */
export const LIMIT_NAMES: readonly string[] = [...new Set(RULES.map(({ name }) => name))];

/** Every scope that some operation asks for. */
export const SCOPES: readonly string[] = [...new Set(RULES.flatMap(({ scopes }) => scopes))];

function formOf(operations: string): RegExp {
  const [method = '', path = ''] = operations.split(' ');
  const segments = path.split('/').map((segment) => {
    if (segment === '**') return '.+';
    return segment === '*' ? '[^/]+' : segment.replaceAll('.', '\\.');
  });
  return new RegExp(`^${method === '*' ? '[A-Z]+' : method} ${segments.join('/')}$`);
}

/**
 * What an operation asks of its caller. `path` is from the root, its parameters as one segment each. HEAD is as GET unless it has a row.
 * Throws TypeError for an operation that has no row.
 */
export function accessOf(method: string, path: string): Access {
  const rule = RULES.find(({ form }) => form.test(`${method} ${path}`));
  if (rule !== undefined) return rule;
  if (method === 'HEAD') return accessOf('GET', path);
  throw new TypeError(`nobody said who may call ${method} ${path}`);
}

/** Reads `4000/s`, `30/min`, `1000/h` or `40/d`, with `burst 10` behind it when fewer or more may come at once. Undefined for anything else. */
export function parseRate(text: string): Rate | undefined {
  const [, count, unit = '', burst] = /^(\d{1,7})\/(s|min|h|d)(?: burst (\d{1,7}))?$/.exec(text) ?? [];
  const perMs = UNIT_MS[unit];
  if (count === undefined || perMs === undefined) return undefined;
  const rate = { count: Number(count), perMs, burst: Number(burst ?? count) };
  const isRight = [rate.count, rate.burst].every((number) => number >= 1 && number <= COUNT_MAX);
  return isRight ? rate : undefined;
}

function publishedRate(text: string): Rate {
  const rate = parseRate(text);
  if (rate === undefined) throw new TypeError(`not a rate: ${text}`);
  return rate;
}
