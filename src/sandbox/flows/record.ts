// A flow as the sandbox keeps it (Meta 5.1).
import Type, { type Static } from 'typebox';

/** Every state of a flow. */
export const FLOW_STATUSES = ['DRAFT', 'PUBLISHED', 'DEPRECATED', 'BLOCKED', 'THROTTLED'] as const;
export type FlowStatus = (typeof FLOW_STATUSES)[number];

/** What a flow may be about. */
export const FLOW_CATEGORIES = [
  'SIGN_UP',
  'SIGN_IN',
  'APPOINTMENT_BOOKING',
  'LEAD_GENERATION',
  'CONTACT_US',
  'CUSTOMER_SUPPORT',
  'SURVEY',
  'OTHER',
] as const;

const Position = {
  line_start: Type.Integer(),
  line_end: Type.Integer(),
  column_start: Type.Integer(),
  column_end: Type.Integer(),
};

/** A flow. `json` is its text as it was given; `errors` what is wrong with that; times are epoch ms on the sandbox's clock. */
export const FlowRecord = Type.Object({
  id: Type.String(),
  wabaId: Type.String(),
  name: Type.String(),
  categories: Type.Array(Type.String()),
  status: Type.Enum([...FLOW_STATUSES]),
  endpointUri: Type.Union([Type.Null(), Type.String()]),
  json: Type.String(),
  version: Type.Union([Type.Null(), Type.String()]),
  errors: Type.Array(
    Type.Object({
      error: Type.String(),
      error_type: Type.Literal('FLOW_JSON_ERROR'),
      message: Type.String(),
      ...Position,
      pointers: Type.Array(Type.Object({ ...Position, path: Type.String() })),
    }),
  ),
  /** In the URL of the JSON. */
  fileKey: Type.String(),
  /** In the URL of the preview, and until when it is good. */
  preview: Type.Union([Type.Null(), Type.Object({ key: Type.String(), expiresAt: Type.Number() })]),
  /** When messages were sent while it was throttled, the last hour's. */
  sentAt: Type.Array(Type.Number()),
  createdAt: Type.Number(),
});
export type Flow = Static<typeof FlowRecord>;
