// The life of a template: review, quality, pauses, changes of category, deletion; each step told by a webhook (Meta 4.2).
import type { Callbacks } from '../callbacks.js';
import { createDueList } from '../due.js';
import type { World } from '../world.js';
import { categoryNews, categoryWarning, qualityNews, reasonName, rejectionNews, statusNews } from './news.js';
import { type Category, type QualityScore, type Template, templateKey } from './record.js';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** How long a first and a second pause last; the third is for good. */
const PAUSES_MS = [3 * HOUR_MS, 6 * HOUR_MS] as const;
const PAUSE_TITLES = ['FIRST_PAUSE', 'SECOND_PAUSE'] as const;
/** How long the name of a deleted approved template stays locked, and messages from it are still tried. */
export const NAME_LOCK_MS = 30 * DAY_MS;

/** What happens to templates. All changes are kept and told by webhook. */
export interface TemplateLife {
  /** Keeps a new or edited template and lets its review begin. */
  submit(template: Template): void;
  approve(template: Template): void;
  /** `reason` is one of Meta's words, or words of one's own. */
  reject(template: Template, reason: string): void;
  /** For 3 hours, then for 6; the third time it is disabled. */
  pause(template: Template): void;
  unpause(template: Template): void;
  disable(template: Template): void;
  /** RED also pauses it. */
  setQuality(template: Template, score: QualityScore): void;
  /** At once, or announced now and done `inMs` later. */
  recategorise(template: Template, category: Category, inMs: number): void;
  /** Deletes it; while messages from it are undelivered it is PENDING_DELETION. */
  remove(template: Template): void;
  /** Finds its work anew in the world, after a load or a reset. */
  rebuild(): void;
  stop(): void;
}

