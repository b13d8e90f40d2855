// Infobip's error objects (Infobip 3): what a report says went wrong. Descriptions are our own words.

/** Infobip's error object. */
export interface ErrorObject {
  groupId: number;
  groupName: string;
  id: number;
  name: string;
  description: string;
  permanent: boolean;
}

/** Ids of the errors that our own code gives; the rest come out of the table of Meta's codes. */
export const ErrorId = {
  none: 0,
  smsUnknownError: 255,
  smsProvider: 500,
  invalidDestination: 351,
  invalidSource: 368,
  canceled: 4100,
  validityExpired: 4101,
  badRequest: 7006,
  invalidTemplateArgs: 7008,
  invalidTemplate: 7009,
  providerInternal: 7050,
  providerTimeout: 7051,
  internal: 7080,
  configuration: 7081,
  serviceNotActivated: 7083,
  duplicateRequest: 7280,
} as const;

// Typed clients know these four names only, so 7xxx use them too (Infobip 3, 13).
const GROUPS = ['OK', 'HANDSET_ERRORS', 'USER_ERRORS', 'OPERATOR_ERRORS'] as const;

type Row = [id: number, groupId: number, isPermanent: 0 | 1, name: string, description: string];

// Permanence follows Infobip's code list, also where its page of text says otherwise (368).
const ROWS: readonly Row[] = [
  [0, 0, 0, 'NO_ERROR', 'No Error'],
  [255, 1, 0, 'EC_UNKNOWN_ERROR', 'SMS could not be delivered'],
  [351, 2, 0, 'EC_INVALID_DESTINATION_ADDRESS', 'Recipient is not a valid destination'],
  [368, 2, 1, 'EC_INVALID_SOURCE_ADDRESS', 'Sender is not registered on this account'],
  [500, 1, 0, 'EC_PROVIDER_GENERAL_ERROR', 'SMS was refused by its provider'],
  [579, 2, 1, 'EC_DEST_ADDRESS_NOT_IN_SMS_DEMO', 'Recipient is not on the list of test numbers'],
  [608, 2, 0, 'EC_SIGNALS_BLOCKED', 'Stopped by fraud protection'],
  [2052, 2, 1, 'EC_BLACKLISTED_DESTINATIONADDRESS', 'Recipient is blocklisted'],
  [2053, 2, 1, 'EC_BLACKLISTED_SENDERADDRESS', 'Sender is blocklisted'],
  [4100, 2, 1, 'EC_MESSAGE_CANCELED', 'Message was cancelled'],
  [4101, 2, 1, 'EC_VALIDITY_EXPIRED', 'Validity ran out'],
  [4103, 2, 1, 'EC_DESTINATION_FLOODING', 'Too many messages to one number'],
  [4104, 2, 1, 'EC_DESTINATION_TXT_FLOODING', 'Same text sent too often to one number'],
  [5492, 3, 1, 'EC_DUPLICATE_MESSAGE', 'Message was sent before'],
  [7001, 1, 1, 'EC_UNKNOWN_APPLICATION', 'Sender is unknown to WhatsApp'],
  [7002, 1, 1, 'EC_UNKNOWN_USER', 'Recipient cannot be reached on WhatsApp'],
  [7003, 1, 1, 'EC_BLOCKED_USER', 'Recipient is blocked or has opted out'],
  [7004, 1, 1, 'EC_UNAUTHORIZED_ACCESS', 'Credentials for WhatsApp are wrong or expired'],
  [7005, 1, 1, 'EC_FORBIDDEN_ACCESS', 'Sender lacks a permission'],
  [7006, 1, 1, 'EC_BAD_REQUEST', 'WhatsApp refused the request'],
  [7007, 1, 1, 'EC_ILLEGAL_TRAFFIC_TYPE', 'Content does not fit the kind of traffic of the sender'],
  [7008, 1, 1, 'EC_INVALID_TEMPLATE_ARGS', 'Template arguments are missing or wrong'],
  [7009, 1, 1, 'EC_INVALID_TEMPLATE', 'Template is unknown or not approved'],
  [7010, 1, 1, 'EC_NO_SESSION', 'More than 24 hours since the last message of the recipient'],
  [7011, 1, 1, 'EC_ACCOUNT_ISSUE', 'WhatsApp account is locked or restricted'],
  [7012, 1, 0, 'EC_DEPLOYMENT_CONFIGURATION_ERROR', 'Sender is not configured completely'],
  [7013, 1, 0, 'EC_MEDIA_HOSTING_ERROR', 'Media could not be hosted'],
  [7014, 1, 0, 'EC_MEDIA_UPLOAD_ERROR', 'Media could not be fetched or uploaded'],
  [7015, 1, 1, 'EC_MEDIA_METADATA_ERROR', 'Media has a wrong type or size'],
  [7016, 1, 1, 'EC_SPAM_RATE', 'Sender is limited because of its quality'],
  [7017, 1, 0, 'EC_TOO_MANY_REQUESTS', 'Too many requests to WhatsApp'],
  [7018, 1, 1, 'EC_INTERNAL_BAD_MAPPING', 'Internal mapping fault'],
  [7019, 1, 1, 'EC_PROVIDER_BILLING_ERROR', 'Billing trouble with WhatsApp'],
  [7020, 1, 1, 'EC_DEVICE_REPRODUCTION_ERROR', 'Device of the recipient cannot show it'],
  [7021, 1, 1, 'EC_LIMITED_FUNCTIONALITY', 'WhatsApp restricts this function'],
  [7022, 1, 1, 'EC_MEDIA_UNSUPPORTED', 'Type of the message or media is not supported'],
  [7023, 1, 1, 'EC_DATA_MISMATCH', 'Data is inconsistent'],
  [7024, 1, 0, 'EC_NOT_ALLOWED_SENDING_TIME', 'Outside the permitted time'],
  [7025, 1, 1, 'EC_UNSUPPORTED_MOBILE_APP_VERSION', 'App of the recipient is too old'],
  [7026, 1, 1, 'EC_MESSAGE_TYPE_EXHAUSTED', 'Limit of this message type is reached'],
  [7027, 1, 1, 'EC_BLOCKED_CONTENT', 'Content is against the policy of WhatsApp'],
  [7029, 1, 1, 'EC_USER_IDENTITY_CHANGED', 'Identity of the recipient changed and is not confirmed'],
  [7030, 1, 1, 'EC_TEMPLATE_BLOCKED_BY_USER', 'Recipient blocked this template'],
  [7031, 1, 1, 'EC_INVALID_WA_FLOW', 'Flow is in a wrong state or mode'],
  [7032, 1, 1, 'EC_FREQUENCY_CAPPING', 'WhatsApp withheld a marketing message from this recipient'],
  [7033, 1, 1, 'EC_MARKETING_OPT_OUT', 'Recipient opted out of marketing'],
  [7034, 1, 1, 'EC_SENDER_NOT_REGISTERED', 'Sender is not registered on WhatsApp'],
  [7035, 1, 0, 'EC_CALL_PERMISSION_REQUEST_FAILED', 'Quota of call permission requests is reached'],
  [7036, 2, 0, 'EC_TEMPLATE_NOT_SYNCED', 'Template is still being synchronised'],
  [7037, 2, 0, 'EC_TEMPLATE_NOT_AVAILABLE', 'Template is not available'],
  [7038, 2, 1, 'EC_INVALID_WA_ACCOUNT_TYPE', 'WhatsApp account cannot send this category'],
  [7050, 2, 0, 'EC_PROVIDER_INTERNAL_ERROR', 'WhatsApp failed to process the message'],
  [7051, 2, 0, 'EC_PROVIDER_TIMEOUT', 'WhatsApp did not answer'],
  [7052, 2, 1, 'EC_PROVIDER_DR_ERROR', 'WhatsApp reported a failure without a known reason'],
  [7080, 3, 1, 'EC_INTERNAL_ERROR', 'Internal fault'],
  [7081, 3, 1, 'EC_CONFIGURATION_ERROR', 'Configuration fault'],
  [7082, 3, 1, 'EC_TEMPORARY_GATEWAY_ERROR', 'Gateway fault'],
  [7083, 3, 1, 'EC_SERVICE_NOT_ACTIVATED', 'Service is not activated'],
  [7084, 3, 1, 'EC_MISSING_SENDER_METADATA', 'Data of the sender is missing'],
  [7102, 1, 1, 'EC_PHONE_MATCHING_DISABLED', 'Phone matching is disabled'],
  [7201, 1, 1, 'EC_UNSUPPORTED_DEVICE', 'Device of the recipient is not supported'],
  [7280, 3, 1, 'EC_DUPLICATE_REQUEST', 'messageId was used before'],
  [7281, 3, 1, 'EC_BAD_ORIGIN', 'Origin is not allowed'],
];

const errors = new Map(ROWS.map((row) => [row[0], Object.freeze(toError(row))]));

function toError([id, groupId, isPermanent, name, description]: Row): ErrorObject {
  return {
    groupId,
    groupName: GROUPS[groupId] ?? 'OPERATOR_ERRORS',
    id,
    name,
    description,
    permanent: isPermanent === 1,
  };
}

/** Every id of the table, in its order. */
export const errorIds: readonly number[] = ROWS.map(([id]) => id);

/** The error object of `id`, shared and frozen. Throws RangeError for an id that is not in the table. */
export function errorObject(id: number): ErrorObject {
  const error = errors.get(id);
  if (error === undefined) throw new RangeError(`no error ${id}`);
  return error;
}
