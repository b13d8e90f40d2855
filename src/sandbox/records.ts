// What the sandbox remembers, as plain JSON records: one schema each, so that a state file or a snapshot is checked when it is read.
import Type, { type Static } from 'typebox';
import { FileFacts } from './media/facts.js';
import { Category, Reviews } from './templates/record.js';
import { Rendered } from './templates/rendered.js';

/** Digits of a phone number with country code, as WhatsApp writes a `wa_id`. */
export const PhoneDigits = Type.String({ pattern: '^[1-9][0-9]{4,14}$' });

/** Epoch milliseconds on the sandbox's clock. */
const At = Type.Number();

/** A Graph app: who may call (`token`) and where webhooks go. One app may own several WABAs. */
export const AppRecord = Type.Object({
  appId: Type.String(),
  appSecret: Type.String(),
  verifyToken: Type.String(),
  callbackUrl: Type.String(),
  token: Type.String(),
});
export type App = Static<typeof AppRecord>;

/** A WhatsApp Business Account. `openFor`: users that count as having just written, at creation and after each reset. */
export const WabaRecord = Type.Object({
  wabaId: Type.String(),
  appToken: Type.String(),
  phoneNumberIds: Type.Array(Type.String()),
  openFor: Type.Array(Type.String()),
  subscribed: Type.Boolean(),
  override: Type.Union([Type.Null(), Type.Object({ callbackUrl: Type.String(), verifyToken: Type.String() })]),
});
export type Waba = Static<typeof WabaRecord>;

/** A business phone number. `throughput` is messages per second. */
export const NumberRecord = Type.Object({
  phoneNumberId: Type.String(),
  number: Type.String(),
  wabaId: Type.String(),
  throughput: Type.Number(),
  /** Whether messages of users name their identities (`user_identity_change` of Meta's settings); off by default. */
  identityCheck: Type.Optional(Type.Boolean()),
  /** The public key for data endpoints of flows, PEM. */
  flowKey: Type.Optional(Type.String()),
});
export type BusinessNumber = Static<typeof NumberRecord>;

/** A WhatsApp user. Only users that differ from the default, or were in touch with a number, have a record. */
export const UserRecord = Type.Object({
  number: Type.String(),
  exists: Type.Boolean(),
  online: Type.Boolean(),
  readReceipts: Type.Boolean(),
  blocked: Type.Boolean(),
  profileName: Type.String(),
  lastPhoneNumberId: Type.Union([Type.Null(), Type.String()]),
  /** Whether the business sees only the user's id (BSUID) and, if there is one, the username (Meta 2.9). */
  numberHidden: Type.Optional(Type.Boolean()),
  username: Type.Optional(Type.String()),
  /** What `recipient_identity_key_hash` is compared with. */
  identityHash: Type.Optional(Type.String()),
  /** The code with which every message to the user fails after acceptance. */
  failWith: Type.Optional(Type.Integer()),
  /** Whether the user wants no marketing messages. */
  refusesMarketing: Type.Optional(Type.Boolean()),
  /** Most marketing templates that reach the user in 24 hours; unlimited without. */
  marketingMax: Type.Optional(Type.Integer()),
});
export type User = Static<typeof UserRecord>;

/** A business number and a user that wrote to it. `unread`: inbound ids not yet marked as read, oldest first. */
export const PairRecord = Type.Object({
  phoneNumberId: Type.String(),
  user: Type.String(),
  lastInboundAt: At,
  unread: Type.Array(Type.String()),
  /** Until when the business shows the user that it is typing. */
  typingUntil: Type.Optional(At),
});
export type Pair = Static<typeof PairRecord>;

/** Why a message failed, as the `errors` of a failed status say it. */
const FailureRecord = Type.Object({ code: Type.Number(), title: Type.String(), details: Type.String() });
export type Failure = Static<typeof FailureRecord>;

/** States of a message in their order; `failed` stands outside the order. */
export const STATUS_NAMES = ['sent', 'delivered', 'read', 'played', 'failed'] as const;
const StatusName = Type.Enum([...STATUS_NAMES]);
export type StatusName = (typeof STATUS_NAMES)[number];

