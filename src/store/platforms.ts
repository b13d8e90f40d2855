// Applications and entities of accounts, and which resources are associated with them.
import type { Page, Runner, Slice } from './accounts.js';

/** Which of the two. */
export type PlatformKind = 'application' | 'entity';

/** An application or an entity. */
export interface PlatformRow {
  id: string;
  name: string;
}

/** An association. Of a NUMBER of WHATSAPP `resourceId` is the sender. */
export interface AssociationRow {
  resourceType: string;
  channel: string;
  resourceId: string;
  applicationId: string;
  entityId: string | null;
}

/** What a list of associations asks for; null: any. */
export type AssociationFilter = Slice & { [Name in keyof AssociationRow]: string | null };

const TABLES = { application: 'applications', entity: 'entities' } as const;
const statementsOf = (kind: PlatformKind) => {
  const [table, key] = [TABLES[kind], `${kind}_id`];
  const columns = `${key} AS id, name`;
  return {
    find: { name: `${kind}_find`, text: `SELECT ${columns} FROM ${table} WHERE account = $1 AND ${key} = $2` },
    page: {
      name: `${kind}_page`,
      text: `SELECT ${columns} FROM ${table} WHERE account = $1 ORDER BY ${key} LIMIT $2 OFFSET $3`,
    },
    count: { name: `${kind}_count`, text: `SELECT count(*) AS total FROM ${table} WHERE account = $1` },
    insert: {
      name: `${kind}_insert`,
      text: `INSERT INTO ${table} (account, ${key}, name, created_at) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING RETURNING ${key}`,
    },
    rename: {
      name: `${kind}_rename`,
      text: `UPDATE ${table} SET name = $3 WHERE account = $1 AND ${key} = $2 RETURNING ${key}`,
    },
    remove: {
      name: `${kind}_remove`,
      text: `DELETE FROM ${table} WHERE account = $1 AND ${key} = $2 RETURNING ${key}`,
    },
  };
};
const STATEMENTS = { application: statementsOf('application'), entity: statementsOf('entity') };

/** What falls back when an application or entity goes: associations, and the platforms of numbers. Returns how many rows that were. */
const UNLINK = {
  application: [
    {
      name: 'application_unlink_associations',
      text: 'UPDATE associations SET application_id = $3 WHERE account = $1 AND application_id = $2 RETURNING 1',
    },
    {
      name: 'application_unlink_configurations',
      text: 'UPDATE inbound_configurations SET application_id = $3 WHERE account = $1 AND application_id = $2 RETURNING 1',
    },
  ],
  entity: [
    {
      name: 'entity_unlink_associations',
      text: 'UPDATE associations SET entity_id = $3 WHERE account = $1 AND entity_id = $2 RETURNING 1',
    },
    {
      name: 'entity_unlink_configurations',
      text: 'UPDATE inbound_configurations SET entity_id = $3 WHERE account = $1 AND entity_id = $2 RETURNING 1',
    },
  ],
} as const;

const ASSOCIATION_COLUMNS = `resource_type AS "resourceType", channel, resource_id AS "resourceId", application_id AS "applicationId",
  entity_id AS "entityId"`;
const ASSOCIATION_WHERE = `account = $1 AND ($2::text IS NULL OR resource_type = $2) AND ($3::text IS NULL OR channel = $3)
  AND ($4::text IS NULL OR resource_id = $4) AND ($5::text IS NULL OR application_id = $5) AND ($6::text IS NULL OR entity_id = $6)`;
