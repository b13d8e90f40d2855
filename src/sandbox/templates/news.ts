// What webhooks tell of a template (Meta 2.4).
import type { Update } from '../records.js';
import type { QualityScore, Template } from './record.js';

/** Why a template was rejected, as Meta names it. */
const REASONS: ReadonlySet<string> = new Set([
  'ABUSIVE_CONTENT',
  'INCORRECT_CATEGORY',
  'INVALID_FORMAT',
  'PROMOTIONAL',
  'SCAM',
  'TAG_CONTENT_MISMATCH',
]);
const REASON_OF_OTHERS = 'INVALID_FORMAT';
const RECOMMENDATION = 'Edit the template and submit it again.';

/** Meta's name of a reason: the reason itself, or INVALID_FORMAT for one in other words. */
export function reasonName(reason: string): string {
  return REASONS.has(reason) ? reason : REASON_OF_OTHERS;
}

/** A status that the template has now. `event` is Meta's word; `extra` what some events have beside it. */
export function statusNews(
  template: Template,
  event: string,
  { reason = 'NONE', at, ...extra }: { reason?: string | null; at: number } & Record<string, unknown>,
): Update {
  return news(template, 'message_template_status_update', at, {
    event,
    ...about(template),
    reason,
    message_template_category: template.category,
    ...extra,
  });
}

/** A rejection; a reason in words of one's own goes into `rejection_info`. */
export function rejectionNews(template: Template, reason: string, at: number): Update {
  const info = REASONS.has(reason) ? {} : { rejection_info: { reason, recommendation: RECOMMENDATION } };
  return statusNews(template, 'REJECTED', { reason: reasonName(reason), at, ...info });
}

/** A quality score that changed. */
export function qualityNews(template: Template, previous: QualityScore, at: number): Update {
  return news(template, 'message_template_quality_update', at, {
    previous_quality_score: previous,
    new_quality_score: template.quality.score,
    ...about(template),
  });
}

/** A category that will change at `changesAt`. */
export function categoryWarning(template: Template, next: string, changesAt: number, at: number): Update {
  return news(template, 'template_category_update', at, {
    ...about(template),
    new_category: template.category,
    correct_category: next,
    category_update_timestamp: seconds(changesAt),
  });
}

/** A category that has changed. */
export function categoryNews(template: Template, previous: string, at: number): Update {
  return news(template, 'template_category_update', at, {
    ...about(template),
    previous_category: previous,
    new_category: template.category,
  });
}

function about({ id, name, language }: Template): Record<string, unknown> {
  return { message_template_id: Number(id), message_template_name: name, message_template_language: language };
}

function news(template: Template, field: string, at: number, value: unknown): Update {
  return {
    kind: 'field',
    field,
    time: seconds(at),
    key: `template:${template.id}`,
    wabaId: template.wabaId,
    phoneNumberId: '',
    number: '',
    user: '',
    contact: null,
    fragment: value,
  };
}

function seconds(ms: number): number {
  return Math.floor(ms / 1000);
}