/** One step that progress will take by itself, `afterMs` after the one before. */
const StepRecord = Type.Object({ status: StatusName, afterMs: Type.Number() });
export type Step = Static<typeof StepRecord>;

/** A file that an outbound message carries, at `path` of its body; `mediaId` is null until its link was fetched. */
const MediaUseRecord = Type.Object({
  path: Type.String(),
  kind: Type.Enum(['image', 'audio', 'video', 'document', 'sticker']),
  isVoice: Type.Boolean(),
  link: Type.Union([Type.Null(), Type.String()]),
  mediaId: Type.Union([Type.Null(), Type.String()]),
});
export type MediaUse = Static<typeof MediaUseRecord>;

/** A message either way. `awaitsMedia` while links are fetched: nothing else happens to it then. `nextAt` is when `plan[0]` happens; null waits for the user to come online. */
export const MessageRecord = Type.Object({
  seq: Type.Number(),
  id: Type.String(),
  direction: Type.Enum(['out', 'in']),
  from: Type.String(),
  to: Type.String(),
  phoneNumberId: Type.String(),
  type: Type.String(),
  payload: Type.Unknown(),
  bizOpaque: Type.Union([Type.Null(), Type.String()]),
  acceptedAt: At,
  graphMajor: Type.Number(),
  statuses: Type.Array(Type.Object({ status: StatusName, at: At })),
  plan: Type.Array(StepRecord),
  nextAt: Type.Union([Type.Null(), At]),
  failure: Type.Union([Type.Null(), FailureRecord]),
  media: Type.Optional(Type.Array(MediaUseRecord)),
  awaitsMedia: Type.Optional(Type.Boolean()),
  /** Of a template message: the template, its category when it was sent, and what it shows. */
  template: Type.Optional(Type.Object({ id: Type.String(), category: Category, rendered: Rendered })),
  /** The header `traceparent` that it came with. */
  traceparent: Type.Optional(Type.String()),
  /** Why the flow of the message opens no more: what its endpoint said with 427. */
  flowEnded: Type.Optional(Type.String()),
});
export type Message = Static<typeof MessageRecord>;

/** A file of the media library; its bytes are on disk. `sha256` is base64. */
export const MediaRecord = Type.Object({
  id: Type.String({ pattern: '^[0-9]{1,32}$' }),
  wabaId: Type.String(),
  phoneNumberId: Type.String(),
  source: Type.Enum(['upload', 'link', 'inbound']),
  mimeType: Type.String(),
  filename: Type.Union([Type.Null(), Type.String()]),
  bytes: Type.Integer({ minimum: 0 }),
  sha256: Type.String(),
  facts: FileFacts,
  createdAt: At,
  expiresAt: At,
});
export type Media = Static<typeof MediaRecord>;

/** One thing that a webhook tells: a status, an inbound message, or a change of another `field`, whose whole value is `fragment`. Updates of one `key` are delivered in order. */
const UpdateRecord = Type.Object({
  kind: Type.Enum(['status', 'message', 'field']),
  field: Type.Optional(Type.String()),
  /** Of a change of a field that has one: when, epoch seconds. */
  time: Type.Optional(Type.Number()),
  key: Type.String(),
  wabaId: Type.String(),
  phoneNumberId: Type.String(),
  number: Type.String(),
  user: Type.String(),
  contact: Type.Union([Type.Null(), Type.Unknown()]),
  fragment: Type.Unknown(),
});
export type Update = Static<typeof UpdateRecord>;

/** One try to deliver a webhook. `httpStatus` is null when no answer came. */
const AttemptRecord = Type.Object({
  at: At,
  httpStatus: Type.Union([Type.Null(), Type.Number()]),
  durationMs: Type.Number(),
  error: Type.Optional(Type.String()),
});

