// Bodies of the northbound API's answers: a send's 200 and both error envelopes (Infobip 1.3, 2.1).
import { Type } from 'typebox';
import type { Violations } from './readers.js';
import { statusObject } from './statuses.js';

/** The 200 of a single send (Infobip 2.1). `statusId` is 7 when accepted, a REJECTED one when refused at once. */
export function sendAnswer(to: string, messageId: string, statusId: number): object {
  return { to, messageCount: 1, messageId, status: statusObject(statusId) };
}

/**
 * Old-form ids and texts by HTTP status. 400, 401, 403, 404, 429, 500 are Infobip's (1.3); for the others its documents name
 * none, so these follow their spelling.
 */
const SERVICE_EXCEPTIONS = {
  400: ['BAD_REQUEST', 'Bad request'],
  401: ['UNAUTHORIZED', 'Unauthorized'],
  403: ['FORBIDDEN', 'Forbidden'],
  404: ['NOT_FOUND', 'Not found'],
  405: ['METHOD_NOT_ALLOWED', 'Method not allowed'],
  408: ['REQUEST_TIMEOUT', 'Request timeout'],
  409: ['CONFLICT', 'Conflict'],
  413: ['PAYLOAD_TOO_LARGE', 'Payload too large'],
  415: ['UNSUPPORTED_MEDIA_TYPE', 'Unsupported media type'],
  422: ['UNPROCESSABLE_ENTITY', 'Unprocessable entity'],
  429: ['TOO_MANY_REQUESTS', 'Too many requests'],
  500: ['GENERAL_ERROR', 'Something went wrong. Please contact support.'],
  503: ['SERVICE_UNAVAILABLE', 'Service unavailable'],
} as const satisfies Record<number, readonly [string, string]>;

/** What `serviceException` makes. */
export const serviceExceptionSchema = Type.Object({
  requestError: Type.Object({
    serviceException: Type.Object({
      messageId: Type.String(),
      text: Type.String(),
      validationErrors: Type.Optional(
        Type.Record(Type.String(), Type.Array(Type.String()), { description: 'What is wrong, by path' }),
      ),
    }),
  }),
});

/** What `apiError` makes. */
export const apiErrorSchema = Type.Object({
  errorCode: Type.String(),
  description: Type.String(),
  action: Type.String(),
  violations: Type.Array(Type.Object({ property: Type.String(), violation: Type.String() })),
  resources: Type.Array(Type.Object({ name: Type.String(), url: Type.String() })),
});

/** An HTTP status that `serviceException` knows. */
export type ErrorHttpStatus = keyof typeof SERVICE_EXCEPTIONS;

/** The old form (Infobip 1.3). `text` replaces the standard sentence; `validationErrors` belongs to 400 only. */
export function serviceException(
  httpStatus: ErrorHttpStatus,
  options: { text?: string; validationErrors?: Violations } = {},
): object {
  const [messageId, standard] = SERVICE_EXCEPTIONS[httpStatus];
  const exception = { messageId, text: options.text ?? standard };
  const { validationErrors } = options;
  return {
    requestError: { serviceException: validationErrors === undefined ? exception : { ...exception, validationErrors } },
  };
}

/** The new form (Infobip 1.3); all five fields are always there. `errorCode` is `E` + HTTP status unless a specific one is given. */
export function apiError(
  httpStatus: number,
  error: { errorCode?: string; description: string; action: string; violations?: Violations },
): object {
  const violations = Object.entries(error.violations ?? {}).flatMap(([property, phrases]) =>
    phrases.map((violation) => ({ property, violation })),
  );
  return {
    errorCode: error.errorCode ?? `E${httpStatus}`,
    description: error.description,
    action: error.action,
    violations,
    resources: [],
  };
}
