// /accounts/{id}/sms: how an account sends the short messages of its failovers. Managed by keys of kind admin alone.

import { Type } from 'typebox';
import { withNull } from '../../contract/openapi-schemas.js';
import { isRefusal } from '../../manage/refusal.js';
import { readSmsRoute, removeSmsRoute, type ShownSmsRoute, setSmsRoute } from '../../manage/sms-routes.js';
import { integer, isOn, text, token, urlOrNull } from './fields.js';
import type { AdminParts } from './parts.js';
import { defineRoute, isDone, type Route, shows, timeOf } from './route.js';

const URL = '/accounts/:accountId/sms';
/** Limits of SMPP 3.4 are 15, 8 and 12; providers are known to take more. */
const CREDENTIAL_LENGTH_MAX = 64;

const body = Type.Object({
  provider: Type.Enum(['smpp', 'infobip'], { says: 'must be smpp or infobip' }),
  host: Type.Optional(text(255)),
  port: Type.Optional(integer(1, 65_535)),
  tls: Type.Optional(isOn),
  systemId: Type.Optional(token(CREDENTIAL_LENGTH_MAX)),
  password: Type.Optional(token(CREDENTIAL_LENGTH_MAX)),
  systemType: Type.Optional(token(CREDENTIAL_LENGTH_MAX)),
  window: Type.Optional(integer(1, 1000)),
  throughput: Type.Optional(integer(1, 10_000)),
  baseUrl: Type.Optional(Type.String({ ...urlOrNull.anyOf[0], says: 'must be an absolute http or https URL' })),
  apiKey: Type.Optional(token(512)),
  smsUnknown: Type.Optional(Type.Enum(['fail', 'resend'], { says: 'must be fail or resend' })),
  afterSeconds: Type.Optional(
    Type.Union([integer(10, 172_800), Type.Null()], { says: 'must be a whole number from 10 to 172800, or null' }),
  ),
});

const COMMON = { smsUnknown: 'fail', afterSeconds: 300, changedAt: '2026-01-31T12:00:00.000Z' };
const INFOBIP = { provider: 'infobip', baseUrl: 'https://sms.example', ...COMMON };
const EXAMPLE = {
  provider: 'smpp',
  host: 'smsc.example',
  port: 2775,
  tls: true,
  systemId: 'acme',
  systemType: '',
  window: 10,
  throughput: 50,
  ...COMMON,
};

/** The endpoints of SMS routes. */
export function smsRoutes(parts: AdminParts): Route[] {
  return [
    defineRoute({
      method: 'GET',
      url: URL,
      summary: 'Read how an account sends SMS',
      isAdminOnly: true,
      answers: shows(200, 'The route', EXAMPLE, INFOBIP, withNull(EXAMPLE, 'afterSeconds')),
      async handle({ param }) {
        const shown = await readSmsRoute(parts, param('accountId'));
        return isRefusal(shown) ? shown : { status: 200, body: view(shown) };
      },
    }),
    defineRoute({
      method: 'POST',
      url: URL,
      summary: 'Say how an account sends SMS, instead of what was said before',
      isAdminOnly: true,
      body,
      example: { provider: 'smpp', host: 'smsc.example', port: 2775, tls: true, systemId: 'acme', password: 'secret' },
      answers: shows(200, 'The route', EXAMPLE, INFOBIP, withNull(EXAMPLE, 'afterSeconds')),
      async handle({ param, body: spec }) {
        const shown = await setSmsRoute(parts, param('accountId'), spec);
        return isRefusal(shown) ? shown : { status: 200, body: view(shown) };
      },
    }),
    defineRoute({
      method: 'DELETE',
      url: URL,
      summary: 'Let an account send no SMS',
      isAdminOnly: true,
      answers: isDone,
      async handle({ param }) {
        const removed = await removeSmsRoute(parts, param('accountId'));
        return removed === 'removed' ? { status: 204 } : removed;
      },
    }),
  ];
}

function view({ changedAt, ...shown }: ShownSmsRoute): object {
  return { ...shown, changedAt: timeOf(changedAt) };
}
