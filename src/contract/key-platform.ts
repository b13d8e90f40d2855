// Applications and entities that an API key is bound to (Infobip 1.1: platform).
import type { NamedPlatform } from './provisioning.js';
import type { SubscriptionCriterion } from './subscriptions/subscription.js';

/** One of them. Without an action it is only allowed; FILL puts it in where a request names none; FORCE puts it in whatever is named. */
export interface KeyPlatform {
  applicationId: string;
  entityId?: string;
  action?: 'FILL' | 'FORCE';
}

/** An account, as far as the key that acts for it is bound to applications of it; `platform` empty: to none. */
export interface KeyOwner {
  /** Internal id. */
  account: number;
  platform: readonly KeyPlatform[];
}

/** What counts: absent what nobody names. */
export interface BoundPlatform {
  applicationId?: string;
  entityId?: string;
}

/**
 * What counts instead of what a request names, under a key bound to `platform`; undefined when the key may not name it. A key bound to nothing
 * names what it likes. A request that names nothing, with nothing to fill in, stays so: it speaks of no application at all.
 */
export function bindPlatform(platform: readonly KeyPlatform[], given: NamedPlatform): BoundPlatform | undefined {
  const named = namedBy(given);
  if (platform.length === 0) return named;
  const forced = platform.find(({ action }) => action === 'FORCE');
  if (forced !== undefined) return ownOf(forced);
  const fill = platform.find(({ action }) => action === 'FILL');
  const isSilent = named.applicationId === undefined && named.entityId === undefined;
  if (isSilent) return fill === undefined ? named : ownOf(fill);
  const filled = fill === undefined ? named : fillIn(named, fill);
  return platform.some((entry) => isAllowed(entry, filled)) ? filled : undefined;
}

/** What something is about, as far as it says so; null like absent. */
interface AboutPlatform {
  applicationId?: string | null | undefined;
  entityId?: string | null | undefined;
}

/** What a key bound to `platform` may see, make and change: FORCE leaves its own alone. Empty: everything. */
export function rangeOf(platform: readonly KeyPlatform[]): readonly KeyPlatform[] {
  const forced = platform.find(({ action }) => action === 'FORCE');
  return forced === undefined ? platform : [forced];
}

/** Whether what is about this application and entity is within the range of a key. What is about none belongs to the whole account. */
export function isWithin(platform: readonly KeyPlatform[], { applicationId, entityId }: AboutPlatform): boolean {
  if (platform.length === 0) return true;
  const about = namedBy({ applicationId: applicationId ?? undefined, entityId: entityId ?? undefined });
  return rangeOf(platform).some((entry) => isAllowed(entry, about));
}

/**
 * The criteria of a subscription that count under a key bound to `platform`; undefined when it may not name one of them. Without any a
 * subscription is about the whole account: that becomes what the key fills in or forces, else all that it may name.
 */
export function bindCriteria(
  platform: readonly KeyPlatform[],
  criteria: readonly SubscriptionCriterion[],
): SubscriptionCriterion[] | undefined {
  if (platform.length === 0) return [...criteria];
  if (criteria.length === 0) {
    const own = platform.filter(({ action }) => action !== undefined);
    return (own.length > 0 ? own : platform).map(ownOf);
  }
  const bound: SubscriptionCriterion[] = [];
  for (const { applicationId, entityId, ...rest } of criteria) {
    const counts = bindPlatform(platform, { applicationId, entityId });
    if (counts === undefined || !isWithin(platform, counts)) return undefined;
    bound.push({ ...rest, ...counts });
  }
  return bound;
}

function namedBy({ applicationId, entityId }: NamedPlatform): BoundPlatform {
  return {
    ...(applicationId === undefined ? {} : { applicationId }),
    ...(entityId === undefined ? {} : { entityId }),
  };
}

function ownOf({ applicationId, entityId }: KeyPlatform): BoundPlatform {
  return namedBy({ applicationId, entityId });
}

/** The other half of what is named in part; halves of different wholes are not put together. */
function fillIn(named: BoundPlatform, fill: KeyPlatform): BoundPlatform {
  if (named.applicationId === undefined) return { ...named, applicationId: fill.applicationId };
  const lacksEntity = named.entityId === undefined && fill.entityId !== undefined;
  return lacksEntity && named.applicationId === fill.applicationId ? ownOf(fill) : named;
}

/** An entry without an entity allows all entities of its application. */
function isAllowed(entry: KeyPlatform, { applicationId, entityId }: BoundPlatform): boolean {
  return entry.applicationId === applicationId && (entry.entityId === undefined || entry.entityId === entityId);
}