/** A webhook: one POST body and its attempts. `body` is fixed by the first attempt; `updates` are dropped when it is over. */
export const WebhookRecord = Type.Object({
  seq: Type.Number(),
  url: Type.String(),
  wabaId: Type.String(),
  updates: Type.Array(UpdateRecord),
  body: Type.Union([Type.Null(), Type.String()]),
  attempts: Type.Array(AttemptRecord),
  state: Type.Enum(['waiting', 'done', 'dead']),
  dueAt: Type.Union([Type.Null(), At]),
});
export type Webhook = Static<typeof WebhookRecord>;

/** What a fault matches on; all given fields must match. */
export const FaultMatch = Type.Object(
  {
    method: Type.Optional(Type.String({ minLength: 1, maxLength: 10 })),
    path: Type.Optional(Type.String({ minLength: 1, maxLength: 2048 })),
    phoneNumberId: Type.Optional(Type.String({ minLength: 1, maxLength: 64 })),
    user: Type.Optional(Type.String({ minLength: 1, maxLength: 64 })),
    field: Type.Optional(Type.String({ minLength: 1, maxLength: 64 })),
  },
  { additionalProperties: false },
);
export type FaultMatch = Static<typeof FaultMatch>;

/** What a fault does. `latencyMs` is real time. */
export const FaultEffect = Type.Object(
  {
    latencyMs: Type.Optional(Type.Integer({ minimum: 0, maximum: 600_000 })),
    httpStatus: Type.Optional(Type.Integer({ minimum: 200, maximum: 599 })),
    code: Type.Optional(Type.Integer({ minimum: 0, maximum: 9_999_999 })),
    loseResponse: Type.Optional(Type.Boolean()),
    drop: Type.Optional(Type.Boolean()),
    duplicate: Type.Optional(Type.Boolean()),
    reorder: Type.Optional(Type.Boolean()),
  },
  { additionalProperties: false, minProperties: 1 },
);
export type FaultEffect = Static<typeof FaultEffect>;

/** When a matching call is hit: always, the next n, every nth, or with a probability from a seeded sequence. */
export const FaultWhen = Type.Union([
  Type.Object({ always: Type.Literal(true) }, { additionalProperties: false }),
  Type.Object({ next: Type.Integer({ minimum: 1 }) }, { additionalProperties: false }),
  Type.Object({ every: Type.Integer({ minimum: 1 }) }, { additionalProperties: false }),
  Type.Object(
    { probability: Type.Number({ minimum: 0, maximum: 1 }), seed: Type.Integer() },
    { additionalProperties: false },
  ),
]);
export type FaultWhen = Static<typeof FaultWhen>;

/** A fault. `seen` counts matches, `hits` those that took effect. */
export const FaultRecord = Type.Object({
  id: Type.String(),
  on: Type.Enum(['graph', 'webhook']),
  match: FaultMatch,
  effect: FaultEffect,
  when: FaultWhen,
  seen: Type.Number(),
  hits: Type.Number(),
});
export type Fault = Static<typeof FaultRecord>;

const DelayMs = Type.Union([Type.Null(), Type.Integer({ minimum: 0, maximum: 30 * 86_400_000 })]);

/** How messages get on by themselves. Delays count from acceptance; null is never. `batchMax`: updates a webhook may carry. */
export const Progress = Type.Object({
  mode: Type.Enum(['immediate', 'timed', 'manual']),
  sentMs: DelayMs,
  deliveredMs: DelayMs,
  readMs: DelayMs,
  batchMax: Type.Integer({ minimum: 1, maximum: 1000 }),
});
export type Progress = Static<typeof Progress>;

/** The one record of settings. The counters number messages and webhooks; `verified` are callbacks whose handshake passed. */
export const SettingsRecord = Type.Object({
  progress: Progress,
  window: Type.Enum(['enforced', 'open']),
  clockOffsetMs: Type.Number(),
  reviews: Reviews,
  /** How long a flow's endpoint may take, ms; 10,000 without. */
  flowTimeoutMs: Type.Optional(Type.Integer()),
  nextMessageSeq: Type.Number(),
  nextWebhookSeq: Type.Number(),
  verified: Type.Array(Type.String()),
});
export type Settings = Static<typeof SettingsRecord>;
