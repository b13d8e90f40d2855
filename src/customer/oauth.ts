// OAuth security of profiles: tokens of the customers' authorization servers, fetched under the SSRF guard, remembered until shortly
// before they end, fetched once however many POSTs wait for one.
import { createHash } from 'node:crypto';
import type { OauthSecurity } from '../contract/delivery-profile.js';
import { type SafeFetch, SafeFetchError } from '../lib/safe-fetch.js';

/** A header value, or why there is none. `isFresh`: fetched for this call. */
export type Authorization =
  | { ok: true; authorization: string; isFresh: boolean }
  | { ok: false; reason: string; durationMs: number };

/** Where tokens come from. */
export interface TokenSource {
  /** A token that is still good at `now` (epoch ms). Never throws. Accounts share no tokens. */
  authorize(account: number, security: OauthSecurity, now: number): Promise<Authorization>;
  /** The receiver did not take this token: the next call fetches another. */
  reject(account: number, security: OauthSecurity, authorization: string): void;
}

interface Remembered {
  authorization: string;
  renewAt: number;
}

const TIMEOUT_MS = 10_000;
const CONNECT_TIMEOUT_MS = 5_000;
const ANSWER_BYTES_MAX = 64 * 1024;
/** Of a token that does not say how long it lives (RFC 6749 5.1 leaves it to the server). */
const LIFE_SECONDS = 300;
/** A token is renewed this long before its end, or at nine tenths of a short life. */
const MARGIN_MS = 60_000;
const MARGIN_PART = 0.1;
const TOKENS_MAX = 10_000;
/** What may stand in a header after "Bearer " (RFC 6750 2.1, and more: some servers use other signs). */
const TOKEN = /^[\x21-\x7e]{1,16384}$/;

/** Creates the source. */
export function createTokenSource(safeFetch: SafeFetch): TokenSource {
  const tokens = new Map<string, Remembered>();
  const fetching = new Map<string, Promise<Authorization>>();
  const keys = new WeakMap<OauthSecurity, string>();
  function keyOf(account: number, security: OauthSecurity): string {
    const known = keys.get(security) ?? createHash('sha256').update(JSON.stringify(security)).digest('base64');
    keys.set(security, known);
    return `${account} ${known}`;
  }
  async function renew(key: string, security: OauthSecurity, now: number): Promise<Authorization> {
    const token = await fetchToken(safeFetch, security, now);
    if (!('authorization' in token)) return token;
    const [oldest] = tokens.keys();
    if (tokens.size >= TOKENS_MAX && oldest !== undefined) tokens.delete(oldest);
    tokens.set(key, token);
    return { ok: true, authorization: token.authorization, isFresh: true };
  }
  return {
    async authorize(account, security, now) {
      const key = keyOf(account, security);
      const known = tokens.get(key);
      if (known !== undefined && now < known.renewAt)
        return { ok: true, authorization: known.authorization, isFresh: false };
      const underWay = fetching.get(key);
      if (underWay !== undefined) return underWay;
      const renewed = renew(key, security, now).finally(() => fetching.delete(key));
      fetching.set(key, renewed);
      return renewed;
    },
    reject(account, security, authorization) {
      const key = keyOf(account, security);
      if (tokens.get(key)?.authorization === authorization) tokens.delete(key);
    },
  };
}

async function fetchToken(
  safeFetch: SafeFetch,
  security: OauthSecurity,
  now: number,
): Promise<Remembered | (Authorization & { ok: false })> {
  try {
    const { status, firstBytes, durationMs } = await safeFetch.post(security.tokenUrl, {
      headers: {
        accept: 'application/json',
        ...lowerCased(security.headers ?? {}),
        'content-type': 'application/x-www-form-urlencoded',
      },
      body: formOf(security).toString(),
      timeoutMs: TIMEOUT_MS,
      connectTimeoutMs: CONNECT_TIMEOUT_MS,
      keepBytes: ANSWER_BYTES_MAX,
    });
    if (status !== 200) return { ok: false, reason: `oauth: the token endpoint answered ${status}`, durationMs };
    return tokenOf(firstBytes, now) ?? { ok: false, reason: 'oauth: no token in the answer', durationMs };
  } catch (error) {
    if (!(error instanceof SafeFetchError)) throw error;
    return { ok: false, reason: `oauth: ${error.message}`, durationMs: error.durationMs };
  }
}

function formOf(security: OauthSecurity): URLSearchParams {
  const fields = {
    grant_type: security.grantType,
    client_id: security.clientId,
    client_secret: security.clientSecret,
    scope: security.scope,
    username: security.username,
    password: security.password,
    resource: security.resource,
    refresh_token: security.refreshToken,
  };
  const form = new URLSearchParams();
  for (const [name, value] of Object.entries(fields)) if (value !== undefined && value !== '') form.set(name, value);
  return form;
}

/** A token response (RFC 6749 5.1). `expires_in` as text is read too. */
function tokenOf(text: string, now: number): Remembered | undefined {
  const answer = parse(text);
  const { access_token: token, token_type: type, expires_in: expiresIn } = answer;
  if (typeof token !== 'string' || !TOKEN.test(token)) return undefined;
  const scheme = typeof type === 'string' && /^[\w-]{1,40}$/.test(type) && !/^bearer$/i.test(type) ? type : 'Bearer';
  const seconds = Number(expiresIn ?? LIFE_SECONDS);
  const lifeMs = (Number.isFinite(seconds) && seconds > 0 ? seconds : LIFE_SECONDS) * 1000;
  return { authorization: `${scheme} ${token}`, renewAt: now + lifeMs - Math.min(MARGIN_MS, lifeMs * MARGIN_PART) };
}

function parse(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}

function lowerCased(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}
