// A template as the user sees it: every text with its parameters in place.
import Type, { type Static } from 'typebox';

const Json = Type.Record(Type.String(), Type.Unknown());
const RenderedHeader = Type.Object({
  type: Type.Enum(['text', 'image', 'video', 'gif', 'document', 'location', 'product']),
  /** Of a text header. */
  text: Type.Optional(Type.String()),
  /** Of a file: where the message names it, as in `media` of the message. */
  path: Type.Optional(Type.String()),
  filename: Type.Optional(Type.String()),
  location: Type.Optional(Json),
  product: Type.Optional(Json),
});
export type RenderedHeader = Static<typeof RenderedHeader>;

/** How a code gets to the app that wants it: copied, by one tap, or by itself. */
export const OTP_KINDS = ['copy_code', 'one_tap', 'zero_tap'] as const;
export type OtpKind = (typeof OTP_KINDS)[number];

const RenderedButton = Type.Object({
  type: Type.Enum([
    'quick_reply',
    'url',
    'phone_number',
    'copy_code',
    'catalog',
    'mpm',
    'spm',
    'flow',
    'voice_call',
    'order_details',
    'otp',
    'request_contact_info',
  ]),
  text: Type.String(),
  /** What comes back when it is tapped. */
  payload: Type.Optional(Type.String()),
  url: Type.Optional(Type.String()),
  phone_number: Type.Optional(Type.String()),
  /** What is copied. */
  code: Type.Optional(Type.String()),
  /** How the code of an `otp` button is handed over. */
  otp: Type.Optional(Type.Enum([...OTP_KINDS])),
  /** The rest of what such a button carries: flow, sections, order. */
  action: Type.Optional(Json),
});
export type RenderedButton = Static<typeof RenderedButton>;

const RenderedCard = Type.Object({
  header: Type.Optional(RenderedHeader),
  body: Type.Optional(Type.String()),
  buttons: Type.Array(RenderedButton),
});
export type RenderedCard = Static<typeof RenderedCard>;

/** What a template message shows. */
export const Rendered = Type.Object({
  header: Type.Optional(RenderedHeader),
  body: Type.String(),
  footer: Type.Optional(Type.String()),
  offer: Type.Optional(Type.Object({ text: Type.String(), expiresAt: Type.Optional(Type.Number()) })),
  buttons: Type.Array(RenderedButton),
  cards: Type.Optional(Type.Array(RenderedCard)),
  /** Whether it asks for permission to call. */
  asksForCalls: Type.Optional(Type.Boolean()),
  orderStatus: Type.Optional(Json),
});
export type Rendered = Static<typeof Rendered>;
