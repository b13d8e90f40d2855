// A template as the sandbox remembers it, and a resumable upload.
import Type, { type Static } from 'typebox';
import { Component } from './component.js';

const At = Type.Number();
const MaybeAt = Type.Union([Type.Null(), At]);
const MaybeText = Type.Union([Type.Null(), Type.String()]);

/** Categories (Meta 4.2). */
export const CATEGORIES = ['MARKETING', 'UTILITY', 'AUTHENTICATION'] as const;
export const Category = Type.Enum([...CATEGORIES]);
export type Category = Static<typeof Category>;

/** Quality scores (Meta 4.2). */
export const QUALITY_SCORES = ['GREEN', 'YELLOW', 'RED', 'UNKNOWN'] as const;
const QualityScore = Type.Enum([...QUALITY_SCORES]);
export type QualityScore = Static<typeof QualityScore>;

const TemplateStatus = Type.Enum([
  'PENDING',
  'APPROVED',
  'REJECTED',
  'PAUSED',
  'DISABLED',
  'PENDING_DELETION',
  'DELETED',
]);

const contentParts = {
  parameterFormat: Type.Enum(['POSITIONAL', 'NAMED']),
  components: Type.Array(Component),
};
const Content = Type.Object(contentParts);
/** What messages are made from. */
export type Content = Static<typeof Content>;

/**
 * One template in one language. `live` is what was approved last and may be sent. `reviewAt` is when the pending review decides
 * (null: nobody does by itself), `recategorisation` a change of category to come. A deleted one stays as long as its name is locked.
 */
export const TemplateRecord = Type.Object({
  id: Type.String(),
  wabaId: Type.String(),
  name: Type.String(),
  language: Type.String(),
  category: Category,
  status: TemplateStatus,
  ...contentParts,
  live: Type.Union([Type.Null(), Content]),
  subCategory: MaybeText,
  ttlSeconds: Type.Union([Type.Null(), Type.Number()]),
  isTrackingOff: Type.Boolean(),
  previousCategory: MaybeText,
  rejectedReason: Type.String(),
  quality: Type.Object({ score: QualityScore, at: At }),
  pauses: Type.Number(),
  createdAt: At,
  approvedAt: MaybeAt,
  edits: Type.Array(At),
  reviewAt: MaybeAt,
  pausedUntil: MaybeAt,
  recategorisation: Type.Union([Type.Null(), Type.Object({ category: Category, at: At })]),
  deletedAt: MaybeAt,
});
export type Template = Static<typeof TemplateRecord>;

/** How reviews end by themselves. `delayMs` is on the sandbox's clock; `reason` is for `reject`. */
export const Reviews = Type.Object({
  mode: Type.Enum(['approve', 'reject', 'manual']),
  delayMs: Type.Integer({ minimum: 0, maximum: 30 * 86_400_000 }),
  reason: Type.String({ minLength: 1, maxLength: 512 }),
  /** Creations that a WABA may ask for in an hour. */
  creationsPerHour: Type.Integer({ minimum: 0, maximum: 1_000_000 }),
});
export type Reviews = Static<typeof Reviews>;

/** A resumable upload (Meta 3). `head` is what its first bytes are, in base64, for the check of the type. */
export const UploadRecord = Type.Object({
  id: Type.String(),
  appToken: Type.String(),
  fileType: Type.String(),
  fileBytes: Type.Number(),
  receivedBytes: Type.Number(),
  head: Type.String(),
  createdAt: At,
});
export type Upload = Static<typeof UploadRecord>;

/** The id of a template among all of all WABAs. */
export function templateKey(wabaId: string, name: string, language: string): string {
  return `${wabaId}:${name}:${language}`;
}

/** Moves a template's times that lie ahead of `now` to it, when the clock was set back. */
export function rewind(template: Template, now: number): void {
  const back = (at: number | null): number | null => (at === null ? null : Math.min(at, now));
  template.createdAt = Math.min(template.createdAt, now);
  template.approvedAt = back(template.approvedAt);
  template.edits = template.edits.filter((at) => at <= now);
  template.reviewAt = back(template.reviewAt);
  template.pausedUntil = back(template.pausedUntil);
  template.deletedAt = back(template.deletedAt);
  template.quality.at = Math.min(template.quality.at, now);
}
