// The states of a message, the events that move it, what is reported of them, and Infobip's status objects (Infobip 3).

/**
 * What can happen to a message, as stored (smallint). 1 to 19 are facts that move the state and stand in its order:
 * accepted (0, no event) < submitted < sent < expired < failed < delivered < read < played. From 20 on they are diagnostic and move nothing.
 */
export const EventKind = {
  /** Meta answered the send with 200 and a wamid. */
  submitted: 1,
  sent: 2,
  expired: 3,
  /** Meta's final failure, or a business refusal of our own (the status object says which). */
  failed: 4,
  delivered: 5,
  read: 6,
  /** A voice message was played; kept, not reported. */
  played: 7,
  /** Meta refused an attempt that is tried again. */
  refused: 21,
  /** An attempt was written and its answer lost. */
  unknown: 22,
  /** Of the short message that was sent instead: the provider has it; nobody knows whether it has; how it ended. */
  smsSubmitted: 31,
  smsUnknown: 32,
  smsExpired: 33,
  smsFailed: 34,
  smsDelivered: 35,
} as const;

/** Kinds from here on are for people only. */
const DIAGNOSTIC_FROM = 20;

/** Whether an event is one of the short message that was sent instead. */
export function isOfSms(kind: number): boolean {
  return kind >= EventKind.smsSubmitted;
}

/** One of the numbers of `EventKind`. */
export type EventKind = (typeof EventKind)[keyof typeof EventKind];

/** State of a message without any event: accepted and stored. */
export const ACCEPTED = 0;

const names = new Map<number, keyof typeof EventKind>();
for (const name of [
  'submitted',
  'sent',
  'expired',
  'failed',
  'delivered',
  'read',
  'played',
  'refused',
  'unknown',
  'smsSubmitted',
  'smsUnknown',
  'smsExpired',
  'smsFailed',
  'smsDelivered',
] as const) {
  names.set(EventKind[name], name);
}

/** The name of a state or kind as people read it: `accepted`, `sent`. Throws RangeError on a number that is none. */
export function stateName(kind: number): string {
  if (kind === ACCEPTED) return 'accepted';
  const name = names.get(kind);
  if (name === undefined) throw new RangeError(`no event kind ${kind}`);
  return name;
}

/** Whether events of this kind move a message's state. */
export function isProgress(kind: EventKind): boolean {
  return kind < DIAGNOSTIC_FROM;
}

/** Which report a customer gets of a kind: a delivery report, a seen report, or none (P4). */
export function reportOf(kind: EventKind): 'delivery' | 'seen' | undefined {
  switch (kind) {
    case EventKind.expired:
    case EventKind.failed:
    case EventKind.delivered:
    case EventKind.smsExpired:
    case EventKind.smsFailed:
    case EventKind.smsDelivered:
      return 'delivery';
    case EventKind.read:
      return 'seen';
    default:
      return undefined;
  }
}

/** The event kind of a status word in Meta's webhook; undefined for a word that we do not know (Meta 2.3). */
export function kindOfWire(status: string): EventKind | undefined {
  switch (status) {
    case 'sent':
      return EventKind.sent;
    case 'delivered':
      return EventKind.delivered;
    case 'read':
      return EventKind.read;
    case 'played':
      return EventKind.played;
    case 'failed':
      return EventKind.failed;
    default:
      return undefined;
  }
}

/** Infobip's status object (Infobip 3). */
export interface StatusObject {
  groupId: number;
  groupName: string;
  id: number;
  name: string;
  description: string;
  action?: string;
}

/** Ids of the statuses that our own code gives; the rest come out of the error table. */
export const StatusId = {
  deliveredToHandset: 5,
  pendingEnroute: 7,
  rejectedSource: 11,
  undeliverableRejectedOperator: 4,
  undeliverableNotDelivered: 9,
  expired: 15,
  rejectedRouteNotAvailable: 19,
  rejectedSystemError: 21,
  rejectedDuplicateMessageId: 23,
  rejectedMessageTooLong: 25,
  pendingAccepted: 26,
  expiredDlrUnknown: 29,
  notSent: 31,
  rejectedDestination: 52,
  rejectedPlatform: 100,
} as const;

const GROUPS = ['ACCEPTED', 'PENDING', 'UNDELIVERABLE', 'DELIVERED', 'EXPIRED', 'REJECTED'] as const;