/** A life with nothing due; call `rebuild` when the world was loaded. */
export function createTemplateLife(world: World, callbacks: Callbacks): TemplateLife {
  const due = createDueList<Template>(world.clock, advance);
  const now = () => world.clock.now();

  function keep(template: Template): void {
    world.templates.put(templateKey(template.wabaId, template.name, template.language), template);
    const dueAt = nextOf(template);
    if (dueAt !== null) due.add(dueAt, template);
  }

  /** Does what has become due. An entry that was overtaken finds nothing to do. */
  function advance(template: Template): void {
    const key = templateKey(template.wabaId, template.name, template.language);
    if (world.templates.get(key) !== template) return;
    const { reviewAt, pausedUntil, recategorisation, deletedAt } = template;
    if (isDue(reviewAt)) decide(template);
    if (isDue(pausedUntil)) unpause(template);
    if (recategorisation !== null && isDue(recategorisation.at)) changeCategory(template, recategorisation.category);
    if (deletedAt !== null && isDue(deletedAt + NAME_LOCK_MS)) forget(template);
  }

  function isDue(at: number | null): boolean {
    return at !== null && at <= now();
  }

  function decide(template: Template): void {
    const { mode, reason } = world.settings().reviews;
    if (mode === 'reject') reject(template, reason);
    else approve(template);
  }

  function approve(template: Template): void {
    const { components, parameterFormat } = template;
    template.status = 'APPROVED';
    template.live = { components, parameterFormat };
    template.rejectedReason = 'NONE';
    template.approvedAt ??= now();
    template.reviewAt = null;
    template.pausedUntil = null;
    keep(template);
    callbacks.publish(statusNews(template, 'APPROVED', { at: now() }));
  }

  function reject(template: Template, reason: string): void {
    template.status = 'REJECTED';
    template.live = null;
    template.rejectedReason = reasonName(reason);
    template.reviewAt = null;
    template.pausedUntil = null;
    keep(template);
    callbacks.publish(rejectionNews(template, reason, now()));
  }

  function pause(template: Template): void {
    const pauseMs = PAUSES_MS[template.pauses];
    const title = PAUSE_TITLES[template.pauses];
    template.pauses += 1;
    if (pauseMs === undefined || title === undefined) {
      disable(template);
      return;
    }
    template.status = 'PAUSED';
    template.pausedUntil = now() + pauseMs;
    keep(template);
    const description = `Paused for ${pauseMs / HOUR_MS} hours because of negative feedback.`;
    callbacks.publish(statusNews(template, 'PAUSED', { at: now(), other_info: { title, description } }));
  }

  function unpause(template: Template): void {
    template.status = 'APPROVED';
    template.pausedUntil = null;
    keep(template);
    const other_info = { title: 'UNPAUSE', description: 'The pause is over.' };
    callbacks.publish(statusNews(template, 'APPROVED', { at: now(), other_info }));
  }

  function disable(template: Template): void {
    template.status = 'DISABLED';
    template.pausedUntil = null;
    template.reviewAt = null;
    keep(template);
    const disable_info = { disable_date: new Date(now()).toISOString().slice(0, 10) };
    const other_info = { title: 'DISABLED', description: 'Disabled because of negative feedback.' };
    callbacks.publish(statusNews(template, 'DISABLED', { at: now(), disable_info, other_info }));
  }

  function changeCategory(template: Template, category: Category): void {
    const previous = template.category;
    template.recategorisation = null;
    template.previousCategory = previous;
    template.category = category;
    keep(template);
    callbacks.publish(categoryNews(template, previous, now()));
  }

  function forget(template: Template): void {
    world.templates.delete(templateKey(template.wabaId, template.name, template.language));
    if (template.status === 'PENDING_DELETION')
      callbacks.publish(statusNews(template, 'DELETED', { reason: null, at: now() }));
  }

  return {
    submit(template) {
      const { mode, delayMs } = world.settings().reviews;
      template.status = 'PENDING';
      template.reviewAt = mode === 'manual' ? null : now() + delayMs;
      keep(template);
    },
    approve,
    reject,
    pause,
    unpause,
    disable,
    setQuality(template, score) {
      const previous = template.quality.score;
      if (previous === score) return;
      template.quality = { score, at: now() };
      keep(template);
      callbacks.publish(qualityNews(template, previous, now()));
      if (score === 'RED' && template.status === 'APPROVED') pause(template);
    },
    recategorise(template, category, inMs) {
      if (inMs === 0) {
        changeCategory(template, category);
        return;
      }
      template.recategorisation = { category, at: now() + inMs };
      keep(template);
      callbacks.publish(categoryWarning(template, category, template.recategorisation.at, now()));
    },
    remove(template) {
      const isAwaited = template.approvedAt !== null && hasUndelivered(world, template.id);
      template.status = isAwaited ? 'PENDING_DELETION' : 'DELETED';
      template.deletedAt = template.approvedAt === null ? now() - NAME_LOCK_MS : now();
      template.live = null;
      template.reviewAt = null;
      template.pausedUntil = null;
      template.recategorisation = null;
      keep(template);
      callbacks.publish(statusNews(template, template.status, { reason: null, at: now() }));
      advance(template);
    },
    rebuild() {
      due.clear();
      for (const template of world.templates.values()) {
        const dueAt = nextOf(template);
        if (dueAt !== null) due.add(dueAt, template);
      }
    },
    stop: () => due.stop(),
  };
}

/** When something next happens to the template by itself. */
function nextOf({ reviewAt, pausedUntil, recategorisation, deletedAt }: Template): number | null {
  const goneAt = deletedAt === null ? null : deletedAt + NAME_LOCK_MS;
  const times = [reviewAt, pausedUntil, recategorisation?.at ?? null, goneAt].filter((at) => at !== null);
  return times.length === 0 ? null : Math.min(...times);
}

function hasUndelivered(world: World, templateId: string): boolean {
  for (const { template, statuses } of world.messages.values()) {
    if (template?.id !== templateId) continue;
    if (!statuses.some(({ status }) => status !== 'sent')) return true;
  }
  return false;
}
