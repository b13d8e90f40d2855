// Meta's error vocabulary as the sandbox speaks it: code, HTTP status and title of each error, and the envelope (Meta 0.4, 7.2).

import type { Failure } from '../records.js';

/** A refused Graph call. `message` replaces the title, `details` becomes `error_data.details`, the user texts are for people. */
export interface Refusal {
  code: number;
  subcode?: number;
  message?: string;
  details?: string;
  /** `error_user_title` and `error_user_msg`. */
  userTitle?: string;
  userMessage?: string;
  type?: 'OAuthException' | 'GraphMethodException';
  httpStatus?: number;
}

/** HTTP status and title by code. Throttles answer 400 here as Meta's table says; 429, seen in live traffic, is a fault's `httpStatus` away. */
const ERRORS: Readonly<Record<number, readonly [httpStatus: number, title: string]>> = {
  0: [401, 'AuthException'],
  1: [400, 'API Unknown'],
  2: [503, 'API Service'],
  3: [500, 'API Method'],
  4: [400, 'Application request limit reached'],
  10: [403, 'Application does not have permission for this action'],
  33: [400, 'Parameter value is not valid'],
  100: [400, 'Invalid parameter'],
  104: [401, 'An access token is required to request this resource.'],
  190: [401, 'Invalid OAuth access token.'],
  200: [403, 'Permissions error'],
  368: [403, 'Temporarily blocked for policies violations'],
  613: [400, 'Calls to this api have exceeded the rate limit.'],
  2040: [400, 'Order message is not supported'],
  2046: [400, 'Invalid order status transition'],
  2047: [400, 'Order cannot be canceled'],
  2500: [400, 'Unknown path components'],
  80007: [400, 'Rate limit issues'],
  130403: [400, 'User is blocked by the business'],
  130429: [400, 'Rate limit hit'],
  130472: [400, "User's number is part of an experiment"],
  130497: [403, 'Business account is restricted from messaging users in this country'],
  131000: [500, 'Something went wrong'],
  131005: [403, 'Access denied'],
  131008: [400, 'Required parameter is missing'],
  131009: [400, 'Parameter value is not valid'],
  131016: [500, 'Service unavailable'],
  131020: [400, 'Group has a single member'],
  131021: [400, 'Recipient cannot be sender'],
  131026: [400, 'Message undeliverable'],
  131030: [400, 'Recipient phone number not in allowed list'],
  131031: [403, 'Business Account locked'],
  131037: [400, 'Display name approval required'],
  131041: [400, 'Unknown group'],
  131042: [400, 'Business eligibility payment issue'],
  131044: [400, 'No valid payment method'],
  131045: [500, 'Incorrect certificate'],
  131047: [400, 'Re-engagement message'],
  131048: [400, 'Spam rate limit hit'],
  131049: [400, 'Message not delivered to maintain healthy ecosystem engagement'],
  131050: [400, 'User has stopped marketing messages'],
  131051: [400, 'Unsupported message type'],
  131052: [400, 'Media download error'],
  131053: [400, 'Media upload error'],
  131055: [400, 'Method not allowed'],
  131056: [400, '(Business Account, Consumer Account) pair rate limit hit'],
  131057: [500, 'Account in maintenance mode'],
  131059: [400, 'Invalid cursor'],
  131060: [400, 'Message unavailable'],
  131062: [400, 'Business-scoped user id is not supported for this message'],
  131063: [400, 'Marketing templates are disabled on Cloud API'],
  131064: [400, 'Messaging limit reached'],
  131201: [206, 'Partial success'],
  131202: [400, 'Duplicate participants'],
  131204: [400, 'Too many participants'],
  131207: [403, 'Group suspended'],
  131208: [429, 'Group rate limit hit'],
  132000: [400, 'Number of parameters does not match the expected number of params'],
  132001: [404, 'Template name does not exist in the translation'],
  132005: [400, 'Translated text too long'],
  132007: [400, 'Template format character policy violated'],
  132008: [400, 'Parameter value is not valid'],
  132012: [400, 'Parameter format does not match format in the created template'],
  132015: [400, 'Template is paused'],
  132016: [400, 'Template is disabled'],
  132018: [400, 'Template parameter problem'],
  132068: [400, 'Flow is blocked'],
  132069: [400, 'Flow is throttled'],
  133000: [500, 'Incomplete deregistration'],
  133004: [503, 'Server temporarily unavailable'],
  133005: [400, 'Two-step verification PIN mismatch'],
  133006: [400, 'Phone number re-verification needed'],
  133008: [400, 'Too many two-step verification PIN guesses'],
  133009: [400, 'Two-step verification PIN guessed too fast'],
  133010: [400, 'The account is not registered'],
  133015: [400, 'Phone number was deleted recently'],
  133016: [400, 'Account registration deregistration rate limit exceeded'],
  134011: [400, 'Payments terms of service have not been accepted'],
  134100: [400, 'Only marketing messages supported'],
  134101: [400, 'Your template is still syncing'],
  134102: [500, 'Template unavailable for use'],
  135000: [400, 'Generic user error'],
  137000: [400, 'Recipient identity key hash mismatch'],
  138004: [500, 'Connection error'],
  2494100: [400, 'Number in maintenance mode'],
};

/** The short text of a code, without its number. */
export function titleOf(code: number): string {
  return ERRORS[code]?.[1] ?? 'Unknown error';
}

/** Why a message failed after its acceptance. */
export function failureOf(code: number, details: string): Failure {
  return { code, title: titleOf(code), details };
}

/** HTTP status of a refusal: its own, else the table's, else 400. */
export function httpStatusOf(refusal: Refusal): number {
  return refusal.httpStatus ?? ERRORS[refusal.code]?.[0] ?? 400;
}

const TRANSIENT: ReadonlySet<number> = new Set([2, 4, 131016, 133004]);

/** Graph's error envelope (Meta 0.4). Token errors carry no `error_data`. */
export function errorBody(refusal: Refusal, traceId: string): { error: Record<string, unknown> } {
  const { code, subcode, details, userTitle, userMessage } = refusal;
  return {
    error: {
      message: refusal.message ?? `(#${code}) ${titleOf(code)}`,
      type: refusal.type ?? 'OAuthException',
      code,
      ...(subcode === undefined ? {} : { error_subcode: subcode }),
      ...(details === undefined ? {} : { error_data: { messaging_product: 'whatsapp', details } }),
      ...(TRANSIENT.has(code) ? { is_transient: true } : {}),
      ...(userTitle === undefined ? {} : { error_user_title: userTitle }),
      ...(userMessage === undefined ? {} : { error_user_msg: userMessage }),
      fbtrace_id: traceId,
    },
  };
}

/** An object that does not exist or belongs to another app: 400, 100/33 (Meta 0.4). */
export function unknownObject(method: string, id: string): Refusal {
  return {
    code: 100,
    subcode: 33,
    type: 'GraphMethodException',
    message: `Unsupported ${method.toLowerCase()} request. Object with ID '${id}' does not exist, cannot be loaded due to missing permissions, or does not support this operation.`,
  };
}

/** A missing or unknown access token: 401, 190 (Meta 0.4). */
export const BAD_TOKEN: Refusal = {
  code: 190,
  message: 'Invalid OAuth access token - Cannot parse access token',
};
