// Applications and entities: made, named, removed, and associated with resources.
import { DEFAULT_APPLICATION } from '../contract/provisioning.js';
import type { Clock } from '../lib/clock.js';
import type { Database } from '../store/database.js';
import {
  type AssociationRow,
  deleteAssociation,
  findPlatform,
  insertAssociation,
  insertPlatform,
  type PlatformKind,
  type PlatformRow,
  relinkPlatform,
  removePlatform,
  renamePlatform,
} from '../store/platforms.js';
import { findSender } from '../store/senders.js';
import { giveUp, type Refusal, refuse, transactOrRefuse } from './refusal.js';

/** What these operations need. */
export interface PlatformParts {
  database: Database;
  clock: Clock;
}

/** Makes an application or an entity; its name is its id unless given. */
export async function createPlatform(
  { database, clock }: PlatformParts,
  kind: PlatformKind,
  account: number,
  { id, name }: { id: string; name: string | undefined },
): Promise<object | Refusal> {
  const isNew = await insertPlatform(database, kind, account, { id, name: name ?? id }, clock.now());
  return isNew ? {} : refuse('conflict', `there is an ${kind} with this id already`);
}

/** Names one anew. */
export async function changePlatform(
  { database }: PlatformParts,
  kind: PlatformKind,
  account: number,
  { id, name }: PlatformRow,
): Promise<object | Refusal> {
  const isThere = await renamePlatform(database, kind, account, { id, name });
  return isThere ? {} : refuse('notFound', `no such ${kind}`);
}

/** Removes one. What was linked to an application falls back to the default one, what was linked to an entity to none. */
export function deletePlatform(
  { database, clock }: PlatformParts,
  kind: PlatformKind,
  account: number,
  id: string,
): Promise<object | Refusal> {
  return transactOrRefuse(database, async (tx) => {
    if (!(await removePlatform(tx, kind, account, id))) giveUp('notFound', `no such ${kind}`);
    const fallback = kind === 'application' ? DEFAULT_APPLICATION : null;
    const hadLinks = await relinkPlatform(tx, kind, account, id, fallback);
    // The default one is there as long as something is linked to it.
    if (hadLinks && fallback !== null)
      await insertPlatform(tx, kind, account, { id: fallback, name: fallback }, clock.now());
    return {};
  });
}

/** Associates a resource. Refused when it has an association, or when it, the application or the entity is not the account's. */
export function associate(
  { database, clock }: PlatformParts,
  account: number,
  association: AssociationRow,
): Promise<object | Refusal> {
  const { resourceType, channel, resourceId, applicationId, entityId } = association;
  return transactOrRefuse(database, async (tx) => {
    if (applicationId === DEFAULT_APPLICATION)
      await insertPlatform(tx, 'application', account, { id: applicationId, name: applicationId }, clock.now());
    if ((await findPlatform(tx, 'application', account, applicationId)) === undefined)
      giveUp('notFound', 'no such application');
    if (entityId !== null && (await findPlatform(tx, 'entity', account, entityId)) === undefined)
      giveUp('notFound', 'no such entity');
    // Resources of other channels are not known here, and are taken as they are named.
    const isOurs = channel === 'WHATSAPP' && resourceType === 'NUMBER';
    if (isOurs && (await findSender(tx, account, resourceId)) === undefined) giveUp('notFound', 'no such resource');
    if (!(await insertAssociation(tx, account, association, clock.now())))
      giveUp('conflict', 'the resource is associated already');
    return {};
  });
}

/** Ends an association. */
export async function dissociate(
  { database }: PlatformParts,
  account: number,
  association: AssociationRow,
): Promise<object | Refusal> {
  return (await deleteAssociation(database, account, association)) ? {} : refuse('notFound', 'no such association');
}
