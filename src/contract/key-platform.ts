// Applications and entities that an API key is bound to (Infobip 1.1: platform).
import type { NamedPlatform } from './provisioning.js';

/** One of them. Without an action it is only allowed; FILL puts it in where a request names none; FORCE puts it in whatever is named. */
export interface KeyPlatform {
  applicationId: string;
  entityId?: string;
  action?: 'FILL' | 'FORCE';
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