const ASSOCIATION_PAGE = {
  name: 'association_page',
  text: `SELECT ${ASSOCIATION_COLUMNS} FROM associations WHERE ${ASSOCIATION_WHERE}
    ORDER BY channel, resource_type, resource_id LIMIT $7 OFFSET $8`,
};
const ASSOCIATION_COUNT = {
  name: 'association_count',
  text: `SELECT count(*) AS total FROM associations WHERE ${ASSOCIATION_WHERE}`,
};
const ASSOCIATION_INSERT = {
  name: 'association_insert',
  text: `INSERT INTO associations (account, resource_type, channel, resource_id, application_id, entity_id, created_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING RETURNING 1`,
};
const ASSOCIATION_DELETE = {
  name: 'association_delete',
  text: `DELETE FROM associations WHERE account = $1 AND resource_type = $2 AND channel = $3 AND resource_id = $4 AND application_id = $5
    AND entity_id IS NOT DISTINCT FROM $6 RETURNING 1`,
};

/** An account's application or entity. */
export async function findPlatform(
  db: Runner,
  kind: PlatformKind,
  account: number,
  id: string,
): Promise<PlatformRow | undefined> {
  const [row] = await db.run<PlatformRow>(STATEMENTS[kind].find, [account, id]);
  return row;
}

/** An account's applications or entities by id. */
export async function pagePlatforms(
  db: Runner,
  kind: PlatformKind,
  account: number,
  { limit, offset }: Slice,
): Promise<Page<PlatformRow>> {
  const { count, page } = STATEMENTS[kind];
  const [counted] = await db.run<{ total: number }>(count, [account]);
  return { rows: await db.run<PlatformRow>(page, [account, limit, offset]), total: counted?.total ?? 0 };
}

/** Adds one; false when it is there. */
export async function insertPlatform(
  db: Runner,
  kind: PlatformKind,
  account: number,
  { id, name }: PlatformRow,
  now: number,
): Promise<boolean> {
  return (await db.run(STATEMENTS[kind].insert, [account, id, name, now])).length === 1;
}

/** Names one anew; false when there is none. */
export async function renamePlatform(
  db: Runner,
  kind: PlatformKind,
  account: number,
  { id, name }: PlatformRow,
): Promise<boolean> {
  return (await db.run(STATEMENTS[kind].rename, [account, id, name])).length === 1;
}

/** Removes one; false when there is none. */
export async function removePlatform(db: Runner, kind: PlatformKind, account: number, id: string): Promise<boolean> {
  return (await db.run(STATEMENTS[kind].remove, [account, id])).length === 1;
}

/** Links what was linked to `id` with `fallback` instead; says whether anything was. */
export async function relinkPlatform(
  db: Runner,
  kind: PlatformKind,
  account: number,
  id: string,
  fallback: string | null,
): Promise<boolean> {
  let changed = 0;
  for (const statement of UNLINK[kind]) changed += (await db.run(statement, [account, id, fallback])).length;
  return changed > 0;
}

/** An account's associations. */
export async function pageAssociations(
  db: Runner,
  account: number,
  { resourceType, channel, resourceId, applicationId, entityId, limit, offset }: AssociationFilter,
): Promise<Page<AssociationRow>> {
  const values = [account, resourceType, channel, resourceId, applicationId, entityId];
  const [count] = await db.run<{ total: number }>(ASSOCIATION_COUNT, values);
  return {
    rows: await db.run<AssociationRow>(ASSOCIATION_PAGE, [...values, limit, offset]),
    total: count?.total ?? 0,
  };
}

/** Adds an association; false when the resource has one. */
export async function insertAssociation(
  db: Runner,
  account: number,
  { resourceType, channel, resourceId, applicationId, entityId }: AssociationRow,
  now: number,
): Promise<boolean> {
  const values = [account, resourceType, channel, resourceId, applicationId, entityId, now];
  return (await db.run(ASSOCIATION_INSERT, values)).length === 1;
}

/** Removes exactly this association; false when there is none. */
export async function deleteAssociation(
  db: Runner,
  account: number,
  { resourceType, channel, resourceId, applicationId, entityId }: AssociationRow,
): Promise<boolean> {
  const values = [account, resourceType, channel, resourceId, applicationId, entityId];
  return (await db.run(ASSOCIATION_DELETE, values)).length === 1;
}