type Row = [id: number, groupId: number, name: string, description: string, action?: string];

// Infobip 3 and its code list. 87 is listed under groups 4 and 5 there; a message it stops never left, so 5.
const ROWS: readonly Row[] = [
  [2, 3, 'DELIVERED_TO_OPERATOR', 'Message handed to the next operator'],
  [3, 1, 'PENDING_WAITING_DELIVERY', 'Message handed over, waiting for its report'],
  [4, 2, 'UNDELIVERABLE_REJECTED_OPERATOR', 'Message refused by WhatsApp'],
  [5, 3, 'DELIVERED_TO_HANDSET', 'Message delivered to handset'],
  [6, 5, 'REJECTED_NETWORK', 'Network is not covered'],
  [7, 1, 'PENDING_ENROUTE', 'Message sent to next instance'],
  [
    8,
    5,
    'REJECTED_PREFIX_MISSING',
    'Number has an unknown prefix or a wrong length',
    'Send to a number in international format.',
  ],
  [9, 2, 'UNDELIVERABLE_NOT_DELIVERED', 'Message could not be delivered to the recipient'],
  [10, 5, 'REJECTED_DND', 'Recipient is on a do-not-disturb list'],
  [11, 5, 'REJECTED_SOURCE', 'Sender is not registered on this account', 'Send from a sender of this account.'],
  [12, 5, 'REJECTED_NOT_ENOUGH_CREDITS', 'Not enough credit'],
  [13, 5, 'REJECTED_SENDER', 'Sender is blocklisted'],
  [14, 5, 'REJECTED_DESTINATION_BLOCKLISTED', 'Recipient is blocklisted'],
  [15, 4, 'EXPIRED_EXPIRED', 'Validity ran out before the message was sent'],
  [17, 5, 'REJECTED_PREPAID_PACKAGE_EXPIRED', 'Credit has expired'],
  [18, 5, 'REJECTED_DESTINATION_NOT_REGISTERED', 'Recipient is not registered'],
  [19, 5, 'REJECTED_ROUTE_NOT_AVAILABLE', 'No route to the recipient'],
  [20, 5, 'REJECTED_FLOODING_FILTER', 'Too many messages to one number'],
  [21, 5, 'REJECTED_SYSTEM_ERROR', 'Message stopped by an internal fault'],
  [23, 5, 'REJECTED_DUPLICATE_MESSAGE_ID', 'messageId was used before', 'Send with another messageId.'],
  [24, 5, 'REJECTED_INVALID_UDH', 'User data header is wrong'],
  [25, 5, 'REJECTED_MESSAGE_TOO_LONG', 'Message is too long'],
  [26, 1, 'PENDING_ACCEPTED', 'Message sent to next instance'],
  [29, 4, 'EXPIRED_DLR_UNKNOWN', 'Validity ran out without a delivery report'],
  [31, 2, 'UNDELIVERABLE_NOT_SENT', 'Message was never sent'],
  [51, 5, 'MISSING_TO', 'Recipient is missing', 'Name a recipient.'],
  [
    52,
    5,
    'REJECTED_DESTINATION',
    'Recipient is not a valid destination',
    'Send to digits of an E.164 number or a user id.',
  ],
  [87, 5, 'SIGNALS_BLOCKED', 'Message stopped by fraud protection'],
  [96, 2, 'NO_ANSWER', 'Call was not answered'],
  [97, 2, 'BUSY', 'Line was busy'],
  [98, 2, 'CANCELLED', 'Call was cancelled'],
  [99, 5, 'REJECTED', 'Call was rejected'],
  [100, 5, 'UNDELIVERABLE_REJECTED_PLATFORM', 'Message is malformed or the service is down'],
];

const statuses = new Map(ROWS.map((row) => [row[0], Object.freeze(toStatus(row))]));

function toStatus([id, groupId, name, description, action]: Row): StatusObject {
  const status = { groupId, groupName: GROUPS[groupId] ?? 'REJECTED', id, name, description };
  return action === undefined ? status : { ...status, action };
}

/** The status object of `id`, shared and frozen. Throws RangeError for an id that Infobip 3 does not name. */
export function statusObject(id: number): StatusObject {
  const status = statuses.get(id);
  if (status === undefined) throw new RangeError(`no status ${id}`);
  return status;
}
