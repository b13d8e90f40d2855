// Makes an account's provider from its settings, and the address to which a provider over HTTP sends its reports.
import { createHmac } from 'node:crypto';
import { type SafeFetch, SafeFetchError } from '../lib/safe-fetch.js';
import { equalBytes } from '../lib/secrets.js';
import { createInfobip, type InfobipSettings, type SmsHttpAnswer } from '../sms/infobip.js';
import type { SmsEvents, SmsProvider } from '../sms/provider.js';
import { createSmpp, type SmppSettings } from '../sms/smpp.js';
import type { SmsProviderName } from '../store/sms.js';

/** What providers are made with. */
export interface SmsProviderParts {
  safeFetch: SafeFetch;
  publicUrl(): string;
  /** The key that report addresses are signed with, and those that were before. */
  keys: readonly Buffer[];
}

const TIMEOUT_MS = 10_000;
const KEEP_BYTES = 64 * 1024;
/** Path of the reports of an account, without its signature. */
const REPORTS_PATH = '/sms/reports';

/** A provider of that name. `settings` is what the admin API stored. */
export function createSmsProvider(
  parts: SmsProviderParts,
  { account, name, settings }: { account: number; name: SmsProviderName; settings: unknown },
  events: SmsEvents,
): SmsProvider {
  // Parse boundary: only setSmsRoute writes settings.
  if (name === 'smpp') return createSmpp(settings as SmppSettings, events);
  const [key] = parts.keys;
  const ways = {
    post: (url: string, headers: Readonly<Record<string, string>>, body: string) =>
      post(parts.safeFetch, url, headers, body),
    reportUrl: () =>
      key === undefined ? undefined : `${parts.publicUrl()}${REPORTS_PATH}/${account}/${sign(key, account)}`,
  };
  return createInfobip(settings as InfobipSettings, ways, events);
}

/** Whether a report address of an account was made by us. */
export function isReportAddress(keys: readonly Buffer[], account: number, signature: string): boolean {
  return keys.some((key) => equalBytes(Buffer.from(sign(key, account)), Buffer.from(signature)));
}

function sign(key: Buffer, account: number): string {
  return createHmac('sha256', key).update(`sms-reports:${account}`).digest('base64url');
}

async function post(
  safeFetch: SafeFetch,
  url: string,
  headers: Readonly<Record<string, string>>,
  body: string,
): Promise<SmsHttpAnswer> {
  try {
    const request = { headers, body, timeoutMs: TIMEOUT_MS, keepBytes: KEEP_BYTES };
    const { status, firstBytes } = await safeFetch.post(url, request);
    return { status, body: firstBytes };
  } catch (error) {
    if (!(error instanceof SafeFetchError)) throw error;
    return { isWritten: error.kind !== 'blocked' && error.kind !== 'connect', reason: error.message };
  }
}
